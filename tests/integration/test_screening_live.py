"""A screening alarm in wall time: sockets to the agent and to the console, SQLite underneath."""

from __future__ import annotations

import asyncio
import json
import random
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from websockets.asyncio.client import connect

from fleet_manager.bootstrap import fleet_manager, write_tokens
from fleet_manager.domain.robots import CommandKind
from fleet_manager.domain.tasks import Actor
from fleet_manager.orchestration.commands import CheckpointRequest, SubmitPatrol
from fleet_manager.orchestration.orchestrator import Orchestrator
from fleet_manager.settings import ServerSettings
from maps.model import WaypointId
from maps.site_files import save_site
from robot_agents.runtime import AgentRuntime
from robot_agents.simulated.agent import SimulatedAgent
from robot_agents.websocket_link import WebSocketConnect
from sim.clock import WallClock
from sim.world import World
from tests.api_house import serving, until
from tests.builders import FLEET, ROBOT_1
from tests.scenario.test_patrol import patrol_site

_PEOPLE = 20


def _inspects(manager: Orchestrator) -> bool:
    return any(command.kind is CommandKind.INSPECT for command in manager.state.robots[ROBOT_1].pending)


def test_twenty_alarms_reach_the_stream_within_a_second_each(tmp_path: Path) -> None:
    site = patrol_site("screening")
    save_site(site, tmp_path / "site")
    write_tokens(tmp_path / "tokens.json", site)
    token = json.loads((tmp_path / "tokens.json").read_text(encoding="utf-8"))[ROBOT_1]
    settings = ServerSettings(
        site=tmp_path / "site",
        database=f"sqlite+aiosqlite:///{tmp_path}/fleet.sqlite3",
        tokens=tmp_path / "tokens.json",
    )

    async def story() -> list[float]:
        async with fleet_manager(settings) as running, serving(running.app) as house:
            world = World(site, rng=random.Random(1))
            world.spawn(ROBOT_1, FLEET, WaypointId("home-1"))
            agents = WebSocketConnect(f"ws://{house}/agents/v1")
            runtime = AgentRuntime(SimulatedAgent(ROBOT_1, world, WallClock()), agents, WallClock(), token=token)
            agent = asyncio.create_task(runtime.run())
            here = (CheckpointRequest(place="home-1"),)
            await running.manager.do(
                SubmitPatrol(actor=Actor(id="guard-ma"), checkpoints=here, screens=True, seconds=60.0)
            )
            late: list[float] = []
            async with connect(f"ws://{house}/api/v1/stream") as console:
                await until(lambda: _inspects(running.manager))
                for number in range(_PEOPLE):
                    world.passers.pass_by(ROBOT_1, temperature=38.0 + number / 100.0)
                async with asyncio.timeout(30.0):
                    while len(late) < _PEOPLE:
                        message = json.loads(await console.recv())
                        if message["type"] == "change" and message["event"]["kind"] == "cue_raised":
                            seen = datetime.fromisoformat(message["event"]["data"]["cue"]["seen"]["seen_from"]["at"])
                            late.append((datetime.now(UTC) - seen).total_seconds())
            agent.cancel()
            with suppress(asyncio.CancelledError):
                await agent
            return late

    late = asyncio.run(story())
    assert max(late) < 1.0
