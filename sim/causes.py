"""What every robot's time goes to: driving, lifts, people, other robots, …

Found from the event log alone: who waits for whom is followed to its end, the *root cause*. Nothing is known here of
plans or allocations but what the events say of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from fleet_manager.domain.alerts import AlertState
from fleet_manager.domain.closures import ClosureId
from fleet_manager.domain.events import AlertClosed, DriveEnded, NodePassed, Recorded, TaskEnded
from fleet_manager.domain.missions import StepKind
from fleet_manager.domain.robots import Hold, Robot
from fleet_manager.domain.state import apply, new_state
from maps.model import CarrierKind, LaneId, RobotId, Site

_HANDOVERS = (StepKind.PICK_UP, StepKind.DROP_OFF)
_OBSTRUCTIONS = ("blocked", "off_route")
"""Alerts that tell of a robot which can't drive although its mode is automatic."""


class Cause(StrEnum):
    """`idle`: the robot wants nowhere. `traffic`: it stands, and the fleet alone is why.

    `lift` includes the ride, `door` the wait for green at a crossing; `person` is a hand-over or somebody in the way of
    the robot at the head of the queue.
    """

    IDLE = "idle"
    DRIVING = "driving"
    TRAFFIC = "traffic"
    LIFT = "lift"
    DOOR = "door"
    PERSON = "person"
    FAULT = "fault"
    CLOSURE = "closure"


_RESTS = (Cause.IDLE, Cause.PERSON)
"""A robot that is so by itself wants nowhere just now."""

_EXCUSES = (Cause.FAULT, Cause.PERSON, Cause.LIFT, Cause.CLOSURE)
"""A robot that is so by itself excuses those that wait for it."""


@dataclass(frozen=True, slots=True)
class Spell:
    """One robot, one cause, from `start` to `end`.

    `chain` leads from the robot over those it waits for to the root; `cycle` are the robots that wait for each other
    in a circle at its end, the first by id first. Spells of one `stand` follow each other without progress: no node
    passed, and all the time the robot wanted to go somewhere.
    """

    robot: RobotId
    cause: Cause
    chain: tuple[RobotId, ...]
    cycle: tuple[RobotId, ...]
    stand: int
    start: datetime
    end: datetime


@dataclass(slots=True)
class _Open:
    """The spell that a robot is in."""

    cause: Cause
    chain: tuple[RobotId, ...]
    cycle: tuple[RobotId, ...]
    stand: int
    start: datetime


class Causes:
    """Follows all robots (not porters) through the events, and tells each spell that ends."""

    def __init__(self, site: Site, tell: Callable[[Spell], None]) -> None:
        self._site = site
        self._tell = tell
        self._state = new_state(site)
        self._ground = {
            robot.id: None
            for fleet in site.fleets.values()
            if fleet.carrier is not CarrierKind.PERSON
            for robot in fleet.robots
        }
        self._open: dict[RobotId, _Open] = {}
        self._holder: dict[RobotId, RobotId] = {}
        self._behind: dict[RobotId, dict[RobotId, None]] = {}
        self._obstructed: dict[RobotId, None] = {}
        self._known_faults: dict[RobotId, None] = {}
        self._closed: frozenset[str] = frozenset()

    # --- what happens ----------------------------------------------------------------------------------

    def saw(self, recorded: Recorded) -> None:
        """Take the next event of the log, beginning with the first."""
        apply(self._state, recorded)
        changed = self._state.take_changed()
        touched = {**dict.fromkeys(changed.robots), **dict.fromkeys(m.robot for m in changed.missions.values())}
        if changed.closures:
            self._closed = frozenset(self._names_of(self._state.closed_lanes()))
            touched = dict(self._ground)
        for alert in changed.alerts.values():
            robot = RobotId(alert.subject)
            if alert.kind in _OBSTRUCTIONS and robot in self._ground:
                touched[robot] = None
                self._obstructed.pop(robot, None)
                if alert.state is not AlertState.CLOSED:
                    self._obstructed[robot] = None
        event = recorded.event
        if isinstance(event, NodePassed | DriveEnded):
            self._renew(event.robot, recorded.time)
        for robot in touched:
            self._link(robot)
        self._judge_all(touched, recorded.time)
        if isinstance(event, TaskEnded):
            self._state.forget_ended({event.task}, set())
        elif isinstance(event, AlertClosed):
            self._state.forget_ended(set(), {event.alert})

    def fault(self, robot: RobotId, at: datetime, *, over: bool) -> None:
        """Whoever made a fault that the fleet manager can't know of says when it begins and when it is over."""
        if over:
            self._known_faults.pop(robot, None)
        else:
            self._known_faults[robot] = None
        self._judge_all({robot: None}, at)

    def up_to(self, now: datetime) -> None:
        """Tell every spell as far as it has come; they go on from there."""
        for robot, known in self._open.items():
            self._end(robot, known, now)
            known.start = now

    # --- spells ----------------------------------------------------------------------------------------

    def _judge_all(self, touched: Iterable[RobotId], at: datetime) -> None:
        """Judge these robots anew, and all that wait for them."""
        todo = [robot for robot in touched if robot in self._ground]
        seen: dict[RobotId, None] = {}
        while todo:
            robot = todo.pop()
            if robot not in seen:
                seen[robot] = None
                self._judge(robot, at)
                todo += self._behind.get(robot, ())

    def _judge(self, robot: RobotId, at: datetime) -> None:
        cause, chain, cycle = self._root(robot)
        known = self._open.get(robot)
        if known is None:
            self._open[robot] = _Open(cause, chain, cycle, 0, at)
        elif (known.cause, known.chain, known.cycle) != (cause, chain, cycle):
            self._end(robot, known, at)
            begins = any(why in _RESTS and len(way) == 1 for why, way in ((known.cause, known.chain), (cause, chain)))
            self._open[robot] = _Open(cause, chain, cycle, known.stand + begins, at)

    def _renew(self, robot: RobotId, at: datetime) -> None:
        """The robot got on: a new stand begins."""
        known = self._open.get(robot)
        if known is not None:
            self._end(robot, known, at)
            known.stand, known.start = known.stand + 1, at

    def _end(self, robot: RobotId, known: _Open, at: datetime) -> None:
        if at > known.start:
            self._tell(Spell(robot, known.cause, known.chain, known.cycle, known.stand, known.start, at))

    # --- root causes -----------------------------------------------------------------------------------

    def _link(self, robot: RobotId) -> None:
        """Note for whom a robot waits now."""
        wait = self._state.robots[robot].wait
        holder = RobotId(wait.held_by) if wait is not None and wait.held_by in self._ground else None
        before = self._holder.get(robot)
        if holder == before:
            return
        if before is not None:
            del self._behind[before][robot]
            del self._holder[robot]
        if holder is not None:
            self._holder[robot] = holder
            self._behind.setdefault(holder, {})[robot] = None

    def _root(self, first: RobotId) -> tuple[Cause, tuple[RobotId, ...], tuple[RobotId, ...]]:
        """The cause, the chain that leads to it, and the circle in which the chain ends, if it does."""
        own = self._own_cause(self._state.robots[first])
        if own is not None:
            return own, (first,), ()
        chain = [first]
        while True:
            wait = self._state.robots[chain[-1]].wait
            assert wait is not None
            here = self._place_cause(wait.resource)
            holder = self._holder.get(chain[-1])
            if holder is None:
                return here or Cause.TRAFFIC, tuple(chain), ()
            if holder in chain:
                circle = chain[chain.index(holder) :]
                first_at = circle.index(min(circle))
                return Cause.TRAFFIC, tuple(chain), (*circle[first_at:], *circle[:first_at])
            chain.append(holder)
            own = self._own_cause(self._state.robots[holder])
            if own in _EXCUSES:
                return own, tuple(chain), ()
            if own is not None:
                return here or Cause.TRAFFIC, tuple(chain), ()

    def _own_cause(self, robot: Robot) -> Cause | None:
        """What a robot is about by itself; None when it waits for something."""
        if self._in_handover(robot):
            return Cause.PERSON
        mission = self._state.mission_of(robot)
        wants = robot.drive is not None or (mission and mission.step and mission.step.kind is StepKind.GO_TO)
        if not robot.able or robot.id in self._obstructed or robot.id in self._known_faults:
            return Cause.FAULT
        if robot.hold is not None and (robot.drive is None or not robot.may_drive_to(robot.drive.goal)):
            return self._hold_cause(robot.hold)
        if not wants or self._keeps_time(robot):
            return Cause.IDLE
        if robot.wait is not None:
            return None
        return Cause.DRIVING if robot.drive is not None else Cause.TRAFFIC

    def _hold_cause(self, hold: Hold) -> Cause:
        """What keeps a robot that is held: a lift that is out, or a fire alarm."""
        closure = self._state.closures.get(ClosureId(hold.by))
        return Cause.LIFT if closure is not None and closure.lift is not None else Cause.CLOSURE

    def _in_handover(self, robot: Robot) -> bool:
        mission = self._state.mission_of(robot)
        stands = robot.drive is None or robot.drive.arrived or robot.unlocked
        return bool(stands and mission and mission.step and mission.step.kind in _HANDOVERS)

    def _keeps_time(self, robot: Robot) -> bool:
        """Whether it waits, with a free way, until it is time to leave for a stop with a set time."""
        mission = self._state.mission_of(robot)
        step = mission.step if mission is not None else None
        wait = robot.wait
        if step is None or step.window is None or wait is None or robot.drive is not None:
            return False
        return wait.resource == step.place and wait.held_by is None and wait.until is not None

    def _place_cause(self, resource: str) -> Cause | None:
        """Whether what is waited for is the building's or closed; None for a piece of the way."""
        name = resource.rpartition(":")[2] if resource.startswith(("lift:", "door:")) else resource
        if name in self._site.lifts:
            return Cause.LIFT
        if name in self._site.doors:
            return Cause.DOOR
        if name in self._site.crossings:
            silent = any(closure.crossing == name for closure in self._state.closures.values())
            return Cause.CLOSURE if silent else Cause.DOOR
        return Cause.CLOSURE if resource in self._closed or resource in self._state.closures else None

    def _names_of(self, lanes: Iterable[LaneId]) -> Iterator[str]:
        """All names by which a wait may call these lanes."""
        for lane_id in lanes:
            lane = self._site.lanes[lane_id]
            yield lane_id
            yield f"l:{min(lane.start, lane.end)}>{max(lane.start, lane.end)}"
