"""One robot's body: a differential drive that follows its route's cleared part, computed from event to event.

Between events (a node reached, clearance extended, a gate opened) nothing is computed: position and speed at any
moment follow from the present leg. Nodes where the direction changes by less than `STRAIGHT_ON` are passed at speed,
at the others the body stops and turns on the spot.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from math import atan2, cos, hypot, radians, sqrt
from typing import Final

from maps.model import Fleet, LevelId, RobotId, Waypoint, WaypointId
from sim.battery import Charge
from sim.gates import Gate
from sim.legs import Leg, wrapped
from sim.port import Blocked, BodyEvent, BodyMode, BodyState, ModeChanged, Node, Passed, Place, Segment, Stopped
from sim.profile import Profile, brake_profile, lane_profile
from sim.routes import AT, Route, Ways

STRAIGHT_ON: Final = radians(10.0)
HARD_BRAKING: Final = 3.0
"""How many times harder than in normal operation a body brakes on e-stop, error and when it dies."""

_AIMED: Final = 1e-3
_NOW: Final = 1e-9
_STRAIGHT_ON_COSINE: Final = cos(STRAIGHT_ON)


class Body:
    """A body of `fleet`'s kind, standing at `waypoint`. Tells events to `tell` and finished motion to `draw`.

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
        self._watched: dict[Gate, int] = {}
        self._blocked: str | None = None
        self._settled = True
        self._leg: Leg | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._x, self._y, self._yaw = waypoint.x, waypoint.y, waypoint.heading or 0.0
        self._planned = (0.0, 0.0)
        self._ends_cleared = False

    # --- what is wanted ----------------------------------------------------------------------------------

    def drive(self, nodes: Sequence[Node], cleared_to: int) -> None:
        """See `port.BodyPort.drive`."""
        now = self._catch_up()
        route = self._route_of(nodes, max(cleared_to, self._route.cleared_to))
        self._settled = self._settled and not route.over
        if self._leg is None or self._leg.profile is None or self._route.continued_by(route):
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

    def lock(self, locked: bool) -> None:
        """Stay where you are: a compartment is open."""
        self._locked = locked
        self.reconsider()

    def slow_down(self, factor: float) -> None:
        """Drive with only `factor` (0 < factor ≤ 1) of the speed that would be allowed."""
        self._slow = factor
        self.reconsider()

    def set_mode(self, mode: BodyMode, reason: str) -> None:
        """All modes but automatic brake hard. Back in automatic the body goes on with its route, except that manual
        mode ends the route. A dead body tells nothing more until it is in another mode again.
        """
        now = self._catch_up()
        if mode is not self.mode:
            self.mode = mode
            if mode is BodyMode.MANUAL:
                self._instead = self._route_of((), -1)
            self._events.append(ModeChanged(mode, reason, now, self.place))
            self._replan(now)
        self._finish()

    def push(self, place: Place, reason: str, off_lane: float | None) -> None:
        """Somebody moved the body by hand to `place`: it waits there in manual mode, and its route is gone."""
        now = self._catch_up()
        self._stand(now)
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
        return None if self._departed or self._under_way(self._loop.time()) else self._waypoint

    def pose(self, time: float) -> tuple[float, float, float, float]:
        """x, y, yaw and speed at `time`, which must not lie before the present leg."""
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
        index = self._watched.get(gate)
        if index is None:
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
        self._events.append(Passed(node.sequence, time, speed))

    # --- from event to event ------------------------------------------------------------------------------

    def _replan(self, now: float) -> None:
        """Bring the motion in line with what is wanted, without a jump in position or speed."""
        leg = self._leg
        self._held = self.paused or self._locked or self._instead is not None or self.mode is not BodyMode.AUTOMATIC
        if leg is None:
            self._set_out(now)
        elif leg.profile is None or (self._held and now < leg.time + leg.turn_time):
            self._stand(now)
            self._set_out(now)
        elif self._held or not leg.arrives or self._planned != self._allowed(leg.along_x, leg.along_y):
            self._replan_leg(leg, now)

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

    def _settle(self, now: float) -> None:
        """The body stands; at the route's end it takes up the heading wanted there before it says so."""
        route = self._route
        at_end = route.over and bool(route.nodes) and not self._departed
        heading = route.nodes[-1].heading if at_end else None
        turn = 0.0 if heading is None else wrapped(heading - self._yaw)
        if abs(turn) > _AIMED and not self._held:
            self.charge.draw(self.fleet.battery.drive_drain, now)
            time = abs(turn) / self.fleet.turn_speed
            heading = wrapped(self._yaw + turn)
            x, y, yaw = self._x, self._y, self._yaw
            self._take(Leg(now, now + time, x, y, yaw, time, turn / time, heading, 0.0, 0.0, None, False))
        else:
            self._settled = True
            self._events.append(Stopped(self.sequence, now, at_end and abs(turn) <= _AIMED))

    def _due(self) -> None:
        self._timer = None
        if self._leg is not None:
            self._arrive(self._leg)
        self._finish()

    def _catch_up(self) -> float:
        """End the legs that are over by now: a timer that comes late never changes what is driven."""
        now = self._loop.time()
        while self._leg is not None and self._leg.end <= now:
            self._arrive(self._leg)
        return now if self._leg is None or self._leg.time < now else self._leg.time

    def _arrive(self, leg: Leg) -> None:
        time = leg.end
        speed = leg.profile.exit if leg.profile is not None else 0.0
        if leg.arrives:
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
            _, length, along_x, along_y, heading, _, _ = way
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
        self._timer = self._loop.call_at(leg.end, self._due)

    def _turn_and_go(self, now: float, length: float, heading: float, along_x: float, along_y: float) -> None:
        """Turn towards the next node on the spot, then go there."""
        turn = wrapped(heading - self._yaw)
        time = abs(turn) / self.fleet.turn_speed if abs(turn) > _AIMED else 0.0
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
            _, length, ahead_x, ahead_y, _, gates, carried = self._ways.between(before, node)
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
