"""The simulated world of one site: robots' bodies, doors and lifts. It satisfies `port.WorldPort` in this process.

Nothing happens between events: a standing robot and a closed door cost nothing. The same site, rng seed and requests
give the same history.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from math import hypot
from typing import TypeVar

import msgspec

from maps.model import CrossingId, DoorId, FleetId, LaneId, LevelId, LiftId, RobotId, Site, WaypointId, ZoneId
from sim.bodies import ROVING_SPEED, Body, Passages
from sim.crossings import SimulatedCrossing
from sim.doors import SimulatedDoor
from sim.fittings import Fittings
from sim.followers import Followers
from sim.gates import Gate
from sim.lifts import SimulatedLift
from sim.passers import Passers
from sim.port import (
    LEASE,
    BodyEvent,
    BodyListener,
    BodyMode,
    BodyState,
    BuildingEvent,
    BuildingListener,
    DoorState,
    FireAlarmState,
    Node,
    Place,
    Segment,
)
from sim.rooms import Rooms
from sim.routes import AT, Ways
from sim.tank import Tank

K = TypeVar("K")
V = TypeVar("V")


class World:
    """Bodies, doors and lifts of `site`; all methods are called from the thread of `loop` (default: the running one).

    `draw`, when set before the first spawn, gets every finished piece of motion in the order of its end.
    With `note` bodies to which nobody listens node by node plan many legs at once, and it gets which nodes they passed,
    in blocks.
    """

    def __init__(
        self,
        site: Site,
        *,
        rng: random.Random,
        loop: asyncio.AbstractEventLoop | None = None,
        draw: Callable[[Segment], None] | None = None,
        note: Callable[[Passages], None] | None = None,
    ) -> None:
        self.site = site
        self.loop = loop or asyncio.get_running_loop()
        self.bodies: dict[RobotId, Body] = {}
        self._rng = rng
        self._draw = draw
        self._note = note
        self._fittings: dict[RobotId, Fittings] = {}
        self._listeners: dict[RobotId, tuple[BodyListener, ...]] = {}
        self._stop_listeners: dict[RobotId, tuple[BodyListener, ...]] = {}
        self._watchers: tuple[BuildingListener, ...] = ()
        self.doors = {door.id: SimulatedDoor(door, self.loop, self._tell_building) for door in site.doors.values()}
        elevations = {level.id: level.elevation for level in site.levels.values()}
        self.lifts = {
            lift.id: SimulatedLift(lift, elevations, self.loop, self._tell_building) for lift in site.lifts.values()
        }
        self.crossings = {
            crossing.id: SimulatedCrossing(crossing, self.loop, self._tell_building)
            for crossing in site.crossings.values()
        }
        self.rooms = Rooms(site, self.loop, self._tell)
        self.passers = Passers(site, self.loop, self._tell, lambda robot: self.body(robot).state().place)
        self.followers = Followers(self.loop, self._tell, lambda robot: self.body(robot).state().place)
        self._alarms: dict[str, FireAlarmState] = {}
        self._gates = self._find_gates()
        self._ways = Ways(self._gates)
        self._obstacles: dict[LaneId, Gate] = {}
        self._astray: dict[RobotId, tuple[float, float]] = {}

    # --- bodies -------------------------------------------------------------------------------------------

    def spawn(self, robot: RobotId, fleet: FleetId, waypoint: WaypointId, state_of_charge: float = 1.0) -> None:
        if robot in self.bodies:
            return
        kind = _of(self.site.fleets, fleet, "fleet")
        place = _of(self.site.waypoints, waypoint, "waypoint")
        body = Body(
            robot,
            kind,
            place,
            state_of_charge,
            loop=self.loop,
            ways=self._ways,
            tell=self._tell,
            draw=self._draw,
            note=self._note,
            quiet=self._is_quiet(robot),
        )
        self.bodies[robot] = body
        self._fittings[robot] = Fittings(
            body, loop=self.loop, rng=self._rng, tell=lambda event: self._tell(robot, event)
        )
        if place.lift is not None:
            self.lifts[place.lift].board(body)

    def drive(self, robot: RobotId, nodes: Sequence[Node], cleared_to: int) -> None:
        body = self.body(robot)
        if any(node.waypoint != body.waypoint for node in nodes):
            self._fittings[robot].undock()
            self._fittings[robot].leave_refill_point()
        body.drive(nodes, cleared_to)

    def proceed(self, robot: RobotId, cleared_to: int) -> None:
        self.body(robot).proceed(cleared_to)

    def pause(self, robot: RobotId) -> None:
        self.body(robot).set_paused(True)

    def resume(self, robot: RobotId) -> None:
        self.body(robot).set_paused(False)

    def dock(self, robot: RobotId, charger: WaypointId) -> None:
        self.body(robot)
        self._fittings[robot].dock(charger, self.site.chargers.get(charger))

    def open_compartment(self, robot: RobotId, compartment: str) -> None:
        self.body(robot)
        self._fittings[robot].move_compartment(compartment, opened=True)

    def close_compartment(self, robot: RobotId, compartment: str) -> None:
        self.body(robot)
        self._fittings[robot].move_compartment(compartment, opened=False)

    def rove(self, robot: RobotId, x: float, y: float, speed: float | None = None) -> None:
        body = self.body(robot)
        fittings = self._fittings[robot]
        fittings.undock()
        if fittings.tank is not None:
            fittings.tank.mark()
        came_from = self.site.waypoints[body.last_waypoint]
        body.rove(x, y, home=hypot(came_from.x - x, came_from.y - y) <= AT, speed=speed or ROVING_SPEED)

    def stand(self, robot: RobotId) -> None:
        self.body(robot).stand()

    def switch(self, robot: RobotId, on: bool, rate: float = 0.0) -> None:
        self.body(robot)
        self._fittings[robot].switch(on, rate)

    def refill(self, robot: RobotId, place: WaypointId) -> None:
        fleet = self.body(robot).fleet.id
        point = self.site.refill_points.get(place)
        serves = point is not None and (point.fleets is None or fleet in point.fleets)
        self._fittings[robot].refill(place, point if serves else None)

    def tank(self, robot: RobotId) -> Tank | None:
        """The tank of its sprayer, None for a robot without one."""
        self.body(robot)
        return self._fittings[robot].tank

    def watch_room(self, robot: RobotId, zone: ZoneId, watched: bool) -> None:
        self.body(robot)
        self.rooms.watch(robot, zone, watched)

    def watch_people(self, robot: RobotId, watched: bool) -> None:
        self.body(robot)
        self.passers.watch(robot, watched)

    def watch_follower(self, robot: RobotId, watched: bool) -> None:
        self.body(robot)
        self.followers.watch(robot, watched)

    def is_on(self, robot: RobotId) -> bool:
        """Whether its lamp or sprayer is on."""
        return self.on_since(robot) is not None

    def on_since(self, robot: RobotId) -> float | None:
        """When its lamp or sprayer was switched on (s of the loop); None while it is off."""
        return self._fittings[robot].on_since

    def body(self, robot: RobotId) -> Body:
        try:
            return self.bodies[robot]
        except KeyError:
            raise LookupError(f"the world has no robot {robot}") from None

    def state(self, robot: RobotId) -> BodyState:
        """As the robot takes itself to be."""
        state = self.body(robot).state()
        tank = self._fittings[robot].tank
        if tank is not None:
            state = msgspec.structs.replace(state, tank=tank.litres)
        if robot not in self._astray:
            return state
        dx, dy = self._astray[robot]
        place = state.place
        return msgspec.structs.replace(state, place=Place(place.level, place.x + dx, place.y + dy, place.yaw))

    async def seen(self, robot: RobotId) -> BodyState:
        return self.state(robot)

    def subscribe(self, robot: RobotId, listener: BodyListener) -> Callable[[], None]:
        return self._subscribe(self._listeners, robot, listener)

    def subscribe_to_stops(self, robot: RobotId, listener: BodyListener) -> Callable[[], None]:
        """As `subscribe`, but nobody is told of each node."""
        return self._subscribe(self._stop_listeners, robot, listener)

    def _subscribe(
        self, listeners: dict[RobotId, tuple[BodyListener, ...]], robot: RobotId, listener: BodyListener
    ) -> Callable[[], None]:
        def hear(those: tuple[BodyListener, ...]) -> None:
            listeners[robot] = those
            if robot in self.bodies:
                self.bodies[robot].set_quiet(self._is_quiet(robot))

        hear((*listeners.get(robot, ()), listener))
        return lambda: hear(tuple(other for other in listeners[robot] if other is not listener))

    def _is_quiet(self, robot: RobotId) -> bool:
        return self._note is not None and not self._listeners.get(robot)

    def flush(self) -> None:
        """Draw all motion up to now: what is under way is otherwise drawn when its leg ends."""
        for body in self.bodies.values():
            body.flush()

    # --- the building -------------------------------------------------------------------------------------

    def open_door(self, door: DoorId, session: str, lease: float = LEASE, fencing: int = 0) -> None:
        _of(self.doors, door, "door").hold(session, lease, fencing)

    def release_door(self, door: DoorId, session: str) -> None:
        _of(self.doors, door, "door").release(session)

    def call_lift(self, lift: LiftId, session: str, level: LevelId, lease: float = LEASE, fencing: int = 0) -> None:
        _of(self.lifts, lift, "lift").call(session, level, lease, fencing)

    def release_lift(self, lift: LiftId, session: str) -> None:
        _of(self.lifts, lift, "lift").release(session)

    def ask_crossing(self, crossing: CrossingId, session: str, lease: float = LEASE, fencing: int = 0) -> None:
        _of(self.crossings, crossing, "crossing").ask(session, lease, fencing)

    def release_crossing(self, crossing: CrossingId, session: str) -> None:
        _of(self.crossings, crossing, "crossing").release(session)

    def watch_building(self, listener: BuildingListener) -> Callable[[], None]:
        for door in self.doors.values():
            listener(door.state)
        for lift in self.lifts.values():
            listener(lift.state)
        for crossing in self.crossings.values():
            listener(crossing.state)
        for alarm in self._alarms.values():
            listener(alarm)
        self._watchers = (*self._watchers, listener)

        def end() -> None:
            self._watchers = tuple(other for other in self._watchers if other is not listener)

        return end

    # --- what people and faults do ------------------------------------------------------------------------

    def take_goods(self, robot: RobotId, compartment: str) -> None:
        """Somebody empties an open compartment; of one that is shut nothing can be taken."""
        self.body(robot)
        self._fittings[robot].take_goods(compartment)

    def set_mode(self, robot: RobotId, mode: BodyMode, reason: str) -> None:
        """Press or release e-stop, take by hand, break or mend a robot. See `Body.set_mode`."""
        if mode is BodyMode.AUTOMATIC:
            self._astray.pop(robot, None)
        self.body(robot).set_mode(mode, reason)

    def lead_astray(self, robot: RobotId, dx: float, dy: float, *, noticed: bool) -> None:
        """From now on the robot takes itself to be (dx, dy) m from where it is, until it is set to automatic again.

        Once it has `noticed`, it stands and says so.
        """
        self._astray[robot] = (dx, dy)
        if noticed:
            self.body(robot).set_mode(BodyMode.ERROR, "localisation lost", hypot(dx, dy))

    def push(self, robot: RobotId, place: Place, reason: str) -> None:
        """Move a robot by hand; it waits in manual mode until it is set to automatic again."""
        body = self.body(robot)
        self._fittings[robot].undock()
        for lift in self.lifts.values():
            lift.leave(body)
        waypoint = self.site.waypoints[place.waypoint] if place.waypoint is not None else None
        body.push(place, reason, None if waypoint else self._off_lane(place))
        if waypoint is not None and waypoint.lift is not None:
            self.lifts[waypoint.lift].board(body)

    def obstruct(self, lane: LaneId, reason: str) -> None:
        """Put something in a lane's way: robots stop before the lane (those on it pass), from either end."""
        way = _of(self.site.lanes, lane, "lane")
        gate = self._obstacles.setdefault(lane, Gate(reason, opened=True))
        gate.reason = reason
        for pair in ((way.start, way.end), (way.end, way.start)):
            if gate not in self._gates.get(pair, ()):
                self._gates[pair] = (*self._gates.get(pair, ()), gate)
        self._ways.forget()
        gate.open = False
        for body in self.bodies.values():
            body.reconsider()

    def set_fire_alarm(self, place: str, active: bool) -> None:
        """The panel's contact for a zone, building or level closes or opens."""
        self._alarms[place] = FireAlarmState(place, active)
        self._tell_building(self._alarms[place])

    def clear_obstacle(self, lane: LaneId) -> None:
        if lane in self._obstacles:
            self._obstacles[lane].set(True)

    # ------------------------------------------------------------------------------------------------------

    def _find_gates(self) -> dict[tuple[WaypointId, WaypointId], tuple[Gate, ...]]:
        """Doors and crossings on lanes, landings before cabins, and the ride from one level's cabin to another's."""
        gates: dict[tuple[WaypointId, WaypointId], tuple[Gate, ...]] = {}
        waypoints = self.site.waypoints
        for lane in self.site.lanes.values():
            start, end = waypoints[lane.start], waypoints[lane.end]
            door = self.doors[lane.door] if lane.door is not None else None
            # A door that is not automatic stands open for ever.
            found = [door.gate] if door is not None and door.door.automatic else []
            if lane.crossing is not None:
                found.append(self.crossings[lane.crossing].gate)
            found += [
                self.lifts[cabin.lift].landings[cabin.level]
                for cabin, other in ((start, end), (end, start))
                if cabin.lift is not None and other.lift != cabin.lift
            ]
            if found:
                gates[lane.start, lane.end] = tuple(found)
        for lift in self.lifts.values():
            cabins = [(level, cabin) for level in lift.lift.levels for cabin in lift.lift.cabins.get(level, ())]
            for start_level, start_cabin in cabins:
                for level, cabin in cabins:
                    if level != start_level:
                        gates[start_cabin, cabin] = (lift.landings[level],)
        return gates

    def _off_lane(self, place: Place) -> float | None:
        """Distance to the nearest lane, None within half its width or on a level without lanes."""
        nearest = None
        for lane in self.site.lanes.values():
            start, end = self.site.waypoints[lane.start], self.site.waypoints[lane.end]
            if start.level == place.level:
                distance = _distance((place.x, place.y), start.xy, end.xy)
                if distance <= lane.width / 2.0:
                    return None
                nearest = distance if nearest is None else min(nearest, distance)
        return nearest

    def _tell(self, robot: RobotId, event: BodyEvent) -> None:
        for listener in self._listeners.get(robot, ()):
            listener(event)
        for listener in self._stop_listeners.get(robot, ()):
            listener(event)

    def _tell_building(self, event: BuildingEvent) -> None:
        if isinstance(event, DoorState):
            self.rooms.door_moved(event)
        for listener in self._watchers:
            listener(event)


def _of(things: Mapping[K, V], key: K, kind: str) -> V:
    try:
        return things[key]
    except KeyError:
        raise LookupError(f"the world has no {kind} {key}") from None


def _distance(point: tuple[float, float], start: tuple[float, float], end: tuple[float, float]) -> float:
    """From `point` to the straight line between `start` and `end` (m)."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    along = (point[0] - start[0]) * dx + (point[1] - start[1]) * dy
    share = min(1.0, max(0.0, along / (dx * dx + dy * dy))) if dx or dy else 0.0
    return hypot(point[0] - start[0] - share * dx, point[1] - start[1] - share * dy)
