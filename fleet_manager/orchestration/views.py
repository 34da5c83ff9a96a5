"""Read models: what people and programs see of tasks, robots and alerts, over HTTP and the stream alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from fleet_manager.domain.custody import Custody
from fleet_manager.domain.follow_ups import Difference, FollowUpState
from fleet_manager.domain.helps import HelpKind
from fleet_manager.domain.tasks import ItemOutcome, ItemState, Priority, StopKind, TaskStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonView:
    subject: str
    code: str
    text: str


class WaitKind(StrEnum):
    """What has to happen: somebody comes (`person`), a car or door comes, a signal gets green (`crossing`), it
    is time for a stop (`set_time`), a closed way is opened, a way gets free.
    """

    PERSON = "person"
    LIFT = "lift"
    DOOR = "door"
    CROSSING = "crossing"
    SET_TIME = "set_time"
    CLOSURE = "closure"
    WAY = "way"


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingFor:
    """Why a robot stands still: the resource it wants, who has it, until when (if known), and the cause in words.

    `resource` is a place, lift or door, or a part of the way: `w:WAYPOINT`, `l:WAYPOINT>WAYPOINT` (a lane, both ways),
    `lift:LIFT`, `zone:ZONE` or `mutex:NAME`. `since` is when the robot came to stand.
    """

    kind: WaitKind
    resource: str
    held_by: str | None
    since: datetime | None
    until: datetime | None
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorView:
    id: str
    role: str
    ward: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemView:
    """`compartment` is where on its carrier an item lies, while it is on board."""

    item_id: str
    name: str
    quantity: int
    item_class: str | None
    state: ItemState
    outcome: ItemOutcome | None
    compartment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitView:
    """The evidence that a robot was at a checkpoint: where it stood (m and rad, site frame) and since when."""

    robot: str
    at: datetime
    level: str
    x: float
    y: float
    yaw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StopView:
    """`called` is the masked name of whom the robot calls here, and `bed` theirs; `texts` are said, at `done_at`.

    `skipped` says who left the stop out, and why.
    """

    place: str
    kind: StopKind
    items: tuple[str, ...]
    not_before: datetime | None = None
    not_after: datetime | None = None
    by_code: bool = False
    missed: bool = False
    bed: str | None = None
    called: str | None = None
    texts: dict[str, str] | None = None
    done_at: datetime | None = None
    visit: VisitView | None = None
    skipped: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverView:
    """The hand-over that is due: how many persons sign, who has signed, and until when it is locked, if it is."""

    step_id: str
    place: str
    compartments: tuple[str, ...]
    signatures: int
    signed_by: tuple[ActorView, ...]
    locked_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """One step of a mission: go_to, ride_lift, pick_up, drop_off, visit, charge or park.

    `status` is pending, active, waiting_for_person, done or failed; `detail` holds what is particular to the kind
    (`lift`, `to_level`, `items`).
    """

    step_id: str
    kind: str
    place: str
    status: str
    started_at: datetime | None
    ended_at: datetime | None
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class MissionView:
    mission_id: str
    robot: str
    leg: int
    status: str
    steps: tuple[StepView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskView:
    """`handover_step` is the step at which the carrier waits for a person now, if it does; `handover` tells of it.

    `zone` is what a disinfection treats.
    """

    id: str
    kind: str
    zone: str | None
    status: TaskStatus
    priority: Priority
    pickup: str
    dropoff: str
    stops: tuple[StopView, ...]
    items: tuple[ItemView, ...]
    note: str
    requested_at: datetime
    requested_by: ActorView
    earliest_start: datetime | None
    due: datetime | None
    eta: datetime | None
    robot: str | None
    assigned_at: datetime | None
    picked_up_at: datetime | None
    ended_at: datetime | None
    outcome: str | None
    destination: str | None
    handover_step: str | None
    handover: HandoverView | None
    waiting_for: WaitingFor | None
    reasons: tuple[ReasonView, ...]
    mission: MissionView | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PoseView:
    """Site frame: metres, rad counter-clockwise; `time` is when it was true."""

    level: str
    x: float
    y: float
    yaw: float
    speed: float
    time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutePointView:
    """A node ahead of the robot; `allocated` nodes are its alone, the others are only claimed."""

    waypoint: str
    level: str
    x: float
    y: float
    allocated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotView:
    """`kind` is the carrier kind (ground, uav, person); `mode` who drives it; `paused` a flag beside `status`.

    `tank` is what its sprayer's tank holds (L), None without one.
    """

    id: str
    fleet: str
    kind: str
    status: str
    mode: str
    paused: bool
    connected: bool
    last_seen: datetime | None
    pose: PoseView | None
    waypoint: str | None
    state_of_charge: float | None
    tank: float | None
    task: str | None
    mission: str | None
    destination: str | None
    waiting_for: WaitingFor | None
    route: tuple[RoutePointView, ...]
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneView:
    """A zone, and what is known of it for disinfection. `not_ready` says why no lamp may start in it now.

    `due_because` says by which rule of the site it is to be disinfected, from `due_at` on; without a time it has never
    been. `task` is the disinfection that is asked for or under way, `treated_by` the last complete one. It was sprayed
    last with nobody to enter before `re_entry_at`.
    """

    id: str
    name: str | None
    level: str
    kind: str
    zone_class: str | None
    polygon: tuple[tuple[float, float], ...]
    cleaned_at: datetime | None
    cleaned_by: str | None
    vacated_at: datetime | None
    vacated_by: str | None
    person_at: datetime | None
    open_at: datetime | None
    treated_at: datetime | None
    method: str | None
    dose: float | None
    not_ready: str | None
    due_at: datetime | None
    due_because: str | None
    task: str | None
    treated_by: str | None
    re_entry_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InterruptionView:
    at: datetime
    because: str
    over: datetime | None
    confirmed_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetView:
    """One target of a treatment: a named surface, or a place of the floor's and walls' grid.

    `dose` in J/m², `dose_mj_cm2` the same in mJ/cm². `shadowed` says why light reaches it from nowhere.
    """

    name: str
    x: float
    y: float
    height: float
    dose: float
    dose_mj_cm2: float
    shadowed: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SprayProofView:
    """What was sprayed: `concentration` in g/L, `volume` in L/m² as asked for, `litres` as they left the tank.

    `area` (m²) of what the sprayer reaches is wet. Nobody enters before `re_entry_at`, and the agent works for
    `contact_time` (s). `ordered_by` and `order_reason` are infection control's, for zones outdoors. `continues` is the
    task whose unfinished work this one went on with. `wet` and `dry` are polygons with holes in the site frame (m).
    """

    agent: str
    agent_name: str
    concentration: float
    volume: float
    litres: float
    area: float
    swath: float
    sorties: int
    refills: int
    robots: tuple[str, ...]
    contact_time: float
    re_entry_at: datetime | None
    ordered_by: str | None
    order_reason: str | None
    continues: str | None
    wet: tuple[tuple[tuple[tuple[float, float], ...], ...], ...]
    dry: tuple[tuple[tuple[tuple[float, float], ...], ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateView:
    """What one disinfection did, reckoned from the poses and lamp states that its robot reported.

    Doses in J/m². `minimum`, `percentile_5` and `covered_share` are over the targets that light can reach;
    `below_target` are those of them that got less than `asked`, and `untreated` the named surfaces in shadow.
    Of a spraying the doses are 0, `covered_share` is that of what the sprayer reaches, and `spray` tells the rest.
    `dose_map` holds the floor's grid as (x, y, dose), None in shadow; `way` where the robot was with its lamp on. Both,
    `outline` and `furniture` are in the site frame (m).
    """

    task: str
    zone: str
    zone_name: str | None
    method: str
    asked: float
    asked_mj_cm2: float
    complete: bool
    ordered_by: str
    ordered_at: datetime
    cleaned_by: str | None
    cleaned_at: datetime | None
    confirmed_by: str | None
    confirmed_at: datetime | None
    robot: str
    lamp_hours: float
    lamp_checked_at: datetime | None
    began_at: datetime | None
    ended_at: datetime | None
    seconds_on: float
    minimum: float
    percentile_5: float
    covered_share: float
    shadowed_share: float
    interruptions: tuple[InterruptionView, ...]
    surfaces: tuple[TargetView, ...]
    outline: tuple[tuple[float, float], ...]
    furniture: tuple[tuple[tuple[float, float], ...], ...]
    dose_map: tuple[tuple[float, float, float | None], ...]
    way: tuple[tuple[float, float], ...]
    below_target: tuple[TargetView, ...]
    untreated: tuple[TargetView, ...]
    statement: str
    spray: SprayProofView | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleView:
    """`task` is what is asked for each time; `begins` is local time of `timezone`, the other times are UTC."""

    id: str
    name: str
    kind: str
    task: dict[str, Any]
    rule: str
    begins: datetime
    timezone: str
    exceptions: tuple[date, ...]
    paused: bool
    next_at: datetime | None
    last_at: datetime | None
    last_task: str | None
    last_refusal: str
    actor: ActorView


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastView:
    """How soon (s) the quickest free robot would have done a delivery, and how soon a porter; None: nobody is free.

    `recommended` is robot, porter or none.
    """

    robot: str | None
    robot_seconds: float | None
    porter: str | None
    porter_seconds: float | None
    recommended: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftEntryView:
    """`state` is open, late (it will be after its due time) or uncollected (its carrier waits for somebody)."""

    task: str
    items: str
    pickup: str
    dropoff: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftView:
    """What is open at a ward, and who has read such a list last; `up_to_date`: it was this one."""

    ward: str
    entries: tuple[ShiftEntryView, ...]
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    up_to_date: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OccurrenceView:
    """A moment (UTC) at which a schedule will fall due."""

    schedule: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CueView:
    """What a robot observed and a person looks at again: no diagnosis, no name and no image.

    `value` is a skin temperature (°C), or 0 for a missing mask. `seen_from` is where the robot stood, and when it saw
    the person, who was `distance` m away in the direction `bearing` (rad, from its heading, left is positive).
    """

    id: str
    kind: str
    value: float
    distance: float
    bearing: float
    place: str
    task: str | None
    seen_from: VisitView
    opened_at: datetime
    state: str
    rechecked_at: datetime | None
    rechecked_by: str | None
    result: str | None
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SightingView:
    person: str
    distance: float
    bearing: float
    temperature: float | None
    mask: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveScreeningView:
    """Whom a robot saw last; it is not kept."""

    robot: str
    time: datetime
    people: tuple[SightingView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertView:
    """`subject` is the robot, task, lift or door it is about; `next_step` what a person should do."""

    id: str
    kind: str
    severity: str
    subject: str
    text: str
    since: datetime
    next_step: str
    state: str
    taken_by: str | None
    closed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverCodeView:
    """What opens one hand-over, once: type the `pin`, or show `qr` as a QR code."""

    task: str
    step_id: str
    robot: str
    place: str
    compartments: tuple[str, ...]
    pin: str
    qr: str
    valid_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HolderView:
    """Who has an item: the people at `place`, or a `carrier`, in a `compartment`."""

    place: str | None
    carrier: str | None
    compartment: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustodyEntryView:
    """One change of custody, or an attempt at it: `giver` and `taker` are the same where nothing changed hands.

    `second` signed after `actor`; a proof is none, pin, qr, badge, or the compartment's sensor.
    """

    kind: Custody
    time: datetime
    place: str
    place_name: str | None
    giver: HolderView | None
    taker: HolderView
    actor: ActorView
    proof: str
    second: ActorView | None
    second_proof: str
    outcome: ItemOutcome | None
    weight: float | None
    step_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpView:
    """A difference at a hand-over that people have to clear up; `actor` told of it, `note` says how it ended."""

    id: str
    task: str
    item_id: str
    name: str
    what: Difference
    detail: str
    place: str
    robot: str
    actor: ActorView
    opened_at: datetime
    state: FollowUpState
    closed_at: datetime | None
    closed_by: str | None
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectedBagView:
    """One line of the register of collections; weights in kg. What was received is None while the bag is on the way."""

    task: str
    bag: str
    item_class: str | None
    ward: str
    ward_name: str | None
    weight: float
    collected_at: datetime
    signed_by: ActorView
    second: ActorView | None
    robot: str
    place: str | None
    received_at: datetime | None
    received_by: ActorView | None
    received_weight: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainView:
    """An item's custody in one task, oldest first. `gap` says where it is broken; None in health."""

    task: str
    task_status: TaskStatus | None
    name: str
    quantity: int
    item_class: str | None
    entries: tuple[CustodyEntryView, ...]
    gap: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemTraceView:
    """All that happened to an item, in all tasks that it was part of, oldest first. `holder` has it now."""

    item_id: str
    holder: HolderView | None
    chains: tuple[ChainView, ...]
    follow_ups: tuple[FollowUpView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaView:
    """A polygon on a level: corners in metres of the site frame."""

    level: str
    polygon: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpView:
    """A help for a robot. `text` says what follows from it, or why it is not `possible`; `way_out` what is then.

    `place` is where it happens or leads; `step` is to be sent with it, so that no other stop is left out.
    `moves_goods`: goods on board end up elsewhere than they should have gone. `code` is the reason for programs.
    """

    kind: HelpKind
    possible: bool
    text: str
    way_out: str | None
    code: str | None
    place: str | None
    step: str | None
    moves_goods: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosureView:
    """Lanes that robots keep out of until `until` (None: until it is ended).

    `kind` says who or what closed them: person, blocked, lift, crossing, reserved, wet, alarm, detour or paused. `area`
    is what a person drew, `lift` the car that can't be boarded. A detour is closed for `robot` alone. A pause is that
    of a `zone`, of a `fleet`, or (neither) of the site, and stops `robots`.
    """

    id: str
    kind: str
    lanes: tuple[str, ...]
    area: AreaView | None
    lift: str | None
    since: datetime
    until: datetime | None
    reason: str
    actor: ActorView
    robot: str | None
    zone: str | None
    fleet: str | None
    robots: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmView:
    """A fire alarm that lasts, in a zone, a building, on levels, or (none of them) on the whole site.

    `robots` are held by it. `recall_level` None means each lift's own level of departure.
    """

    id: str
    kind: str
    zone: str | None
    building: str | None
    levels: tuple[str, ...]
    recall_level: str | None
    since: datetime
    actor: ActorView
    robots: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorView:
    id: str
    open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftView:
    """`level` is None while the car moves; `session` begins with the robot that uses it.

    `load` is the share of the car that people take up (None when it is not measured); `times_full` counts how often
    robots found it full. `reserved_for` says why robots keep out of it until `reserved_until`.
    """

    id: str
    level: str | None
    doors_open: bool
    session: str | None
    available: bool
    load: float | None = None
    full: bool = False
    times_full: int = 0
    reserved_for: str | None = None
    reserved_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventView:
    """One line of the event log. `seq` counts up without gaps."""

    seq: int
    time: datetime
    kind: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteView:
    """A route between two places for one fleet; `duration` in seconds at the fleet's speed, lifts included."""

    start: str
    goal: str
    fleet: str
    length: float
    duration: float
    waypoints: tuple[str, ...]
    lifts: tuple[str, ...]
    levels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimView:
    """A robot's announced route: `waypoints` from the last one it passed to its end, in order.

    The first `allocated` of them are the robot's alone, with the lanes between; it may drive up to the `cleared`th now.
    """

    robot: str
    drive: str
    goal: str
    waypoints: tuple[str, ...]
    allocated: int
    cleared: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationView:
    """What is one robot's alone now: where it stands and what lies ahead up to the end of what it was allocated."""

    robot: str
    waypoints: tuple[str, ...]
    lanes: tuple[str, ...]
    lifts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitView(WaitingFor):
    """One robot's wait; where `held_by` is a robot, it is an edge of the wait-for graph."""

    robot: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficView:
    """Who claims, holds and waits for what, as of event `seq`. Porters find their way and are not part of it.

    `cycles` are robots that wait for each other in a circle, each list from its first robot by id; none in health.
    """

    seq: int
    time: datetime
    claims: tuple[ClaimView, ...]
    allocations: tuple[AllocationView, ...]
    waits: tuple[WaitView, ...]
    cycles: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetSnapshot:
    """Everything a console draws, as of event `seq`."""

    seq: int
    time: datetime
    tasks: tuple[TaskView, ...]
    robots: tuple[RobotView, ...]
    alerts: tuple[AlertView, ...]
    doors: tuple[DoorView, ...]
    lifts: tuple[LiftView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One event with the views that differ after it. Views are attached to the last event of a commit."""

    event: EventView
    tasks: tuple[TaskView, ...] = ()
    robots: tuple[RobotView, ...] = ()
    alerts: tuple[AlertView, ...] = ()
    doors: tuple[DoorView, ...] = ()
    lifts: tuple[LiftView, ...] = ()
