"""One robot's body: a differential drive that follows its route's cleared part, computed from event to event.

Between events (a node reached, clearance extended, a gate opened) nothing is computed: position and speed at any
moment follow from the present leg. Nodes where the direction changes by less than `STRAIGHT_ON` are passed at speed,
at the others the body stops and turns on the spot.

A body that nobody listens to node by node plans a whole *stretch* of legs at once, and wakes at its end. Whatever is
asked or wanted of it before unfolds the stretch: it is on one of its legs then, as if it had come there node by node.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from math import atan2, cos, hypot, inf, radians, sqrt
from typing import Final, NamedTuple

import numpy as np

from maps.model import Fleet, LevelId, RobotId, Waypoint, WaypointId
from sim.battery import Charge
from sim.gates import Gate
from sim.legs import Leg, wrapped
from sim.port import Blocked, BodyEvent, BodyMode, BodyState, ModeChanged, Node, Passed, Place, Segment, Stopped
from sim.profile import Profile, brake_profile, lane_profile
from sim.routes import AT, Lay, Route, Ways
from sim.stretch_kernel import AIMED, END, LEG, Floats, plan_stretch

STRAIGHT_ON: Final = radians(10.0)
HARD_BRAKING: Final = 3.0
"""How many times harder than in normal operation a body brakes on e-stop, error and when it dies."""

ROVING_SPEED: Final = 0.4
"""Off the lanes, in a room between furniture (m/s)."""

_NOW: Final = 1e-9
MOST_LEGS: Final = 256
"""Legs of a stretch."""

_NONE: Final = -1

_STRAIGHT_ON_COSINE: Final = cos(STRAIGHT_ON)


class Passages(NamedTuple):
    """A body passed nodes one after the other: `nodes[first]` at `times[0]`, and so on."""

    robot: RobotId
    nodes: Sequence[Node]
    first: int
    times: Sequence[float]


class Body:
    """A body of `fleet`'s kind, standing at `waypoint`. Tells events to `tell` and finished motion to `draw`.

    A `quiet` body does not tell which nodes it passes; `note`, when there is one, gets that later, in blocks.
    All methods are called from the loop's thread; `tell` and `draw` may call back.
    """

    def __init__(
        self,
        robot: RobotId,
        fleet: Fleet,
        waypoint: Waypoint,
        state_of_charge: float,
        *,
        loop: asyncio.AbstractEventLoop,
        ways: Ways,
        tell: Callable[[RobotId, BodyEvent], None],
        draw: Callable[[Segment], None] | None = None,
        note: Callable[[Passages], None] | None = None,
        quiet: bool = False,
    ) -> None:
        self.robot = robot
        self.fleet = fleet
        self.level = waypoint.level
        self.mode = BodyMode.AUTOMATIC
        self.paused = False
        self.sequence = -1
        self.charge = Charge(fleet.battery, state_of_charge, loop.time())
        self.charge.draw(fleet.battery.idle_drain, loop.time())
        self._acceleration = fleet.acceleration
        self._top_speed = fleet.speed
        self._loop = loop
        self._ways = ways
        self._tell = tell
        self._draw_segment = draw
        self._note = note
        self._quiet = quiet
        self._drawn = 0.0
        self._events: list[BodyEvent] = []
        self._silent = False
        self._locked = False
        self._slow = 1.0
        self._held = False
        self._waypoint = waypoint.id
        self._departed = False
        self._route = self._route_of((), -1)
        self._instead: Route | None = None
        self._aim: tuple[float, float, bool] | None = None
        self._roving = False
        self._roving_speed = ROVING_SPEED
        self._watched: dict[Gate, int] = {}
        self._blocked: str | None = None
        self._settled = True
        self._leg: Leg | None = None
        self._stretch: Floats | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._x, self._y, self._yaw = waypoint.x, waypoint.y, waypoint.heading or 0.0
        self._planned = (0.0, 0.0)
        self._ends_cleared = False

    # --- what is wanted ----------------------------------------------------------------------------------

    def drive(self, nodes: Sequence[Node], cleared_to: int) -> None:
        """See `port.BodyPort.drive`."""
        now = self._catch_up()
        self._aim = None
        route = self._route_of(nodes, max(cleared_to, self._route.cleared_to))
        self._settled = self._settled and not route.over
        if self._leg is None or self._leg.profile is None or (not self._roving and self._route.continued_by(route)):
            self._instead = None
            stale = self._install(route)
            self._replan(now)
            self._unwatch(stale)
        else:
            self._instead = route
            self._replan(now)
        self._finish()

    def proceed(self, cleared_to: int) -> None:
        now = self._catch_up()
        if self._instead is not None:
            self._instead.clear(cleared_to)
        elif self._route.clear(cleared_to) and (self._leg is None or self._ends_cleared):
            self._replan(now)
        if self._events or self._watched:
            self._finish()

    def set_paused(self, paused: bool) -> None:
        """Brake and hold, or go on. Either way `Stopped` is told once the body stands."""
        now = self._catch_up()
        self.paused = paused
        self._settled = False
        self._replan(now)
        self._finish()

    def rove(self, x: float, y: float, *, home: bool, speed: float = ROVING_SPEED) -> None:
        """Leave the lanes and go straight to (x, y); `Stopped` is told once the body stands there.

        `home`: that is the waypoint it came from, and it is on the lanes again there.
        """
        now = self._catch_up()
        self._roving_speed = speed
        self._aim = (x, y, home)
        self._settled = False
        self._replan(now)
        self._finish()

    def stand(self) -> None:
        """Brake, and forget where it should have gone off the lanes."""
        now = self._catch_up()
        self._aim = None
        self._replan(now)
        self._finish()

    def lock(self, locked: bool) -> None:
        """Stay where you are: a compartment is open."""
        self._locked = locked
        self.reconsider()

    def slow_down(self, factor: float) -> None:
        """Drive with only `factor` (0 < factor ≤ 1) of the speed that would be allowed."""
        self._slow = factor
        self.reconsider()

    def set_quiet(self, quiet: bool) -> None:
        """Whether nobody wants to be told of each node."""
        self._unfold()
        self._quiet = quiet

    def set_mode(self, mode: BodyMode, reason: str, off_lane: float | None = None) -> None:
        """All modes but automatic brake hard. Back in automatic the body goes on with its route, except that manual
        mode ends the route. A dead body tells nothing more until it is in another mode again. `off_lane` is how far
        from its lane it takes itself to be, when that is why.
        """
        now = self._catch_up()
        if mode is not self.mode:
            self.mode = mode
            if mode is BodyMode.MANUAL:
                self._instead = self._route_of((), -1)
            self._events.append(ModeChanged(mode, reason, now, self.place, off_lane))
            self._replan(now)
        self._finish()

    def push(self, place: Place, reason: str, off_lane: float | None) -> None:
        """Somebody moved the body by hand to `place`: it waits there in manual mode, and its route is gone."""
        now = self._catch_up()
        self._stand(now)
        self._aim, self._roving = None, False
        self.level, self._x, self._y, self._yaw = place.level, place.x, place.y, place.yaw
        self._departed = place.waypoint is None
        self._waypoint = place.waypoint or self._waypoint
        self._instead = None
        self._route = self._route_of((), -1)
        self._settled = True
        stale, self._watched = self._watched, {}
        self.mode = BodyMode.MANUAL
        self._wait_for(None)
        self._events.append(ModeChanged(BodyMode.MANUAL, reason, now, self.place, off_lane))
        self._unwatch(stale)
        self._finish()

    # --- what is ------------------------------------------------------------------------------------------

    @property
    def moving(self) -> bool:
        return self._leg is not None

    @property
    def place(self) -> Place:
        """Where the body is now."""
        x, y, yaw, _ = self.pose(self._loop.time())
        return Place(self.level, x, y, yaw, self.waypoint)

    @property
    def waypoint(self) -> WaypointId | None:
        """The waypoint the body stands at; None between two."""
        self._unfold()
        return None if self._departed or self._under_way(self._loop.time()) else self._waypoint

    @property
    def last_waypoint(self) -> WaypointId:
        """The waypoint it stands at, or was at last."""
        self._unfold()
        return self._waypoint

    @property
    def cleared_to(self) -> int:
        """The node up to which it may drive."""
        return max(self._route.cleared_to, self._instead.cleared_to if self._instead is not None else -1)

    def pose(self, time: float) -> tuple[float, float, float, float]:
        """x, y, yaw and speed at `time`, which must not lie before the present leg."""
        self._unfold()
        return (self._x, self._y, self._yaw, 0.0) if self._leg is None else self._leg.at(time)

    def state(self) -> BodyState:
        now = self._loop.time()
        x, y, yaw, speed = self.pose(now)
        place = Place(self.level, x, y, yaw, self.waypoint)
        charge = self.charge.at(now)
        return BodyState(
            self.robot, now, place, speed, charge, self.mode, self.paused, self._leg is not None, self.sequence
        )

    def flush(self) -> None:
        """Draw the motion up to now."""
        self._draw(self._catch_up())
        self._finish()

    # --- gates (see `gates.Traveller`) -------------------------------------------------------------------

    def reconsider(self) -> None:
        self._replan(self._catch_up())
        self._finish()

    def carried_to(self, level: LevelId) -> None:
        self.level = level

    def committed_to(self, gate: Gate) -> bool:
        self._unfold()
        index = self._watched.get(gate)
        if index is None or index < self._route.next:
            return False
        if index == self._route.next and (self._departed or self._leg is not None):
            return True
        if self._leg is None:
            return False
        x, y, _, speed = self.pose(self._loop.time())
        distance = 0.0
        for node in self._route.nodes[self._route.next : index]:
            distance += hypot(node.x - x, node.y - y)
            x, y = node.x, node.y
        return speed * speed > 2.0 * self._acceleration * distance * (1.0 + 1e-9)

    # --- the route ----------------------------------------------------------------------------------------

    def _route_of(self, nodes: Sequence[Node], cleared_to: int) -> Route:
        return Route(nodes, passed=self.sequence, cleared_to=cleared_to)

    def _install(self, route: Route) -> Iterable[Gate]:
        """Take up a route; returns the gates that were watched on the old one."""
        between = self._departed or self._leg is not None
        stale, before = self._watched, self._route.next
        self._route = route
        self._watched = {gate: route.next for gate, index in stale.items() if between and index == before}
        return stale

    def _any_closed(self, gates: tuple[Gate, ...], index: int) -> Gate | None:
        """Watch the gates on the way to node `index`; returns one that is closed."""
        closed = None
        for gate in gates:
            self._watched[gate] = index
            gate.approach(self)
            if not gate.open:
                closed = gate
        return closed

    def _unwatch(self, gates: Iterable[Gate]) -> None:
        for gate in gates:
            if gate not in self._watched:
                gate.leave(self)

    def _pass(self, node: Node, time: float, speed: float) -> None:
        route = self._route
        if self._watched:
            for gate in self._ways.gates(self._waypoint, node.waypoint):
                gate.cross(self, node.waypoint)
        self._waypoint = node.waypoint
        self._departed = False
        self._x, self._y = node.x, node.y
        self.sequence = node.sequence
        route.next += 1
        if not self._quiet:
            self._events.append(Passed(node.sequence, time, speed))
        elif self._note is not None:
            self._note(Passages(self.robot, route.nodes, route.next - 1, (time,)))

    # --- from event to event ------------------------------------------------------------------------------

    def _replan(self, now: float) -> None:
        """Bring the motion in line with what is wanted, without a jump in position or speed."""
        leg = self._leg
        self._held = self.paused or self._locked or self._instead is not None or self.mode is not BodyMode.AUTOMATIC
        if leg is None:
            self._set_out(now)
        elif self._roving:
            self._replan_roving(leg, now)
        elif leg.profile is None or (self._held and now < leg.time + leg.turn_time):
            self._stand(now)
            self._set_out(now)
        elif self._held or not leg.arrives or self._planned != self._allowed(leg.along_x, leg.along_y):
            self._replan_leg(leg, now)

    def _replan_roving(self, leg: Leg, now: float) -> None:
        """Brake when it shall go no farther; where it is already braking it goes on with that."""
        if not leg.arrives or not (self._held or self._aim is None):
            return
        if now < leg.time + leg.turn_time:
            self._stand(now)
            self._roving = False
            self._set_out(now)
            return
        x, y, yaw, speed = leg.at(now)
        self._put_down(now)
        hard = 1.0 if self.mode is BodyMode.AUTOMATIC else HARD_BRAKING
        profile = brake_profile(speed, self._acceleration * hard, inf)
        end = now + profile.duration
        self._take(Leg(now, end, x, y, yaw, 0.0, 0.0, yaw, leg.along_x, leg.along_y, profile, False))

    def _replan_leg(self, leg: Leg, now: float) -> None:
        """Go on with the present leg under a new profile: its turn is kept, its way starts anew where the body is."""
        node = self._route.nodes[self._route.next]
        if now < leg.time + leg.turn_time:
            length = hypot(node.x - leg.x, node.y - leg.y)
            profile, arrives = self._plan(length, leg.along_x, leg.along_y, 0.0)
            end = leg.time + leg.turn_time + profile.duration
            self._take(leg._replace(end=end, profile=profile, arrives=arrives))
        elif not leg.arrives or leg.end - now > _NOW:
            x, y, yaw, speed = leg.at(now)
            self._put_down(now)
            profile, arrives = self._plan(hypot(node.x - x, node.y - y), leg.along_x, leg.along_y, speed)
            end = now + profile.duration
            self._take(Leg(now, end, x, y, yaw, 0.0, 0.0, yaw, leg.along_x, leg.along_y, profile, arrives))

    def _set_out(self, now: float) -> None:
        """From standing: pass the nodes the body is at already, then go to the next one if it may."""
        if self._instead is not None:
            stale = self._install(self._instead)
            self._instead = None
            self._held = self.paused or self._locked or self.mode is not BodyMode.AUTOMATIC
            self._unwatch(stale)
        if self._aim is not None and not self._held:
            self._rove_on(now, *self._aim)
            return
        route = self._route
        if route.next > route.cleared:
            self._wait_for(None)
        while route.next <= route.cleared and not self._held:
            node = route.nodes[route.next]
            gate = (
                None
                if self._departed
                else self._any_closed(self._ways.gates(self._waypoint, node.waypoint), route.next)
            )
            if gate is not None:
                # Waiting to be carried to another level is no obstacle.
                self._wait_for(gate.reason if node.level == self.level else None)
                return
            # A route that begins in a lift names the cabin where the body boarded, wherever the car took it since.
            here = node.waypoint == self._waypoint and not self._departed
            if node.level != self.level and not here:
                self._wait_for(f"{node.waypoint} is on level {node.level}")
                return
            self._wait_for(None)
            self._settled = False
            dx, dy = node.x - self._x, node.y - self._y
            length = hypot(dx, dy)
            if length > AT:
                self.charge.draw(self.fleet.battery.drive_drain, now)
                self._turn_and_go(now, length, atan2(dy, dx), dx / length, dy / length)
                return
            self._pass(node, now, 0.0)
        if not self._settled:
            self._settle(now)

    def _rove_on(self, now: float, x: float, y: float, home: bool) -> None:
        dx, dy = x - self._x, y - self._y
        length = hypot(dx, dy)
        if length <= AT:
            self._aim = None
            self._departed = not home
            self._settle(now)
            return
        self.charge.draw(self.fleet.battery.drive_drain, now)
        heading = atan2(dy, dx)
        turn = wrapped(heading - self._yaw)
        time = abs(turn) / self.fleet.turn_speed if abs(turn) > AIMED else 0.0
        limit = min(self._top_speed, self._roving_speed) * self._slow
        profile = lane_profile(length, 0.0, 0.0, limit, self._acceleration)
        rate = turn / time if time else 0.0
        end = now + time + profile.duration
        self._roving = True
        self._take(
            Leg(now, end, self._x, self._y, self._yaw, time, rate, heading, dx / length, dy / length, profile, True)
        )

    def _settle(self, now: float) -> None:
        """The body stands; at the route's end it takes up the heading wanted there before it says so."""
        route = self._route
        at_end = route.over and bool(route.nodes) and not self._departed
        heading = route.nodes[-1].heading if at_end else None
        turn = 0.0 if heading is None else wrapped(heading - self._yaw)
        if abs(turn) > AIMED and not self._held:
            self.charge.draw(self.fleet.battery.drive_drain, now)
            time = abs(turn) / self.fleet.turn_speed
            heading = wrapped(self._yaw + turn)
            x, y, yaw = self._x, self._y, self._yaw
            self._take(Leg(now, now + time, x, y, yaw, time, turn / time, heading, 0.0, 0.0, None, False))
        else:
            self._settled = True
            self._events.append(Stopped(self.sequence, now, at_end and abs(turn) <= AIMED))

    def _due(self) -> None:
        self._timer = None
        if self._stretch is None or not self._end_stretch(self._stretch):
            self._unfold()
            if self._leg is not None:
                self._arrive(self._leg)
        self._finish()

    def _catch_up(self) -> float:
        """End the legs that are over by now: a timer that comes late never changes what is driven."""
        now = self._loop.time()
        self._unfold()
        while self._leg is not None and self._leg.end <= now:
            self._arrive(self._leg)
            self._unfold()
        return now if self._leg is None or self._leg.time < now else self._leg.time

    def _arrive(self, leg: Leg) -> None:
        time = leg.end
        speed = leg.profile.exit if leg.profile is not None else 0.0
        if self._roving:
            self._roving = False
            self._put_down(time)
            self._departed = True
        elif leg.arrives:
            if self._draw_segment is not None:
                self._draw(time)
            self._yaw = leg.heading
            self._pass(self._route.nodes[self._route.next], time, speed)
        else:
            self._put_down(time)
        self._leg = None
        if time >= self.charge.empty_at and self.mode is not BodyMode.DEAD:
            self.mode = BodyMode.DEAD
            self._held = True
            self._events.append(ModeChanged(BodyMode.DEAD, "the battery is empty", time, self.place))
        if speed > 0.0:
            route = self._route
            nodes = route.nodes
            way = self._ways.between(nodes[route.next - 1], nodes[route.next])
            while way.length <= AT:
                self._pass(nodes[route.next], time, speed)
                way = self._ways.between(nodes[route.next - 1], nodes[route.next])
            _, length, along_x, along_y, heading, _, _, _ = way
            profile, arrives = self._plan(length, along_x, along_y, speed)
            end = time + profile.duration
            x, y = self._x, self._y
            self._take(Leg(time, end, x, y, heading, 0.0, 0.0, heading, along_x, along_y, profile, arrives))
        else:
            self.charge.draw(self.fleet.battery.idle_drain, time)
            self._set_out(time)

    def _stand(self, time: float) -> None:
        """End the present leg, if any, where the body is now."""
        if self._leg is not None:
            self._put_down(time)
            self._leg = None
            self.charge.draw(self.fleet.battery.idle_drain, time)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # --- legs ---------------------------------------------------------------------------------------------

    def _under_way(self, time: float) -> bool:
        leg = self._leg
        return leg is not None and leg.profile is not None and time > leg.time + leg.turn_time

    def _put_down(self, time: float) -> None:
        """Make the pose at `time` the one to plan from, and draw what was driven to it."""
        assert self._leg is not None
        self._departed = self._departed or self._under_way(time)
        self._draw(time)
        self._x, self._y, self._yaw, _ = self._leg.at(time)

    def _draw(self, until: float) -> None:
        if self._draw_segment is not None and self._leg is not None:
            for segment in self._leg.segments(self.robot, self.level, max(self._drawn, self._leg.time), until):
                self._draw_segment(segment)
        self._drawn = until

    def _take(self, leg: Leg) -> None:
        self._leg = leg
        if self._timer is not None:
            self._timer.cancel()
        until = leg.end
        if self._quiet and leg.arrives and not self._held and self._draw_segment is None:
            until = self._stretch_on(leg)
        self._timer = self._loop.call_at(until, self._due)

    def _stretch_on(self, leg: Leg) -> float:
        """Plan on from the end of the present leg; returns when what is planned is over."""
        route = self._route
        most = min(route.cleared - route.next, MOST_LEGS)
        if most <= 0 or leg.profile is None or leg.end >= self.charge.empty_at:
            return leg.end
        lay = self._ways.lay(route)
        shut, unknown = self._gates_ahead(lay, route.next + most) if lay.gated else (_NONE, _NONE)
        drive = (self._acceleration, self._top_speed, self._slow, self.fleet.turn_speed, _STRAIGHT_ON_COSINE)
        start = (leg.end, leg.profile.exit, leg.heading)
        legs = np.empty((most, LEG))
        empty_at, table = self.charge.empty_at, self._ways.table
        number = plan_stretch(
            table, lay.rows, lay.limits, route.next + 1, route.cleared, shut, unknown, drive, start, empty_at, legs
        )
        if number == 0:
            return leg.end
        self._stretch = legs[:number]
        return float(legs[number - 1, END])

    def _gates_ahead(self, lay: Lay, last: int) -> tuple[int, int]:
        """Watch the gates on the way to node `last`. Returns the node behind the first that is closed, and the node to
        come back to single legs for: the gate before it is watched already for another node, or somebody waits for the
        body to leave it. `_NONE` where there is none, or only behind the other.
        """
        ahead = self._route.next
        for index, gates in lay.gated:
            if index > last:
                break
            if index < ahead:
                continue
            if any(gate.awaited or self._watched.get(gate, index) != index for gate in gates):
                return _NONE, max(index, ahead + 1)
            if index == ahead:
                continue
            if self._any_closed(gates, index) is not None:
                return index, _NONE
        return _NONE, _NONE

    def _unfold(self) -> None:
        """Come back from a stretch, if on one, to the leg of it that is driven now, or its last one."""
        if self._stretch is None or self._leg is None:
            return
        legs, leg, now = self._stretch, self._leg, self._loop.time()
        self._stretch = None
        if leg.end <= now:
            over = legs[:-1, END]
            times = [leg.end, *over[(over <= now) & (over < self.charge.empty_at)].tolist()]
            self._leg = leg = self._leg_of_stretch(legs[len(times) - 1].tolist(), leg.heading, times)
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(leg.end, self._due)

    def _end_stretch(self, legs: Floats) -> bool:
        """Arrive at the end of a stretch, if the body comes to a stand there."""
        leg = self._leg
        end, *_, speed = legs[-1].tolist()
        if leg is None or speed > 0.0 or end >= self.charge.empty_at:
            return False
        self._stretch = self._leg = None
        self._pass_many([leg.end, *legs[:, END].tolist()], leg.heading)
        self.charge.draw(self.fleet.battery.idle_drain, end)
        self._set_out(end)
        return True

    def _pass_many(self, times: Sequence[float], yaw: float) -> Node:
        """Pass the nodes at `times`, of which the first is reached with `yaw`; returns the last."""
        route = self._route
        nodes, first = route.nodes, route.next
        if self._note is not None:
            self._note(Passages(self.robot, nodes, first, times))
        route.next += len(times)
        node = nodes[route.next - 1]
        self._yaw = self._ways.between(nodes[route.next - 2], node).heading if len(times) > 1 else yaw
        self._waypoint, self._departed, self.sequence = node.waypoint, False, node.sequence
        self._x, self._y = node.x, node.y
        return node

    def _leg_of_stretch(self, leg: Sequence[float], yaw: float, times: Sequence[float]) -> Leg:
        """The leg after the nodes that are passed at `times`, the first of them with `yaw`."""
        node = self._pass_many(times, yaw)
        way = self._ways.between(node, self._route.nodes[self._route.next])
        end, entry, exit_speed, limit, turn, turn_time, _ = leg
        # A gate or limit may have changed just now: `_replan` has to see what was planned with before.
        self._allowed(way.along_x, way.along_y)
        self._planned = limit, exit_speed
        profile = lane_profile(way.length, entry, exit_speed, limit, self._acceleration)
        rate = turn / turn_time if turn_time else 0.0
        x, y = node.x, node.y
        heading, along_x, along_y = way.heading, way.along_x, way.along_y
        yaw = self._yaw if turn_time else heading
        return Leg(times[-1], end, x, y, yaw, turn_time, rate, heading, along_x, along_y, profile, True)

    def _turn_and_go(self, now: float, length: float, heading: float, along_x: float, along_y: float) -> None:
        """Turn towards the next node on the spot, then go there."""
        turn = wrapped(heading - self._yaw)
        time = abs(turn) / self.fleet.turn_speed if abs(turn) > AIMED else 0.0
        rate = turn / time if time else 0.0
        profile, arrives = self._plan(length, along_x, along_y, 0.0)
        end = now + time + profile.duration
        x, y, yaw = self._x, self._y, self._yaw
        self._take(Leg(now, end, x, y, yaw, time, rate, heading, along_x, along_y, profile, arrives))

    def _plan(self, length: float, along_x: float, along_y: float, speed: float) -> tuple[Profile, bool]:
        """The profile for `length` entered at `speed`, and whether it gets to the next node at its end."""
        self._planned = limit, exit_speed = self._allowed(along_x, along_y)
        if self._held:
            hard = 1.0 if self.mode is BodyMode.AUTOMATIC else HARD_BRAKING
            braking = brake_profile(speed, self._acceleration * hard, length)
            if braking.exit == 0.0 or exit_speed > 0.0:
                return braking, braking.exit > 0.0
        return lane_profile(length, speed, exit_speed, limit, self._acceleration), True

    def _allowed(self, along_x: float, along_y: float) -> tuple[float, float]:
        """The speed limit on the way to the next node, and the highest speed there.

        With the latter every stop and limit farther on can still be met.
        """
        nodes, index, cleared = self._route.nodes, self._route.next, self._route.cleared
        double = 2.0 * self._acceleration
        node = nodes[index]
        limit = speed = self._limit(node)
        distance = 0.0
        self._ends_cleared = False
        while double * distance < speed * speed:
            if index >= cleared:
                self._ends_cleared = True
                return limit, sqrt(double * distance)
            index += 1
            before, node = node, nodes[index]
            _, length, ahead_x, ahead_y, _, gates, carried, _ = self._ways.between(before, node)
            if carried or (gates and self._any_closed(gates, index) is not None):
                return limit, sqrt(double * distance)
            if length > AT:
                if ahead_x * along_x + ahead_y * along_y < _STRAIGHT_ON_COSINE:
                    return limit, sqrt(double * distance)
                along_x, along_y = ahead_x, ahead_y
                further = self._limit(node)
                if further < speed and further * further + double * distance < speed * speed:
                    speed = sqrt(further * further + double * distance)
                distance += length
        return limit, speed

    def _limit(self, node: Node) -> float:
        """The highest speed on the way to a node."""
        limit = node.speed_limit
        return (self._top_speed if limit is None or limit > self._top_speed else limit) * self._slow

    # --- telling ------------------------------------------------------------------------------------------

    def _wait_for(self, reason: str | None) -> None:
        if reason != self._blocked:
            now = self._loop.time()
            if self._blocked is not None:
                self._events.append(Blocked(self._blocked, now, over=True))
            if reason is not None:
                self._events.append(Blocked(reason, now))
            self._blocked = reason

    def _finish(self) -> None:
        """Leave the gates behind, then tell what happened: both may call back, so they come last."""
        if self._watched:
            behind = [gate for gate, index in self._watched.items() if index < self._route.next]
            for gate in behind:
                del self._watched[gate]
            self._unwatch(behind)
        if self._silent and self.mode is BodyMode.DEAD:
            return
        while self._events:
            self._tell(self.robot, self._events.pop(0))
        self._silent = self.mode is BodyMode.DEAD
