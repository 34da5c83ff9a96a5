"""Scenarios: a day of a hospital as a YAML file, run in virtual time.

```yaml
site: general_hospital        # a site of ours, or a path from this file
robots: 10                    # of the site's first fleet; as the site says when left out
hours: 2
deliveries:
  - {at: "00:05", pickup: pharmacy, dropoff: ward_3b, item: cefazolin, item_class: medicine, priority: urgent}
```
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from fleet_manager.domain.errors import WardFleetError
from fleet_manager.domain.tasks import Priority
from fleet_manager.orchestration.views import TaskView
from maps.fleets import with_robots
from maps.importers import read_any
from maps.model import Site
from sim.clock import run_virtual
from sim.harness import Hospital

SITES: Final = Path(__file__).parents[1] / "maps" / "sites"


class ScenarioError(Exception):
    """The file can't be used; the message names it, the field and what is wrong."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PlannedDelivery(_Part):
    """`at` is HH:MM[:SS] after the scenario's beginning."""

    at: float
    pickup: str
    dropoff: str
    item: str = "goods"
    item_class: str | None = None
    priority: Priority = Priority.ROUTINE

    @field_validator("at", mode="before")
    @classmethod
    def _seconds(cls, value: object) -> object:
        found = re.fullmatch(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", value) if isinstance(value, str) else None
        if found is None:
            raise ValueError('write the time as "HH:MM" in quotation marks')
        hours, minutes, seconds = (int(part or 0) for part in found.groups())
        return hours * 3600.0 + minutes * 60.0 + seconds


class Scenario(_Part):
    """`hand_over` is the median time (s) until staff come to a waiting robot."""

    site: str
    robots: Annotated[int, Field(ge=1, le=500)] | None = None
    hours: Annotated[float, Field(gt=0, le=72)] = 1.0
    hand_over: Annotated[float, Field(gt=0)] = 30.0
    deliveries: tuple[PlannedDelivery, ...]


@dataclass(frozen=True, slots=True)
class ScenarioResult:
    """`refused` are deliveries that were not accepted, with the reason."""

    tasks: list[TaskView]
    refused: list[str]
    violations: int
    log_sha256: str
    simulated_seconds: float


def read_scenario(path: Path) -> Scenario:
    """Raises ScenarioError."""
    try:
        raw: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        return Scenario.model_validate(raw)
    except OSError as error:
        raise ScenarioError(f"{path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the file"
        raise ScenarioError(f"{path}: {field}: {first['msg']}") from error


def site_of(scenario: Scenario, path: Path) -> Site:
    """The scenario's site with its robots. Raises MapError."""
    known = SITES / scenario.site
    site = read_any(known if known.is_dir() else path.parent / scenario.site)
    return with_robots(site, next(iter(site.fleets)), scenario.robots) if scenario.robots is not None else site


def run_scenario(
    scenario: Scenario, site: Site, seed: int, progress: Callable[[float], None] = lambda _: None
) -> ScenarioResult:
    """Run it in virtual time; `progress` gets the share of its hours that is over."""
    return run_virtual(_run(scenario, site, seed, progress))


async def _run(scenario: Scenario, site: Site, seed: int, progress: Callable[[float], None]) -> ScenarioResult:
    loop = asyncio.get_running_loop()
    end = scenario.hours * 3600.0
    asked: list[str] = []
    refused: list[str] = []
    async with Hospital(site, seed=seed, nurses=scenario.hand_over, keep_events=False) as hospital:
        for delivery in sorted(scenario.deliveries, key=lambda d: d.at):
            await asyncio.sleep(max(0.0, delivery.at - loop.time()))
            progress(min(1.0, loop.time() / end))
            try:
                view = await hospital.request(
                    delivery.pickup,
                    delivery.dropoff,
                    delivery.item,
                    item_class=delivery.item_class,
                    priority=delivery.priority,
                )
            except WardFleetError as error:
                refused.append(f"{delivery.pickup} → {delivery.dropoff}: {error}")
            else:
                asked.append(view.id)
        await asyncio.sleep(max(0.0, end - loop.time()))
        progress(1.0)
        tasks = [await hospital.manager.task(task) for task in asked]
        return ScenarioResult(
            tasks=tasks,
            refused=refused,
            violations=len(hospital.violations()),
            log_sha256=hospital.store.digest(),
            simulated_seconds=loop.time(),
        )
