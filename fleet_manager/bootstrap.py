"""The composition root: the one place that picks adapters and puts a fleet manager together."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from pydantic import TypeAdapter, ValidationError
from sqlalchemy.exc import SQLAlchemyError

from fleet_manager.agent_link.joined import JoinedLinks
from fleet_manager.agent_link.memory import MemoryAgentLink
from fleet_manager.agent_link.porters import Porters
from fleet_manager.agent_link.server import AgentServer
from fleet_manager.api.app import create_app
from fleet_manager.building.simulated import SimulatedBuilding
from fleet_manager.building.unconnected import UnconnectedCrossings, UnconnectedDoors, UnconnectedLifts
from fleet_manager.domain.staff import StaffRegister
from fleet_manager.garbage import seldom_collected
from fleet_manager.orchestration.orchestrator import Orchestrator
from fleet_manager.orchestration.ports import Clock, Crossings, Doors, Lifts
from fleet_manager.orchestration.recorder import Recorder
from fleet_manager.persistence.sql import SqlStore
from fleet_manager.planning.kernels import load_kernels
from fleet_manager.settings import ServerSettings
from maps.model import CarrierKind, Site
from maps.site_files import load_site
from sim.clock import ScaledClock, SteadyClock, WallClock
from sim.link import RemoteWorld

CONSOLE: Final = Path(__file__).parent / "console" / "dist"

_SQLITE: Final = "sqlite+aiosqlite:///wardfleet.sqlite3"

_TOKENS: Final = TypeAdapter(dict[str, str])
_STAFF: Final = TypeAdapter(StaffRegister)
_CODES: Final = "one-time codes"


@dataclass(frozen=True, slots=True)
class Running:
    """A fleet manager at work. `failed` ends with the error that ended the manager, if one does."""

    manager: Orchestrator
    app: FastAPI
    failed: asyncio.Task[None]


class SettingsError(Exception):
    """A setting can't be used; the message names it and the way out."""


def read_tokens(path: Path, site: Site) -> Mapping[str, str]:
    """The robots' tokens. Raises SettingsError when the file can't be used or lacks a robot."""
    try:
        tokens = _TOKENS.validate_json(path.read_bytes())
    except OSError as error:
        raise SettingsError(f"tokens: {path}: {error.strerror}; `wardfleet tokens` writes one") from error
    except ValidationError as error:
        raise SettingsError(f"tokens: {path}: must be a JSON object of robot: token") from error
    lacking = [r for r in _robots(site) if r not in tokens]
    if lacking:
        raise SettingsError(f"tokens: {path} has none for {', '.join(lacking[:5])}; `wardfleet tokens` writes one")
    return tokens


def write_tokens(path: Path, site: Site) -> None:
    """Make a token for every robot of the site and keep them in a file that only its owner can read."""
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(json.dumps({robot: secrets.token_urlsafe(24) for robot in _robots(site)}, indent=2))


def read_staff(path: Path) -> StaffRegister:
    """The people who may sign for goods. Raises SettingsError when the file can't be used."""
    try:
        return _STAFF.validate_json(path.read_bytes())
    except OSError as error:
        raise SettingsError(f"staff: {path}: {error.strerror}; `wardfleet staff` writes one") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise SettingsError(f"staff: {path}: {where}: {first['msg']}; `wardfleet staff` writes one") from error


def write_staff(path: Path, register: StaffRegister) -> None:
    """Keep the register in a file that only its owner can read."""
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_bytes(_STAFF.dump_json(register, indent=2) + b"\n")


def new_staff() -> StaffRegister:
    """A register with nobody in it and a salt of its own."""
    return StaffRegister(salt=secrets.token_hex(16))


def _robots(site: Site) -> list[str]:
    ground = (f for f in site.fleets.values() if f.carrier is not CarrierKind.PERSON)
    return [robot.id for fleet in ground for robot in fleet.robots]


@asynccontextmanager
async def fleet_manager(settings: ServerSettings) -> AsyncIterator[Running]:
    """Put a fleet manager together from its settings and run it while inside.

    Raises MapError for a bad site and SettingsError for other settings that can't be used.
    """
    site = load_site(settings.site)
    tokens = read_tokens(settings.tokens, site) if settings.tokens else {}
    staff = read_staff(settings.staff) if settings.staff else StaffRegister()
    load_kernels()
    wall: Clock = WallClock() if settings.speed == 1.0 else ScaledClock(settings.speed, settings.epoch)
    async with AsyncExitStack() as stack:
        store = await _open_store(settings.database, site)
        stack.push_async_callback(store.close)
        secret = await store.secret(_CODES)
        state = await store.load()
        clock = SteadyClock(wall, state.time)
        doors: Doors = UnconnectedDoors()
        lifts: Lifts = UnconnectedLifts()
        crossings: Crossings = UnconnectedCrossings()
        building: SimulatedBuilding | None = None
        if settings.world is not None:
            if not settings.world.startswith(("ws://", "wss://")):
                raise SettingsError(f"world: {settings.world} is not an address such as ws://127.0.0.1:8700")
            world = RemoteWorld(settings.world, speed=settings.speed)
            await stack.enter_async_context(world.connected())
            building = SimulatedBuilding(world)
            doors, lifts, crossings = building.doors, building.lifts, building.crossings
        server, memory = AgentServer(tokens), MemoryAgentLink()
        manager = Orchestrator(
            site,
            state=state,
            store=store,
            clock=clock,
            link=JoinedLinks(server, memory),
            doors=doors,
            lifts=lifts,
            crossings=crossings,
            staff=staff,
            secret=secret,
            think=asyncio.to_thread,
        )
        running = asyncio.create_task(manager.run(), name="manager")
        stack.push_async_callback(_ended, running)
        server.attach(manager)
        memory.attach(manager)
        if building is not None:
            building.attach(manager)
            stack.callback(building.close)
        porters = Porters(site, clock)
        await stack.enter_async_context(porters.connected(memory, manager))
        recorder = _recording(settings, manager, store, clock, stack)
        app = create_app(
            manager,
            console_dir=CONSOLE if CONSOLE.is_dir() else None,
            agent_endpoint=server.endpoint,
            porters=porters,
            replays=recorder,
        )
        stack.enter_context(seldom_collected())
        yield Running(manager, app, running)


def _recording(
    settings: ServerSettings, manager: Orchestrator, store: SqlStore, clock: Clock, stack: AsyncExitStack
) -> Recorder | None:
    """Record until the stack is left; None when nothing shall be."""
    if not settings.recording_days:
        return None
    recorder = Recorder(
        manager,
        store.recordings(),
        clock,
        days=settings.recording_days,
        limit=settings.recording_megabytes * 1_000_000,
        think=asyncio.to_thread,
    )
    stack.push_async_callback(_ended, asyncio.create_task(recorder.run(), name="recorder"))
    return recorder


async def _open_store(url: str, site: Site) -> SqlStore:
    try:
        return await SqlStore.open(url, site)
    except (SQLAlchemyError, OSError, ImportError) as error:
        first = str(error).splitlines()[0]
        raise SettingsError(f"database: {first}; give an SQLAlchemy URL, such as {_SQLITE}") from error


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
