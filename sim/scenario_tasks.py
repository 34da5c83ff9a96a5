"""Demand for other work than plain deliveries, from disinfection to meals and visitors, each asked for once.

A new kind of task becomes a class here that says which command asks for it, and joins `OtherTask`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field

from fleet_manager.domain.disinfection import DEFAULT_DOSE
from fleet_manager.domain.tasks import Actor, Priority, SprayOrder, StopKind, TreatmentMethod
from fleet_manager.orchestration.commands import (
    CheckpointRequest,
    CollectionPlace,
    ItemRequest,
    MealRequest,
    StopRequest,
    SubmitAnnouncement,
    SubmitAny,
    SubmitCollection,
    SubmitDisinfection,
    SubmitGuidance,
    SubmitMeals,
    SubmitPatrol,
    SubmitTask,
)
from sim.scenario_fields import ClockTime, ItemClassName, Minutes, Part, PlaceName, ZoneName

Moments: TypeAlias = Callable[[str], datetime]
"""What a time of day of the scenario is in UTC."""

TaskName: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z][\w-]*$")]
"""What expectations call the tasks of a demand."""

FACILITY: Final = Actor(id="simulated-facility", role="facility")
DISPATCHER: Final = Actor(id="simulated-dispatcher", role="logistics")
GUARD: Final = Actor(id="simulated-guard", role="security")
KITCHEN: Final = Actor(id="simulated-cook", role="kitchen")
RECEPTION: Final = Actor(id="simulated-receptionist", role="reception")

_NAMES: Final = ("王芳", "李伟", "张敏", "刘洋", "Mary Brown", "陈静", "John Smith", "杨磊")


class AskedTask(Part):
    """A task that somebody asks for at `at`."""

    name: TaskName | None = None
    at: ClockTime
    priority: Priority = Priority.ROUTINE

    @abstractmethod
    def command(self, moments: Moments) -> SubmitAny:
        """What is asked of the manager."""

    def commands(self, moments: Moments) -> tuple[SubmitAny, ...]:
        """All that is asked for, where one request does not say it."""
        return (self.command(moments),)

    @property
    @abstractmethod
    def words(self) -> str:
        """What it is, for a person."""


class Order(Part):
    """Infection control's order to spray outdoors."""

    by: Annotated[str, Field(min_length=1)]
    reason: Annotated[str, Field(min_length=1)]


class Disinfection(AskedTask):
    """A zone is disinfected; `dose` in J/m² for ultraviolet light, `volume` in mL/m² of the `agent` for spray."""

    kind: Literal["disinfection"] = "disinfection"
    zone: ZoneName
    method: TreatmentMethod = TreatmentMethod.UV
    dose: Annotated[float, Field(gt=0, le=100_000)] = DEFAULT_DOSE
    agent: str | None = None
    volume: Annotated[float, Field(gt=0, le=2_000)] | None = None
    order: Order | None = None

    def command(self, moments: Moments) -> SubmitAny:
        return SubmitDisinfection(
            actor=FACILITY,
            zone=self.zone,
            method=self.method,
            dose=self.dose,
            agent=self.agent,
            volume=self.volume / 1000.0 if self.volume is not None else None,
            order=SprayOrder(by=self.order.by, reason=self.order.reason) if self.order is not None else None,
            priority=self.priority,
        )

    @property
    def words(self) -> str:
        return f"disinfect {self.zone}"


class Checkpoint(Part):
    """A place to visit between two times of the day, and at least every `within` minutes."""

    place: PlaceName
    not_before: ClockTime | None = None
    not_after: ClockTime | None = None
    within: Minutes | None = None


class Patrol(AskedTask):
    """Robots visit checkpoints and stay `seconds` at each; with `screens` they screen the people there."""

    kind: Literal["patrol"] = "patrol"
    checkpoints: Annotated[tuple[Checkpoint, ...], Field(min_length=1, max_length=100)]
    seconds: Annotated[float, Field(gt=0, le=86_400)] = 10.0
    robots: Annotated[int, Field(ge=1, le=20)] = 1
    screens: bool = False

    def command(self, moments: Moments) -> SubmitAny:
        checkpoints = tuple(
            CheckpointRequest(
                place=checkpoint.place,
                not_before=moments(checkpoint.not_before) if checkpoint.not_before else None,
                not_after=moments(checkpoint.not_after) if checkpoint.not_after else None,
                within=checkpoint.within * 60.0 if checkpoint.within else None,
            )
            for checkpoint in self.checkpoints
        )
        return SubmitPatrol(
            actor=GUARD,
            checkpoints=checkpoints,
            screens=self.screens,
            seconds=self.seconds,
            robots=self.robots,
            priority=self.priority,
        )

    @property
    def words(self) -> str:
        return f"patrol {', '.join(checkpoint.place for checkpoint in self.checkpoints)}"


class TimedStop(Part):
    """Where one item goes, and between which times of the day it is handed over."""

    place: PlaceName
    item: str = "order"
    not_before: ClockTime | None = None
    not_after: ClockTime | None = None


class TimedDelivery(AskedTask):
    """A robot is loaded once and serves several places at set times.

    With `by_code` each receiver opens only what is theirs, by the QR code that they are shown.
    """

    kind: Literal["timed_delivery"] = "timed_delivery"
    pickup: PlaceName
    stops: Annotated[tuple[TimedStop, ...], Field(min_length=1, max_length=20)]
    item_class: ItemClassName | None = None
    by_code: bool = True

    def command(self, moments: Moments) -> SubmitAny:
        """Each item has an id of its own: the load's time and its number."""
        load = f"{self.name or self.kind}-{self.at.replace(':', '')}"
        ids = [f"{load}-{number}" for number in range(1, len(self.stops) + 1)]
        stops = [StopRequest(place=self.pickup, kind=StopKind.PICK_UP)]
        stops += [
            StopRequest(
                place=stop.place,
                kind=StopKind.DROP_OFF,
                items=(item,),
                not_before=moments(stop.not_before) if stop.not_before else None,
                not_after=moments(stop.not_after) if stop.not_after else None,
                by_code=self.by_code,
            )
            for stop, item in zip(self.stops, ids, strict=True)
        ]
        items = tuple(
            ItemRequest(name=stop.item, quantity=1, item_id=item, item_class=self.item_class)
            for stop, item in zip(self.stops, ids, strict=True)
        )
        return SubmitTask(actor=DISPATCHER, stops=tuple(stops), items=items, priority=self.priority)

    @property
    def words(self) -> str:
        return f"{self.pickup} → {', '.join(stop.place for stop in self.stops)}"


class Collection(AskedTask):
    """Soiled goods are collected from places, in their order: so many `bags` at each."""

    kind: Literal["collection"] = "collection"
    places: Annotated[tuple[PlaceName, ...], Field(min_length=1, max_length=50)]
    dropoff: PlaceName
    item_class: ItemClassName = "waste"
    bags: Annotated[int, Field(ge=1, le=20)] = 1

    def command(self, moments: Moments) -> SubmitAny:
        seal = f"{self.name or self.kind}-{self.at.replace(':', '')}"
        places = tuple(
            CollectionPlace(place=place, bags=tuple(f"{seal}-{place}-{bag}" for bag in range(1, self.bags + 1)))
            for place in self.places
        )
        return SubmitCollection(
            actor=FACILITY, places=places, dropoff=self.dropoff, item_class=self.item_class, priority=self.priority
        )

    @property
    def words(self) -> str:
        return f"collect {self.item_class} at {', '.join(self.places)}"


class Announcement(AskedTask):
    """A robot says `texts` (by language) at places, `times` over."""

    kind: Literal["announcement"] = "announcement"
    places: Annotated[tuple[PlaceName, ...], Field(min_length=1, max_length=100)]
    texts: Annotated[Mapping[str, str], Field(min_length=1)]
    times: Annotated[int, Field(ge=1, le=10)] = 1

    def command(self, moments: Moments) -> SubmitAny:
        texts = tuple(self.texts.items())
        return SubmitAnnouncement(
            actor=FACILITY, places=self.places, texts=texts, times=self.times, priority=self.priority
        )

    @property
    def words(self) -> str:
        return f"announcement at {', '.join(self.places)}"


class MealRound(AskedTask):
    """Meals for so many `beds` at each place, whose patients are called; as many as a robot has `trays` at once."""

    kind: Literal["meal_round"] = "meal_round"
    pickup: PlaceName
    places: Annotated[tuple[PlaceName, ...], Field(min_length=1, max_length=100)]
    beds: Annotated[int, Field(ge=1, le=8)] = 1
    trays: Annotated[int, Field(ge=1, le=100)] = 10
    item: str = "meal"

    def command(self, moments: Moments) -> SubmitAny:
        return self.commands(moments)[0]

    def commands(self, moments: Moments) -> tuple[SubmitAny, ...]:
        """Beds are numbered through; patients are called by the names that are most frequent."""
        wanted = [place for place in self.places for _ in range(self.beds)]
        meals = [
            MealRequest(place=place, bed=str(number), name=_NAMES[number % len(_NAMES)], item=self.item)
            for number, place in enumerate(wanted, start=1)
        ]
        return tuple(
            SubmitMeals(
                actor=KITCHEN,
                pickup=self.pickup,
                meals=tuple(meals[first : first + self.trays]),
                priority=self.priority,
            )
            for first in range(0, len(meals), self.trays)
        )

    @property
    def words(self) -> str:
        return f"{len(self.places) * self.beds} meals from {self.pickup}"


class Guidance(AskedTask):
    """A visitor is met and led somewhere."""

    kind: Literal["guidance"] = "guidance"
    meet_at: PlaceName
    to: PlaceName
    visitor: str = ""

    def command(self, moments: Moments) -> SubmitAny:
        return SubmitGuidance(
            actor=RECEPTION, meet_at=self.meet_at, to=self.to, visitor=self.visitor, priority=self.priority
        )

    @property
    def words(self) -> str:
        return f"lead a visitor from {self.meet_at} to {self.to}"


OtherTask: TypeAlias = Disinfection | Patrol | TimedDelivery | Collection | Announcement | MealRound | Guidance
"""All that may stand in a scenario's demand beside deliveries."""
