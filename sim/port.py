"""The port of the simulated world: what robots' agents and the building adapter may ask of it, and what it tells.

The same port is satisfied by the world in this process (`sim.world.World`) and by one in another process
(`sim.link.RemoteWorld`). Requests return at once and set a wanted state, so any of them may be repeated; what becomes
of them is told to the listeners. Times are seconds of the world's loop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Final, Protocol, TypeAlias

import msgspec

from maps.model import CrossingId, DoorId, FleetId, LevelId, LiftId, RobotId, WaypointId, ZoneId

LEASE: Final = 60.0
"""Seconds that a door or lift session lasts unless it is renewed by calling again."""


class BodyMode(StrEnum):
    AUTOMATIC = "automatic"
    MANUAL = "manual"
    ESTOP = "estop"
    ERROR = "error"
    DEAD = "dead"


class Value(msgspec.Struct, frozen=True, tag_field="type"):
    """Values that also travel over the world's link; their tag is the class's name."""


class Node(Value, frozen=True, tag=True):
    """One node of a body's route. `sequence` counts up for the body's whole life.

    A node on another level than the one before is reached by being carried in a lift's car. `heading` is taken up
    when the body stops here at its route's end; `speed_limit` holds on the way to the node.
    """

    sequence: int
    waypoint: WaypointId
    level: LevelId
    x: float
    y: float
    heading: float | None = None
    speed_limit: float | None = None


class Segment(Value, frozen=True, tag=True):
    """A finished piece of motion, by which any past moment can be drawn.

    From `time` on the body goes straight from (x, y) along `yaw` with `speed` + `acceleration` · t, or turns at
    `turn_rate` (rad/s) on the spot, for `duration` seconds. Between segments it stands where the last one ended.
    """

    robot: RobotId
    time: float
    level: LevelId
    x: float
    y: float
    yaw: float
    speed: float
    acceleration: float
    duration: float
    turn_rate: float


class Place(Value, frozen=True, tag=True):
    """A pose on a level; `waypoint` is the one a body stands at, None between two."""

    level: LevelId
    x: float
    y: float
    yaw: float
    waypoint: WaypointId | None = None


class BodyState(Value, frozen=True, tag=True):
    """A body at `time`. `sequence` is the last node passed (-1 for none), `tank` what is in its sprayer's (L)."""

    robot: RobotId
    time: float
    place: Place
    speed: float
    state_of_charge: float
    mode: BodyMode = BodyMode.AUTOMATIC
    paused: bool = False
    moving: bool = False
    sequence: int = -1
    tank: float | None = None


# --- what bodies tell --------------------------------------------------------------------------------------


class Passed(Value, frozen=True, tag=True):
    """The body's centre passed, or stopped at, a node."""

    sequence: int
    time: float
    speed: float


class Stopped(Value, frozen=True, tag=True):
    """The body stands; `sequence` is the last node passed.

    `route_end` says that this is the route's last node and that its heading is taken up.
    """

    sequence: int
    time: float
    route_end: bool


class Blocked(Value, frozen=True, tag=True):
    """The body's own safety holds it inside the part that is cleared; `over` when it goes on."""

    reason: str
    time: float
    over: bool = False


class ModeChanged(Value, frozen=True, tag=True):
    """`off_lane` is the distance from the nearest lane when that is more than half the lane's width."""

    mode: BodyMode
    reason: str
    time: float
    place: Place
    off_lane: float | None = None


class ChargeReached(Value, frozen=True, tag=True):
    """The state of charge crossed `level` upwards."""

    level: float
    time: float


class CompartmentMoved(Value, frozen=True, tag=True):
    compartment: str
    opened: bool
    time: float


class Docked(Value, frozen=True, tag=True):
    """Current flows."""

    charger: WaypointId
    time: float


class Refilled(Value, frozen=True, tag=True):
    """Its sprayer's tank is full."""

    place: WaypointId
    time: float


class RoomSensed(Value, frozen=True, tag=True):
    """What the robot, or the door's sensor, sees of the room that it watches."""

    zone: ZoneId
    person: bool
    door_open: bool
    time: float


class SeenPerson(Value, frozen=True, tag=True):
    """`temperature` (°C) is that of the skin, `bearing` (rad) from the robot's heading, left is positive."""

    person: str
    temperature: float
    mask: bool
    distance: float
    bearing: float


class PeopleSeen(Value, frozen=True, tag=True):
    """Everybody whom the robot's sensors see now."""

    people: tuple[SeenPerson, ...]
    time: float


class GoodsTaken(Value, frozen=True, tag=True):
    """The sensor of an open compartment: it was emptied."""

    compartment: str
    time: float


class FollowerSensed(Value, frozen=True, tag=True):
    """How far behind the robot the nearest person is (m); None when it sees nobody."""

    distance: float | None
    time: float


class Refusal(Value, frozen=True, tag=True):
    """The body can't dock at, open or be refilled at what was named by `subject`."""

    subject: str
    reason: str
    time: float


BodyEvent: TypeAlias = (
    Passed
    | Stopped
    | Blocked
    | ModeChanged
    | ChargeReached
    | CompartmentMoved
    | Docked
    | Refilled
    | RoomSensed
    | PeopleSeen
    | GoodsTaken
    | FollowerSensed
    | Refusal
)


# --- what the building tells -------------------------------------------------------------------------------


class DoorState(Value, frozen=True, tag=True):
    """`open` and `closed` are both False while the leaves move; `available` is False for a door that is stuck."""

    door: DoorId
    open: bool
    closed: bool
    available: bool = True


class LiftState(Value, frozen=True, tag=True):
    """`level` is None while the car moves; `doors_open` only when they are fully open.

    `session` holds the car, under the number `fencing` (0 for people's calls). `load` is the share of the car that
    people take up, and in a `full` one is no room for a robot.
    """

    lift: LiftId
    level: LevelId | None
    doors_open: bool
    session: str | None = None
    available: bool = True
    fencing: int = 0
    load: float = 0.0
    full: bool = False


class CrossingState(Value, frozen=True, tag=True):
    """A crossing's signal; `remaining` seconds of green, 0 at red. Each request is answered with it."""

    crossing: CrossingId
    green: bool
    remaining: float


class SessionRefused(Value, frozen=True, tag=True):
    """The door, lift or crossing does not take up this session: it had ended, and `newest` is the greatest number known
    since.
    """

    device: DoorId | LiftId | CrossingId
    session: str
    newest: int


class FireAlarmState(Value, frozen=True, tag=True):
    """The fire alarm panel's contact for a place: a zone, a building or a level of the site."""

    place: str
    active: bool


BuildingEvent: TypeAlias = DoorState | LiftState | CrossingState | SessionRefused | FireAlarmState
BodyListener: TypeAlias = Callable[[BodyEvent], None]
BuildingListener: TypeAlias = Callable[[BuildingEvent], None]


# --- the port ----------------------------------------------------------------------------------------------


class BodyPort(Protocol):
    """The bodies. Requests for a robot that was never spawned raise `LookupError` (or are logged, over a link)."""

    def spawn(self, robot: RobotId, fleet: FleetId, waypoint: WaypointId, state_of_charge: float = 1.0) -> None:
        """Put a body of the fleet's kind at a waypoint. A robot that has a body keeps it as it is."""
        ...

    def drive(self, robot: RobotId, nodes: Sequence[Node], cleared_to: int) -> None:
        """Follow `nodes` up to the node `cleared_to`; one that leads away undocks. Nodes already passed are skipped.

        The part cleared before must stay the same, then a moving body goes on without a stop; otherwise it brakes
        first. A body that stands at the route's end already tells `Stopped` again.
        """
        ...

    def proceed(self, robot: RobotId, cleared_to: int) -> None:
        """Extend the cleared part. A lower figure is ignored."""
        ...

    def pause(self, robot: RobotId) -> None: ...

    def resume(self, robot: RobotId) -> None: ...

    def dock(self, robot: RobotId, charger: WaypointId) -> None:
        """Dock at the charger the body stands at. `Docked` or `Refusal` follows."""
        ...

    def open_compartment(self, robot: RobotId, compartment: str) -> None:
        """`CompartmentMoved` or `Refusal` follows. A body never drives with a compartment open."""
        ...

    def close_compartment(self, robot: RobotId, compartment: str) -> None: ...

    def rove(self, robot: RobotId, x: float, y: float, speed: float | None = None) -> None:
        """Leave the lanes and go straight to a place of the same level. `Stopped` follows when it stands there.

        `speed` (m/s) at most; None: as slowly as between furniture.
        """
        ...

    def stand(self, robot: RobotId) -> None:
        """Give up where it should have roved to."""
        ...

    def switch(self, robot: RobotId, on: bool, rate: float = 0.0) -> None:
        """Switch its lamp or sprayer, which gives `rate` litres per metre driven."""
        ...

    def refill(self, robot: RobotId, place: WaypointId) -> None:
        """Fill its tank at the refill point the body stands at. `Refilled` or `Refusal` follows."""
        ...

    def watch_room(self, robot: RobotId, zone: ZoneId, watched: bool) -> None:
        """Tell `RoomSensed` now and at each change from now on, or no longer."""
        ...

    def watch_people(self, robot: RobotId, watched: bool) -> None:
        """Tell `PeopleSeen` at 10 Hz while there is anybody, or no longer."""
        ...

    def watch_follower(self, robot: RobotId, watched: bool) -> None:
        """Tell `FollowerSensed` twice a second, or no longer."""
        ...

    def state(self, robot: RobotId) -> BodyState:
        """The newest known state. Raises `LookupError` when the robot has no body (or is not known yet)."""
        ...

    async def seen(self, robot: RobotId) -> BodyState:
        """Wait until the state of a robot that is subscribed to is known."""
        ...

    def subscribe(self, robot: RobotId, listener: BodyListener) -> Callable[[], None]:
        """Tell `listener` what happens to the robot from now on, in order. Returns how to end it."""
        ...


class BuildingPort(Protocol):
    """Doors, lifts and crossings. Sessions are names chosen by the caller; they end by release or with their lease.

    With a `fencing` number above 0, each new session of a device needs a greater one than those before: a request for a
    session that has ended comes too late, and `SessionRefused` is told.

    Raises `LookupError` for a door, lift or level that does not exist (or logs it, over a link).
    """

    def open_door(self, door: DoorId, session: str, lease: float = LEASE, fencing: int = 0) -> None:
        """Open the door and keep it open; again to renew the lease."""
        ...

    def release_door(self, door: DoorId, session: str) -> None:
        """Let go; the door closes when nobody else holds it and nothing drives through."""
        ...

    def call_lift(self, lift: LiftId, session: str, level: LevelId, lease: float = LEASE, fencing: int = 0) -> None:
        """Get in line for the car; once it is the session's, bring it to `level` and keep its doors open there.

        Each call is answered with the car's state, changed or not.
        """
        ...

    def release_lift(self, lift: LiftId, session: str) -> None:
        """Let go of the car, or leave the line."""
        ...

    def ask_crossing(self, crossing: CrossingId, session: str, lease: float = LEASE, fencing: int = 0) -> None:
        """Ask for green; again to renew the lease. Each call is answered with the signal's state."""
        ...

    def release_crossing(self, crossing: CrossingId, session: str) -> None:
        """Ask for no further green."""
        ...

    def watch_building(self, listener: BuildingListener) -> Callable[[], None]:
        """Tell `listener` the state of every door, lift, crossing and alarm now, and then each change.

        Returns how to end it.
        """
        ...


class WorldPort(BodyPort, BuildingPort, Protocol):
    """The whole world."""
