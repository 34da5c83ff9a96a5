"""`ros2 run fleet_bridge_ros2 fleet_bridge`: the fleet as a ROS graph, as a client of the fleet manager's API.

The manager does not know of it: it may start, end or fail at any time.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import signal
import sys
import threading
from typing import Any, Final

import httpx
import rclpy
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions

from fleet_bridge_ros2.fleet import Fleet
from fleet_bridge_ros2.levels import level_grid
from fleet_bridge_ros2.manager import Answer, Manager, Seq
from fleet_bridge_ros2.node import BridgeNode

_HEARTBEAT: Final = 1.0
"""Seconds after which the state is published even when nothing happened."""

_SITE_AGAIN: Final = 2.0


class Bridge:
    """Follows the stream and publishes in the loop's thread; services wait in the executor's for what the loop is told.

    Services are plain functions because a coroutine keeps rclpy's executor turning without a pause while it waits.
    """

    def __init__(self, context: Context) -> None:
        self._shown = BridgeNode(context)
        node = self._shown.node
        self._log = node.get_logger()
        url = str(node.declare_parameter("manager", "http://127.0.0.1:8000").value)
        self._resolution = float(node.declare_parameter("resolution", 0.05).value)
        self._period = 1.0 / float(node.declare_parameter("state_rate", 5.0).value)
        self._manager = Manager(url, str(node.declare_parameter("actor", "ros").value))
        self._fleet = Fleet()
        self._changed = asyncio.Event()
        self._connected = False
        self._loop = asyncio.get_running_loop()
        self._executor = SingleThreadedExecutor(context=context)
        self._executor.add_node(node)
        self._thread = threading.Thread(target=self._serve, name="ros", daemon=True)

    async def run(self) -> None:
        """Until SIGTERM or SIGINT."""
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(number, stop.set)
        self._shown.serve(self._ask)
        self._thread.start()
        try:
            async with asyncio.TaskGroup() as group:
                works = [group.create_task(work) for work in (self._show_site(), self._follow(), self._tell())]
                await stop.wait()
                for work in works:
                    work.cancel()
        finally:
            await asyncio.to_thread(self._close)
            await self._manager.close()

    # --- the manager ---------------------------------------------------------------------------------------

    async def _show_site(self) -> None:
        """The site does not change while a manager runs; a new one may have another."""
        while True:
            try:
                site = await self._manager.site()
                break
            except httpx.HTTPError as error:
                self._log.warning(f"no site yet: {error or type(error).__name__}", throttle_duration_sec=30.0)
                await asyncio.sleep(_SITE_AGAIN)
        grids = {level["id"]: await asyncio.to_thread(level_grid, level, self._resolution) for level in site["levels"]}
        self._shown.show_site(site["name"], grids)
        self._log.info(f"site {site['name']}: maps of {', '.join(grids)}")

    async def _follow(self) -> None:
        seq = Seq()
        async for message in self._manager.stream(seq):
            if message is None:
                if self._connected:
                    self._log.warning("the fleet manager does not answer; what is published may be old")
                self._connected = False
                continue
            if not self._connected:
                self._connected = True
                self._log.info("connected with the fleet manager")
            news = self._fleet.hear(message)
            seq.known = self._fleet.seq
            self._changed.set()
            self._shown.tell_news(news)

    async def _tell(self) -> None:
        """The state when it has changed, not more often than `state_rate`; never while the manager is away."""
        while True:
            try:
                async with asyncio.timeout(_HEARTBEAT):
                    await self._changed.wait()
            except TimeoutError:
                pass
            self._changed.clear()
            if self._connected and self._fleet.seq is not None:
                self._shown.tell_state(self._fleet)
            await asyncio.sleep(self._period)

    # --- services, in the executor's thread ------------------------------------------------------------------

    def _ask(self, path: str, body: dict[str, Any], key: str) -> Answer:
        """Called in the executor's thread, which waits; one request after the other."""
        asked = asyncio.run_coroutine_threadsafe(self._manager.request(path, body, key), self._loop)
        try:
            return asked.result()
        except concurrent.futures.CancelledError:
            return Answer(refusal="the fleet bridge ends")

    def _serve(self) -> None:
        with contextlib.suppress(ExternalShutdownException):
            self._executor.spin()

    def _close(self) -> None:
        """Executor, thread, node."""
        self._executor.shutdown()
        self._thread.join()
        self._shown.node.destroy_node()


async def _main(context: Context) -> None:
    await Bridge(context).run()


def main() -> None:
    context = Context()
    rclpy.init(args=sys.argv, context=context, signal_handler_options=SignalHandlerOptions.NO)
    try:
        asyncio.run(_main(context))
    finally:
        rclpy.try_shutdown(context=context)
