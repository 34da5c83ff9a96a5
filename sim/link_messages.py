"""What a client and the server of a simulated world say to each other over their WebSocket, as JSON.

The client begins with `Hello`, the server answers `Welcome` or `Rejected`. Then come the requests of `sim.port`, which
may be repeated at will, and what the world tells.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec

from maps.model import CrossingId, DoorId, FleetId, LevelId, LiftId, RobotId, WaypointId, ZoneId
from sim.port import (
    BodyEvent,
    BodyState,
    CrossingState,
    DoorState,
    FireAlarmState,
    LiftState,
    Node,
    SessionRefused,
    Value,
)


class Hello(Value, frozen=True, tag=True):
    token: str


class Spawn(Value, frozen=True, tag=True):
    robot: RobotId
    fleet: FleetId
    waypoint: WaypointId
    state_of_charge: float


class Drive(Value, frozen=True, tag=True):
    robot: RobotId
    nodes: tuple[Node, ...]
    cleared_to: int


class Proceed(Value, frozen=True, tag=True):
    robot: RobotId
    cleared_to: int


class SetPaused(Value, frozen=True, tag=True):
    robot: RobotId
    paused: bool


class Dock(Value, frozen=True, tag=True):
    robot: RobotId
    charger: WaypointId


class MoveCompartment(Value, frozen=True, tag=True):
    robot: RobotId
    compartment: str
    opened: bool


class Rove(Value, frozen=True, tag=True):
    """`x` and `y` None: stand."""

    robot: RobotId
    x: float | None
    y: float | None
    speed: float | None = None


class Switch(Value, frozen=True, tag=True):
    robot: RobotId
    on: bool
    rate: float = 0.0


class Refill(Value, frozen=True, tag=True):
    robot: RobotId
    place: WaypointId


class WatchRoom(Value, frozen=True, tag=True):
    robot: RobotId
    zone: ZoneId
    watched: bool


class WatchPeople(Value, frozen=True, tag=True):
    robot: RobotId
    watched: bool


class WatchFollower(Value, frozen=True, tag=True):
    robot: RobotId
    watched: bool


class Subscribe(Value, frozen=True, tag=True):
    """Tell the robot's events numbered above `after` (None: from now on), then new ones, and its state."""

    robot: RobotId
    after: int | None


class Unsubscribe(Value, frozen=True, tag=True):
    robot: RobotId


class WatchBuilding(Value, frozen=True, tag=True):
    """Tell the state of every door, lift and alarm, and then each change."""


class OpenDoor(Value, frozen=True, tag=True):
    door: DoorId
    session: str
    lease: float
    fencing: int = 0


class ReleaseDoor(Value, frozen=True, tag=True):
    door: DoorId
    session: str


class CallLift(Value, frozen=True, tag=True):
    lift: LiftId
    session: str
    level: LevelId
    lease: float
    fencing: int = 0


class ReleaseLift(Value, frozen=True, tag=True):
    lift: LiftId
    session: str


class AskCrossing(Value, frozen=True, tag=True):
    crossing: CrossingId
    session: str
    lease: float
    fencing: int = 0


class ReleaseCrossing(Value, frozen=True, tag=True):
    crossing: CrossingId
    session: str


Request: TypeAlias = (
    Spawn
    | Drive
    | Proceed
    | SetPaused
    | Dock
    | MoveCompartment
    | Rove
    | Switch
    | Refill
    | WatchRoom
    | WatchPeople
    | WatchFollower
    | Subscribe
    | Unsubscribe
    | WatchBuilding
    | OpenDoor
    | ReleaseDoor
    | CallLift
    | ReleaseLift
    | AskCrossing
    | ReleaseCrossing
)


class Welcome(Value, frozen=True, tag=True):
    """`world` differs from server to server: event numbers of another one mean nothing."""

    world: str
    site: str


class Rejected(Value, frozen=True, tag=True):
    reason: str


class RequestFailed(Value, frozen=True, tag=True):
    """`request` is the kind of request, `subject` the robot, door or lift it was for."""

    request: str
    subject: str
    reason: str


class Subscribed(Value, frozen=True, tag=True):
    """All events that the client missed were told; `number` is the last one's, `state` the present one."""

    number: int
    state: BodyState


class Told(Value, frozen=True, tag=True):
    """Event `number` of the robot, and its state after it."""

    number: int
    event: BodyEvent
    state: BodyState


FromWorld: TypeAlias = (
    Welcome
    | Rejected
    | RequestFailed
    | Subscribed
    | Told
    | BodyState
    | DoorState
    | LiftState
    | CrossingState
    | SessionRefused
    | FireAlarmState
)

encode: Final = msgspec.json.Encoder().encode
decode_hello: Final = msgspec.json.Decoder(Hello).decode
decode_request: Final = msgspec.json.Decoder(Request).decode
decode_from_world: Final = msgspec.json.Decoder(FromWorld).decode
