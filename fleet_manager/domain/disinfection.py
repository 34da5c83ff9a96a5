"""Disinfection: what a room has to be before a lamp or a sprayer starts in it, and what was really done there.

Doses are in J/m² (1 mJ/cm² = 10 J/m²). The rules here are the manager's; the robot's agent stops its lamp by itself
when it sees a person or an open door (`robot_agents.treatment`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from fleet_manager.domain.tasks import Actor, TaskId, Treatment, TreatmentMethod
from maps.model import ItemClassId, RobotId, ZoneCare, ZoneId

DEFAULT_DOSE: Final = 1000.0
"""J/m², against spores; a tenth of it reaches vegetative bacteria only."""


class RoomNews(StrEnum):
    """What somebody or something tells of a room.

    `vacated`: nobody is in it, and its door is closed or guarded; a person answers for that. `person` and
    `door_opened` come from people and sensors alike, `cleaned` and `discharged` from the ward.
    """

    CLEANED = "cleaned"
    VACATED = "vacated"
    PERSON = "person"
    DOOR_OPENED = "door_opened"
    DOOR_CLOSED = "door_closed"
    DISCHARGED = "discharged"


@dataclass(frozen=True, slots=True, kw_only=True)
class DisinfectionRules:
    """How old what is known of a room may be when a treatment starts.

    `confirmation_age`: since a person confirmed the room vacated. `cleaning_age`: since it was cleaned, as dirt shields
    germs from light. `check_age`: since the lamp's irradiance was measured. `countdown`: warning before each start.
    """

    confirmation_age: timedelta = timedelta(minutes=5)
    cleaning_age: timedelta = timedelta(hours=12)
    check_age: timedelta = timedelta(days=180)
    countdown: timedelta = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A zone is to be disinfected from `at` on; None: it has been so since ever."""

    at: datetime | None
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What is known of a zone that is treated; None where nobody has told yet.

    `person_at` is set while a person is known to be in it, `open_at` while its door is known to be open. `treated_at`,
    `method` and `dose` (the least of all targets in reach, J/m²) are of the last complete treatment, the task
    `treated_by`. Goods of the class `soiled_by` changed hands in it at `soiled_at`, after which the site wants it
    disinfected. It was sprayed, and nobody enters before `re_entry_at`; `left_over` is what a spraying did that ended
    unfinished.
    """

    zone: ZoneId
    cleaned_at: datetime | None = None
    cleaned_by: Actor | None = None
    vacated_at: datetime | None = None
    vacated_by: Actor | None = None
    person_at: datetime | None = None
    open_at: datetime | None = None
    discharged_at: datetime | None = None
    treated_at: datetime | None = None
    method: TreatmentMethod | None = None
    dose: float | None = None
    treated_by: TaskId | None = None
    soiled_at: datetime | None = None
    soiled_by: ItemClassId | None = None
    re_entry_at: datetime | None = None
    left_over: TreatmentRecord | None = None

    def due(self, care: ZoneCare) -> Due | None:
        """Since when, or from when on, it is to be disinfected by the site's rules; None when by none of them."""
        found: list[Due] = []
        if care.on_discharge and self.discharged_at is not None and self._after_treatment(self.discharged_at):
            found.append(Due(at=self.discharged_at, because="a patient was discharged"))
        if self.soiled_at is not None and self._after_treatment(self.soiled_at):
            found.append(Due(at=self.soiled_at, because=f"{self.soiled_by} changed hands in it"))
        if care.every is not None and self.treated_at is not None:
            at = self.treated_at + timedelta(seconds=care.every)
            found.append(Due(at=at, because=f"it is disinfected every {care.every / 3600.0:g} h"))
        elif care.every is not None:
            found.append(Due(at=None, because="it was never disinfected"))
        return min(found, key=lambda due: (due.at is not None, due.at), default=None)

    def _after_treatment(self, at: datetime) -> bool:
        return self.treated_at is None or at > self.treated_at

    def told(self, news: RoomNews, actor: Actor, at: datetime) -> Room:
        match news:
            case RoomNews.CLEANED:
                return replace(self, cleaned_at=at, cleaned_by=actor)
            case RoomNews.VACATED:
                return replace(self, vacated_at=at, vacated_by=actor, person_at=None, open_at=None)
            case RoomNews.PERSON:
                return replace(self, vacated_at=None, vacated_by=None, person_at=at)
            case RoomNews.DOOR_OPENED:
                return replace(self, vacated_at=None, vacated_by=None, open_at=at)
            case RoomNews.DOOR_CLOSED:
                return replace(self, open_at=None)
            case RoomNews.DISCHARGED:
                return replace(self, discharged_at=at, cleaned_at=None, cleaned_by=None, vacated_at=None)

    def is_wet(self, now: datetime) -> bool:
        """Whether it was sprayed, and nobody may enter it yet."""
        return self.re_entry_at is not None and now < self.re_entry_at

    def not_ready_outdoors(self, now: datetime, cordon_age: timedelta) -> str | None:
        """As `not_ready`, for a yard or a street: it has no door, and is cordoned off instead."""
        if self.person_at is not None:
            return f"a person is in {self.zone}"
        if self.vacated_at is None:
            return f"{self.zone} is not confirmed as vacated and cordoned off"
        if now - self.vacated_at > cordon_age:
            return f"{self.zone} was confirmed as vacated at {self.vacated_at:%H:%M} UTC, too long ago"
        return None

    def not_ready(self, now: datetime, rules: DisinfectionRules) -> str | None:
        """Why no lamp or sprayer may start in it now, in words that say what to do; None when it may."""
        if self.cleaned_at is None:
            return f"{self.zone} is not confirmed as cleaned"
        if now - self.cleaned_at > rules.cleaning_age:
            return f"{self.zone} was cleaned at {self.cleaned_at:%H:%M} UTC, too long ago"
        if self.person_at is not None:
            return f"a person is in {self.zone}"
        if self.open_at is not None:
            return f"the door of {self.zone} is open"
        if self.vacated_at is None:
            return f"{self.zone} is not confirmed as vacated with its door closed"
        if now - self.vacated_at > rules.confirmation_age:
            return f"{self.zone} was confirmed as vacated at {self.vacated_at:%H:%M} UTC, too long ago"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class LampRecord:
    """The hours (s) that a robot's lamp has shone, and when its irradiance was last measured."""

    robot: RobotId
    shone: float = 0.0
    checked_at: datetime | None = None
    checked_by: Actor | None = None

    def refusal(self, rated: float, now: datetime, rules: DisinfectionRules) -> str | None:
        """Why it shall not treat anything; `rated` is the lamp's rated life (s)."""
        if self.shone >= rated:
            return f"its lamp has shone {self.shone / 3600.0:.0f} h of {rated / 3600.0:.0f} h: change it"
        if self.checked_at is None:
            return "its lamp's irradiance was never measured here"
        if now - self.checked_at > rules.check_age:
            return f"its lamp's irradiance was last measured on {self.checked_at:%Y-%m-%d}"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class TreatmentSample:
    """From `at` on the robot stands at (x, y), or is on a straight way to the next sample's place.

    `on`: its lamp shines or its sprayer sprays. `because` says in words why that changed. `tank` is what the sprayer of
    `robot` held then (L).
    """

    at: datetime
    x: float
    y: float
    on: bool
    because: str = ""
    robot: RobotId | None = None
    tank: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Interruption:
    """`over` when a person had confirmed the room again; None while it lasts, or when nobody ever did."""

    at: datetime
    because: str
    over: datetime | None = None
    confirmed_by: Actor | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TreatmentRecord:
    """What one task really did, as its robot reported it; `robot` is the newest.

    `sorties` counts how often a robot set out for it. One that goes on with what another task left unfinished has that
    task's samples too: it `continues` it.
    """

    task: TaskId
    treatment: Treatment
    robot: RobotId
    cleaned_at: datetime | None = None
    cleaned_by: Actor | None = None
    confirmed_at: datetime | None = None
    confirmed_by: Actor | None = None
    samples: tuple[TreatmentSample, ...] = ()
    interruptions: tuple[Interruption, ...] = ()
    ended_at: datetime | None = None
    continues: TaskId | None = None
    sorties: int = 1

    @property
    def last_on(self) -> datetime | None:
        """When its lamp or sprayer was on last."""
        pairs = zip(self.samples, self.samples[1:], strict=False)
        return max((after.at for before, after in pairs if before.on), default=None)

    @property
    def shone(self) -> float:
        """Seconds with the lamp or sprayer on."""
        pairs = zip(self.samples, self.samples[1:], strict=False)
        return sum((after.at - before.at).total_seconds() for before, after in pairs if before.on)
