"""Scenarios: a day of a hospital as a YAML file, or as the same in Python.

```yaml
site: generated:1
begin: "07:00"
fleets: {delivery: {robots: 2}}
demand:
  - {kind: delivery, name: cefazolin, at: "07:05", pickup: pharmacy, dropoff: ward_1a, item_class: medicine}
expect:
  - cefazolin is delivered before 07:20
```

Times are times of day at the site; durations are in minutes unless the field's name says otherwise; all other figures
are SI. `sim.scenario_file` reads it, `sim.scenario_run` runs it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field, model_validator

from fleet_manager.domain.tasks import Priority
from sim.expectations import GRAMMAR, ExpectationError, parse
from sim.mishaps import Mishap
from sim.scenario_faults import Fault
from sim.scenario_fields import (
    ClockTime,
    DoorName,
    FleetName,
    ItemClassName,
    LevelName,
    LiftName,
    Minutes,
    Part,
    PlaceName,
)
from sim.scenario_people import People
from sim.scenario_tasks import OtherTask, TaskName

# --- fleets, doors and lifts -----------------------------------------------------------------------------------


class FleetPart(Part):
    """What differs from the site's fleet. `charge` is the state of charge at the beginning, `capacity` in Wh.

    `capabilities` are all that it can do, in place of the site's; so are so many `compartments`, locked ones of 15 L.
    """

    robots: Annotated[int, Field(ge=0, le=500)] | None = None
    speed: Annotated[float, Field(gt=0, le=5)] | None = None
    acceleration: Annotated[float, Field(gt=0, le=5)] | None = None
    capacity: Annotated[float, Field(gt=0)] | None = None
    charge: Annotated[float, Field(gt=0, le=1)] = 1.0
    capabilities: tuple[str, ...] | None = None
    compartments: Annotated[int, Field(ge=0, le=100)] | None = None


class InfectionPart(Part):
    """What differs from the site's infection rules; `contact_time` in s."""

    wipe_after: Annotated[int, Field(ge=1)] | None = None
    wipe_fleets: tuple[FleetName, ...] | None = None
    shared_fleets: tuple[FleetName, ...] | None = None
    contact_time: Annotated[float, Field(ge=0)] | None = None


class DoorPart(Part):
    """`travel_time` is from closed to open (s)."""

    travel_time: Annotated[float, Field(gt=0, le=120)] | None = None
    automatic: bool | None = None


class LiftPart(Part):
    """`speed` of the car (m/s), `door_time` to open or to close (s), `level` where the car stands at first.

    A lift that is not `connected` can't be called by robots.
    """

    speed: Annotated[float, Field(gt=0, le=10)] | None = None
    door_time: Annotated[float, Field(gt=0, le=120)] | None = None
    level: LevelName | None = None
    connected: bool | None = None


# --- demand ----------------------------------------------------------------------------------------------------

Places: TypeAlias = PlaceName | Annotated[tuple[PlaceName, ...], Field(min_length=1)]
"""One place or several."""

Curve: TypeAlias = (
    Literal["even", "day", "morning", "meals"]
    | Annotated[tuple[Annotated[float, Field(ge=0)], ...], Field(min_length=24, max_length=24)]
)
"""How demand is spread over the day: 24 factors from midnight on, or one of ours by name."""


class _Goods(Part):
    name: TaskName | None = None
    item: str = "goods"
    item_class: ItemClassName | None = None
    priority: Priority = Priority.ROUTINE


def _apart(pickup: Places, dropoff: Places) -> None:
    """Raises ValueError when there is nowhere to go."""
    one, other = ({places} if isinstance(places, str) else set(places) for places in (pickup, dropoff))
    if one == other and len(one) == 1:
        raise ValueError("pickup and dropoff are the same place")


class Delivery(_Goods):
    """One delivery."""

    kind: Literal["delivery"] = "delivery"
    at: ClockTime
    pickup: PlaceName
    dropoff: PlaceName

    @model_validator(mode="after")
    def _somewhere(self) -> Delivery:
        _apart(self.pickup, self.dropoff)
        return self


class Round(_Goods):
    """A delivery from every pickup to every dropoff, at times of the day or every so many minutes."""

    kind: Literal["round"] = "round"
    pickup: Places
    dropoff: Places
    at: tuple[ClockTime, ...] = ()
    every: Minutes | None = None
    begin: ClockTime | None = None
    until: ClockTime | None = None

    @model_validator(mode="after")
    def _some_time(self) -> Round:
        _apart(self.pickup, self.dropoff)
        if bool(self.at) is (self.every is not None):
            raise ValueError('say either at which times (at: ["08:00"]), or every how many minutes (every: 30)')
        return self


class RandomDemand(_Goods):
    """Deliveries at random (a Poisson process) between a pickup and a dropoff of those given.

    `per_hour` are expected in an hour whose factor in `curve` is 1.
    """

    kind: Literal["random"] = "random"
    pickup: Places
    dropoff: Places
    per_hour: Annotated[float, Field(gt=0, le=1000)]
    curve: Curve = "even"
    begin: ClockTime | None = None
    until: ClockTime | None = None

    @model_validator(mode="after")
    def _somewhere(self) -> RandomDemand:
        _apart(self.pickup, self.dropoff)
        return self


class UsualDemand(Part):
    """What hospitals usually ask for, between the site's places of that kind.

    `wards` and `base` (pharmacy, laboratory, kitchen, …) replace the places that are found by their names; `at`
    replaces the usual times of rounds, `per_hour` the usual rate of what comes at random.
    """

    kind: Literal["medication_rounds", "specimens", "meals", "linen", "waste", "stat_calls"]
    name: TaskName | None = None
    wards: Places | None = None
    base: PlaceName | None = None
    at: tuple[ClockTime, ...] | None = None
    per_hour: Annotated[float, Field(gt=0, le=1000)] | None = None
    begin: ClockTime | None = None
    until: ClockTime | None = None


Demand: TypeAlias = Annotated[Delivery | Round | RandomDemand | UsualDemand | OtherTask, Field(discriminator="kind")]


# --- the scenario ----------------------------------------------------------------------------------------------


def _sentence(text: str) -> str:
    try:
        parse(text)
    except ExpectationError as error:
        raise ValueError(str(error)) from error
    return text


Expectation: TypeAlias = Annotated[
    str,
    AfterValidator(_sentence),
    Field(description="One of these sentences:\n" + "\n".join(GRAMMAR), json_schema_extra={"examples": list(GRAMMAR)}),
]


AnyFault: TypeAlias = Annotated[Fault | Mishap, Field(discriminator="kind")]


class Scenario(Part):
    """A day, or a part of one, of a site.

    `hours` is how long people ask for tasks and faults happen; afterwards open tasks have `overtime` minutes to
    end. `hand_over` is the median time (s) until staff come to a waiting robot.
    Robots give a sign of life every `heartbeat` s, and a message is under way for `latency` s.
    """

    title: str = ""
    site: str = Field(
        description="A site of ours by name, a path from this file, generated:FLOORS, or random:SEED, a small one."
    )
    begin: ClockTime = "07:00"
    hours: Annotated[float, Field(gt=0, le=72)] = 1.0
    overtime: Annotated[float, Field(ge=0, le=1440)] = 60.0
    seed: int = 1
    hand_over: Annotated[float, Field(gt=0)] = 30.0
    heartbeat: Annotated[float, Field(ge=1, le=60)] = 60.0
    latency: Annotated[float, Field(ge=0, le=10)] = 0.0
    fleets: Mapping[FleetName, FleetPart] = Field(default_factory=dict)
    infection_rules: InfectionPart = InfectionPart()
    demand: tuple[Demand, ...] = ()
    people: tuple[People, ...] = ()
    doors: Mapping[DoorName | Literal["all"], DoorPart] = Field(default_factory=dict)
    lifts: Mapping[LiftName | Literal["all"], LiftPart] = Field(default_factory=dict)
    faults: tuple[AnyFault, ...] = ()
    expect: tuple[Expectation, ...] = ("all tasks are completed",)
