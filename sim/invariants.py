"""What must hold after every event, whatever goes wrong: the explorer's judge.

It replays the log by itself, event for event, and compares what it finds with the living manager and the true world.
A new capability adds a class with its own invariant to `INVARIANTS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from math import dist, hypot
from typing import Final

from shapely.affinity import rotate, translate
from shapely.geometry import Polygon

from fleet_manager.domain import events as e
from fleet_manager.domain.custody import Holder, chain_id, gap, signatures_needed
from fleet_manager.domain.events import Recorded
from fleet_manager.domain.missions import MissionStatus, Step, StepKind, StepStatus
from fleet_manager.domain.robots import DeviceSession, Robot, RouteNode
from fleet_manager.domain.state import Changed, FleetState, apply, new_state
from fleet_manager.domain.tasks import FLEET_MANAGER, Item, ItemState, TaskId, TaskStatus
from maps.model import CarrierKind, RobotId, Site, WaypointId
from sim.infection_invariants import CleanPlacesStayClean, LampShinesOnNobody, SoiledBesideClean
from sim.scene import Broken, Invariant, Scene
from sim.spray_invariants import NobodyInTheSpray
from sim.street_invariants import NeverInTheStreetOnRed
from sim.world import World

_STORED: Final = (
    "tasks",
    "robots",
    "alerts",
    "sessions",
    "devices",
    "closures",
    "alarms",
    "chains",
    "handovers",
    "follow_ups",
    "bags",
)
"""What the state holds and a commit stores."""

_LEAK: Final = 120.0
"""Seconds. A door or lift that is kept for longer without use is forgotten."""


# --- traffic -----------------------------------------------------------------------------------------------


class NoFootprintsOverlap(Invariant):
    """True bodies never touch."""

    name = "no footprint overlap"

    def settled(self, scene: Scene, events: Sequence[Recorded], changed: Changed) -> str | None:
        bodies = list(scene.world.bodies.values())
        now = scene.world.loop.time()
        poses = {body.robot: body.pose(now) for body in bodies}
        for one, other in combinations(bodies, 2):
            a, b = poses[one.robot], poses[other.robot]
            if one.level == other.level and hypot(a[0] - b[0], a[1] - b[1]) < 2.0:
                outlines = (_outline(body.fleet.footprint, poses[body.robot]) for body in (one, other))
                first, second = outlines
                if first.intersection(second).area > 1e-6:
                    return f"{one.robot} and {other.robot} touch near ({a[0]:.1f}, {a[1]:.1f}) on {one.level}"
        return None


def _outline(footprint: Iterable[tuple[float, float]], pose: tuple[float, float, float, float]) -> Polygon:
    return translate(rotate(Polygon(footprint), pose[2], origin=(0.0, 0.0), use_radians=True), pose[0], pose[1])


class OneHolderPerResource(Invariant):
    """A place, a lane, a mutex and a lift's car are allocated to one robot at a time."""

    name = "one holder per resource"

    def settled(self, scene: Scene, events: Sequence[Recorded], changed: Changed) -> str | None:
        if not changed.robots:
            return None
        holders: dict[str, RobotId] = {}
        for robot_id in scene.ground:
            for resource in dict.fromkeys(_held(scene, scene.state.robots[robot_id])):
                other = holders.setdefault(resource, robot_id)
                if other != robot_id:
                    return f"{resource} is held by {other} and by {robot_id}"
        return None


def _held(scene: Scene, robot: Robot) -> Iterator[str]:
    """What a robot holds: where it is, and the allocated part of its route."""
    drive = robot.drive
    if drive is None:
        places: Sequence[WaypointId] = () if robot.waypoint is None else (robot.waypoint,)
    else:
        held = drive.nodes[drive.index(drive.reached) : drive.index(drive.allocated_to) + 1]
        places = [node.waypoint for node in held]
        for before, node in pairwise(held):
            if node.lane is not None:
                yield f"the way between {min(before.waypoint, node.waypoint)} and {max(before.waypoint, node.waypoint)}"
                mutex = scene.site.lanes[node.lane].mutex
                if mutex is not None:
                    yield f"mutex {mutex}"
    for place in places:
        yield str(place)
        lift = scene.site.waypoints[place].lift
        if lift is not None:
            yield f"the car of {lift}"


class DrivesOnlyWhatItHolds(Invariant):
    """No body is, or may go, beyond the allocated part of its route."""

    name = "a robot drives only what it holds"

    def settled(self, scene: Scene, events: Sequence[Recorded], changed: Changed) -> str | None:
        for robot_id in scene.ground:
            drive = scene.state.robots[robot_id].drive
            body = scene.world.bodies[robot_id]
            if drive is not None and max(body.sequence, body.cleared_to) > drive.allocated_to:
                return f"{robot_id} may go to node {body.cleared_to} and holds its route up to {drive.allocated_to}"
        return None


class OnlyOpenWays(Invariant):
    """Nobody is cleared to drive into a closed area, through a door that is not open, or into a car that is not its."""

    name = "only open ways are cleared"

    def each(self, scene: Scene, recorded: Recorded) -> str | None:
        event, before = recorded.event, scene.before
        if not isinstance(event, e.RouteAllocated) or before is None or before.drive is None:
            return None
        drive = before.drive
        if event.cleared_to <= drive.cleared_to or event.robot not in scene.world.bodies:
            return None
        cleared = drive.nodes[drive.index(drive.cleared_to) : drive.index(event.cleared_to) + 1]
        for start, node in pairwise(cleared):
            problem = self._closed(scene, event.robot, start, node)
            if problem is not None:
                return f"{event.robot} was cleared to {node.waypoint}, but {problem}"
        return None

    @staticmethod
    def _closed(scene: Scene, robot: RobotId, start: RouteNode, node: RouteNode) -> str | None:
        if node.lane is None:
            return None
        lane = scene.site.lanes[node.lane]
        task = scene.state.works_for(robot)
        for closure in scene.state.closures.values():
            if closure.strict and closure.keeps_out(task) and lane.id in closure.shuts(start.waypoint):
                return f"the way there is {closure.text}"
        if lane.door is not None and not scene.world.doors[lane.door].gate.open:
            return f"{lane.door} is not open"
        lift = scene.site.waypoints[node.waypoint].lift
        if lift is not None and scene.site.waypoints[start.waypoint].lift is None:
            session = scene.state.sessions.get(scene.world.lifts[lift].state.session or "")
            if session is None or session.robot != robot:
                return f"the car of {lift} is not its own"
        return None


class DevicesAreGivenBack(Invariant):
    """A door or lift that a robot has no more use for is given back."""

    name = "doors and lifts are given back"

    def __init__(self) -> None:
        self._idle: dict[str, float] = {}

    def settled(self, scene: Scene, events: Sequence[Recorded], changed: Changed) -> str | None:
        now = scene.world.loop.time()
        idle = [s for s in scene.state.sessions.values() if self._is_idle(scene, s)]
        self._idle = {session.id: self._idle.get(session.id, now) for session in idle}
        for session in idle:
            if now - self._idle[session.id] > _LEAK:
                return f"{session.robot} has no use for {session.device} and keeps it"
        return None

    @staticmethod
    def _is_idle(scene: Scene, session: DeviceSession) -> bool:
        robot = scene.state.robots[session.robot]
        drive = robot.drive
        inside = robot.waypoint is not None and scene.site.waypoints[robot.waypoint].lift == session.device
        return not inside and (drive is None or drive.reached >= min(session.ends_after, drive.end))


# --- tasks -------------------------------------------------------------------------------------------------


class NoTaskLostOrDoubled(Invariant):
    """Every open task is in the queue or with exactly one carrier, each hand-over happens once, each end too."""

    name = "no lost or doubled task"

    def __init__(self) -> None:
        self._handed_over: dict[str, None] = {}
        self._ended: dict[str, None] = {}
        self._known: dict[str, None] = {}
        self._keys: dict[str, str] = {}

    def each(self, scene: Scene, recorded: Recorded) -> str | None:
        event = recorded.event
        if isinstance(event, e.ItemsHandedOver):
            if event.step in self._handed_over:
                return f"the hand-over {event.step} of {event.task} happened twice"
            self._handed_over[event.step] = None
        elif isinstance(event, e.TaskEnded):
            if event.task in self._ended:
                return f"{event.task} ended twice"
            self._ended[event.task] = None
        elif isinstance(event, e.TaskSubmitted):
            if event.task.id in self._known:
                return f"{event.task.id} was submitted twice"
            self._known[event.task.id] = None
            if event.key is not None and self._keys.setdefault(event.key, event.task.id) != event.task.id:
                return f"one request made {self._keys[event.key]} and {event.task.id}"
        return None

    def settled(self, scene: Scene, events: Sequence[Recorded], changed: Changed) -> str | None:
        state = scene.state
        carriers: dict[str, str] = {}
        for mission in state.missions.values():
            if state.robots[mission.robot].mission != mission.id:
                return f"mission {mission.id} runs, but {mission.robot} does not work on it"
            if mission.task is not None and carriers.setdefault(mission.task, mission.robot) != mission.robot:
                return f"{mission.task} is with {carriers[mission.task]} and with {mission.robot}"
            if mission.task is not None and mission.task not in state.tasks:
                return f"{mission.robot} works for {mission.task}, which has ended"
        for task in state.tasks.values():
            queued = task.status is TaskStatus.QUEUED
            if queued and task.id in carriers:
                return f"{task.id} is in the queue and with {carriers[task.id]}"
            if not queued and not task.status.ended and task.id not in carriers:
                return f"{task.id} is {task.status} and nobody works on it"
            for item in task.on_board:
                on = [r.id for r in state.robots.values() if any(loaded == item.id for loaded, _ in r.loads)]
                if len(on) != 1:
                    return f"{item.id} of {task.id} is on board of {' and '.join(on) or 'nobody'}"
        return None


class EveryWaitIsNamed(Invariant):
    """A robot that stands although it is able and wanted elsewhere says why, as does a task in the queue."""

    name = "every wait is named"

    def settled(self, scene: Scene, events: Sequence[Recorded], changed: Changed) -> str | None:
        state = scene.state
        for robot_id in scene.ground:
            robot = state.robots[robot_id]
            mission = state.mission_of(robot)
            step = mission.step if mission is not None else None
            if not robot.able or robot.wait is not None or robot.hold is not None:
                continue
            drive = robot.drive
            if drive is not None and not drive.arrived and drive.cleared_to == drive.reached:
                return f"{robot_id} stands at {robot.waypoint} on its way to {drive.goal} and nobody knows why"
            if drive is None and step is not None and _wants_to_go(step):
                return f"{robot_id} stands at {robot.waypoint}, should go to {step.place}, and nobody knows why"
        for task in changed.tasks:
            known = state.tasks.get(task)
            if known is not None and known.status is TaskStatus.QUEUED and not known.reasons:
                return f"{task} waits in the queue and nobody knows why"
        return None


def _wants_to_go(step: Step) -> bool:
    return step.status is StepStatus.PENDING or (step.kind is StepKind.GO_TO and step.status is StepStatus.ACTIVE)


class BatteryReserve(Invariant):
    """Nobody gets a task that it can't end above its reserve, even if it drove as the crow flies."""

    name = "battery reserve"

    def each(self, scene: Scene, recorded: Recorded) -> str | None:
        event = recorded.event
        if not isinstance(event, e.TaskAssigned) or scene.before is None:
            return None
        robot = scene.before
        fleet = scene.site.fleets[robot.fleet]
        if fleet.carrier is CarrierKind.PERSON or robot.waypoint is None:
            return None
        places = [scene.site.waypoints[robot.waypoint], *(scene.site.waypoints[s.place] for s in event.mission.steps)]
        way = sum(dist(a.xy, b.xy) for a, b in pairwise(places) if a.level == b.level)
        battery = fleet.battery
        needed = way / fleet.speed * (battery.drive_drain + battery.idle_drain) / (battery.capacity * 3600.0)
        if robot.state_of_charge - needed < battery.reserve:
            return (
                f"{robot.id} got {event.task} with {robot.state_of_charge:.0%} charge, needs {needed:.0%}, "
                f"and must keep {battery.reserve:.0%}"
            )
        return None


# --- custody -----------------------------------------------------------------------------------------------


class CustodyWithoutAGap(Invariant):
    """Every item of every task has one holder at a time, from its sender to the person who has it in the end."""

    name = "custody without a gap"

    def each(self, scene: Scene, recorded: Recorded) -> str | None:
        event = recorded.event
        if not isinstance(event, e.ItemsHandedOver):
            return None
        for item, _, _ in event.items:
            chain = scene.state.chains.get(chain_id(event.task, item))
            problem = f"{item} of {event.task} changed hands unseen" if chain is None else gap(chain)
            if problem is not None:
                return problem
        return None

    def settled(self, scene: Scene, events: Sequence[Recorded], changed: Changed) -> str | None:
        state = scene.state
        if not changed.tasks and not changed.robots:
            return None
        hands: dict[str, Holder] = {}
        for robot in state.robots.values():
            for item, compartment in robot.loads:
                holder = Holder(carrier=robot.id, compartment=compartment)
                other = hands.setdefault(item, holder)
                if other != holder:
                    return f"{item} is in two hands: {other} and {holder}"
        for task_id in changed.tasks:
            task = state.tasks.get(task_id)
            for item_ in task.items if task is not None else ():
                problem = self._wrong(state, task_id, item_, hands)
                if problem is not None:
                    return problem
        return None

    @staticmethod
    def _wrong(state: FleetState, task: TaskId, item: Item, hands: Mapping[str, Holder]) -> str | None:
        """What the chain, the item's state and what is on board of the robots tell differently."""
        chain = state.chains.get(chain_id(task, item.id))
        if chain is None:
            return f"{item.id} of {task} has no chain of custody"
        problem = gap(chain, ended=state.tasks[task].status.ended)
        if problem is not None:
            return problem
        carried = item.state is ItemState.ON_BOARD
        if carried and chain.holder != hands.get(item.id):
            return f"{item.id} of {task} is with {chain.holder}, and on board of {hands.get(item.id) or 'nobody'}"
        if not carried and chain.holder is not None and chain.holder.carrier is not None:
            return f"{item.id} of {task} is {item.state}, and {chain.holder} has it"
        return None


class SignedByWhoShould(Invariant):
    """What needs two persons was signed by two, and nobody's wrong proofs were borne with for long."""

    name = "signed by who should"

    def each(self, scene: Scene, recorded: Recorded) -> str | None:
        event = recorded.event
        if isinstance(event, e.ItemsHandedOver) and event.actor != FLEET_MANAGER:
            task = scene.state.tasks[event.task]
            moved = {item for item, _, _ in event.items}
            steps = {step.id: step for step in scene.state.missions[event.mission].steps}
            items = [item for item in task.items if item.id in moved]
            needed = signatures_needed(items, scene.site, collected=steps[event.step].collects)
            if needed > 1 and (event.second is None or event.second.id == event.actor.id):
                return f"{event.step} of {event.task} needs two persons, only {event.actor.id} signed"
            if needed > 1 and "none" in (event.proof, event.second_proof):
                return f"{event.step} of {event.task} needs two persons who prove who they are"
        return None


class LeavesClosed(Invariant):
    """A robot is cleared to drive only with all its compartments closed."""

    name = "no robot leaves with an open compartment"

    def each(self, scene: Scene, recorded: Recorded) -> str | None:
        event, before = recorded.event, scene.before
        if not isinstance(event, e.RouteAllocated) or before is None or before.drive is None:
            return None
        if event.cleared_to > before.drive.cleared_to and before.opened:
            return f"{event.robot} was cleared to drive with {', '.join(before.opened)} open"
        return None


# --- the log -----------------------------------------------------------------------------------------------


class ReportsCountUp(Invariant):
    """Every report of a robot is in the log once, in the order of their numbers."""

    name = "no report is lost"

    def each(self, scene: Scene, recorded: Recorded) -> str | None:
        event = recorded.event
        if isinstance(event, e.NodePassed | e.CommandEnded | e.ReportNoted | e.RobotModeChanged):
            assert scene.before is not None
            if event.report != scene.before.reports + 1:
                return f"report {event.report} of {event.robot} follows on report {scene.before.reports}"
        return None


class LogTellsAll(Invariant):
    """What is stored beside the log is what the log says."""

    name = "the log replays to the same state"

    def __init__(self) -> None:
        self._seq = 0

    def each(self, scene: Scene, recorded: Recorded) -> str | None:
        expected, self._seq = self._seq + 1, recorded.seq
        return None if recorded.seq == expected else f"event {recorded.seq} follows on event {expected - 1}"

    def settled(self, scene: Scene, events: Sequence[Recorded], changed: Changed) -> str | None:
        state = scene.state
        running = {m: mission for m, mission in changed.missions.items() if mission.status is MissionStatus.RUNNING}
        for kind in _STORED:
            for name, entity in getattr(changed, kind).items():
                if getattr(state, kind).get(name) != entity:
                    return f"{kind[:-1]} {name} is stored otherwise than the log tells"
        for mission_id, mission in running.items():
            if state.missions.get(mission_id) != mission:
                return f"mission {mission_id} is stored otherwise than the log tells"
        return None


INVARIANTS: Final[tuple[type[Invariant], ...]] = (
    LogTellsAll,
    ReportsCountUp,
    NoFootprintsOverlap,
    OneHolderPerResource,
    DrivesOnlyWhatItHolds,
    OnlyOpenWays,
    DevicesAreGivenBack,
    NoTaskLostOrDoubled,
    EveryWaitIsNamed,
    BatteryReserve,
    CustodyWithoutAGap,
    SignedByWhoShould,
    LeavesClosed,
    CleanPlacesStayClean,
    SoiledBesideClean,
    LampShinesOnNobody,
    NobodyInTheSpray,
    NeverInTheStreetOnRed,
)


@dataclass(slots=True)
class Guard:
    """Give `stored` every commit; `broken` is the first thing that went wrong."""

    site: Site
    world: World
    broken: Broken | None = None
    watching: bool = False
    invariants: list[Invariant] = field(default_factory=lambda: [kind() for kind in INVARIANTS])
    _scene: Scene = field(init=False)

    def __post_init__(self) -> None:
        self._scene = Scene(self.site, self.world, new_state(self.site), ground=tuple(self.world.bodies))

    @property
    def state(self) -> FleetState:
        """The state as the log tells it."""
        return self._scene.state

    def watch(self, commits: list[Callable[[Sequence[Recorded], Changed], None]]) -> None:
        """Be told of all commits from now on, the first included."""
        commits.append(self.stored)
        self.watching = True

    def over(self, lives: FleetState | None, is_stored: FleetState) -> None:
        """The run is over: the log, the living manager, if one lives, and one that would start now know the same."""
        for what, state in (("the living manager", lives), ("the store", is_stored)):
            if state is None or not self.watching or self.broken is not None:
                continue
            found = difference(self.state, state)
            if found is not None:
                text = f"the log tells otherwise than {what}: {found}"
                self.broken = Broken(LogTellsAll.name, text, self.state.seq, self.world.loop.time())

    def stored(self, events: Sequence[Recorded], changed: Changed) -> None:
        scene = self._scene
        if self.broken is not None:
            return
        for recorded in events:
            robot = _subject(recorded.event)
            scene.before = scene.state.robots.get(robot) if robot is not None else None
            try:
                apply(scene.state, recorded)
            except Exception as error:
                self._breaks("the log replays to the same state", f"{type(recorded.event).__name__}: {error}", recorded)
                return
            for invariant in self.invariants:
                self._breaks(invariant.name, invariant.each(scene, recorded), recorded)
        for invariant in self.invariants:
            self._breaks(invariant.name, invariant.settled(scene, events, changed), events[-1])
        scene.state.take_changed()
        ended = {task.id for task in scene.state.tasks.values() if task.status.ended}
        closed = {alert.id for alert in scene.state.alerts.values() if alert.state == "closed"}
        scene.state.forget_ended(set(ended), set(closed))

    def _breaks(self, invariant: str, text: str | None, recorded: Recorded) -> None:
        if text is not None and self.broken is None:
            self.broken = Broken(invariant, text, recorded.seq, self.world.loop.time())


def _subject(event: e.Event) -> RobotId | None:
    """The robot that an event is about."""
    if isinstance(event, e.TaskAssigned):
        return event.mission.robot
    robot: RobotId | None = getattr(event, "robot", None)
    return robot


def difference(one: FleetState, other: FleetState) -> str | None:
    """Where two states differ, None when they are the same."""
    for kind in ("missions", *_STORED, "keys"):
        mine, theirs = getattr(one, kind), getattr(other, kind)
        for name in (*mine, *(name for name in theirs if name not in mine)):
            if mine.get(name) != theirs.get(name):
                return f"{kind[:-1]} {name} is {mine.get(name)} here and {theirs.get(name)} there"
    for count in ("seq", "task_count", "mission_count", "alert_count", "follow_up_count"):
        if getattr(one, count) != getattr(other, count):
            return f"{count} is {getattr(one, count)} here and {getattr(other, count)} there"
    return None
