"""Exploring: random hospitals with random demand and faults, until something breaks; then as little as still breaks it.

After FoundationDB and TigerBeetle: the production code of manager and agents runs in virtual time in a simulated
world; a seed stands for a whole run, and a run that fails is shrunk to a small scenario that fails the same way.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import yaml

from fleet_manager.domain.tasks import Priority
from fleet_manager.orchestration.commands import RobotAction
from maps.model import CarrierKind, Fleet, Site
from sim import mishaps as m
from sim import scenario_faults as f
from sim.attendant import Attendant
from sim.crashes import Moment
from sim.random_hospitals import random_hospital
from sim.random_work import bays, other_work, people_around
from sim.scenario import AnyFault, Delivery, FleetPart, Scenario
from sim.scenario_fields import seconds_of
from sim.scenario_people import Findings
from sim.scenario_run import run_scenario

EXPECT: Final = ("no invariant is broken", "all tasks end", "no overlaps", "refusals are allowed")
"""What is expected of every run; jams are looked for only when asked for."""

_JAMS_ALLOWED: Final = "jams are allowed"

_BEGIN: Final = "07:00"
_DEMAND: Final = 480.0
"""Seconds in which people ask for deliveries."""

_TROUBLE: Final = 600.0
"""Seconds in which faults happen."""

_HOW_MANY: Final = (0, 1, 2, 3, 5, 8, 14)
"""Faults in a run."""

_OVERTIME: Final = 90.0
_HOURS: Final = 0.2


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong in a run. `what` names the expectation or the error, two failures of one name count as the same.

    `story` are lines of what led to it.
    """

    what: str
    text: str
    story: tuple[str, ...] = ()


def scenario_of(seed: int, *, jams: bool = False) -> Scenario:
    """The run that a seed stands for; with `jams` the traffic must not jam either."""
    rng = random.Random(f"explore {seed}")
    hospital = rng.randrange(10_000)
    site = random_hospital(hospital)
    places = bays(site)
    classes = (None, None, *site.item_classes)
    deliveries: list[Delivery] = []
    for at in sorted(_clock(rng.uniform(0.0, _DEMAND)) for _ in range(rng.randint(2, 8))):
        pickup, dropoff = rng.sample(places, 2)
        deliveries.append(
            Delivery(
                at=at,
                pickup=pickup,
                dropoff=dropoff,
                item_class=rng.choice(classes),
                priority=rng.choice(list(Priority)),
            )
        )
    others = other_work(seed, site, _clock, _DEMAND)
    faults = [_fault(rng, site, len(deliveries) + len(others)) for _ in range(rng.choice(_HOW_MANY))]
    charge = rng.choice((1.0, 1.0, 0.5, 0.25))
    return Scenario(
        title=f"explored with seed {seed}",
        site=f"random:{hospital}",
        begin=_BEGIN,
        hours=_HOURS,
        overtime=_OVERTIME,
        seed=seed,
        hand_over=rng.choice((10.0, 30.0)),
        heartbeat=rng.choice((2.0, 5.0, 20.0)),
        latency=rng.choice((0.0, 0.0, 0.1, 0.5)),
        fleets={fleet.id: FleetPart(charge=charge) for fleet in _ground(site)},
        demand=(*deliveries, *others),
        people=(
            Attendant(at=_clock(_TROUBLE + 120.0)),
            *_findings(seed),
            *people_around(seed, site, _clock, _TROUBLE),
        ),
        faults=tuple(sorted(faults, key=lambda fault: fault.at)),
        expect=EXPECT if jams else (*EXPECT, _JAMS_ALLOWED),
    )


def _findings(seed: int) -> tuple[Findings, ...]:
    """In every third hospital not all goods are as they should be."""
    rng = random.Random(f"explore {seed} findings")
    return (Findings(share=rng.choice((0.1, 0.3))),) if rng.random() < 1.0 / 3.0 else ()


def _ground(site: Site) -> list[Fleet]:
    return [fleet for fleet in site.fleets.values() if fleet.carrier is not CarrierKind.PERSON]


def _clock(seconds: float) -> str:
    whole = round(seconds + seconds_of(_BEGIN))
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def _fault(rng: random.Random, site: Site, tasks: int) -> AnyFault:
    """Any fault that this site can have, at any time."""
    makers = [*_ROBOT_FAULTS, *_ROBOT_FAULTS, *_OTHER_FAULTS]
    if site.doors:
        makers += _DOOR_FAULTS
    if site.lifts:
        makers += _LIFT_FAULTS
    if site.crossings:
        makers += _STREET_FAULTS
    make: Callable[..., AnyFault] = rng.choice(makers)
    return make(
        rng,
        site,
        _clock(rng.uniform(0.0, _TROUBLE)),
        round(rng.choice((0.2, 1.0, 3.0)) * rng.random() + 0.05, 2),
        tasks,
    )


def _robot(rng: random.Random, site: Site) -> str:
    return rng.choice([robot.id for fleet in _ground(site) for robot in fleet.robots])


def _wrong_compartment(rng: random.Random, site: Site, at: str, minutes: float, _tasks: int) -> AnyFault:
    robot, fleet = rng.choice([(r.id, fleet) for fleet in _ground(site) if fleet.compartments for r in fleet.robots])
    return m.WrongCompartment(at=at, robot=robot, compartment=rng.choice(fleet.compartments).id, minutes=minutes)


_Maker = Callable[[random.Random, Site, str, float, int], AnyFault]

_ROBOT_FAULTS: Final[tuple[_Maker, ...]] = (
    lambda r, s, at, n, _: f.RobotDead(at=at, robot=_robot(r, s), minutes=n),
    lambda r, s, at, n, _: f.RobotFailing(at=at, robot=_robot(r, s), minutes=n),
    lambda r, s, at, n, _: f.RobotSlow(at=at, robot=_robot(r, s), speed_share=r.choice((0.2, 0.5)), minutes=n),
    lambda r, s, at, n, _: m.EstopPressed(at=at, robot=_robot(r, s), minutes=n),
    lambda r, s, at, n, _: m.LocalisationLost(
        at=at,
        robot=_robot(r, s),
        dx=round(r.uniform(-2.0, 2.0), 1),
        dy=round(r.uniform(-2.0, 2.0), 1),
        unnoticed_seconds=r.choice((0.0, 20.0)),
        minutes=n,
    ),
    lambda r, s, at, n, _: m.BatterySags(at=at, robot=_robot(r, s), share=r.choice((0.1, 0.4, 0.9))),
    lambda r, s, at, n, _: m.NetworkParted(at=at, robot=_robot(r, s), minutes=n),
    lambda r, s, at, n, _: m.NetworkRough(at=at, robot=_robot(r, s), late_seconds=r.choice((0.5, 3.0)), minutes=n),
    lambda r, s, at, n, _: m.ConnectionBroken(at=at, robot=_robot(r, s)),
    lambda r, s, at, n, _: m.AgentRestarted(at=at, robot=_robot(r, s)),
    _wrong_compartment,
)
_OTHER_FAULTS: Final[tuple[_Maker, ...]] = (
    lambda r, s, at, n, _: m.ManagerCrash(
        at=at, moment=r.choice(list(Moment)), down_seconds=r.choice((0.5, 5.0, 40.0))
    ),
    lambda r, s, at, n, _: m.ManagerCrash(at=at, moment=r.choice(list(Moment)), down_seconds=1.0),
    lambda r, s, at, n, _: m.ClockJump(at=at, seconds=r.choice((-3600.0, -30.0, 30.0, 3600.0))),
    lambda r, s, at, n, tasks: m.TaskCancelled(at=at, task=r.randint(1, tasks), event=r.randint(1, 25)),
    lambda r, s, at, n, tasks: m.TaskCancelled(at="07:00", task=r.randint(1, tasks), event=r.randint(1, 25)),
    lambda r, s, at, n, tasks: m.PorterSent(at="07:00", task=r.randint(1, tasks), event=r.randint(1, 25)),
    lambda r, s, at, n, _: m.NurseAbsent(at=at, times=r.randint(1, 3)),
    lambda r, s, at, n, _: m.RobotStopped(
        at=at,
        robot=_robot(r, s),
        action=r.choice((RobotAction.PAUSE, RobotAction.OUT_OF_SERVICE)),
        minutes=n,
    ),
    lambda r, s, at, n, _: m.LaneClosed(at=at, lane=r.choice(list(s.lanes)), minutes=n),
    lambda r, s, at, n, _: f.LaneObstructed(at=at, lane=r.choice(list(s.lanes)), what="a bed", minutes=n),
    lambda r, s, at, n, _: f.Fire(at=at, place=r.choice(list(s.levels)), minutes=n),
)
_DOOR_FAULTS: Final[tuple[_Maker, ...]] = (
    lambda r, s, at, n, _: f.DoorStuck(at=at, door=r.choice(list(s.doors)), minutes=n),
    lambda r, s, at, n, _: m.DoorSlow(at=at, door=r.choice(list(s.doors)), minutes=n),
)
_LIFT_FAULTS: Final[tuple[_Maker, ...]] = (
    lambda r, s, at, n, _: f.LiftStuck(at=at, lift=r.choice(list(s.lifts)), minutes=n),
    lambda r, s, at, n, _: f.LiftSilent(at=at, lift=r.choice(list(s.lifts)), minutes=n),
    lambda r, s, at, n, _: m.LiftFull(
        at=at, lift=r.choice(list(s.lifts)), level=next(iter(s.levels)), to=list(s.levels)[1], times=r.randint(1, 3)
    ),
)
_STREET_FAULTS: Final[tuple[_Maker, ...]] = (
    lambda r, s, at, n, _: f.CrossingSilent(at=at, crossing=r.choice(list(s.crossings)), minutes=n),
)


# --- running -----------------------------------------------------------------------------------------------


def failure_of(scenario: Scenario) -> Failure | None:
    """Run a scenario; None when all that it expects holds."""
    try:
        result = run_scenario(scenario)
    except Exception as error:
        place = error.__traceback__
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        where = f" in {place.tb_frame.f_code.co_qualname}, line {place.tb_lineno}" if place is not None else ""
        return Failure(type(error).__name__, f"{error}{where}")
    if not result.failed:
        return None
    first = result.failed[0]
    what = first.found.partition(":")[0] if first.sentence == EXPECT[0] else first.sentence
    return Failure(what, first.found, first.story)


def explored(seed: int, jams: bool = False) -> tuple[Scenario, Failure] | None:
    """Run what a seed stands for; when it fails, the small scenario that fails the same way, and how."""
    scenario = scenario_of(seed, jams=jams)
    failure = failure_of(scenario)
    return shrunk(scenario, failure) if failure is not None else None


# --- shrinking ---------------------------------------------------------------------------------------------


def shrunk(scenario: Scenario, failure: Failure, tries: int = 200) -> tuple[Scenario, Failure]:
    """As little as possible of a scenario that still fails with the same expectation (delta debugging).

    Zeller, Hildebrandt: "Simplifying and Isolating Failure-Inducing Input", IEEE TSE 2002; here on faults, deliveries
    and robots, with each candidate run again, at most `tries` times.
    """
    left = tries

    def fails(candidate: Scenario) -> bool:
        nonlocal left, failure
        if left <= 0:
            return False
        left -= 1
        found = failure_of(candidate)
        if found is None or found.what != failure.what:
            return False
        failure = found
        return True

    before = None
    while before != scenario and left > 0:
        before = scenario
        for field in ("faults", "demand"):
            scenario = _with_fewer(scenario, field, fails)
        for candidate in _simpler(scenario):
            if fails(candidate):
                scenario = candidate
    return scenario, failure


def _with_fewer(scenario: Scenario, field: str, fails: Callable[[Scenario], bool]) -> Scenario:
    """Leave out parts of a list, large ones first, as long as it still fails."""
    parts: Sequence[object] = getattr(scenario, field)
    size = max(1, len(parts) // 2)
    while parts:
        for start in range(0, len(parts), size):
            fewer = (*parts[:start], *parts[start + size :])
            candidate = scenario.model_copy(update={field: fewer})
            if fails(candidate):
                scenario, parts = candidate, fewer
                break
        else:
            if size == 1:
                break
            size = max(1, size // 2)
    return scenario


def _simpler(scenario: Scenario) -> Iterator[Scenario]:
    """Fewer robots, no latency, usual heartbeats, full batteries."""
    site = random_hospital(int(scenario.site.partition(":")[2])) if scenario.site.startswith("random:") else None
    for fleet in _ground(site) if site is not None else ():
        part = scenario.fleets.get(fleet.id, FleetPart())
        robots = part.robots if part.robots is not None else len(fleet.robots)
        if robots > 0:
            yield _with_fleet(scenario, fleet.id, part.model_copy(update={"robots": robots - 1}))
        if part.charge < 1.0:
            yield _with_fleet(scenario, fleet.id, part.model_copy(update={"charge": 1.0}))
    for field, value in (("latency", 0.0), ("heartbeat", 60.0), ("hand_over", 30.0), ("people", ())):
        if getattr(scenario, field) != value:
            yield scenario.model_copy(update={field: value})


def _with_fleet(scenario: Scenario, fleet: str, part: FleetPart) -> Scenario:
    return scenario.model_copy(update={"fleets": {**scenario.fleets, fleet: part}})


def scenario_text(scenario: Scenario, failure: Failure | None = None) -> str:
    """A scenario as its file; what went wrong stands at its top."""
    document = scenario.model_dump(mode="json", exclude_defaults=True)
    for part, lines in (("demand", scenario.demand), ("people", scenario.people), ("faults", scenario.faults)):
        if lines:
            document[part] = [
                {"kind": line.kind, **line.model_dump(mode="json", exclude_defaults=True)} for line in lines
            ]
    document["fleets"] = {name: part for name, part in document.get("fleets", {}).items() if part}
    text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, default_flow_style=None, width=120)
    return text if failure is None else f"# {failure.what}: {' '.join(failure.text.split())}\n{text}"
