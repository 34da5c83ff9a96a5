"""Running a scenario in virtual time: its demand, people and faults on stage, its expectations judged in the end.

```python
result = run_scenario(Scenario(site="generated:1", demand=(…), expect=("no task waits over 10 min",)))
assert result.holds, result.told()
```
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from fleet_manager.domain.errors import Conflict, NotFound, WardFleetError
from fleet_manager.domain.events import Recorded
from fleet_manager.domain.tasks import TaskStatus
from fleet_manager.orchestration.settings import Patience
from fleet_manager.orchestration.views import CertificateView, RouteView
from maps.model import FleetId, RobotId, Site
from robot_agents.runtime import AgentSettings
from sim.clock import run_virtual
from sim.crashes import Crashes
from sim.demand import Request, requests_of
from sim.expectations import InvariantsHold, RouteAvoids, RouteLength, RouteTakes, RouteUses, must_hold
from sim.harness import Hospital
from sim.invariants import Guard
from sim.jams import Jam
from sim.judgement import Asked, Evidence, Outcome, RefusedRequest, judge
from sim.mishaps import ManagerCrash
from sim.scenario import Scenario
from sim.scenario_faults import Spot
from sim.scenario_file import ScenarioError, check
from sim.scenario_site import site_of, start_of
from sim.stage import Happening, Stage
from sim.violations import Motion, Violation

_LOOK: Final = 60.0
"""Simulated seconds between two messages of progress."""


@dataclass(frozen=True, slots=True)
class ScenarioResult:
    """All that is known of a run. `log`, `motion` and `happenings` are what a report draws it from.

    `start` and `end` are its first and last moment (UTC), `timezone` the site's; `charges` are the robots' states of
    charge in the end.
    """

    title: str
    site: str
    seed: int
    start: datetime
    end: datetime
    timezone: str
    tasks: tuple[Asked, ...]
    refused: tuple[RefusedRequest, ...]
    violations: tuple[Violation, ...]
    jams: tuple[Jam, ...]
    outcomes: tuple[Outcome, ...]
    happenings: tuple[Happening, ...]
    charges: Mapping[RobotId, float]
    log_sha256: str
    simulated_seconds: float
    wall_seconds: float
    log: tuple[Recorded, ...]
    motion: Motion

    @property
    def holds(self) -> bool:
        return not self.failed

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """The expectations that do not hold."""
        return tuple(outcome for outcome in self.outcomes if not outcome.holds)

    @property
    def completed(self) -> int:
        return sum(asked.view.status is TaskStatus.COMPLETED for asked in self.tasks)

    @property
    def longest_wait(self) -> float | None:
        """From a request until the goods were picked up (s); None when nothing was."""
        waits = [
            (view.picked_up_at - view.requested_at).total_seconds()
            for view in (asked.view for asked in self.tasks)
            if view.picked_up_at is not None
        ]
        return max(waits, default=None)

    def told(self) -> str:
        """The expectations that failed, each with its story."""
        parts = []
        for outcome in self.failed:
            lines = "".join(f"\n    {line}" for line in outcome.story)
            parts.append(f"{outcome.sentence}\n  found: {outcome.found}{lines}")
        return "\n".join(parts)

    def without_record(self) -> ScenarioResult:
        """The same without `log` and `motion`, which are large."""
        return replace(self, log=(), motion=Motion())


def run_scenario(
    scenario: Scenario, folder: Path = Path(), progress: Callable[[float], None] = lambda _: None
) -> ScenarioResult:
    """Run it; a site's path counts from `folder`, `progress` gets the share of the hours that is over.

    The same scenario gives the same event log. Raises ScenarioError for what the site does not have, and for what its
    people want and the fleet manager refuses.
    """
    check(scenario, folder)
    site = site_of(scenario, folder)
    try:
        return run_virtual(_run(scenario, site, progress))
    except WardFleetError as refusal:
        raise ScenarioError(f"people: {refusal}") from refusal


async def _run(scenario: Scenario, site: Site, progress: Callable[[float], None]) -> ScenarioResult:
    began = time.perf_counter()
    seconds = scenario.hours * 3600.0
    zone = ZoneInfo(site.timezone)
    start = start_of(scenario, site)
    charges = {FleetId(fleet): part.charge for fleet, part in scenario.fleets.items()}
    async with Hospital(
        site,
        seed=scenario.seed,
        nurses=scenario.hand_over,
        agents=AgentSettings(moving_period=scenario.heartbeat, idle_period=scenario.heartbeat),
        patience=_patience(scenario.heartbeat),
        latency=scenario.latency,
        start=start,
        charges=charges,
        crashes=Crashes() if any(isinstance(fault, ManagerCrash) for fault in scenario.faults) else None,
    ) as hospital:
        stage = Stage(hospital, begin=scenario.begin, seconds=seconds, seed=scenario.seed)
        await asyncio.sleep(0)
        routes = _routes(scenario, hospital)
        _set_up(scenario, stage)
        guard = Guard(site, hospital.world)
        if any(isinstance(expected, InvariantsHold) for _, expected in must_hold(scenario.expect)):
            guard.watch(hospital.on_stored)
        run = _Run(hospital, requests_of(scenario, site), seconds, progress, guard)
        await run.whole(scenario.overtime * 60.0)
        guard.over(hospital.manager.state if hospital.runs else None, await hospital.store.load())
        evidence = Evidence(
            site=site,
            zone=zone,
            begin=scenario.begin,
            start=start,
            end=hospital.clock.now(),
            log=tuple(hospital.store.log),
            motion=hospital.motion,
            happenings=tuple(stage.happenings),
            tasks=await run.tasks(),
            refused=tuple(run.refused),
            violations=tuple(hospital.violations()),
            jams=tuple(hospital.jams()),
            charges={robot: hospital.world.state(robot).state_of_charge for robot in hospital.world.bodies},
            routes=routes,
            certificates=await run.certificates(),
            broken=guard.broken,
        )
        outcomes = tuple(judge(sentence, expected, evidence) for sentence, expected in must_hold(scenario.expect))
        return ScenarioResult(
            title=scenario.title,
            site=site.name,
            seed=scenario.seed,
            start=start,
            end=evidence.end,
            timezone=site.timezone,
            tasks=evidence.tasks,
            refused=evidence.refused,
            violations=evidence.violations,
            jams=evidence.jams,
            outcomes=outcomes,
            happenings=evidence.happenings,
            charges=evidence.charges,
            log_sha256=hospital.store.digest(),
            simulated_seconds=asyncio.get_running_loop().time(),
            wall_seconds=time.perf_counter() - began,
            log=evidence.log,
            motion=evidence.motion,
        )


def _patience(heartbeat: float) -> Patience:
    """A robot is unreachable when two of its signs of life are lacking."""
    silence = 2.5 * heartbeat
    return Patience(unreachable_after=silence, no_signal=max(60.0, silence))


def _routes(scenario: Scenario, hospital: Hospital) -> dict[tuple[str, str], RouteView | None]:
    """The routes that the expectations ask for."""
    return {
        (expected.start, expected.goal): hospital.manager.route(expected.start, expected.goal, None)
        for _, expected in must_hold(scenario.expect)
        if isinstance(expected, RouteAvoids | RouteUses | RouteTakes | RouteLength)
    }


def _set_up(scenario: Scenario, stage: Stage) -> None:
    """Everybody and everything that will act knows when."""
    for number, people in enumerate(scenario.people):
        _check_way(people, f"people.{number}", stage)
        people.enter(stage, number)
    for number, fault in enumerate(scenario.faults):
        _check_way(fault, f"faults.{number}", stage)
        stage.at(fault.at, fault.happen, stage)


def _check_way(part: object, where: str, stage: Stage) -> None:
    if isinstance(part, Spot):
        try:
            part.lane_of(stage)
        except LookupError as error:
            raise ScenarioError(f"{where}: {error}") from error


class _Run:
    """People ask for tasks in their time, and wait for their end."""

    def __init__(
        self,
        hospital: Hospital,
        requests: list[Request],
        seconds: float,
        progress: Callable[[float], None],
        guard: Guard,
    ) -> None:
        self.refused: list[RefusedRequest] = []
        self._hospital = hospital
        self._requests = requests
        self._seconds = seconds
        self._progress = progress
        self._guard = guard
        self._asked: list[tuple[str | None, str]] = []
        self._loop = asyncio.get_running_loop()

    async def whole(self, overtime: float) -> None:
        """All of it; what comes after a broken invariant does not matter any more."""
        for request in self._requests:
            await self._sleep_until(request.at)
            if self._guard.broken is None:
                await self._ask(request)
        await self._sleep_until(self._seconds)
        for _, task in self._asked:
            with suppress(TimeoutError):
                left = 0.0 if self._guard.broken is not None else self._seconds + overtime - self._loop.time()
                await self._hospital.ended(task, max(0.0, left))

    async def tasks(self) -> tuple[Asked, ...]:
        return tuple([Asked(name, await self._hospital.manager.task(task)) for name, task in self._asked])

    async def certificates(self) -> dict[str, CertificateView]:
        """Those of the disinfections that have begun."""
        found: dict[str, CertificateView] = {}
        for _, task in self._asked:
            with suppress(NotFound, Conflict):
                found[task] = await self._hospital.manager.certificate(task)
        return found

    async def _sleep_until(self, seconds: float) -> None:
        while (left := seconds - self._loop.time()) > 0.0 and self._guard.broken is None:
            await asyncio.sleep(min(left, _LOOK))
            self._progress(min(1.0, self._loop.time() / self._seconds))

    async def _ask(self, request: Request) -> None:
        try:
            view = await self._hospital.submit(request.submit)
        except WardFleetError as error:
            self.refused.append(RefusedRequest(request.group, f"{request.words}: {error}"))
        else:
            self._asked.append((request.group, view.id))
