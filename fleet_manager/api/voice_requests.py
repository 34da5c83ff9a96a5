"""What clients may ask of robots with a voice: announcements, meals and guidance."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from fleet_manager.api.fields import Id, Moment, Name, Words, printable, text_of
from fleet_manager.domain.tasks import Actor, Priority
from fleet_manager.domain.voices import masked
from fleet_manager.orchestration.commands import MealRequest, SubmitAnnouncement, SubmitGuidance, SubmitMeals

Language: TypeAlias = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=20)]
Spoken: TypeAlias = Annotated[str, text_of(1, 500), AfterValidator(printable)]


def _known_name(name: str) -> str:
    """Masked as soon as it is read: a whole name is never known beyond this line."""
    short = masked(name)
    if not short:
        raise ValueError("must hold a letter")
    return short


MaskedName: TypeAlias = Annotated[str, text_of(1, 200), AfterValidator(printable), AfterValidator(_known_name)]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AnnouncementRequest(_Request):
    """Say `texts` (by language) at each of `places`, `times` over, but not in the site's quiet hours unless stat."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "kind": "announcement",
                    "places": ["main_entrance", "ward_3b"],
                    "texts": {"zh": "探视时间结束了。", "en": "Visiting hours are over."},
                }
            ]
        }
    )

    kind: Literal["announcement"]
    places: Annotated[list[Id], Field(min_length=1, max_length=100)]
    texts: Annotated[dict[Language, Spoken], Field(min_length=1, max_length=10)]
    times: Annotated[int, Field(strict=True, ge=1, le=10)] = 1
    priority: Priority = Priority.ROUTINE
    earliest_start: Moment | None = None
    due: Moment | None = None
    note: Words = ""

    def to_command(self, actor: Actor, key: str | None) -> SubmitAnnouncement:
        return SubmitAnnouncement(
            actor=actor,
            places=tuple(self.places),
            texts=tuple(self.texts.items()),
            times=self.times,
            priority=self.priority,
            earliest_start=self.earliest_start,
            due=self.due,
            note=self.note,
            key=key,
        )


class RequestedMeal(_Request):
    """A meal for the patient in `bed`. `name` is masked at once (张三 is 张*), and nothing else of it is kept."""

    place: Id
    bed: Annotated[str, text_of(1, 20), AfterValidator(printable)]
    name: MaskedName
    item: Name = "meal"


class MealsRequest(_Request):
    """Bring meals from `pickup` to beds, in their order; more than one robot holds make several tasks."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "kind": "meals",
                    "pickup": "kitchen",
                    "stops": [
                        {"place": "ward_3b", "bed": "12", "name": "张三", "item": "soft diet"},
                        {"place": "ward_3b", "bed": "14", "name": "John Smith"},
                    ],
                }
            ]
        }
    )

    kind: Literal["meals"]
    pickup: Id
    stops: Annotated[list[RequestedMeal], Field(min_length=1, max_length=100)]
    priority: Priority = Priority.ROUTINE
    earliest_start: Moment | None = None
    due: Moment | None = None
    note: Words = ""

    def to_command(self, actor: Actor, key: str | None) -> SubmitMeals:
        return SubmitMeals(
            actor=actor,
            pickup=self.pickup,
            meals=tuple(MealRequest(place=s.place, bed=s.bed, name=s.name, item=s.item) for s in self.stops),
            priority=self.priority,
            earliest_start=self.earliest_start,
            due=self.due,
            note=self.note,
            key=key,
        )


class GuidanceRequest(_Request):
    """Meet a visitor at `meet_at` and lead them to `to`; the name of `visitor` is masked as those of patients are."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"kind": "guidance", "meet_at": "main_entrance", "to": "ward_3b", "visitor": "John Smith"}]
        }
    )

    kind: Literal["guidance"]
    meet_at: Id
    to: Id
    visitor: MaskedName | None = None
    priority: Priority = Priority.ROUTINE
    earliest_start: Moment | None = None
    due: Moment | None = None
    note: Words = ""

    def to_command(self, actor: Actor, key: str | None) -> SubmitGuidance:
        return SubmitGuidance(
            actor=actor,
            meet_at=self.meet_at,
            to=self.to,
            visitor=self.visitor or "",
            priority=self.priority,
            earliest_start=self.earliest_start,
            due=self.due,
            note=self.note,
            key=key,
        )
