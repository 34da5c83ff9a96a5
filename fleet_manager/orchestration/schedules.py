"""Tasks that are asked for by themselves when their schedule falls due."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from fleet_manager.domain.errors import InvalidRequest, NotFound, WardFleetError
from fleet_manager.domain.events import ScheduleDeleted, ScheduleFell, ScheduleSet
from fleet_manager.domain.schedules import Schedule, ScheduleId
from fleet_manager.domain.tasks import TaskId, TaskKind
from fleet_manager.orchestration.commands import (
    ChangeSchedule,
    DeleteSchedule,
    MoveOccurrence,
    SetSchedule,
    SubmitAnnouncement,
    SubmitAny,
    SubmitCollection,
    SubmitDisinfection,
    SubmitGuidance,
    SubmitMeals,
    SubmitPatrol,
    SubmitTask,
)
from fleet_manager.orchestration.ledger import Ledger
from fleet_manager.orchestration.views import OccurrenceView
from fleet_manager.planning.recurrence import next_after, occurrences, parsed
from maps.model import Site

_GRACE: Final = timedelta(hours=1)
"""What fell due while the fleet manager was down is made up for when it is not later than this."""

_ONCE: Final = "FREQ=DAILY;COUNT=1"

_REQUESTS: Final[dict[TaskKind, type[SubmitAny]]] = {
    TaskKind.DELIVERY: SubmitTask,
    TaskKind.COLLECTION: SubmitCollection,
    TaskKind.DISINFECTION: SubmitDisinfection,
    TaskKind.PATROL: SubmitPatrol,
    TaskKind.SCREENING: SubmitPatrol,
    TaskKind.ANNOUNCEMENT: SubmitAnnouncement,
    TaskKind.MEALS: SubmitMeals,
    TaskKind.GUIDANCE: SubmitGuidance,
}


class Schedules:
    """`submit` asks for a task as people do."""

    def __init__(self, site: Site, ledger: Ledger, submit: Callable[[SubmitAny], TaskId]) -> None:
        self._site = site
        self._ledger = ledger
        self._submit = submit

    # --- what people ask ------------------------------------------------------------------------------------

    def set(self, request: SetSchedule) -> ScheduleId:
        """Take up a schedule. Refused when its rule is none, or never falls due."""
        timezone = request.timezone or self._site.timezone
        try:
            ZoneInfo(timezone)
        except (ZoneInfoNotFoundError, ValueError):
            raise InvalidRequest(
                f"timezone: there is no time zone {timezone!r}",
                field="timezone",
                way_out="name one of the IANA database, such as Asia/Shanghai",
            ) from None
        parsed(request.rule, request.begins)
        schedule = Schedule(
            id=ScheduleId(f"S{self._ledger.state.schedule_count + 1:05d}"),
            name=request.name,
            kind=_kind_of(request.task),
            request=msgspec.json.encode(replace(request.task, key=None)).decode(),
            rule=request.rule,
            begins=request.begins.replace(tzinfo=None),
            timezone=timezone,
            actor=request.actor,
            exceptions=tuple(sorted(request.exceptions)),
        )
        schedule = self._with_next(schedule)
        if schedule.next_at is None:
            raise InvalidRequest(
                f"rule: {request.rule!r} never falls due from now on",
                field="rule",
                way_out="look at its end (UNTIL, COUNT), its begin, and the exceptions",
            )
        self._ledger.record(ScheduleSet(schedule=schedule, actor=request.actor))
        self._wait_for(schedule)
        return schedule.id

    def change(self, request: ChangeSchedule) -> ScheduleId:
        """Pause it, go on with it, or leave out days."""
        known = self.schedule(request.schedule)
        exceptions = known.exceptions if request.exceptions is None else tuple(sorted(request.exceptions))
        paused = known.paused if request.paused is None else request.paused
        changed = self._with_next(replace(known, exceptions=exceptions, paused=paused))
        self._ledger.record(ScheduleSet(schedule=changed, actor=request.actor))
        self._wait_for(changed)
        return known.id

    def move(self, request: MoveOccurrence) -> ScheduleId:
        """One occurrence at another time: the schedule leaves it out, and one of its own does it once."""
        known = self.schedule(request.schedule)
        if not self._due_between(known, request.at, request.at + timedelta(seconds=1)):
            raise InvalidRequest(
                f"at: {known.name} does not fall due at {request.at:%Y-%m-%d %H:%M} UTC",
                field="at",
                way_out="GET /api/v1/schedules/calendar lists when it does",
            )
        zone = ZoneInfo(known.timezone)
        day = request.at.astimezone(zone).date()
        midnight = datetime.combine(day, time(), zone)
        if len(self._due_between(known, midnight, midnight + timedelta(days=1))) > 1:
            raise InvalidRequest(
                f"at: {known.name} falls due several times on that day, and only whole days are left out",
                field="at",
                way_out="leave the day out and ask for its tasks one by one, or change the schedule",
            )
        if request.to <= self._ledger.now():
            raise InvalidRequest(
                f"to: {request.to:%Y-%m-%d %H:%M} UTC has passed", field="to", way_out="name a later time"
            )
        once = replace(
            known,
            id=ScheduleId(f"S{self._ledger.state.schedule_count + 1:05d}"),
            rule=_ONCE,
            begins=request.to.astimezone(zone).replace(tzinfo=None),
            actor=request.actor,
            exceptions=(),
            last_at=None,
            last_task=None,
            last_refusal="",
        )
        for changed in (
            self._with_next(replace(known, exceptions=tuple(sorted({*known.exceptions, day})))),
            self._with_next(once),
        ):
            self._ledger.record(ScheduleSet(schedule=changed, actor=request.actor))
            self._wait_for(changed)
        return once.id

    def delete(self, request: DeleteSchedule) -> Schedule:
        """What it has made already goes on."""
        known = self.schedule(request.schedule)
        self._ledger.stop_timer("schedule", known.id)
        self._ledger.record(ScheduleDeleted(schedule=known.id, actor=request.actor))
        return known

    def schedule(self, name: str) -> Schedule:
        known = self._ledger.state.schedules.get(ScheduleId(name))
        if known is None:
            raise NotFound(f"there is no schedule {name}", way_out="GET /api/v1/schedules lists them")
        return known

    def calendar(self, since: datetime, until: datetime) -> list[OccurrenceView]:
        """When schedules fall due from now, or `since`, on and before `until`; those that are paused never."""
        since = max(since, self._ledger.now())
        found = [
            OccurrenceView(schedule=known.id, at=at)
            for known in self._ledger.state.schedules.values()
            if not known.paused
            for at in self._due_between(known, since, until)
        ]
        return sorted(found, key=lambda occurrence: (occurrence.at, occurrence.schedule))

    @staticmethod
    def _due_between(known: Schedule, since: datetime, until: datetime) -> list[datetime]:
        return occurrences(known.rule, known.begins, known.timezone, known.exceptions, since, until)

    # --- time ---------------------------------------------------------------------------------------------------

    def take_up(self) -> None:
        """After a restart: wait for what comes, make up for what has just fallen due."""
        for schedule in tuple(self._ledger.state.schedules.values()):
            self._wait_for(schedule)

    def due(self, schedule_id: str) -> None:
        """A schedule has fallen due: ask for its task."""
        schedule = self._ledger.state.schedules.get(ScheduleId(schedule_id))
        now = self._ledger.now()
        if schedule is None or schedule.paused or schedule.next_at is None or schedule.next_at > now:
            return
        at = schedule.next_at
        task, refusal = None, ""
        if now - at > _GRACE:
            refusal = f"fell due at {at:%Y-%m-%d %H:%M} UTC, while the fleet manager was down"
        else:
            request = msgspec.json.decode(schedule.request, type=_REQUESTS[schedule.kind])
            try:
                task = self._submit(replace(request, key=f"{schedule.id}/{at:%Y%m%dT%H%M%S}"))
            except WardFleetError as error:
                refusal = str(error)
        if refusal:
            self._ledger.alert(
                "schedule_missed",
                schedule.id,
                f"{schedule.name} was not done: {refusal}",
                "ask for it by hand if it is still wanted, or change the schedule",
            )
        else:
            self._ledger.close_alert("schedule_missed", schedule.id)
        fell = self._with_next(replace(schedule, last_at=at, last_task=task, last_refusal=refusal))
        self._ledger.record(ScheduleFell(schedule=fell))
        self._wait_for(fell)

    def _with_next(self, schedule: Schedule) -> Schedule:
        now = self._ledger.now()
        at = next_after(schedule.rule, schedule.begins, schedule.timezone, schedule.exceptions, now)
        return replace(schedule, next_at=at)

    def _wait_for(self, schedule: Schedule) -> None:
        if schedule.paused or schedule.next_at is None:
            self._ledger.stop_timer("schedule", schedule.id)
            return
        seconds = (schedule.next_at - self._ledger.now()).total_seconds()
        self._ledger.set_timer("schedule", schedule.id, max(0.0, seconds))


def _kind_of(task: SubmitAny) -> TaskKind:
    """What kind of task a request makes."""
    if isinstance(task, SubmitPatrol):
        return TaskKind.SCREENING if task.screens else TaskKind.PATROL
    return next(kind for kind, request in _REQUESTS.items() if type(task) is request)
