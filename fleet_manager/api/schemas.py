"""What clients may send. Shapes and lengths are checked here, meaning by the fleet manager."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    NaiveDatetime,
    model_validator,
)

from fleet_manager.api.fields import Id, Moment, Name, Words, printable, text_of
from fleet_manager.api.voice_requests import AnnouncementRequest, GuidanceRequest, MealsRequest
from fleet_manager.domain.alarms import AlarmKind
from fleet_manager.domain.closures import Area
from fleet_manager.domain.disinfection import DEFAULT_DOSE, RoomNews
from fleet_manager.domain.errors import InvalidRequest
from fleet_manager.domain.follow_ups import FollowUpState
from fleet_manager.domain.screening import RecheckResult
from fleet_manager.domain.tasks import (
    Actor,
    ItemId,
    ItemOutcome,
    Priority,
    SprayOrder,
    StopKind,
    TaskId,
    TaskStatus,
    TreatmentMethod,
)
from fleet_manager.orchestration.commands import (
    AcknowledgeShift,
    CancelTask,
    ChangeLift,
    ChangeSchedule,
    ChangeTask,
    CheckLamp,
    CheckpointRequest,
    CloseFollowUp,
    CollectionPlace,
    ConfirmWipeDown,
    HandOver,
    ItemReceipt,
    ItemRequest,
    LiftAction,
    LiftPurpose,
    MoveOccurrence,
    Proof,
    ProofKind,
    RaiseAlarm,
    RecheckCue,
    ReportRoom,
    SetSchedule,
    StartClosure,
    StopRequest,
    SubmitCollection,
    SubmitDisinfection,
    SubmitPatrol,
    SubmitTask,
)
from maps.model import LevelId


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RequestedItem(_Request):
    """`item_id` is the goods' own identifier (a bar code, an order line); one is made up when it is left out."""

    name: Name
    quantity: Annotated[int, Field(strict=True, ge=1, le=10_000)]
    item_id: Id | None = None
    item_class: Id | None = None


class RequestedStop(_Request):
    """`items` are ids of the request's items; none means all.

    A drop_off may have set times: the robot waits until `not_before` and is there by `not_after`. `by_code` keeps the
    compartment locked until its receiver shows the stop's one-time QR code or PIN, or a badge; then each destination
    has a compartment of its own.
    """

    place: Id
    kind: StopKind
    items: Annotated[list[Id], Field(max_length=100)] = []
    not_before: Moment | None = None
    not_after: Moment | None = None
    by_code: bool = False

    def to_request(self) -> StopRequest:
        return StopRequest(
            place=self.place,
            kind=self.kind,
            items=tuple(self.items),
            not_before=self.not_before,
            not_after=self.not_after,
            by_code=self.by_code,
        )


class RequestedOrder(_Request):
    """Infection control's order to spray outdoors: who gave it, and why."""

    by: Id
    reason: Annotated[str, Field(min_length=1, max_length=1000)]


class DisinfectionRequest(_Request):
    """Disinfect a zone, by its id or name. `dose` in J/m² for `uv`: 1000 reaches spores, 100 vegetative bacteria."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"kind": "disinfection", "zone": "isolation_room_03", "method": "uv", "dose": 1000.0}]
        }
    )

    kind: Literal["disinfection"]
    zone: Id
    method: TreatmentMethod = TreatmentMethod.UV
    dose: Annotated[float, Field(gt=0.0, le=100_000.0, allow_inf_nan=False)] = DEFAULT_DOSE
    agent: Id | None = Field(default=None, description="For spray: a disinfectant of the site; by default the first.")
    volume: Annotated[float, Field(gt=0.0, le=2000.0, allow_inf_nan=False)] | None = Field(
        default=None, description="For spray: mL/m² on the ground; by default the agent's own."
    )
    order: RequestedOrder | None = Field(
        default=None, description="For spray outdoors: infection control's order, with its reason."
    )
    priority: Priority = Priority.ROUTINE
    earliest_start: Moment | None = None
    due: Moment | None = None
    note: Words = ""

    def to_command(self, actor: Actor, key: str | None) -> SubmitDisinfection:
        return SubmitDisinfection(
            actor=actor,
            zone=self.zone,
            method=self.method,
            dose=self.dose,
            agent=self.agent,
            volume=self.volume / 1000.0 if self.volume is not None else None,
            order=SprayOrder(by=self.order.by, reason=self.order.reason) if self.order is not None else None,
            priority=self.priority,
            earliest_start=self.earliest_start,
            due=self.due,
            note=self.note,
            key=key,
        )


class RequestedCheckpoint(_Request):
    """A place to visit between two times; `within` is the longest time (s) from one visit of it to the next."""

    place: Id
    not_before: Moment | None = None
    not_after: Moment | None = None
    within: Annotated[float, Field(gt=0.0, le=31 * 86_400.0, allow_inf_nan=False)] | None = None

    def to_request(self) -> CheckpointRequest:
        return CheckpointRequest(
            place=self.place, not_before=self.not_before, not_after=self.not_after, within=self.within
        )


class _CheckpointsRequest(_Request):
    checkpoints: Annotated[list[RequestedCheckpoint], Field(min_length=1, max_length=100)]
    robots: Annotated[int, Field(strict=True, ge=1, le=20)] = 1
    priority: Priority = Priority.ROUTINE
    earliest_start: Moment | None = None
    due: Moment | None = None
    note: Words = ""

    def _command(self, actor: Actor, key: str | None, *, screens: bool, seconds: float) -> SubmitPatrol:
        return SubmitPatrol(
            actor=actor,
            checkpoints=tuple(checkpoint.to_request() for checkpoint in self.checkpoints),
            screens=screens,
            seconds=seconds,
            robots=self.robots,
            priority=self.priority,
            earliest_start=self.earliest_start,
            due=self.due,
            note=self.note,
            key=key,
        )


Stay: TypeAlias = Annotated[float, Field(gt=0.0, le=86_400.0, allow_inf_nan=False)]


class PatrolRequest(_CheckpointsRequest):
    """Visit checkpoints, `seconds` each. Several `robots` share them, by one task each."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "kind": "patrol",
                    "checkpoints": [
                        {"place": "pharmacy", "within": 7200.0},
                        {"place": "stores", "not_after": "2099-03-01T22:15:00+08:00"},
                    ],
                    "seconds": 10.0,
                }
            ]
        }
    )

    kind: Literal["patrol"]
    seconds: Stay = 10.0

    def to_command(self, actor: Actor, key: str | None) -> SubmitPatrol:
        return self._command(actor, key, screens=False, seconds=self.seconds)


class ScreeningRequest(_CheckpointsRequest):
    """Screen the people at checkpoints for `seconds` each: one checkpoint is a fixed post, several are a patrol."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"kind": "screening", "checkpoints": [{"place": "main_entrance"}], "seconds": 14400.0}]
        }
    )

    kind: Literal["screening"]
    seconds: Stay = 600.0

    def to_command(self, actor: Actor, key: str | None) -> SubmitPatrol:
        return self._command(actor, key, screens=True, seconds=self.seconds)


class CueRecheck(_Request):
    """What a person found who looked again, and measured again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"result": "not_confirmed", "note": "36.8 °C, ear"}]})

    result: RecheckResult
    note: Words = ""

    def to_command(self, actor: Actor, cue: str) -> RecheckCue:
        return RecheckCue(actor=actor, cue=cue, result=self.result, note=self.note)


class RoomReport(_Request):
    """What is so of a zone now. `vacated`: nobody is in it, and its door is shut or guarded."""

    news: RoomNews

    def to_command(self, actor: Actor, zone: str) -> ReportRoom:
        return ReportRoom(actor=actor, zone=zone, news=self.news)


class LampCheck(_Request):
    """The irradiance of the lamp was measured and is in order; `replaced`: it is a new lamp."""

    replaced: bool = False

    def to_command(self, actor: Actor, robot: str) -> CheckLamp:
        return CheckLamp(actor=actor, robot=robot, replaced=self.replaced)


class WipeDown(_Request):
    """The robot was wiped down just now, and who says so answers for it; `agent` unless it is the site's own."""

    agent: str | None = Field(default=None, min_length=1, max_length=80)

    def to_command(self, actor: Actor, robot: str) -> ConfirmWipeDown:
        return ConfirmWipeDown(actor=actor, robot=robot, agent=self.agent)


class CollectedPlace(_Request):
    """Where bags wait; `bags` are the ids on their seals. One bag with a new id when none is named."""

    place: Id
    bags: Annotated[list[Id], Field(max_length=100)] = []


class CollectionRequest(_Request):
    """Collect soiled goods (waste, linen) from places, in their order, and bring them to `dropoff`.

    Each bag is weighed at both ends; somebody of the ward and a collector sign together where it is taken over.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "kind": "collection",
                    "places": [{"place": "ward_3a", "bags": ["W-0417", "W-0418"]}, {"place": "ward_3b"}],
                    "dropoff": "waste_room",
                    "item_class": "waste",
                }
            ]
        }
    )

    kind: Literal["collection"]
    places: Annotated[list[CollectedPlace], Field(min_length=1, max_length=50)]
    dropoff: Id
    item_class: Id
    priority: Priority = Priority.ROUTINE
    earliest_start: Moment | None = None
    due: Moment | None = None
    note: Words = ""

    def to_command(self, actor: Actor, key: str | None) -> SubmitCollection:
        return SubmitCollection(
            actor=actor,
            places=tuple(CollectionPlace(place=p.place, bags=tuple(p.bags)) for p in self.places),
            dropoff=self.dropoff,
            item_class=self.item_class,
            priority=self.priority,
            earliest_start=self.earliest_start,
            due=self.due,
            note=self.note,
            key=key,
        )


class DeliveryRequest(_Request):
    """Bring items from one place to another: either `pickup` and `dropoff`, or `stops` in their order."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "kind": "delivery",
                    "pickup": "pharmacy",
                    "dropoff": "ward_3b",
                    "items": [{"name": "cefazolin 1 g", "quantity": 10, "item_class": "medicine"}],
                    "priority": "urgent",
                    "due": "2026-03-01T09:15:00+08:00",
                    "note": "for theatre 2",
                }
            ]
        }
    )

    kind: Literal["delivery"]
    pickup: Id | None = None
    dropoff: Id | None = None
    stops: Annotated[list[RequestedStop], Field(min_length=1, max_length=50)] | None = None
    items: Annotated[list[RequestedItem], Field(min_length=1, max_length=100)]
    priority: Priority = Priority.ROUTINE
    earliest_start: Moment | None = None
    due: Moment | None = None
    note: Words = ""

    def to_command(self, actor: Actor, key: str | None) -> SubmitTask:
        return SubmitTask(
            actor=actor,
            stops=self._stops(),
            items=tuple(ItemRequest(**item.model_dump()) for item in self.items),
            priority=self.priority,
            earliest_start=self.earliest_start,
            due=self.due,
            note=self.note,
            key=key,
        )

    def _stops(self) -> tuple[StopRequest, ...]:
        match self.pickup, self.dropoff, self.stops:
            case str(pickup), str(dropoff), None:
                return (
                    StopRequest(place=pickup, kind=StopKind.PICK_UP),
                    StopRequest(place=dropoff, kind=StopKind.DROP_OFF),
                )
            case None, None, list(stops):
                return tuple(s.to_request() for s in stops)
        lacking = "dropoff" if self.pickup else "pickup"
        raise InvalidRequest(
            f"{'stops' if self.stops else lacking}: a delivery has either pickup and dropoff, or stops",
            field="stops" if self.stops else lacking,
            way_out="send exactly one of the two forms",
        )


TaskRequest: TypeAlias = Annotated[
    DeliveryRequest
    | CollectionRequest
    | DisinfectionRequest
    | PatrolRequest
    | ScreeningRequest
    | AnnouncementRequest
    | MealsRequest
    | GuidanceRequest,
    Field(discriminator="kind"),
]


class ScheduleRequest(_Request):
    """Ask for `task` at each occurrence of `rule` (RRULE, RFC 5545), counted from `begins`.

    `begins` is a local time, without an offset, of `timezone` (IANA; the site's own when it is left out).
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "isolation room 3, every morning",
                    "rule": "FREQ=DAILY;BYHOUR=6;BYMINUTE=30",
                    "begins": "2026-03-01T06:30:00",
                    "task": {"kind": "disinfection", "zone": "isolation_room_03", "dose": 1000.0},
                }
            ]
        }
    )

    name: Name
    rule: Annotated[str, text_of(1, 500), AfterValidator(printable)]
    begins: NaiveDatetime
    timezone: Id | None = None
    exceptions: Annotated[list[date], Field(max_length=1000)] = []
    task: TaskRequest

    def to_command(self, actor: Actor) -> SetSchedule:
        return SetSchedule(
            actor=actor,
            name=self.name,
            task=self.task.to_command(actor, None),
            rule=self.rule,
            begins=self.begins,
            timezone=self.timezone,
            exceptions=tuple(self.exceptions),
        )


class ScheduleChange(_Request):
    """What is left out stays as it is."""

    paused: bool | None = None
    exceptions: Annotated[list[date], Field(max_length=1000)] | None = None

    def to_command(self, actor: Actor, schedule: str) -> ChangeSchedule:
        exceptions = tuple(self.exceptions) if self.exceptions is not None else None
        return ChangeSchedule(actor=actor, schedule=schedule, paused=self.paused, exceptions=exceptions)


class OccurrenceMove(_Request):
    """What falls due `at` one moment is done `to` another instead, once."""

    at: Moment
    to: Moment

    def to_command(self, actor: Actor, schedule: str) -> MoveOccurrence:
        return MoveOccurrence(actor=actor, schedule=schedule, at=self.at, to=self.to)


class TaskChange(_Request):
    """Left out or null: stays as it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"priority": "stat"}]})

    priority: Priority | None = None
    due: Moment | None = None

    def to_command(self, actor: Actor, task: str) -> ChangeTask:
        if self.priority is None and self.due is None:
            raise InvalidRequest("priority, due: there is nothing to change", field="priority")
        return ChangeTask(actor=actor, task=TaskId(task), priority=self.priority, due=self.due)


class Cancellation(_Request):
    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "the patient went home"}]})

    reason: Words = ""

    def to_command(self, actor: Actor, task: str) -> CancelTask:
        return CancelTask(actor=actor, task=TaskId(task), reason=self.reason)


class RequestedActor(_Request):
    id: Id
    role: Id = "staff"
    ward: Id | None = None


class GivenProof(_Request):
    kind: ProofKind = ProofKind.NONE
    value: Words = ""


class HandedItem(_Request):
    """`weight` in kg, for what is collected."""

    item_id: Id
    outcome: ItemOutcome = ItemOutcome.ACCEPTED
    weight: Annotated[float, Field(gt=0.0, le=1000.0, allow_inf_nan=False)] | None = None


class HandoverRequest(_Request):
    """Goods change hands where the carrier waits. Items that are not named are accepted."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "actor": {"id": "nurse-li", "role": "nurse", "ward": "3B"},
                    "proof": {"kind": "pin", "value": "4711"},
                    "items": [{"item_id": "cefazolin-1", "outcome": "accepted"}],
                }
            ]
        }
    )

    step_id: Id | None = None
    actor: RequestedActor | None = None
    proof: GivenProof = GivenProof()
    items: Annotated[list[HandedItem], Field(max_length=100)] = []

    def to_command(self, actor: Actor, task: str) -> HandOver:
        if self.actor:
            actor = Actor(id=self.actor.id, role=self.actor.role, ward=self.actor.ward)
        return HandOver(
            actor=actor,
            task=TaskId(task),
            step=self.step_id,
            proof=Proof(kind=self.proof.kind, value=self.proof.value),
            items=tuple(ItemReceipt(item=ItemId(i.item_id), outcome=i.outcome, weight=i.weight) for i in self.items),
        )


class FollowUpClosing(_Request):
    """How it ended, for whoever reads the trace later."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"note": "the pharmacy sent the missing box"}]})

    note: Annotated[str, text_of(1, 1000), AfterValidator(printable)]

    def to_command(self, actor: Actor, follow_up: str) -> CloseFollowUp:
        return CloseFollowUp(actor=actor, follow_up=follow_up, note=self.note)


class ActionReason(_Request):
    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "wheel squeaks"}]})

    reason: Words = ""


Coordinate: TypeAlias = Annotated[float, Field(ge=-1e5, le=1e5, allow_inf_nan=False)]


class RequestedArea(_Request):
    """A polygon on a level: its corners once round, [x, y] in metres of the site frame."""

    level: Id
    polygon: Annotated[list[tuple[Coordinate, Coordinate]], Field(min_length=3, max_length=500)]


class ClosureRequest(_Request):
    """Close either `lanes` (each closes one direction) or all lanes that touch an `area`, until a time."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "area": {"level": "L1", "polygon": [[10, 28], [22, 28], [22, 34], [10, 34]]},
                    "until": "2026-03-01T09:15:00+08:00",
                    "reason": "the floor is wet",
                }
            ]
        }
    )

    lanes: Annotated[list[Id], Field(min_length=1, max_length=1000)] | None = None
    area: RequestedArea | None = None
    until: Moment
    reason: Annotated[str, text_of(1, 200), AfterValidator(printable)]

    def to_command(self, actor: Actor) -> StartClosure:
        if (self.lanes is None) == (self.area is None):
            raise InvalidRequest(
                "area, lanes: a closure has either lanes or an area",
                field="area",
                way_out="send exactly one of the two",
            )
        area = self.area
        return StartClosure(
            actor=actor,
            lanes=tuple(self.lanes or ()),
            area=Area(level=LevelId(area.level), polygon=tuple(area.polygon)) if area is not None else None,
            until=self.until,
            reason=self.reason,
        )


class LiftRequest(_Request):
    """What a reservation is for, and until when; a usual while when that is left out."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"purpose": "bed", "until": "2026-03-01T09:15:00+08:00"}]}
    )

    purpose: LiftPurpose | None = None
    until: Moment | None = None

    def to_command(self, actor: Actor, lift: str, action: LiftAction) -> ChangeLift:
        given = next((name for name in ("purpose", "until") if getattr(self, name) is not None), None)
        if given is not None and action is not LiftAction.RESERVE:
            raise InvalidRequest(f"{given}: only a reservation has one, not {action}", field=given)
        purpose = self.purpose or LiftPurpose.BED
        return ChangeLift(actor=actor, lift=lift, action=action, purpose=purpose, until=self.until)


class AlarmRequest(_Request):
    """A fire alarm in a `zone`, a `building`, or on `levels`; with none of them on the whole site.

    Robots leave the lifts at `recall_level`; without it at each lift's own level of departure.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"kind": "fire", "levels": ["L2"]}]})

    kind: AlarmKind
    zone: Id | None = None
    building: Id | None = None
    levels: Annotated[list[Id], Field(min_length=1, max_length=100)] | None = None
    recall_level: Id | None = None

    def to_command(self, actor: Actor) -> RaiseAlarm:
        named = [name for name in ("zone", "building", "levels") if getattr(self, name) is not None]
        if len(named) > 1:
            raise InvalidRequest(
                f"{named[1]}: an alarm is in a zone, a building, or on levels", field=named[1], way_out="name one"
            )
        return RaiseAlarm(
            actor=actor,
            kind=self.kind,
            zone=self.zone,
            building=self.building,
            levels=tuple(self.levels or ()),
            recall_level=self.recall_level,
        )


class TaskQuery(_Request):
    status: TaskStatus | None = Field(None, description="only tasks with this status")
    limit: int = Field(100, ge=1, le=500)
    before: Id | None = Field(None, description="id of the last task of the page before")


class FollowUpQuery(_Request):
    state: FollowUpState | None = Field(None, description="only open or only closed ones")
    limit: int = Field(100, ge=1, le=500)


class ShiftAcknowledgement(_Request):
    """The tasks that were read, as `GET /wards/{place}/shift` lists them."""

    tasks: Annotated[list[Id], Field(max_length=1000)]

    def to_command(self, actor: Actor, ward: str) -> AcknowledgeShift:
        return AcknowledgeShift(actor=actor, ward=ward, tasks=tuple(self.tasks))


class CalendarQuery(_Request):
    """A span of at most 92 days."""

    since: Moment
    until: Moment

    @model_validator(mode="after")
    def _span(self) -> CalendarQuery:
        if not timedelta() < self.until - self.since <= timedelta(days=92):
            raise ValueError("must be later than `since`, by at most 92 days")
        return self


class CollectionQuery(_Request):
    begin: Moment = Field(alias="from", description="from when on bags were collected")
    end: Moment = Field(alias="to", description="until before when")
    limit: int = Field(1000, ge=1, le=10_000)
    form: Literal["json", "csv"] = Field("json", alias="format")


_LONGEST_ANALYSIS = timedelta(days=7)


class AnalyticsQuery(_Request):
    begin: Moment = Field(alias="from", description="from when on")
    end: Moment = Field(alias="to", description="until before when; at most seven days later")
    form: Literal["json", "csv"] = Field("json", alias="format")
    table: Literal["hours", "wards", "robots", "waits", "lifts", "interventions"] = Field(
        "hours", description="which of the tables, with ?format=csv"
    )

    @model_validator(mode="after")
    def _span(self) -> AnalyticsQuery:
        if not timedelta() < self.end - self.begin <= _LONGEST_ANALYSIS:
            raise ValueError("`to` must be later than `from`, by at most seven days")
        return self


_LONGEST_REPLAY = timedelta(days=1)


class ReplayQuery(_Request):
    """By default the ten minutes before `to`, and up to now."""

    begin: Moment | None = Field(None, alias="from", description="the first moment to be shown")
    end: Moment | None = Field(None, alias="to", description="the last moment to be shown")

    @model_validator(mode="after")
    def _span(self) -> ReplayQuery:
        if (
            self.begin is not None
            and self.end is not None
            and not timedelta() < self.end - self.begin <= _LONGEST_REPLAY
        ):
            raise ValueError("`to` must be later than `from`, by at most a day")
        return self


class EventQuery(_Request):
    after: int = Field(0, ge=0, le=2**63 - 1, description="the last seq that is known already")
    limit: int = Field(100, ge=1, le=1000)
