"""One simulated robot: what Nav2 and the robot's own actions do, with a body of the simulated world. Knows no ROS.

All of it is called in the thread of the world's loop. Where it behaves in a way that a client has to cope with, it
behaves like Nav2: a goal that is replaced ends aborted while the robot drives on, a canceled one ends at once while the
robot still brakes, and one that gets nowhere is aborted after a while.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from math import hypot, remainder, tau
from typing import Final, assert_never

from fleet_sim_ros2.goals import (
    AnnounceGoal,
    Battery,
    CompartmentGoal,
    DockGoal,
    Goal,
    Motion,
    NavigationGoal,
    Outcome,
    Progress,
    RideGoal,
    Topics,
    Way,
    Waypoint,
)
from fleet_sim_ros2.places import MapFrame, Places, Spot, relative
from fleet_sim_ros2.routes import nodes_through
from maps.model import Fleet, LevelId, RobotId, Site, WaypointId
from sim import port
from sim.port import BodyEvent, BodyMode, BuildingEvent, LiftState, Node, Place, WorldPort

AMCL_DISTANCE: Final = 0.25
AMCL_ANGLE: Final = 0.2
"""AMCL publishes after so much motion (m, rad; its defaults)."""

LOCALISED_WITHIN: Final = 1.0
"""An initial pose this near the truth (m) is one that the localisation gets right."""

RECOVERY_EVERY: Final = 10.0
"""Nav2 tries to get free so often (s) when the robot does not get on."""

UNKNOWN_ERROR: Final = {Way.TO_POSE: 9000, Way.THROUGH_POSES: 9100, Way.WAYPOINTS: 600}
NO_PROGRESS: Final = 105
"""FollowPath's code for it, which the navigator hands on."""

_UNKNOWN, _NOT_AT_CHARGER, _NO_COMPARTMENT, _DRIVING = 1, 2, 2, 3
_NOT_IN_CAR, _NO_LIFT, _RIDE_REPLACED, _DOCK_REPLACED, _COMPARTMENT_REPLACED = 2, 3, 4, 4, 5
_SPEECH: Final = 0.06
"""Seconds per letter."""


@dataclass(slots=True)
class _Drive:
    """The navigation goal that is under way. `numbers` are those of its poses' nodes; `legs` have not begun yet."""

    goal: NavigationGoal
    since: float
    numbers: list[int]
    legs: list[Spot]
    waypoints: list[Waypoint]
    recoveries: int = 0
    luck: asyncio.TimerHandle | None = None
    patience: list[asyncio.TimerHandle] = field(default_factory=list)

    @property
    def current(self) -> int:
        return next((i for i, state in enumerate(self.waypoints) if state is Waypoint.PENDING), len(self.waypoints) - 1)


class SimulatedRobot:
    """A body of `fleet`'s kind in `world`, seen as a robot that runs Nav2. `refusal` says why goals are rejected now.

    A share of `abort_share` of the goals, drawn with `rng`, is aborted for no reason; a goal that gets nowhere for
    `patience` seconds is, too.
    """

    def __init__(
        self,
        robot: RobotId,
        fleet: Fleet,
        site: Site,
        places: Places,
        world: WorldPort,
        topics: Topics,
        *,
        rng: random.Random,
        abort_share: float = 0.0,
        patience: float = 90.0,
    ) -> None:
        self.robot = robot
        self.refusal: str | None = "not localised yet"
        self._fleet = fleet
        self._site = site
        self._places = places
        self._frame = MapFrame(fleet.frames)
        self._world = world
        self._topics = topics
        self._rng = rng
        self._abort_share = abort_share
        self._patience = patience
        self._loop = asyncio.get_running_loop()
        self._ends: list[Callable[[], None]] = []
        self._level: LevelId
        self._localised = True
        self._switched_off = False
        self._mode = BodyMode.AUTOMATIC
        self._reason = ""
        self._route: tuple[Node, ...] = ()
        self._passed = -1
        self._free = 0
        self._last: WaypointId | None = None
        self._blocked: str | None = None
        self._drive: _Drive | None = None
        self._dock: DockGoal | None = None
        self._ride: RideGoal | None = None
        self._compartments: dict[str, CompartmentGoal] = {}
        self._sayings: dict[int, tuple[AnnounceGoal, asyncio.TimerHandle]] = {}
        self._origin: Spot
        self._published: Spot | None = None
        self._before: tuple[float, float] | None = None
        self._charge: float | None = None
        self._charging = False

    async def start(self) -> None:
        """Take over the body: as after a power cycle it stands still and knows where it is.

        Raises `LookupError` when the world has no such robot.
        """
        self._ends.append(self._world.subscribe(self.robot, self._heard))
        state = await self._world.seen(self.robot)
        self._ends.append(self._world.watch_building(self._saw))
        self._level, self._mode, self._last = state.place.level, state.mode, state.place.waypoint
        self._passed, self._free = state.sequence, state.sequence + 1
        self._origin = self._switched_on_at() or _spot(state.place)
        self._halt()
        self._reconsider()
        self._tell_mode()
        self._localise(_spot(state.place))

    def stop(self) -> None:
        for end in self._ends:
            end()

    def _switched_on_at(self) -> Spot | None:
        """Where the odometry began: it is the base's, at home, and goes on when Nav2's process is started again."""
        home = next((robot.home for robot in self._fleet.robots if robot.id == self.robot), None)
        if home is None:
            return None
        waypoint = self._site.waypoints[home]
        return Spot(*waypoint.xy, waypoint.heading or 0.0)

    # --- driving -------------------------------------------------------------------------------------------

    def navigate(self, goal: NavigationGoal) -> None:
        present = self._drive
        if self.refusal is not None:
            goal.end(Outcome.ABORTED, UNKNOWN_ERROR[goal.way], self.refusal)
            return
        if present is not None and present.goal.way is not goal.way:
            goal.end(Outcome.ABORTED, UNKNOWN_ERROR[goal.way], f"{present.goal.way.value} has a goal already")
            return
        if self._ride is not None:
            self._end_ride(Outcome.ABORTED, _RIDE_REPLACED, "a navigation goal came")
        if self._dock is not None:
            self._end_dock(Outcome.ABORTED, _DOCK_REPLACED, "a navigation goal came")
        if present is not None:
            # The robot drives on meanwhile.
            self._end_drive(Outcome.ABORTED)
        spots = [self._frame.to_site(self._level, spot) for spot in goal.spots]
        self._drive = _Drive(goal, self._loop.time(), [], spots, [Waypoint.PENDING] * len(spots))
        self._go()
        self._hold_up(self._blocked)
        if self._is_unlucky():
            delay = self._rng.uniform(0.2, 3.0)
            self._drive.luck = self._loop.call_later(delay, self._fail, UNKNOWN_ERROR[goal.way], "bad luck")

    def cancel(self, goal: Goal) -> None:
        """The goal ends at once; the body brakes."""
        if self._drive is not None and self._drive.goal is goal:
            self._end_drive(Outcome.CANCELED)
            self._halt()
        elif self._ride is not None and self._ride is goal:
            self._end_ride(Outcome.CANCELED)
            self._halt()
        elif self._dock is not None and self._dock is goal:
            self._end_dock(Outcome.CANCELED)
        elif (saying := self._sayings.pop(id(goal), None)) is not None:
            saying[1].cancel()
            goal.end(Outcome.CANCELED)
        else:
            for compartment, waiting in tuple(self._compartments.items()):
                if waiting is goal:
                    del self._compartments[compartment]
                    goal.end(Outcome.CANCELED)

    def _go(self) -> None:
        """Drive to the goal's poses; one after the other where each is a stop of its own."""
        drive = self._drive
        assert drive is not None
        if drive.goal.way is Way.WAYPOINTS:
            spots, drive.legs = drive.legs[:1], drive.legs[1:]
        else:
            spots, drive.legs = drive.legs, []
        nodes = nodes_through(
            spots,
            self._level,
            self._places,
            route=self._route,
            passed=self._passed,
            free=self._free,
            start=self._last,
        )
        drive.numbers += [node.sequence for node in nodes]
        self._send(nodes)
        self._note_passed()

    def _send(self, nodes: tuple[Node, ...]) -> None:
        self._route = nodes
        self._free = max(self._free, nodes[-1].sequence + 1)
        self._world.drive(self.robot, nodes, nodes[-1].sequence)

    def _halt(self) -> None:
        self._route = ()
        self._world.drive(self.robot, (), -1)

    def _note_passed(self) -> None:
        if self._drive is not None:
            for index, number in enumerate(self._drive.numbers):
                if number <= self._passed:
                    self._drive.waypoints[index] = Waypoint.COMPLETED

    def _arrived(self, sequence: int) -> None:
        """The body stands at the end of its route."""
        drive = self._drive
        if drive is None or not drive.numbers or sequence != drive.numbers[-1]:
            return
        if drive.legs:
            self._go()
        else:
            self._end_drive(Outcome.SUCCEEDED)

    def _fail(self, code: int, message: str) -> None:
        """Abort the navigation goal that is under way; the body brakes."""
        if self._drive is not None:
            self._end_drive(Outcome.ABORTED, code, message)
            self._halt()

    def _end_drive(self, outcome: Outcome, code: int = 0, message: str = "") -> None:
        drive, self._drive = self._drive, None
        if drive is not None:
            for timer in (*drive.patience, *([drive.luck] if drive.luck is not None else [])):
                timer.cancel()
            drive.goal.end(outcome, code, message)

    def _is_unlucky(self) -> bool:
        return self._abort_share > 0.0 and self._rng.random() < self._abort_share

    # --- what the robot does beside driving ----------------------------------------------------------------

    def dock(self, goal: DockGoal) -> None:
        self._end_dock(Outcome.ABORTED, _DOCK_REPLACED, "replaced by a newer goal")
        if self._is_unlucky():
            goal.end(Outcome.ABORTED, _UNKNOWN, "bad luck")
            return
        self._dock = goal
        goal.tell("contacting")
        self._world.dock(self.robot, WaypointId(goal.charger))

    def _end_dock(self, outcome: Outcome, code: int = 0, message: str = "") -> None:
        goal, self._dock = self._dock, None
        if goal is not None:
            goal.end(outcome, code, message)

    def move_compartment(self, goal: CompartmentGoal) -> None:
        replaced = self._compartments.pop(goal.compartment, None)
        if replaced is not None:
            replaced.end(Outcome.ABORTED, _COMPARTMENT_REPLACED, "replaced by a newer goal")
        if self._is_unlucky():
            goal.end(Outcome.ABORTED, _UNKNOWN, "bad luck")
            return
        self._compartments[goal.compartment] = goal
        goal.tell("moving")
        move = self._world.open_compartment if goal.opens else self._world.close_compartment
        move(self.robot, goal.compartment)

    def _compartment_moved(self, compartment: str, *, opened: bool) -> None:
        goal = self._compartments.get(compartment)
        if goal is not None and goal.opens == opened:
            del self._compartments[compartment]
            goal.tell("open" if opened else "locked")
            goal.end(Outcome.SUCCEEDED)

    def ride(self, goal: RideGoal) -> None:
        self._end_ride(Outcome.ABORTED, _RIDE_REPLACED, "replaced by a newer goal")
        lift = self._site.lifts.get(goal.lift)
        place = self._world.state(self.robot).place
        if lift is None or goal.to_level not in lift.cabins:
            goal.end(Outcome.ABORTED, _NO_LIFT, f"there is no lift {goal.lift} to {goal.to_level}")
        elif not any(place.waypoint in cabins for cabins in lift.cabins.values()):
            goal.end(Outcome.ABORTED, _NOT_IN_CAR, f"the robot does not stand in the car of lift {goal.lift}")
        elif self._is_unlucky():
            goal.end(Outcome.ABORTED, _UNKNOWN, "bad luck")
        else:
            self._ride = goal
            cabins = [self._site.waypoints[cabin] for cabin in lift.cabins[goal.to_level]]
            cabin = min(cabins, key=lambda c: hypot(c.x - place.x, c.y - place.y))
            self._send((Node(self._free, cabin.id, goal.to_level, cabin.x, cabin.y),))

    def _end_ride(self, outcome: Outcome, code: int = 0, message: str = "") -> None:
        goal, self._ride = self._ride, None
        if goal is not None:
            goal.end(outcome, code, message)

    def announce(self, goal: AnnounceGoal) -> None:
        if self._is_unlucky():
            goal.end(Outcome.ABORTED, _UNKNOWN, "bad luck")
            return
        goal.tell(0.0)
        said = self._loop.call_later(max(1.0, _SPEECH * len(goal.text)), self._said, id(goal))
        self._sayings[id(goal)] = (goal, said)

    def _said(self, key: int) -> None:
        goal, _ = self._sayings.pop(key)
        goal.tell(1.0)
        goal.end(Outcome.SUCCEEDED)

    # --- localisation --------------------------------------------------------------------------------------

    def load_map(self, level: LevelId) -> None:
        """Take the map of another level; where on it the robot is has to be told then."""
        if level != self._level:
            self._level = level
            self._localised = False
            self._reconsider()

    def set_pose(self, spot: Spot) -> None:
        """An initial pose in the map frame: only one near the truth leads to a localised robot."""
        place = self._world.state(self.robot).place
        there = self._frame.to_site(self._level, spot)
        near = hypot(there.x - place.x, there.y - place.y) <= LOCALISED_WITHIN
        self._localised = self._level == place.level and near
        self._reconsider()
        if self._localised:
            self._localise(_spot(place))
        else:
            self._topics.localised(spot, certain=False)

    def _localise(self, spot: Spot) -> None:
        """Publish `spot`, a pose in the site frame."""
        self._published = spot
        self._topics.localised(self._frame.to_map(self._level, spot), certain=True)

    def _reconsider(self) -> None:
        if self._switched_off or self._mode is not BodyMode.AUTOMATIC:
            self.refusal = f"the robot is in mode {self._mode.value}: {self._reason}"
        else:
            self.refusal = None if self._localised else "the robot is not localised"

    # --- what the world tells ------------------------------------------------------------------------------

    def _heard(self, event: BodyEvent) -> None:
        match event:
            case port.Passed(sequence=sequence):
                self._passed = sequence
                self._last = next((n.waypoint for n in self._route if n.sequence == sequence), self._last)
                self._note_passed()
                self._tell_progress()
            case port.Stopped(sequence=sequence, route_end=route_end):
                if route_end and self._ride is not None and self._route and self._route[-1].sequence == sequence:
                    # The map is still that of the level below or above.
                    self._localised = False
                    self._reconsider()
                    self._ride.tell(self._ride.to_level, True)
                    self._end_ride(Outcome.SUCCEEDED)
                elif route_end:
                    self._arrived(sequence)
            case port.Blocked(reason=reason, over=over):
                self._hold_up(None if over else reason)
            case port.ModeChanged():
                self._mode_changed(event)
            case port.CompartmentMoved(compartment=compartment, opened=opened):
                self._compartment_moved(compartment, opened=opened)
            case port.Docked(charger=charger):
                if self._dock is not None and self._dock.charger == charger:
                    self._dock.tell("charging")
                    self._end_dock(Outcome.SUCCEEDED)
            case port.Refusal(subject=subject, reason=reason):
                self._refused(subject, reason)
            case (
                port.ChargeReached()
                | port.Refilled()
                | port.RoomSensed()
                | port.PeopleSeen()
                | port.GoodsTaken()
                | port.FollowerSensed()
            ):
                pass
            case _:
                assert_never(event)

    def _hold_up(self, reason: str | None) -> None:
        """The body does not get on (or does again, None): Nav2 tries this and that, then gives up."""
        self._blocked = reason
        drive = self._drive
        if drive is None:
            return
        for timer in drive.patience:
            timer.cancel()
        drive.patience.clear()
        if reason is not None:
            drive.patience.append(self._loop.call_later(RECOVERY_EVERY, self._recover))
            drive.patience.append(self._loop.call_later(self._patience, self._fail, NO_PROGRESS, reason))

    def _recover(self) -> None:
        drive = self._drive
        if drive is not None:
            drive.recoveries += 1
            drive.patience.append(self._loop.call_later(RECOVERY_EVERY, self._recover))

    def _mode_changed(self, event: port.ModeChanged) -> None:
        self._mode, self._reason = event.mode, event.reason
        was_off, self._switched_off = self._switched_off, event.mode is BodyMode.DEAD
        if event.mode is BodyMode.AUTOMATIC:
            # Who gives a robot back confirms where it is.
            self._level, self._localised = event.place.level, True
            self._last = event.place.waypoint
        self._reconsider()
        if self._switched_off:
            return
        if event.mode is not BodyMode.AUTOMATIC or was_off:
            self._stop_for(event)
        self._tell_mode()
        if event.mode is BodyMode.AUTOMATIC:
            self._localise(_spot(event.place))

    def _stop_for(self, event: port.ModeChanged) -> None:
        """No goal outlives an e-stop, a hand on the robot or a failure; the body must not go on by itself."""
        message = f"{event.mode.value}: {event.reason}"
        if self._drive is not None:
            self._end_drive(Outcome.ABORTED, UNKNOWN_ERROR[self._drive.goal.way], message)
        self._end_ride(Outcome.ABORTED, _UNKNOWN, message)
        self._end_dock(Outcome.ABORTED, _UNKNOWN, message)
        self._halt()

    def _refused(self, subject: str, reason: str) -> None:
        if self._dock is not None and self._dock.charger == subject:
            self._end_dock(Outcome.ABORTED, _NOT_AT_CHARGER, reason)
        goal = self._compartments.pop(subject, None)
        if goal is not None:
            known = any(compartment.id == subject for compartment in self._fleet.compartments)
            goal.end(Outcome.ABORTED, _DRIVING if known else _NO_COMPARTMENT, reason)

    def _saw(self, event: BuildingEvent) -> None:
        if self._ride is not None and isinstance(event, LiftState) and event.lift == self._ride.lift:
            self._ride.tell(event.level, event.doors_open)

    # --- what the robot tells ------------------------------------------------------------------------------

    def tell_motion(self) -> None:
        """Odometry, localisation and progress, as often as it is called."""
        if self._switched_off:
            return
        state = self._world.state(self.robot)
        here = _spot(state.place)
        now = self._loop.time()
        before = self._before
        turn_rate = 0.0
        if before is not None and state.moving and now > before[0]:
            turn_rate = remainder(state.place.yaw - before[1], tau) / (now - before[0])
        self._before = (now, state.place.yaw)
        moved = Motion(
            map=self._frame.to_map(self._level, here),
            odom=relative(here, self._origin),
            speed=state.speed,
            turn_rate=turn_rate,
        )
        self._topics.moved(moved)
        last = self._published
        if (
            last is None
            or hypot(here.x - last.x, here.y - last.y) >= AMCL_DISTANCE
            or abs(remainder(state.place.yaw - (last.yaw or 0.0), tau)) >= AMCL_ANGLE
        ) and self._localised:
            self._localise(here)
        self._tell_progress()

    @property
    def moving(self) -> bool:
        return self._world.state(self.robot).moving

    def tell_health(self) -> None:
        """Battery and diagnostics, as often as it is called."""
        if self._switched_off:
            return
        charge = self._world.state(self.robot).state_of_charge
        if self._charge is not None and charge != self._charge:
            self._charging = charge > self._charge
        self._charge = charge
        self._topics.battery(Battery(state_of_charge=charge, charging=self._charging))
        self._topics.diagnosed(
            localised=self._localised, failure=self._reason if self._mode is BodyMode.ERROR else None
        )

    def _tell_mode(self) -> None:
        self._topics.stopped_by_hand(estop=self._mode is BodyMode.ESTOP, manual=self._mode is BodyMode.MANUAL)
        self.tell_health()

    def _tell_progress(self) -> None:
        drive = self._drive
        if drive is None:
            return
        place = self._world.state(self.robot).place
        left, x, y = 0.0, place.x, place.y
        ahead = [Spot(node.x, node.y, None) for node in self._route if node.sequence > self._passed]
        for spot in (*ahead, *drive.legs):
            left += hypot(spot.x - x, spot.y - y)
            x, y = spot.x, spot.y
        drive.goal.tell(
            Progress(
                time=self._loop.time() - drive.since,
                time_left=left / self._fleet.speed,
                distance=left,
                recoveries=drive.recoveries,
                waypoints=tuple(drive.waypoints),
                current=drive.current,
            )
        )


def _spot(place: Place) -> Spot:
    return Spot(place.x, place.y, place.yaw)
