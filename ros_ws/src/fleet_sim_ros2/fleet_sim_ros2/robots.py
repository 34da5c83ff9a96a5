"""`ros2 run fleet_sim_ros2 simulated_robots`: many simulated robots that run Nav2, in one process.

They are bodies of the world at the parameter `world`, which `wardfleet sim world` serves.
"""

from __future__ import annotations

import asyncio
import random
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import rclpy
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from fleet_sim_ros2.node import RobotNode
from fleet_sim_ros2.places import Places
from fleet_sim_ros2.robot import SimulatedRobot
from maps.importers import read_any
from maps.model import CarrierKind, Fleet, RobotId, Site
from sim.clock import run_scaled
from sim.link import RemoteWorld, WorldRejectedError

_STANDING_EVERY: Final = 1.0
"""Seconds between two messages of odometry while a robot stands, and of battery and diagnostics always."""

_DESCRIPTIONS: Final[dict[str, tuple[Any, str]]] = {
    "world": ("ws://127.0.0.1:8700", "address of the simulated world"),
    "world_token": ("", "what the world wants to know from its clients"),
    "site": ("", "the site's folder, the same as the world's"),
    "robots": ([""], "ids of the robots; all that drive by default"),
    "speed": (1.0, "how many times faster than the wall clock the world runs"),
    "state_rate": (10.0, "odometry messages per second of wall time while a robot moves"),
    "abort_share": (0.0, "share of the goals that are aborted for no reason (0 to 1)"),
    "patience": (90.0, "seconds after which a goal that does not get on is aborted"),
    "seed": (1, "the same seed aborts the same goals"),
}


class ParameterError(ValueError):
    """A parameter can't be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parameters:
    world: str
    world_token: str
    site: str
    robots: Sequence[str]
    speed: float
    state_rate: float
    abort_share: float
    patience: float
    seed: int

    def __post_init__(self) -> None:
        if not self.site or not Path(self.site).exists():
            raise ParameterError(f"parameter site must name the site's folder, not {self.site!r}")
        if self.speed <= 0.0 or self.state_rate <= 0.0 or self.patience <= 0.0:
            raise ParameterError("parameters speed, state_rate and patience must be above 0")
        if not 0.0 <= self.abort_share <= 1.0:
            raise ParameterError(f"parameter abort_share must be from 0 to 1, not {self.abort_share}")


def _declared(node: Node) -> _Parameters:
    values = {name: node.declare_parameter(name, default).value for name, (default, _) in _DESCRIPTIONS.items()}
    values["robots"] = [robot for robot in values["robots"] if robot]
    return _Parameters(**values)


def _chosen(site: Site, wanted: Sequence[str]) -> dict[RobotId, Fleet]:
    """The robots to simulate and their fleets. Raises ParameterError."""
    fleets = [fleet for fleet in site.fleets.values() if fleet.carrier is not CarrierKind.PERSON]
    known = {robot.id: fleet for fleet in fleets for robot in fleet.robots}
    unknown = set(wanted) - set(known)
    if unknown:
        raise ParameterError(f"site {site.name} has no robot {', '.join(sorted(unknown))}")
    return {robot: fleet for robot, fleet in known.items() if not wanted or robot in wanted}


async def _simulate(node: Node, context: Context, parameters: _Parameters) -> None:
    site = read_any(Path(parameters.site))
    chosen = _chosen(site, parameters.robots)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    world = RemoteWorld(parameters.world, token=parameters.world_token, speed=parameters.speed)
    with ExitStack() as ending:
        ending.callback(node.destroy_node)
        async with world.connected():
            robots = {}
            places = {fleet.id: Places(site, fleet) for fleet in chosen.values()}
            for robot, fleet in chosen.items():
                shown = RobotNode(robot, tuple(site.levels), context, executor)
                ending.callback(shown.close)
                robots[robot] = simulated = SimulatedRobot(
                    robot,
                    fleet,
                    site,
                    places[fleet.id],
                    world,
                    shown,
                    rng=random.Random(f"{parameters.seed} {robot}"),
                    abort_share=parameters.abort_share,
                    patience=parameters.patience,
                )
                await simulated.start()
                shown.serve(simulated)
            spinning = _Spinning(executor, failed=lambda: loop.call_soon_threadsafe(stop.set))
            ending.callback(spinning.end)
            node.get_logger().info(f"{len(robots)} robots simulated: {', '.join(robots)}")
            telling = asyncio.create_task(_tell(list(robots.values()), parameters))
            # Robots that say nothing any more must not look alive.
            telling.add_done_callback(lambda _: stop.set())
            await stop.wait()
            if telling.done():
                await telling
            telling.cancel()
    if spinning.problem is not None:
        raise spinning.problem


class _Spinning:
    """Runs the executor in a thread of its own. `failed` is called when it does not go on, `problem` says why."""

    def __init__(self, executor: SingleThreadedExecutor, *, failed: Callable[[], object]) -> None:
        self.problem: Exception | None = None
        self._executor = executor
        self._failed = failed
        self._thread = threading.Thread(target=self._spin, name="rclpy", daemon=True)
        self._thread.start()

    def _spin(self) -> None:
        try:
            self._executor.spin()
        except ExternalShutdownException:
            pass
        except Exception as problem:
            self.problem = problem
            self._failed()

    def end(self) -> None:
        self._executor.shutdown()
        self._thread.join()


async def _tell(robots: Sequence[SimulatedRobot], parameters: _Parameters) -> None:
    """Motion often while a robot moves; motion, battery and diagnostics once a second in any case."""
    period = parameters.speed / parameters.state_rate
    standing = max(1, round(_STANDING_EVERY * parameters.state_rate))
    turn = 0
    moved = [False] * len(robots)
    while True:
        for number, robot in enumerate(robots):
            # Not all in the same moment; and once more when it has come to a stand.
            regular = (turn + number) % standing == 0
            moving = robot.moving
            if regular or moving or moved[number]:
                robot.tell_motion()
            if regular:
                robot.tell_health()
            moved[number] = moving
        turn += 1
        await asyncio.sleep(period)


def main() -> None:
    context = Context()
    rclpy.init(args=sys.argv, context=context, signal_handler_options=SignalHandlerOptions.NO)
    node = Node("fleet_sim", context=context)
    try:
        parameters = _declared(node)
        run_scaled(_simulate(node, context, parameters), parameters.speed)
    except* (ParameterError, LookupError, WorldRejectedError) as problems:
        problem: BaseException = problems
        while isinstance(problem, BaseExceptionGroup):
            problem = problem.exceptions[0]
        sys.exit(str(problem))
    finally:
        context.try_shutdown()
