"""The language that the fleet manager and the robot agents share, version 1.

An agent opens one connection per robot and says `Hello`; the manager answers `Welcome` or `Refused`. After that
the manager sends *commands*, the agent sends *reports* and *telemetry*:

- A command has a `command_id` and is idempotent: an agent that knows the id already repeats its last report
  and does nothing else. `Drive` and `Proceed` set the wanted state, so the newest always wins.
- A report has a `number` that counts up per robot without gaps. The agent keeps it until the manager says
  `ReportsAcknowledged(through=number)`, which it does only after the report is stored; after a reconnect it sends all
  that are not acknowledged, in order. A manager drops a number that it has stored already.
- Telemetry is the heartbeat; only the newest counts, it is never kept.

Frames: poses are in the site frame (m, rad counter-clockwise); the agent converts to its robot's map frame.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter

PROTOCOL_VERSION: Final = 1


class Mode(StrEnum):
    """Who moves the robot. Only in `automatic` does it follow commands."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"
    ESTOP = "estop"
    ERROR = "error"


class Via(StrEnum):
    """How a route node is reached from the one before it."""

    LANE = "lane"
    LIFT = "lift"


class HandoverDirection(StrEnum):
    LOAD = "load"
    UNLOAD = "unload"


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Pose(_Message):
    level: str
    x: float
    y: float
    yaw: float


class RouteNode(_Message):
    """One node of the route. `sequence` counts up for the robot's whole life, across drives and replans.

    With `via` = lift the robot already stands in the car of `lift` and is carried here; it goes on when the
    manager lets it proceed past this node. `door` is the door on the lane that leads here. `heading` is the yaw to
    take up when the robot stops here (rad), None for any. `speed_limit` (m/s) holds on the way to this node.
    """

    sequence: int
    waypoint: str
    level: str
    x: float
    y: float
    via: Via = Via.LANE
    lift: str | None = None
    door: str | None = None
    heading: float | None = None
    speed_limit: float | None = None


# --- commands: manager → agent -----------------------------------------------------------------------------


class _Command(_Message):
    command_id: str


class Drive(_Command):
    """Follow `nodes`, but never beyond the node `cleared_to`, the end of the allocated part.

    `nodes` starts at or before the last node that the robot passed. Nodes up to the formerly cleared end are never
    changed by a newer Drive: the robot goes on without a stop. Done when the last node is reached and its heading
    taken up; a Drive that a newer one replaced gets no outcome. During a `Treat` it waits until that is over. It
    fails, to be sent anew, when the robot is taken by hand; after an e-stop the robot goes on with it.
    """

    type: Literal["drive"] = "drive"
    nodes: tuple[RouteNode, ...]
    cleared_to: int


class Proceed(_Command):
    """Go on with the drive `drive_id` up to `cleared_to`; an older or lower figure is ignored. Not reported."""

    type: Literal["proceed"] = "proceed"
    drive_id: str
    cleared_to: int


class OpenCompartment(_Command):
    """Offer the compartment for a hand-over, unless told otherwise with an announcement. Done when it is open."""

    type: Literal["open_compartment"] = "open_compartment"
    step_id: str
    compartment: str
    direction: HandoverDirection
    items: tuple[str, ...] = ()
    announce: bool = True


class CloseCompartment(_Command):
    """Close and lock after a hand-over. Done when it is locked; the robot never leaves with it open."""

    type: Literal["close_compartment"] = "close_compartment"
    step_id: str
    compartment: str


class Dock(_Command):
    """Dock at the charger the robot stands at. Done when current flows; the next Drive that leads away undocks."""

    type: Literal["dock"] = "dock"
    charger: str


class Refill(_Command):
    """Fill the sprayer's tank at the refill point the robot stands at. Done when it is full."""

    type: Literal["refill"] = "refill"
    place: str


class TreatmentMethod(StrEnum):
    UV = "uv"
    SPRAY = "spray"


class TreatmentStop(_Message):
    """A place off the lanes, and how long the lamp shines there (s at full output); 0 is driven through.

    `sprays`: the sprayer is on from here to the next place.
    """

    x: float
    y: float
    dwell: float
    sprays: bool = False


class Treat(_Command):
    """Disinfect `zone` from the place the robot stands at: by `stops`, one after the other, and back to that place.

    It starts only while a confirmation that the zone is vacated and shut is not older than `valid_for` s: the one of
    `confirmed_at`, or a newer one by `ConfirmVacated`. Before each start the robot says so and waits `countdown` s.
    A person seen or a door opened switches lamp or sprayer off at once, in the agent; what was not done yet is gone on
    with after a newer confirmation. A lamp's output rises evenly over `warm_up` s. Done when the robot is back.

    A sprayer gives `rate` litres per metre, and the robot drives with `speed` (m/s) at most. It gives up by itself what
    its tank does not suffice for: it comes back then, and the command is done. `greeting` is said to people it sees.

    It stands at `begins_at` (x, y in m) to begin with. An agent that was restarted on the way first brings it back
    there; a lamp then does all stops again, and for a sprayer the command is done: the manager knows what is wet.
    """

    type: Literal["treat"] = "treat"
    step_id: str
    zone: str
    method: TreatmentMethod
    stops: tuple[TreatmentStop, ...]
    confirmed_at: AwareDatetime
    valid_for: float
    countdown: float
    warm_up: float = 0.0
    speed: float | None = None
    rate: float = 0.0
    greeting: str = ""
    begins_at: tuple[float, float] | None = None


class ConfirmVacated(_Command):
    """A person confirmed that the zone which the command `treat_id` treats is vacated and shut. Done at once."""

    type: Literal["confirm_vacated"] = "confirm_vacated"
    treat_id: str
    confirmed_at: AwareDatetime


class RevokeVacated(_Command):
    """The zone is not vacated and shut any more: lamp or sprayer goes off until it is confirmed again. Done at once."""

    type: Literal["revoke_vacated"] = "revoke_vacated"
    treat_id: str
    reason: str


class StopTreating(_Command):
    """Switch lamp or sprayer off, give the treatment up and come back to its place. Done when the robot is there."""

    type: Literal["stop_treating"] = "stop_treating"
    treat_id: str


class ScreeningLimits(_Message):
    """What the robot warns of at once: a skin temperature (°C) of `temperature` or more, and, with `masks`, a missing
    mask, of people no farther away than `distance` (m).
    """

    temperature: float
    distance: float
    masks: bool


class Inspect(_Command):
    """Stay where you stand for `seconds`, then tell `Inspected`; done after that.

    With `screening` the robot observes the people around it meanwhile: `Observation` at up to 10 Hz, and, once per
    person and kind, a spoken warning and `Observed` for what reaches the limits.
    """

    type: Literal["inspect"] = "inspect"
    step_id: str
    seconds: float
    screening: ScreeningLimits | None = None


class StopInspecting(_Command):
    """Give the inspection up: its command is done without `Inspected`, and then this one."""

    type: Literal["stop_inspecting"] = "stop_inspecting"
    inspect_id: str


class Text(_Message):
    """`language` is a code such as en or zh."""

    language: str
    text: str


class Say(_Command):
    """Show the texts on the screen and, when `aloud`, say all of them in their order, `times` over.

    Then tell `Said`; done after that. Fails, to be of no use again, when the robot has no voice for it.
    """

    type: Literal["say"] = "say"
    step_id: str
    texts: tuple[Text, ...]
    times: int = 1
    aloud: bool = True


class Guide(_Command):
    """From now on watch who follows the robot: tell `FollowerTold` when somebody is there, and at each change.

    They have fallen behind when they are farther away than `distance` (m), or not seen. Done when `StopGuiding` ends
    it.
    """

    type: Literal["guide"] = "guide"
    step_id: str
    distance: float


class StopGuiding(_Command):
    """Watch no longer: the `Guide` command is done, and then this one."""

    type: Literal["stop_guiding"] = "stop_guiding"
    guide_id: str


class Pause(_Command):
    """Stop where you are and hold. Done when the robot stands. Never the same as an e-stop."""

    type: Literal["pause"] = "pause"


class Resume(_Command):
    """Go on after a pause. Done at once."""

    type: Literal["resume"] = "resume"


Command: TypeAlias = Annotated[
    Drive
    | Proceed
    | OpenCompartment
    | CloseCompartment
    | Dock
    | Refill
    | Treat
    | ConfirmVacated
    | RevokeVacated
    | StopTreating
    | Inspect
    | StopInspecting
    | Say
    | Guide
    | StopGuiding
    | Pause
    | Resume,
    Field(discriminator="type"),
]


# --- reports: agent → manager ------------------------------------------------------------------------------


class _Report(_Message):
    """What every durable report carries. `time` is when it happened, by the robot's clock.

    `tank` is what its sprayer's tank holds (L), None without one.
    """

    robot: str
    number: int
    time: AwareDatetime
    state_of_charge: float | None = None
    tank: float | None = None


class CommandDone(_Report):
    type: Literal["command_done"] = "command_done"
    command_id: str


class CommandFailed(_Report):
    """The command can't be done. `retry` tells whether the same command may succeed when sent anew."""

    type: Literal["command_failed"] = "command_failed"
    command_id: str
    reason: str
    retry: bool = False


class Passed(_Report):
    """The robot's centre passed (or stopped at) a route node, at `speed` m/s."""

    type: Literal["passed"] = "passed"
    drive_id: str
    sequence: int
    speed: float


class ModeChanged(_Report):
    """Somebody pressed e-stop, took the robot by hand, or gave it back with position *and level* confirmed.

    `pose` is confirmed when the mode is automatic again; `waypoint` names the waypoint it stands at, if at one.
    """

    type: Literal["mode_changed"] = "mode_changed"
    mode: Mode
    reason: str = ""
    pose: Pose | None = None
    waypoint: str | None = None


class OffRoute(_Report):
    """The robot is farther from its lane than half the lane width: the resources near it are held.

    `reason` says in words where it takes itself to be and why that may be so, as far as the agent can tell.
    """

    type: Literal["off_route"] = "off_route"
    pose: Pose
    distance: float
    reason: str = ""


class Blocked(_Report):
    """Something that is not in the fleet stands in the way. `over` says that it is gone again."""

    type: Literal["blocked"] = "blocked"
    reason: str
    over: bool = False


class ChargeReached(_Report):
    """The state of charge crossed a level worth telling (fleet's recharge level, 80 %, full) while docked."""

    type: Literal["charge_reached"] = "charge_reached"


class TreatmentTold(_Report):
    """From now on lamp or sprayer is `on` or off, and the robot stands at `pose` or is on a straight way to the next.

    Told at each change and at each stop's beginning and end, so that what was done can be reckoned from these alone.
    `interrupted`: it does not go on before a newer confirmation; `because` says why.
    """

    type: Literal["treatment_told"] = "treatment_told"
    treat_id: str
    pose: Pose
    on: bool
    because: str = ""
    interrupted: bool = False


class Inspected(_Report):
    """The robot stayed at `pose` for as long as it was asked to; it came there at `began`."""

    type: Literal["inspected"] = "inspected"
    inspect_id: str
    pose: Pose
    began: AwareDatetime


class Said(_Report):
    """All that `say_id` asked for was said at `pose`; not `aloud`: it was shown only."""

    type: Literal["said"] = "said"
    say_id: str
    pose: Pose
    aloud: bool


class GoodsTaken(_Report):
    """The sensor of an open compartment: what was in it was taken out."""

    type: Literal["goods_taken"] = "goods_taken"
    compartment: str


class FollowerTold(_Report):
    """Whether somebody follows the robot now, and how far behind (m), where that is known."""

    type: Literal["follower_told"] = "follower_told"
    guide_id: str
    following: bool
    distance: float | None = None


class ObservationKind(StrEnum):
    TEMPERATURE = "temperature"
    MASK = "mask"


class Observed(_Report):
    """Something that reaches the limits of a screening, told once per person and kind; people were warned already.

    `value` is a skin temperature (°C), or 0 for a missing mask. The person, `person` in the robot's own tracking, is
    `distance` m away in the direction `bearing` (rad, from the heading of `pose`, left is positive).
    """

    type: Literal["observed"] = "observed"
    inspect_id: str
    kind: ObservationKind
    value: float
    person: str
    distance: float
    bearing: float
    pose: Pose


Report: TypeAlias = Annotated[
    CommandDone
    | CommandFailed
    | Passed
    | ModeChanged
    | OffRoute
    | Blocked
    | ChargeReached
    | TreatmentTold
    | Inspected
    | Said
    | GoodsTaken
    | FollowerTold
    | Observed,
    Field(discriminator="type"),
]


class Telemetry(_Message):
    """The robot as it is now; also the heartbeat. `drive_id` and `cleared_to` let the manager see a lost command.

    `tank` is what its sprayer's tank holds (L), None without one.
    """

    type: Literal["telemetry"] = "telemetry"
    robot: str
    time: AwareDatetime
    pose: Pose
    speed: float
    state_of_charge: float
    mode: Mode = Mode.AUTOMATIC
    paused: bool = False
    drive_id: str | None = None
    cleared_to: int | None = None
    tank: float | None = None


class Sighting(_Message):
    """One person as the robot sees them now; `temperature` (°C) and `mask` are None where they can't be told."""

    person: str
    distance: float
    bearing: float
    temperature: float | None = None
    mask: bool | None = None


class Observation(_Message):
    """Whom a robot that screens sees now, at up to 10 Hz while there is anybody; never kept, and without images."""

    type: Literal["observation"] = "observation"
    robot: str
    time: AwareDatetime
    pose: Pose
    people: tuple[Sighting, ...]


# --- the connection ----------------------------------------------------------------------------------------


class Hello(_Message):
    """First message of an agent. `protocol_version` is the newest that it speaks; `agent` names its software."""

    type: Literal["hello"] = "hello"
    protocol_version: int
    robot: str
    token: str
    agent: str


class Welcome(_Message):
    """`acknowledged` is the last report number that is stored; the robot's open commands follow."""

    type: Literal["welcome"] = "welcome"
    protocol_version: int
    acknowledged: int


class Refused(_Message):
    """The connection ends. `final` says that trying again without a change is useless."""

    type: Literal["refused"] = "refused"
    reason: str
    final: bool


class ReportsAcknowledged(_Message):
    type: Literal["reports_acknowledged"] = "reports_acknowledged"
    through: int


FromManager: TypeAlias = Annotated[
    Drive
    | Proceed
    | OpenCompartment
    | CloseCompartment
    | Dock
    | Refill
    | Treat
    | ConfirmVacated
    | RevokeVacated
    | StopTreating
    | Inspect
    | StopInspecting
    | Say
    | Guide
    | StopGuiding
    | Pause
    | Resume
    | Welcome
    | Refused
    | ReportsAcknowledged,
    Field(discriminator="type"),
]
FromAgent: TypeAlias = Annotated[
    CommandDone
    | CommandFailed
    | Passed
    | ModeChanged
    | OffRoute
    | Blocked
    | ChargeReached
    | TreatmentTold
    | Inspected
    | Said
    | GoodsTaken
    | FollowerTold
    | Observed
    | Observation
    | Telemetry
    | Hello,
    Field(discriminator="type"),
]

from_manager: Final[TypeAdapter[FromManager]] = TypeAdapter(FromManager)
from_agent: Final[TypeAdapter[FromAgent]] = TypeAdapter(FromAgent)
