"""A whole hospital in one process: world, agents and the production fleet manager, in virtual or wall-clock time.

async with Hospital(site) as hospital:
    task = await hospital.request("pharmacy", "ward_3b", "cefazolin")
    await hospital.ended(task.id)
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from types import MappingProxyType, TracebackType
from typing import Any, Self

from fleet_manager.agent_link.memory import MemoryAgentLink
from fleet_manager.building.simulated import SimulatedBuilding
from fleet_manager.domain.disinfection import DEFAULT_DOSE
from fleet_manager.domain.events import Recorded, TaskEnded
from fleet_manager.domain.staff import StaffRegister
from fleet_manager.domain.state import Changed
from fleet_manager.domain.tasks import Actor, Priority, SprayOrder, TreatmentMethod
from fleet_manager.garbage import seldom_collected
from fleet_manager.orchestration.commands import SubmitAny, SubmitDisinfection, UserCommand
from fleet_manager.orchestration.orchestrator import Orchestrator
from fleet_manager.orchestration.plan_times import PlanTimes
from fleet_manager.orchestration.ports import View
from fleet_manager.orchestration.settings import Patience
from fleet_manager.orchestration.views import TaskView
from fleet_manager.persistence.memory import MemoryStore
from maps.model import CarrierKind, Fleet, FleetId, RobotId, Site, WaypointId
from robot_agents.memory_link import MemoryNetwork
from robot_agents.porter.agent import PorterAgent
from robot_agents.porter.walking import WalkingPorter, home_pose
from robot_agents.runtime import AgentRuntime, AgentSettings
from robot_agents.simulated.agent import SimulatedAgent
from sim.causes import Cause
from sim.clock import SIMULATED_START, LoopClock, ShiftedClock, SteadyClock
from sim.crashes import Crashes, ManagerCrashed, Moment, WatchedStore
from sim.jams import Jam, Jams
from sim.patients import Led, Patients
from sim.people import Nurses, delivery
from sim.room_staff import RoomStaff
from sim.violations import Motion, Violation, violations
from sim.wipers import Wipers
from sim.world import World

SELDOM = AgentSettings(moving_period=60.0, idle_period=60.0)
"""Heartbeats for long virtual runs: motion is told by reports alone, a sign of life each minute."""

LONG_SILENCE = Patience(unreachable_after=150.0, no_signal=150.0)
"""The patience that goes with `SELDOM`."""


class Hospital:
    """Everything is built on entering, in the running loop, and ended on leaving.

    The same site, seed and requests give the same event log. `nurses` is the median time (s) until somebody comes for a
    hand-over, None leaves all hand-overs to the caller; `wipers` is that until a robot is wiped down, `patients` that
    until somebody takes a meal, `visitors` that until whoever is to be led comes. With `judge` all motion is kept for
    `violations`, and the traffic is watched for `jams`; with `judge_clock`, a wall clock, the time of the latter adds
    up in `judge_seconds`. `start` is the time of the first moment, `charges` the fleets' states of charge then. `staff`
    is who may sign. `said` holds what each robot has said aloud, `shown` what its screen has shown.
    Where `crashes` says so the manager dies, and `restart_after` seconds later another one takes up what is stored;
    whoever asks for something meanwhile waits, and asks again.
    """

    def __init__(
        self,
        site: Site,
        *,
        seed: int = 1,
        nurses: float | None = 30.0,
        wipers: float | None = 30.0,
        patients: float | None = 15.0,
        visitors: float | None = 20.0,
        agents: AgentSettings = SELDOM,
        patience: Patience = LONG_SILENCE,
        latency: float = 0.0,
        keep_events: bool = True,
        judge: bool = True,
        judge_clock: Callable[[], float] | None = None,
        plan_times: PlanTimes | None = None,
        crashes: Crashes | None = None,
        restart_after: float = 1.0,
        start: datetime = SIMULATED_START,
        charges: Mapping[FleetId, float] = MappingProxyType({}),
        staff: StaffRegister | None = None,
    ) -> None:
        self.site = site
        self._seed = seed
        self._nurses = nurses
        self._wipers = wipers
        self._patients = patients
        self._visitors = visitors
        self._agent_settings = agents
        self._patience = patience
        self._latency = latency
        self._plan_times = plan_times
        self._collected = ExitStack()
        self._crashes = crashes
        self._restart_after = restart_after
        self._start = start
        self._charges = charges
        self._staff = staff
        self.said: dict[RobotId, list[str]] = {}
        self.shown: dict[RobotId, list[str]] = {}
        self.voices: dict[RobotId, SimulatedAgent] = {}
        self.motion = Motion()
        self._judge = judge
        self._judge_clock = judge_clock
        self.judge_seconds = 0.0
        self._jams = Jams(site)
        self.store = MemoryStore(site, keep_events=keep_events)
        self._agents: dict[RobotId, asyncio.Task[None]] = {}
        self._manager_task: asyncio.Task[None] | None = None
        self._restarting: asyncio.Task[None] | None = None
        self._up = asyncio.Event()
        self.on_stored: list[Callable[[Sequence[Recorded], Changed], None]] = []
        self._requests = 0
        self._agent_restarts = 0
        self._ends: dict[str, asyncio.Future[TaskEnded]] = {}

    # --- life ------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        self.clock = LoopClock(self._start)
        self.wall_clock = ShiftedClock(self.clock)
        self.world = World(self.site, rng=self._rng("world"), draw=self.motion.draw if self._judge else None)
        self.network = MemoryNetwork(None, latency=self._latency)
        if self._nurses is not None:
            meals = self._patients is None
            self.nurses = Nurses(self.do, self._rng("nurses/0"), median=self._nurses, meals=meals)
            self.room_staff = RoomStaff(self.do, self.world, self._rng("rooms/0"), median=self._nurses)
        if self._wipers is not None:
            roles = sorted(self.site.infection_rules.confirmed_by) or ["cleaner"]
            self.wipers = Wipers(self.do, self._rng("wipers/0"), median=self._wipers, role=roles[0])
        if self._patients is not None:
            self.patients = Patients(self.world, self._rng("patients/0"), median=self._patients)
        if self._visitors is not None:
            self.visitors = Led(self.world, self._rng("visitors/0"), median=self._visitors)
        for fleet in self.site.fleets.values():
            for robot in fleet.robots:
                if robot.home is None:
                    continue
                runtime = self._runtime(fleet, robot.id, robot.home)
                self._agents[robot.id] = asyncio.create_task(runtime.run(), name=robot.id)
        await self.start_manager()
        if self._crashes is not None:
            self._restarting = asyncio.create_task(self._restart_after_crashes(), name="restarting")
        self._collected.enter_context(seldom_collected())
        return self

    def _rng(self, purpose: str) -> random.Random:
        return random.Random(f"{self._seed}/{purpose}")

    def _runtime(self, fleet: Fleet, robot: RobotId, home: WaypointId) -> AgentRuntime:
        """A robot in the world, or a porter who walks, with its agent."""
        rng = self._rng(robot)
        agent: SimulatedAgent | PorterAgent
        if fleet.carrier is CarrierKind.PERSON:
            agent = PorterAgent(robot, self.clock, home_pose(self.site, robot))
            WalkingPorter(agent, rng=rng)
        else:
            self.world.spawn(robot, fleet.id, home, self._charges.get(fleet.id, 1.0))
            self.motion.place(robot, self.world.state(robot).place)
            agent = SimulatedAgent(robot, self.world, self.clock)
            self._has_voice(agent)
        connect = partial(self.network.connect, robot)
        return AgentRuntime(agent, connect, self.clock, settings=self._agent_settings, token="", rng=rng)

    def _has_voice(self, agent: SimulatedAgent) -> None:
        robot = RobotId(agent.robot)
        self.voices[robot] = agent
        self.said[robot], self.shown[robot] = agent.said, agent.shown

    async def start_manager(self) -> None:
        """Start the manager, the first time or from what is stored."""
        self.link = MemoryAgentLink()
        self.building = SimulatedBuilding(self.world)
        state = await self.store.load()
        self.manager_clock = SteadyClock(self.wall_clock, state.time)
        self.manager = Orchestrator(
            self.site,
            state=state,
            store=WatchedStore(self.store, self._stored, self._crashes, lambda: not self.manager.ready),
            clock=self.manager_clock,
            link=self.link,
            doors=self.building.doors,
            lifts=self.building.lifts,
            crossings=self.building.crossings,
            staff=self._staff,
            secret=f"{self._seed}/codes".encode(),
            patience=self._patience,
            plan_times=self._plan_times,
        )
        self.manager.watch(self._saw)
        if self._nurses is not None:
            self.nurses.attend(self.manager)
            self.room_staff.attend(self.manager)
        if self._wipers is not None:
            self.wipers.attend(self.manager)
        if self._patients is not None:
            self.patients.attend(self.manager)
        if self._visitors is not None:
            self.visitors.attend(self.manager)
        if self._crashes is not None:
            self.manager.watch(self._crashes.told)
        self.link.attach(self.manager)
        self.building.attach(self.manager)
        self.network.accept = self.link.accept
        self._manager_task = asyncio.create_task(self.manager.run(), name="manager")
        self._up.set()

    async def restart_agent(self, robot: RobotId) -> None:
        """The process of a robot's agent dies, and another one begins that remembers nothing."""
        await self._end(self._agents[robot])
        self._agent_restarts += 1
        agent = SimulatedAgent(robot, self.world, self.clock)
        self._has_voice(agent)
        connect = partial(self.network.connect, robot)
        rng = self._rng(f"{robot}/{self._agent_restarts}")
        runtime = AgentRuntime(agent, connect, self.clock, settings=self._agent_settings, token="", rng=rng)
        self._agents[robot] = asyncio.create_task(runtime.run(), name=robot)

    async def kill_manager(self) -> None:
        """Stop the manager where it stands: connections break, what is not stored is lost."""
        self._up.clear()
        self.network.accept = None
        await self._end(self._manager_task)
        self.building.close()
        self.link.close()

    @property
    def runs(self) -> bool:
        """Whether a manager is at work."""
        return self._manager_task is not None and not self._manager_task.done()

    def crash(self, moment: Moment, down: float) -> None:
        """The manager dies at its next commit, and stays away for `down` seconds."""
        assert self._crashes is not None
        self._restart_after = down
        self._crashes.order(moment)

    async def _restart_after_crashes(self) -> None:
        while True:
            await self._up.wait()
            assert self._manager_task is not None
            await asyncio.wait([self._manager_task])
            if self._manager_task.cancelled():
                await asyncio.sleep(0)
            elif isinstance(self._manager_task.exception(), ManagerCrashed):
                await self.kill_manager()
                await asyncio.sleep(self._restart_after)
                await self.start_manager()
            else:
                return

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in (self._restarting, self._manager_task, *self._agents.values()):
            await self._end(task)
        self._collected.close()
        self.world.flush()

    @staticmethod
    async def _end(task: asyncio.Task[None] | None) -> None:
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError, ManagerCrashed):
                await task

    # --- what staff do ---------------------------------------------------------------------------------

    async def request(
        self,
        pickup: str,
        dropoff: str,
        item: str = "goods",
        *,
        item_class: str | None = None,
        priority: Priority = Priority.ROUTINE,
        key: str | None = None,
    ) -> TaskView:
        """A nurse asks for a delivery of one item."""
        return await self.submit(delivery(pickup, dropoff, item, item_class=item_class, priority=priority, key=key))

    async def disinfect(self, zone: str, *, dose: float = DEFAULT_DOSE) -> TaskView:
        """Somebody of the facility's staff asks for a disinfection by UV-C light."""
        return await self.submit(
            SubmitDisinfection(actor=Actor(id="facility-1", role="facility"), zone=zone, dose=dose)
        )

    async def spray(
        self, zone: str, *, agent: str | None = None, volume: float | None = None, order: SprayOrder | None = None
    ) -> TaskView:
        """Somebody of the facility's staff asks for a zone to be sprayed, with `volume` L/m²."""
        return await self.submit(
            SubmitDisinfection(
                actor=Actor(id="facility-1", role="facility"),
                zone=zone,
                method=TreatmentMethod.SPRAY,
                agent=agent,
                volume=volume,
                order=order,
            )
        )

    async def submit(self, command: SubmitAny) -> TaskView:
        """Ask for a task once, whatever becomes of the manager meanwhile."""
        if command.key is None and self._crashes is not None:
            self._requests += 1
            command = replace(command, key=f"request-{self._requests}")
        view = await self.insist(command)
        assert isinstance(view, TaskView)
        return view

    async def do(self, command: UserCommand) -> View:
        """Ask the manager, once it is up. Raises ManagerCrashed when it dies before it answers."""
        await self._up.wait()
        asking = asyncio.ensure_future(self.manager.do(command))
        try:
            await self._or_manager_ends(asking)
            if not asking.done():
                raise ManagerCrashed("the manager was killed")
            return await asking
        finally:
            asking.cancel()

    async def insist(self, command: UserCommand) -> View:
        """Ask until there is an answer: for what may be asked twice."""
        while True:
            try:
                return await self.do(command)
            except ManagerCrashed:
                continue

    async def _or_manager_ends(self, awaited: asyncio.Future[Any], within: float | None = None) -> None:
        """Wait, but not for a manager that is no more: its failure fails the run."""
        waiting: list[asyncio.Future[Any]] = [awaited]
        if self._manager_task is not None:
            waiting.append(self._manager_task)
        await asyncio.wait(waiting, timeout=within, return_when=asyncio.FIRST_COMPLETED)
        if not awaited.done():
            self._raise_dead()

    def _stored(self, events: Sequence[Recorded], changed: Changed) -> None:
        if self._judge:
            began = self._judge_clock() if self._judge_clock is not None else 0.0
            now = self.clock.now()
            for recorded in events:
                self._jams.saw(recorded if recorded.time == now else replace(recorded, time=now))
            self.judge_seconds += self._judge_clock() - began if self._judge_clock is not None else 0.0
        for watch in self.on_stored:
            watch(events, changed)

    def _saw(self, recorded: Recorded) -> None:
        event = recorded.event
        if isinstance(event, TaskEnded):
            waiting = self._ends.get(event.task)
            if waiting is not None and not waiting.done():
                waiting.set_result(event)

    async def ended(self, task: str, within: float = 3600.0) -> TaskView:
        """Wait for a task's end; raises TimeoutError with what it waits for after `within` seconds."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within
        while True:
            view = await self.manager.task(task)
            left = deadline - loop.time()
            if view.status.ended:
                return view
            if left <= 0.0:
                raise TimeoutError(f"{task} is {view.status} after {within:.0f} s: {view.waiting_for or view.reasons}")
            end = self._ends.setdefault(task, loop.create_future())
            try:
                await self._or_manager_ends(end, left)
            except ManagerCrashed:
                await self._up.wait()

    def _raise_dead(self) -> None:
        """A manager that failed fails the run."""
        task = self._manager_task
        if task is not None and task.done() and not task.cancelled():
            task.result()

    def violations(self) -> list[Violation]:
        """Every overlap of two true footprints so far."""
        self.world.flush()
        return violations(self.site, self.motion, asyncio.get_running_loop().time())

    def jams(self) -> list[Jam]:
        """Every jam so far."""
        return self._jams.found(self.clock.now())

    def time_spent(self) -> dict[Cause, float]:
        """Seconds of all robots together, by what they went to so far."""
        return self._jams.time_spent(self.clock.now())

    def robot(self, robot: str) -> RobotId:
        """The id of a robot of this site; raises KeyError."""
        return self.manager.state.robots[RobotId(robot)].id
