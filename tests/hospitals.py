"""Hospitals for stories: the corridor site with item classes, a quarantine point and a porter."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, TypeVar

from fleet_manager.orchestration.settings import Patience
from fleet_manager.orchestration.views import TaskView
from maps.model import (
    CarrierKind,
    Compartment,
    Disposition,
    Fleet,
    FleetId,
    Flow,
    ItemClass,
    ItemClassId,
    Robot,
    RobotId,
    Site,
    WaypointId,
)
from robot_agents.runtime import AgentSettings
from sim.clock import run_virtual
from sim.harness import Hospital
from sim.invariants import Guard
from tests.builders import FLEET, corridor_site

T = TypeVar("T")

PORTERS = FleetId("porters")

HEARTBEATS = AgentSettings(moving_period=1.0, idle_period=1.0)
"""Real heartbeats, for stories about silence."""

PROMPT = Patience()


def ward_site() -> Site:
    """The corridor site: cooled and plain compartments, item classes of each disposition, one porter."""
    site = corridor_site()
    compartments = (
        Compartment(id="cooled", volume=20.0, features=frozenset({"cooled"})),
        Compartment(id="plain", volume=40.0),
    )
    porter = Fleet(
        id=PORTERS,
        carrier=CarrierKind.PERSON,
        robots=(Robot(id=RobotId("porter-1"), home=WaypointId("a")),),
    )
    classes = [
        ItemClass(id=ItemClassId("medicine"), name="medicine"),
        ItemClass(
            id=ItemClassId("blood"),
            name="blood",
            needs=frozenset({"cooled"}),
            on_cancel=Disposition.QUARANTINE,
            on_uncollected=Disposition.QUARANTINE,
        ),
        ItemClass(
            id=ItemClassId("specimen"),
            name="specimen",
            on_cancel=Disposition.CONTINUE,
            on_uncollected=Disposition.CONTINUE,
        ),
        ItemClass(id=ItemClassId("waste"), name="waste", flow=Flow.SOILED),
    ]
    fleet = replace(site.fleets[FLEET], compartments=compartments, flow=Flow.CLEAN)
    return replace(
        site,
        fleets={FLEET: fleet, PORTERS: porter},
        item_classes={c.id: c for c in classes},
        quarantine=WaypointId("lobby-1"),
    )


def tell(story: Callable[[Hospital], Coroutine[Any, Any, T]], site: Site | None = None, **options: Any) -> T:
    """Run a story in a hospital in virtual time; no invariant may ever have been broken, no robots have jammed."""

    async def whole() -> T:
        async with Hospital(site or ward_site(), **options) as hospital:
            guard = Guard(hospital.site, hospital.world)
            guard.watch(hospital.on_stored)
            result = await story(hospital)
            assert guard.broken is None, str(guard.broken)
            assert hospital.violations() == []
            assert [str(jam) for jam in hospital.jams()] == []
            return result

    return run_virtual(whole())


async def handover_due(hospital: Hospital, task: str, within: float = 1800.0) -> TaskView:
    """Wait until the carrier of a task stands open before somebody."""
    async with asyncio.timeout(within):
        while True:
            view = await hospital.manager.task(task)
            if view.handover_step is not None:
                return view
            await asyncio.sleep(0.5)
