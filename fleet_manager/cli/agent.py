"""`wardfleet agent`: robot agents of one kind, connected to the fleet manager."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import quote, urlsplit

import typer

from fleet_manager.cli.problems import plain_problems
from fleet_manager.logs import configure_logs
from robot_agents.agent import Agent, Clock
from robot_agents.logbook import LogbookError
from robot_agents.registry import AgentFactory, AgentOptionsError, UnknownVendorError, agent_factory
from robot_agents.runtime import AgentRefusedError, AgentRuntime, AgentSettings
from robot_agents.transport import Connect
from robot_agents.websocket_link import WebSocketConnect
from sim.clock import ScaledClock, WallClock, run_scaled
from sim.link import WorldRejectedError


class _InputError(ValueError):
    """Something the user gave can't be used."""


_BAD_INPUT = (_InputError, AgentOptionsError, LogbookError, LookupError, UnknownVendorError, WorldRejectedError)


def agent(
    kind: Annotated[str, typer.Option(help="What speaks to the robots: simulated, porter, or an installed vendor.")],
    manager: Annotated[str, typer.Option(help="The fleet manager, such as ws://127.0.0.1:8000/agents/v1.")],
    robot: Annotated[list[str] | None, typer.Option(help="A robot to serve; may be given several times.")] = None,
    token: Annotated[str, typer.Option(envvar="WARDFLEET_AGENT_TOKEN", help="One token for all the robots.")] = "",
    token_file: Annotated[Path | None, typer.Option(help="JSON of robot to token; serves them all by default.")] = None,
    world: Annotated[str | None, typer.Option(help="The simulated world, such as ws://127.0.0.1:8700.")] = None,
    world_token: Annotated[str, typer.Option(envvar="WARDFLEET_WORLD_TOKEN", help="The world's token.")] = "",
    site: Annotated[Path | None, typer.Option(help="The site folder, for kinds that need it.")] = None,
    option: Annotated[list[str] | None, typer.Option(help="KEY=VALUE, for kinds of other vendors.")] = None,
    state_dir: Annotated[
        Path | None, typer.Option(help="Keep reports here, so that a killed agent loses none.")
    ] = None,
    speed: Annotated[float, typer.Option(min=0.01, help="Run so many times faster than the wall clock.")] = 1.0,
    epoch: Annotated[
        datetime | None, typer.Option(help="When the simulated clock was right (UTC); the same in all processes.")
    ] = None,
) -> None:
    """Serve robots until SIGTERM or Ctrl-C. Exit code 1 when the manager refuses them all, 2 for bad input.

    Example: `wardfleet agent --kind simulated --manager ws://127.0.0.1:8000/agents/v1 --robot robot-1
    --token-file tokens.json --world ws://127.0.0.1:8700`
    """
    configure_logs()
    with plain_problems(*_BAD_INPUT), _first_of_group():
        tokens = _tokens(robot or [], token, token_file)
        for address in (manager, *([world] if world else [])):
            _check_address(address)
        if state_dir is not None:
            state_dir.mkdir(parents=True, exist_ok=True)
        options = {"world_token": world_token, "speed": str(speed)} | _options(option or [])
        options |= {"world": world} if world else {}
        options |= {"site": str(site)} if site else {}
        options |= {"state_dir": str(state_dir)} if state_dir else {}
        clock = WallClock() if speed == 1.0 else ScaledClock(speed, (epoch or datetime.now(UTC)).replace(tzinfo=UTC))
        manager_link = WebSocketConnect(manager, ping_interval=20.0 * speed, patience=10.0 * speed)
        fleet = _Fleet(tokens, manager_link, clock, state_dir, speed)
        served = run_scaled(fleet.serve(agent_factory(kind), options), speed)
    if not served:
        raise typer.Exit(1)


class _Fleet:
    """The robots of this process, each with its token, and what their runtimes share."""

    def __init__(
        self, tokens: Mapping[str, str], connect: Connect, clock: Clock, state_dir: Path | None, speed: float
    ) -> None:
        self._tokens = tokens
        self._connect = connect
        self._clock = clock
        self._state_dir = state_dir
        # Ten messages a second of wall time for a robot on the move, as far as the heartbeat allows.
        self._settings = AgentSettings(moving_period=min(1.0, 0.1 * speed))

    async def serve(self, factory: AgentFactory, options: Mapping[str, str]) -> bool:
        """Until a signal comes; False when all robots were refused before."""
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        async with factory(tuple(self._tokens), self._clock, options) as agents, asyncio.TaskGroup() as group:
            running = [group.create_task(self._run(agent)) for agent in agents]
            stopping = group.create_task(stop.wait())
            ended = group.create_task(asyncio.wait(running))
            await asyncio.wait((stopping, ended), return_when=asyncio.FIRST_COMPLETED)
            for task in (stopping, ended, *running):
                task.cancel()
        return stop.is_set()

    async def _run(self, agent: Agent) -> None:
        name = agent.robot
        state = self._state_dir / f"{quote(name, safe='')}.json" if self._state_dir is not None else None
        runtime = AgentRuntime(
            agent, self._connect, self._clock, self._settings, token=self._tokens[name], state_path=state
        )
        try:
            await runtime.run()
        except AgentRefusedError as refusal:
            typer.secho(f"wardfleet: {refusal}", err=True, fg=typer.colors.RED)


def _tokens(robots: Sequence[str], token: str, token_file: Path | None) -> dict[str, str]:
    """Each robot's token, for the robots named or else for all of the file."""
    if token_file is None:
        if not robots:
            raise _InputError("name at least one --robot, or give a --token-file")
        return dict.fromkeys(robots, token)
    try:
        known = json.loads(token_file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise _InputError(f"{token_file}: not JSON: {error}") from error
    if not isinstance(known, dict) or not all(isinstance(value, str) for value in known.values()):
        raise _InputError(f"{token_file}: must be an object of robot to token")
    for robot in robots:
        if robot not in known:
            raise _InputError(f"{token_file}: no token for {robot}")
    return {robot: known[robot] for robot in robots or known}


def _options(given: Sequence[str]) -> dict[str, str]:
    for option in given:
        if "=" not in option:
            raise _InputError(f"--option {option} must be KEY=VALUE")
    return {key: value for key, _, value in (option.partition("=") for option in given)}


def _check_address(address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme not in ("ws", "wss") or not parts.hostname:
        raise _InputError(f"{address} is not an address such as ws://127.0.0.1:8000/agents/v1")


@contextmanager
def _first_of_group() -> Iterator[None]:
    """Robots are served by a group of tasks: the first problem says enough."""
    try:
        yield
    except BaseExceptionGroup as group:
        problem: BaseException = group
        while isinstance(problem, BaseExceptionGroup):
            problem = problem.exceptions[0]
        raise problem from group
