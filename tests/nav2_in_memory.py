"""A robot that runs Nav2, without ROS and in virtual time: the robot of `fleet_sim_ros2` behind the agent's port.

It can be told to fail in the ways in which real robots do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from fleet_sim_ros2 import goals
from fleet_sim_ros2.places import Places, Spot
from fleet_sim_ros2.robot import SimulatedRobot

from maps.model import Fleet, LevelId, LiftId, RobotId, Site
from robot_agents.ros2.locating import Locating, PoseSource
from robot_agents.ros2.port import (
    Accepted,
    Announce,
    BatteryTold,
    Diagnosed,
    DockAt,
    Ended,
    EstopTold,
    Listener,
    LoadMap,
    ManualTold,
    MapPose,
    MoveCompartment,
    Navigate,
    Navigation,
    Outcome,
    Position,
    Request,
    RideLift,
    RobotEvent,
    ServerSeen,
    Severity,
)
from sim.port import WorldPort

LATENCY = 0.01
MOTION_PERIOD = 0.1
HEALTH_PERIOD = 1.0
CERTAIN, UNCERTAIN = 0.1, 5.0


@dataclass(eq=False)
class _Goal:
    """A goal as the simulated robot sees it, whatever its kind."""

    number: int
    ended: Callable[[Ended], None]
    way: Any = None
    spots: tuple[Any, ...] = ()
    charger: str = ""
    compartment: str = ""
    opens: bool = False
    lift: LiftId | None = None
    to_level: LevelId | None = None
    text: str = ""
    is_over: bool = False

    def end(self, outcome: Any, code: int = 0, message: str = "") -> None:
        if not self.is_over:
            self.is_over = True
            self.ended(Ended(self.number, Outcome(outcome.value), code, message))

    def tell(self, *_feedback: Any) -> None:
        """The agent needs no feedback."""


class MemoryNav2:
    """Satisfies `port.RobotPort`, and `fleet_sim_ros2.goals.Topics` towards the simulated robot.

    `offers` are the actions it has; `rejects` says why it takes no goal; while it is `mute` nothing that is asked is
    answered, and while it is `silent` no position is told. `asked` and `said` are what it heard.
    """

    def __init__(self, robot: RobotId, fleet: Fleet, site: Site, world: WorldPort, **options: Any) -> None:
        self.offers = {"dock", "open_compartment", "ride_lift", "announce", "map_server/load_map"}
        self.rejects: str | None = None
        self.mute = False
        self.silent = False
        self.asked: list[Request] = []
        self.said: list[tuple[Severity, str]] = []
        self.robot = SimulatedRobot(robot, fleet, site, Places(site, fleet), world, self, **options)
        self._loop = asyncio.get_running_loop()
        self._locating = Locating(PoseSource.AMCL)
        self._deviation = CERTAIN
        self._spread = False
        self._listener: Listener | None = None
        self._goals: dict[int, _Goal] = {}
        self._servers = dict.fromkeys(Navigation, 1)
        self._running: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        await self.robot.start()
        self._running.append(asyncio.create_task(self._repeat(MOTION_PERIOD, self.robot.tell_motion)))
        self._running.append(asyncio.create_task(self._repeat(HEALTH_PERIOD, self.robot.tell_health)))

    async def stop(self) -> None:
        self.robot.stop()
        for task in self._running:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    @staticmethod
    async def _repeat(period: float, what: Callable[[], None]) -> None:
        while True:
            what()
            await asyncio.sleep(period)

    # --- faults -------------------------------------------------------------------------------------------

    @property
    def navigations(self) -> list[Navigate]:
        return [request for request in self.asked if isinstance(request, Navigate)]

    def tell(self, event: RobotEvent) -> None:
        self._loop.call_later(LATENCY, self._deliver, event)

    def set_uncertain(self, uncertain: bool) -> None:
        """The localisation spreads, or has found the robot again."""
        self._spread = uncertain

    def stop_servers(self) -> None:
        """Nav2 dies: its goals are forgotten and the robot stands."""
        self.mute = True
        for number, goal in tuple(self._goals.items()):
            if goal.way is not None:
                self.robot.cancel(goal)
                self._goals.pop(number, None)
        for navigation, generation in self._servers.items():
            self.tell(ServerSeen(navigation, False, generation))

    def start_servers(self) -> None:
        self.mute = False
        for navigation in self._servers:
            self._servers[navigation] += 1
            self.tell(ServerSeen(navigation, True, self._servers[navigation]))

    # --- the agent's port ---------------------------------------------------------------------------------

    def listen(self, listener: Listener) -> None:
        self._listener = listener
        for navigation, generation in self._servers.items():
            listener(ServerSeen(navigation, True, generation))
        self.robot.tell_motion()
        self.robot.tell_health()

    def ask(self, number: int, request: Request) -> None:
        self.asked.append(request)
        if not self.mute:
            self._loop.call_later(LATENCY, self._begin, number, request)

    def _begin(self, number: int, request: Request) -> None:
        if self.mute:
            return
        goal = self._goals[number] = _Goal(number, self._ended)
        if self.rejects is not None:
            self._ended(Ended(number, Outcome.REJECTED, text=self.rejects))
            return
        match request:
            case Navigate(action=action, poses=poses):
                goal.way = goals.Way(action.value)
                goal.spots = tuple(Spot(*pose) for pose in poses)
                begin: Callable[[], None] = partial(self.robot.navigate, goal)
            case DockAt(charger=charger):
                goal.charger = charger
                begin = partial(self.robot.dock, goal)
            case MoveCompartment(compartment=compartment, open=opens):
                goal.compartment, goal.opens = compartment, opens
                begin = partial(self.robot.move_compartment, goal)
            case RideLift(lift=lift, to_level=to_level):
                goal.lift, goal.to_level = LiftId(lift), LevelId(to_level)
                begin = partial(self._offered, "ride_lift", goal, self.robot.ride)
            case Announce(text=text):
                goal.text = text
                begin = partial(self.robot.announce, goal)
            case LoadMap(url=url):
                self.robot.load_map(LevelId(Path(url).stem))
                begin = partial(goal.end, goals.Outcome.SUCCEEDED)
        self.tell(Accepted(number))
        begin()

    def _offered(self, action: str, goal: _Goal, begin: Callable[[Any], None]) -> None:
        if action in self.offers:
            begin(goal)
        else:
            self._ended(Ended(goal.number, Outcome.NOT_OFFERED))

    def _ended(self, ended: Ended) -> None:
        if self._goals.pop(ended.number, None) is not None and not self.mute:
            self.tell(ended)

    def cancel(self, number: int) -> None:
        goal = self._goals.get(number)
        if goal is not None and not self.mute:
            self._loop.call_later(LATENCY, self.robot.cancel, goal)

    def stand_still(self) -> None:
        for number, goal in tuple(self._goals.items()):
            if goal.way is not None:
                self.cancel(number)

    def set_pose(self, pose: MapPose) -> None:
        self._loop.call_later(LATENCY, self.robot.set_pose, Spot(*pose))

    def say(self, severity: Severity, text: str) -> None:
        self.said.append((severity, text))

    def close(self) -> None:
        self._listener = None

    def _deliver(self, event: RobotEvent) -> None:
        if self._listener is not None:
            self._listener(event)

    # --- the robot's topics -------------------------------------------------------------------------------

    def localised(self, spot: Any, *, certain: bool) -> None:
        self._deviation = CERTAIN if certain else UNCERTAIN
        self._locating.found(MapPose(spot.x, spot.y, spot.yaw or 0.0), self._loop.time(), self._deviation)
        self._tell_position(located=True)

    def moved(self, motion: Any) -> None:
        odom = motion.odom
        self._locating.sped(motion.speed)
        self._locating.drove(MapPose(odom.x, odom.y, odom.yaw or 0.0), self._loop.time())
        self._tell_position(located=False)

    def battery(self, battery: Any) -> None:
        self.tell(BatteryTold(battery.state_of_charge, battery.charging))

    def stopped_by_hand(self, *, estop: bool, manual: bool) -> None:
        self.tell(EstopTold(estop))
        self.tell(ManualTold(manual))

    def diagnosed(self, *, localised: bool, failure: str | None) -> None:
        self.tell(Diagnosed("localisation", "" if localised else "lost"))
        self.tell(Diagnosed("robot", failure or ""))

    def _tell_position(self, *, located: bool) -> None:
        pose = self._locating.pose
        if pose is not None and not self.silent:
            deviation = UNCERTAIN if self._spread else self._deviation
            self.tell(Position(pose, self._locating.speed, deviation, located))
