"""Robots and porters as the fleet manager knows them, with their route and what of it they hold.

What changes with every node that a robot passes is a msgspec struct, not a dataclass: a changed copy of one is made in
a tenth of the time, and a fleet of a hundred makes thousands in a second of planning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec
from msgspec.structs import replace as changed

from fleet_manager.domain.missions import MissionId
from fleet_manager.domain.voices import Saying
from maps.model import CrossingId, DoorId, FleetId, LaneId, LevelId, LiftId, RobotId, WaypointId, ZoneClass


class RobotStatus(StrEnum):
    OFFLINE = "offline"
    IDLE = "idle"
    WORKING = "working"
    CHARGING = "charging"
    DECONTAMINATING = "decontaminating"
    ERROR = "error"
    OUT_OF_SERVICE = "out_of_service"


class RobotMode(StrEnum):
    """Who moves the robot. Only in `automatic` does it follow commands."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"
    ESTOP = "estop"
    ERROR = "error"


class Precedence(msgspec.Struct, frozen=True, kw_only=True):
    """`robot` goes first: what waits for this may begin when that robot has passed node `sequence` of claim `claim`.

    When that robot has claimed another route instead, there is nothing left to wait for.
    """

    robot: RobotId
    sequence: int
    claim: int


class RouteNode(msgspec.Struct, frozen=True, kw_only=True):
    """A node of a route, reached over `lane`, or carried by `lift`, or neither for the first one.

    `sequence` counts up for the robot's whole life, so that late reports are told from new ones; `claim` tells routes
    with the same numbers apart. The way to the node is allocated only when all of `after` has come to pass: these are
    the edges of the precedence graph (action dependency graph; Hönig, Kiesel, Tinka, Durham, Ayanian: "Persistent and
    Robust Execution of MAPF Schedules in Warehouses", IEEE RA-L 2019). At a `stop` the robot may have to wait; from one
    to the next the way is allocated in one piece.
    """

    sequence: int
    waypoint: WaypointId
    lane: LaneId | None = None
    lift: LiftId | None = None
    claim: int = 0
    stop: bool = True
    after: tuple[Precedence, ...] = ()

    def behind(self, others: Iterable[Precedence], is_open: Callable[[Precedence], bool]) -> RouteNode:
        """The same node, which has to wait for `others` as well; what is not open any more is forgotten."""
        return changed(self, after=(*filter(is_open, self.after), *others))


class Yield(msgspec.Struct, frozen=True, kw_only=True):
    """Another robot's node that has to wait for a new claim."""

    robot: RobotId
    sequence: int
    after: Precedence


class Drive(msgspec.Struct, frozen=True, kw_only=True):
    """A claimed route and how much of it is the robot's.

    `nodes` begins at the last passed node. Up to `allocated_to` (a sequence) the resources are the robot's alone; up to
    `cleared_to` ≤ `allocated_to` it may drive now: doors are open and the lift is there.
    """

    id: str
    goal: WaypointId
    nodes: tuple[RouteNode, ...]
    reached: int
    allocated_to: int
    cleared_to: int

    def index(self, sequence: int) -> int:
        """Position in `nodes` of a sequence number."""
        return sequence - self.nodes[0].sequence

    @property
    def end(self) -> int:
        return self.nodes[-1].sequence

    @property
    def arrived(self) -> bool:
        return self.reached == self.end

    @property
    def allocated_end(self) -> WaypointId:
        """Where the robot stands when it has driven all it holds."""
        return self.nodes[self.index(self.allocated_to)].waypoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Why a robot stands still; `resource` is a waypoint, lane, door, lift or place."""

    resource: str
    held_by: str | None
    because: str
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Why a robot does not go on with its mission for now; it may still drive to `place`, and stays there.

    `by` is the alarm or closure that holds it.
    """

    by: str
    because: str
    since: datetime
    place: WaypointId | None = None


class DeviceKind(StrEnum):
    DOOR = "door"
    LIFT = "lift"
    CROSSING = "crossing"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSession:
    """A lease of a door, a lift or a crossing's green, owned by `robot`. `level` is where the lift shall be for it now.

    `ends_after` is the sequence of the route node after whose passing the device is given back. Unless it is renewed,
    the lease is over at `expires`. `fencing` counts the sessions of the device, so that a late request of an old one is
    told from those of the present one.
    """

    id: str
    kind: DeviceKind
    device: DoorId | LiftId | CrossingId
    robot: RobotId
    ends_after: int
    expires: datetime
    fencing: int
    level: LevelId | None = None


class CommandKind(StrEnum):
    """What a robot is told beside driving."""

    OPEN_COMPARTMENT = "open_compartment"
    CLOSE_COMPARTMENT = "close_compartment"
    DOCK = "dock"
    REFILL = "refill"
    TREAT = "treat"
    CONFIRM_VACATED = "confirm_vacated"
    REVOKE_VACATED = "revoke_vacated"
    STOP_TREATING = "stop_treating"
    INSPECT = "inspect"
    STOP_INSPECTING = "stop_inspecting"
    SAY = "say"
    GUIDE = "guide"
    STOP_GUIDING = "stop_guiding"


_WHILE_DRIVING: Final = frozenset({CommandKind.DOCK, CommandKind.GUIDE, CommandKind.STOP_GUIDING})
"""Commands that don't keep a robot where it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingCommand:
    """A command that the agent has not reported as done; sent again after every reconnect.

    `subject` is the id of the command, or the place, that this one is about. A `saying` is shown on the screen, and
    said when `aloud`.
    """

    id: str
    kind: CommandKind
    step: str | None = None
    compartment: str | None = None
    items: tuple[str, ...] = ()
    charger: WaypointId | None = None
    subject: str | None = None
    reason: str = ""
    saying: Saying | None = None
    aloud: bool = True


class Robot(msgspec.Struct, frozen=True, kw_only=True):
    """`waypoint` is the last one it passed or stands at; None until its agent has told.

    `reports` is the number of its last stored report. `exposure` holds the zone classes it entered since its last
    decontamination, `carried` the compartment and class of what it had on board since then, `deliveries` their number;
    what it was wiped with works until `contact_until`. `loads` names the compartment of each item on board, `opened`
    the compartments that stand open. `home` replaces the site's own while that one is needed by others. `retreat` is
    the way from the end of its drive to where it can stay: planned for, so that others pass in turn, but driven only
    when it has nothing else to do. `tank` is what its sprayer's tank holds (L); None until its agent has told.
    """

    id: RobotId
    fleet: FleetId
    status: RobotStatus = RobotStatus.OFFLINE
    mode: RobotMode = RobotMode.AUTOMATIC
    paused: bool = False
    connected: bool = False
    lost_since: datetime | None = None
    waypoint: WaypointId | None = None
    home: WaypointId | None = None
    state_of_charge: float = 1.0
    tank: float | None = None
    docked: bool = False
    mission: MissionId | None = None
    drive: Drive | None = None
    retreat: tuple[RouteNode, ...] = ()
    wait: Wait | None = None
    hold: Hold | None = None
    pending: tuple[PendingCommand, ...] = ()
    loads: tuple[tuple[str, str], ...] = ()
    opened: tuple[str, ...] = ()
    exposure: frozenset[ZoneClass] = frozenset()
    carried: tuple[tuple[str, str], ...] = ()
    deliveries: int = 0
    contact_until: datetime | None = None
    reports: int = 0
    next_sequence: int = 1
    next_command: int = 1
    note: str = ""

    def will_pass(self, sequence: int, claim: int) -> bool:
        """Whether that node of that claim lies ahead of it, on its drive or its retreat."""
        drive = self.drive
        if drive is not None and sequence <= drive.end:
            return sequence > drive.reached and drive.nodes[drive.index(sequence)].claim == claim
        if not self.retreat:
            return False
        index = sequence - self.retreat[0].sequence
        return 0 <= index < len(self.retreat) and self.retreat[index].claim == claim

    @property
    def in_service(self) -> bool:
        """Whether nobody has to look at it before it may work again."""
        return self.status not in (RobotStatus.OUT_OF_SERVICE, RobotStatus.ERROR)

    def may_drive_to(self, goal: WaypointId) -> bool:
        """Whether nothing holds it, or it is held there."""
        return self.hold is None or self.hold.place == goal

    @property
    def unlocked(self) -> bool:
        """Whether a compartment stands open or moves, or it treats or inspects something or speaks: it stays there."""
        return bool(self.opened) or any(command.kind not in _WHILE_DRIVING for command in self.pending)

    @property
    def able(self) -> bool:
        """Whether it would follow a command now."""
        return self.connected and self.in_service and self.mode is RobotMode.AUTOMATIC and not self.paused
