"""The one writer: takes messages from its queue, decides, commits, and only then lets others see.

Agents, HTTP, the building and timers put messages on the queue. Whatever has gathered while a commit ran is decided
together and stored in one transaction (group commit).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from fleet_manager.domain.alerts import AlertState
from fleet_manager.domain.closures import ClosureKind
from fleet_manager.domain.disinfection import DisinfectionRules
from fleet_manager.domain.errors import Conflict, NotFound, WardFleetError
from fleet_manager.domain.events import Recorded
from fleet_manager.domain.handovers import HandoverCodes
from fleet_manager.domain.staff import StaffRegister
from fleet_manager.domain.state import Changed, FleetState
from fleet_manager.domain.tasks import Actor, TaskId
from fleet_manager.orchestration.advance import Signal
from fleet_manager.orchestration.closures import Closures
from fleet_manager.orchestration.collections import Collections
from fleet_manager.orchestration.commands import (
    AcknowledgeShift,
    CancelTask,
    ChangeAlert,
    ChangeLift,
    ChangeRobot,
    ChangeSchedule,
    ChangeTask,
    CheckLamp,
    CloseFollowUp,
    ConfirmWipeDown,
    DeleteSchedule,
    EndAlarm,
    EndClosure,
    EndPause,
    HandOver,
    HelpRobot,
    MoveOccurrence,
    RaiseAlarm,
    RecheckCue,
    ReportRoom,
    RetryTask,
    SendPorter,
    SetSchedule,
    StartClosure,
    StartPause,
    SubmitAnnouncement,
    SubmitAny,
    SubmitCollection,
    SubmitDisinfection,
    SubmitGuidance,
    SubmitMeals,
    SubmitPatrol,
    SubmitTask,
    UserCommand,
)
from fleet_manager.orchestration.cordons import Cordons
from fleet_manager.orchestration.crossing_watch import CrossingWatch
from fleet_manager.orchestration.custody import CustodyRules
from fleet_manager.orchestration.decontamination import Decontamination
from fleet_manager.orchestration.detours import Detours
from fleet_manager.orchestration.devices import Devices
from fleet_manager.orchestration.dispatch import Dispatch
from fleet_manager.orchestration.execution import Execution
from fleet_manager.orchestration.fire_alarm import FireAlarms
from fleet_manager.orchestration.guides import Guides
from fleet_manager.orchestration.helps import Helps
from fleet_manager.orchestration.intake import Intake
from fleet_manager.orchestration.ledger import Ledger, TimerKey
from fleet_manager.orchestration.lift_line import LiftLine
from fleet_manager.orchestration.lift_watch import LiftWatch
from fleet_manager.orchestration.meals import Meals
from fleet_manager.orchestration.missions import Missions
from fleet_manager.orchestration.patrols import Patrols
from fleet_manager.orchestration.pauses import Pauses
from fleet_manager.orchestration.pausing import Pausing
from fleet_manager.orchestration.plan_times import PlanTimes
from fleet_manager.orchestration.ports import (
    AgentLink,
    Clock,
    CrossingReport,
    Crossings,
    Doors,
    EventStore,
    LiftReport,
    Lifts,
    View,
)
from fleet_manager.orchestration.projection import (
    alarm_view,
    alert_view,
    bag_view,
    closure_view,
    cue_view,
    event_view,
    follow_up_view,
    live_view,
    pose_view,
    robot_view,
    schedule_view,
    task_view,
    trace_view,
    zone_view,
)
from fleet_manager.orchestration.queue_watch import QueueWatch
from fleet_manager.orchestration.schedules import Schedules
from fleet_manager.orchestration.screening import Screening
from fleet_manager.orchestration.settings import Patience
from fleet_manager.orchestration.signals import Signals
from fleet_manager.orchestration.skipping import Skipping
from fleet_manager.orchestration.supervision import Supervision
from fleet_manager.orchestration.takeovers import Takeovers
from fleet_manager.orchestration.thinking import Think, think_at_once
from fleet_manager.orchestration.timetable import Timetable
from fleet_manager.orchestration.traffic_view import traffic_view
from fleet_manager.orchestration.treatments import Treatments
from fleet_manager.orchestration.views import (
    AlarmView,
    AlertView,
    CertificateView,
    Change,
    ClosureView,
    CollectedBagView,
    CueView,
    DoorView,
    EventView,
    FleetSnapshot,
    FollowUpView,
    ForecastView,
    HandoverCodeView,
    HelpView,
    ItemTraceView,
    LiftView,
    LiveScreeningView,
    OccurrenceView,
    PoseView,
    RobotView,
    RouteView,
    ScheduleView,
    ShiftView,
    TaskView,
    TrafficView,
    ZoneView,
)
from fleet_manager.orchestration.voices import Voices
from fleet_manager.orchestration.waiting_places import WaitingPlaces
from fleet_manager.orchestration.wards import Wards
from fleet_manager.orchestration.zone_care import ZoneCareRules
from fleet_manager.planning.conflicts import Conflicts
from fleet_manager.planning.parking import Parking
from fleet_manager.planning.routes import Routes, levels_of
from fleet_manager.planning.traffic import Traffic
from maps.model import CarrierKind, CrossingId, DoorId, FleetId, LiftId, RobotId, Site, WaypointId
from robot_agents import protocol
from robot_agents.protocol import FromAgent

log = structlog.get_logger()

_FOLLOW_UPS = 100
"""The most that a trace shows."""

_STALL = timedelta(seconds=1)
"""A timer that is late by more tells that the process did not run, not that robots were silent."""


@dataclass(frozen=True, slots=True)
class _Asked:
    command: UserCommand
    answer: asyncio.Future[View | TaskId]


@dataclass(frozen=True, slots=True)
class _AgentConnected:
    robot: RobotId
    agent: str


@dataclass(frozen=True, slots=True)
class _AgentSaid:
    robot: RobotId
    message: FromAgent


@dataclass(frozen=True, slots=True)
class _DoorReported:
    door: DoorId
    is_open: bool


@dataclass(frozen=True, slots=True)
class _LiftReported:
    lift: LiftId
    report: LiftReport


@dataclass(frozen=True, slots=True)
class _CrossingReported:
    crossing: CrossingId
    report: CrossingReport


@dataclass(frozen=True, slots=True)
class _FireAlarmReported:
    place: str
    active: bool


@dataclass(frozen=True, slots=True)
class _SessionRefused:
    session: str
    newest: int


class _Wake:
    """Timers are due, or the manager shall stop."""


_Message = (
    _Asked
    | _AgentConnected
    | _AgentSaid
    | _DoorReported
    | _LiftReported
    | _CrossingReported
    | _SessionRefused
    | _FireAlarmReported
    | _Wake
)


class Orchestrator:
    """The running fleet manager; it satisfies `ports.FleetManager`. `run` is its whole life.

    `secret` is what one-time codes are made with: nobody else may know it, and it has to outlive restarts.
    """

    def __init__(
        self,
        site: Site,
        *,
        state: FleetState,
        store: EventStore,
        clock: Clock,
        link: AgentLink,
        doors: Doors,
        lifts: Lifts,
        crossings: Crossings,
        staff: StaffRegister | None = None,
        secret: bytes = b"",
        patience: Patience | None = None,
        plan_times: PlanTimes | None = None,
        disinfection: DisinfectionRules | None = None,
        think: Think = think_at_once,
    ) -> None:
        self.site = site
        self._plan_times = plan_times or PlanTimes()
        self.patience = patience or Patience()
        self._store = store
        self._ledger = Ledger(state, clock)
        self._queue: asyncio.Queue[_Message] = asyncio.Queue()
        self._listeners: dict[int, Callable[[Change], None]] = {}
        self._watchers: list[Callable[[Recorded], None]] = []
        self._dispatch_due = True
        self._running = False
        self._planning: set[asyncio.Task[None]] = set()
        self._wake: asyncio.TimerHandle | None = None
        self._wakes_at: datetime | None = None
        self._reports_stored = {robot.id: robot.reports for robot in state.robots.values()}
        self._changed_doors: dict[DoorId, None] = {}
        self._changed_lifts: dict[LiftId, None] = {}

        self._routes = Routes(site)
        conflicts = Conflicts(site, self._routes.zones)
        traffic = Traffic(self._routes, conflicts)
        self._signals = Signals(site, self._ledger)
        self._devices = Devices(site, self._ledger, doors, lifts, crossings, self._signals, self.patience)
        parking = Parking(site, self._routes, conflicts)
        self._execution = Execution(
            site, self._ledger, self._routes, traffic, parking, self._devices, link, self.patience, self._plan_times
        )
        places = WaitingPlaces(site, self._ledger, self._routes, self._execution, parking)
        codes = HandoverCodes(secret, life=self.patience.code_life)
        self._cordons = Cordons(site, self._ledger, lambda: self._closures)
        self._treatments = Treatments(
            site,
            self._ledger,
            self._routes,
            disinfection or DisinfectionRules(),
            think,
            self._cordons,
        )
        self._patrols = Patrols(site, self._ledger, self._routes)
        self._timetable = Timetable(site, self._ledger, self._routes)
        self._screening = Screening(site, self._ledger)
        self._decontamination = Decontamination(
            site, self._ledger, self._routes, self._execution, places, self.patience
        )
        self._collections = Collections(site, self._ledger)
        pausing = Pausing(self._ledger, self._execution, link)
        voices = Voices(site, self._ledger, self.patience)
        meals = Meals(site, self._ledger, self._decontamination)
        self._guides = Guides(site, self._ledger, pausing, self.patience)
        self._custody = CustodyRules(
            site, self._ledger, self._routes, staff or StaffRegister(), codes, self._collections, self.patience
        )
        self._missions = Missions(
            site,
            self._ledger,
            self._routes,
            self._execution,
            places,
            self._custody,
            self._treatments,
            self._patrols,
            self._timetable,
            self._decontamination,
            voices,
            meals,
            self._guides,
            link,
            self.patience,
            self._want_dispatch,
        )
        self._closures = Closures(
            site, self._ledger, self._execution, self._missions, places, self.patience, self._want_dispatch
        )
        self._queue_watch = QueueWatch(self._ledger, self.patience)
        self._dispatch = Dispatch(
            site,
            self._ledger,
            self._routes,
            self._execution,
            self._missions,
            self._treatments,
            self._patrols,
            self._decontamination,
            self._collections,
            voices,
            meals,
            self._guides,
            self._queue_watch,
        )
        self._intake = Intake(
            site,
            self._ledger,
            self._routes,
            self._execution,
            self._missions,
            self._dispatch,
            self._treatments,
            self._patrols,
            self._timetable,
            self._collections,
            voices,
            meals,
            self._guides,
            pausing,
            self._want_dispatch,
        )
        self._wards = Wards(site, self._ledger, self._dispatch)
        self._schedules = Schedules(site, self._ledger, self._submit_by_itself)
        self._zone_care = ZoneCareRules(site, self._ledger, self._routes, self._submit_by_itself)
        self._fire_alarms = FireAlarms(
            site,
            self._ledger,
            self._routes,
            self._execution,
            self._missions,
            self._closures,
            places,
            self.patience,
        )
        self._lift_line = LiftLine(site, self._ledger, self._devices, self._closures, self._execution, self.patience)
        self._lift_watch = LiftWatch(
            site, self._ledger, self._devices, self._closures, self._execution, self._missions, self.patience
        )
        self._crossing_watch = CrossingWatch(
            site, self._ledger, self._signals, self._devices, self._closures, self._execution, self.patience
        )
        self._supervision = Supervision(
            site,
            self._ledger,
            self._routes,
            self._execution,
            self._missions,
            pausing,
            self._closures,
            self._lift_watch,
            self._patrols,
            voices,
            self._screening,
            self.patience,
            self._want_dispatch,
        )
        self._pauses = Pauses(site, self._ledger, self._execution, self._missions, self._closures, pausing)
        self._helps = Helps(
            self._ledger,
            self._execution,
            self._missions,
            self._dispatch,
            self._intake,
            Detours(
                site,
                self._ledger,
                self._routes,
                self._execution,
                self._missions,
                self._closures,
                pausing,
                self.patience,
                self._supervision.telemetry.get,
            ),
            Skipping(self._ledger, self._missions, self._want_dispatch),
            Takeovers(
                site, self._ledger, self._execution, self._missions, self._intake, self._decontamination, pausing
            ),
        )
        self._link = link

    # --- life ------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Work until cancelled. A commit that fails ends it: what is stored is the truth, a restart takes it up."""
        self._supervision.take_up()
        self._devices.take_up()
        self._lift_line.take_up()
        self._lift_watch.take_up()
        self._crossing_watch.take_up()
        self._fire_alarms.take_up()
        self._schedules.take_up()
        self._custody.take_up()
        self._patrols.take_up()
        self._missions.inspections_take_up()
        self._missions.take_up()
        self._cordons.review()
        self._screening.take_up()
        self._decontamination.take_up()
        self._guides.take_up()
        await self._finish_batch()
        await self._treatments.prepare_open()
        self._running = True
        try:
            while True:
                batch = [await self._queue.get()]
                while not self._queue.empty():
                    batch.append(self._queue.get_nowait())
                for message in batch:
                    self._handle(message)
                    self._plan_times.event_over()
                await self._finish_batch()
        finally:
            self._running = False
            if self._wake is not None:
                self._wake.cancel()
            for planning in self._planning:
                planning.cancel()

    async def _finish_batch(self) -> None:
        for key in self._ledger.take_due():
            self._timer(key)
            self._plan_times.event_over()
        self._zone_care.see(self._ledger.events)
        if self._dispatch_due:
            self._dispatch_due = False
            self._dispatch.cycle()
            self._plan_times.event_over()
        await self._commit()
        self._arm()

    async def _commit(self) -> None:
        events, self._ledger.events = self._ledger.events, []
        actions, self._ledger.actions = self._ledger.actions, []
        if events:
            changed = self._ledger.state.take_changed()
            await self._store.commit(events, changed)
            self._acknowledge(changed)
        for action in actions:
            action()
        if events:
            for watcher in self._watchers:
                for recorded in events:
                    watcher(recorded)
            self._publish(events, changed)
            self._forget(changed)

    def _acknowledge(self, changed: Changed) -> None:
        for robot in changed.robots.values():
            if robot.reports > self._reports_stored[robot.id]:
                self._reports_stored[robot.id] = robot.reports
                self._link.send(robot.id, protocol.ReportsAcknowledged(through=robot.reports))

    def _publish(self, events: list[Recorded], changed: Changed) -> None:
        if not self._listeners:
            self._changed_doors.clear()
            self._changed_lifts.clear()
            return
        for recorded in events[:-1]:
            self._tell(Change(event=event_view(recorded)))
        robots = dict.fromkeys(changed.robots)
        robots.update(dict.fromkeys(m.robot for m in changed.missions.values()))
        tasks = dict.fromkeys(changed.tasks)
        tasks.update(dict.fromkeys(m.task for m in changed.missions.values() if m.task is not None))
        state = self._ledger.state
        for robot_id in robots:
            mission = state.mission_of(state.robots[robot_id])
            if mission is not None and mission.task is not None:
                tasks[mission.task] = None
        self._tell(
            Change(
                event=event_view(events[-1]),
                tasks=tuple(self._task_view(t, changed) for t in tasks if t in state.tasks),
                robots=tuple(self._robot_view(r) for r in robots),
                alerts=tuple(alert_view(a) for a in changed.alerts.values()),
                doors=tuple(self._devices.door_view(d) for d in self._changed_doors),
                lifts=tuple(self._devices.lift_view(lift) for lift in self._changed_lifts),
            )
        )
        self._changed_doors.clear()
        self._changed_lifts.clear()

    def _tell(self, change: Change) -> None:
        for listener in tuple(self._listeners.values()):
            listener(change)

    def _forget(self, changed: Changed) -> None:
        self._ledger.state.forget_ended(
            {t.id for t in changed.tasks.values() if t.status.ended},
            {a.id for a in changed.alerts.values() if a.state is AlertState.CLOSED},
        )

    def _arm(self) -> None:
        """Wake up when the next timer is due."""
        due = self._ledger.next_due()
        if due == self._wakes_at and self._wake is not None:
            return
        if self._wake is not None:
            self._wake.cancel()
            self._wake = None
        self._wakes_at = due
        if due is not None:
            delay = max(0.0, (due - self._ledger.now()).total_seconds())
            self._wake = asyncio.get_running_loop().call_later(delay, self._wake_up)

    def _wake_up(self) -> None:
        self._wake = None
        if self._wakes_at is not None and self._ledger.now() - self._wakes_at > _STALL:
            log.warning("the event loop stood still", since=self._wakes_at.isoformat())
            self._supervision.was_stalled()
        self._queue.put_nowait(_Wake())

    def _want_dispatch(self) -> None:
        self._dispatch_due = True

    # --- messages --------------------------------------------------------------------------------------

    def _handle(self, message: _Message) -> None:
        match message:
            case _AgentSaid():
                self._agent_said(message.robot, message.message)
            case _Asked():
                self._asked(message)
            case _AgentConnected():
                self._supervision.connected(message.robot, message.agent)
            case _DoorReported():
                self._devices.door_reported(message.door, is_open=message.is_open)
                self._changed_doors[message.door] = None
                self._execution.device_reported(message.door)
            case _LiftReported():
                self._devices.lift_reported(message.lift, message.report)
                self._lift_watch.reported(message.lift, available=message.report.available)
                self._lift_line.reported(message.lift)
                self._changed_lifts[message.lift] = None
                self._execution.device_reported(message.lift)
            case _CrossingReported():
                self._signals.reported(message.crossing, message.report)
                self._crossing_watch.reported(message.crossing, available=message.report.available)
                self._execution.device_reported(message.crossing)
            case _SessionRefused():
                self._session_over(self._devices.refused(message.session, message.newest))
            case _FireAlarmReported():
                self._fire_alarms.reported(message.place, active=message.active)
            case _Wake():
                pass

    def _session_over(self, owner: RobotId | None) -> None:
        """A session ended by itself: its owner asks anew where it still may."""
        if owner is not None:
            self._execution.allocate(owner)

    def _agent_said(self, robot: RobotId, message: FromAgent) -> None:
        self._supervision.heard(robot)
        match message:
            case protocol.Telemetry():
                self._supervision.telemetry_arrived(robot, message)
            case protocol.Observation():
                self._screening.sees(robot, message)
            case protocol.Hello():
                log.warning("hello twice on one connection", robot=robot)
            case _:
                self._supervision.reported(robot, message)

    def _asked(self, asked: _Asked) -> None:
        try:
            view = self._do(asked.command)
        except WardFleetError as error:
            self._ledger.after_commit(_answer(asked.answer, error))
        else:
            self._ledger.after_commit(_answer(asked.answer, view))

    def _do(self, command: UserCommand) -> Callable[[], View | TaskId]:
        """Carry out a command; the view is made after the commit, from what is stored."""
        match command:
            case (
                SubmitTask()
                | SubmitDisinfection()
                | SubmitPatrol()
                | SubmitCollection()
                | SubmitAnnouncement()
                | SubmitMeals()
                | SubmitGuidance()
            ):
                task = self._intake.submit_any(command)
            case RecheckCue():
                rechecked = self._screening.recheck(command)
                self._screening.take_up()
                return lambda: cue_view(self._ledger.state.cues[rechecked])
            case ReportRoom():
                zone = self._treatments.report(command)
                self._missions.room_changed(zone)
                return lambda: self.zone(zone)
            case CheckLamp():
                checked = self._treatments.check_lamp(command)
                self._want_dispatch()
                return lambda: self._robot_view(checked)
            case ConfirmWipeDown():
                wiped = self._decontamination.confirm(command)
                self._missions.signal(wiped, Signal.WIPED_DOWN)
                return lambda: self._robot_view(wiped)
            case SetSchedule():
                made = self._schedules.set(command)
                return lambda: schedule_view(self._schedules.schedule(made))
            case MoveOccurrence():
                moved = self._schedules.move(command)
                return lambda: schedule_view(self._schedules.schedule(moved))
            case ChangeSchedule():
                altered = self._schedules.change(command)
                return lambda: schedule_view(self._schedules.schedule(altered))
            case DeleteSchedule():
                deleted = self._schedules.delete(command)
                return lambda: schedule_view(deleted)
            case ChangeTask():
                task = self._intake.change(command)
            case CancelTask():
                task = self._intake.cancel(command)
            case SendPorter():
                task = self._intake.send_porter(command)
            case RetryTask():
                task = self._intake.retry(command)
            case AcknowledgeShift():
                ward = self._wards.acknowledge(self._intake.place(command.ward, field="ward"), command)
                return lambda: self._wards.shift(ward)
            case HandOver():
                task = self._intake.hand_over(command)
            case ChangeRobot():
                robot = self._intake.change_robot(command)
                return lambda: self._robot_view(robot)
            case HelpRobot():
                helped = self._helps.help(command)
                return lambda: self._robot_view(helped)
            case StartPause():
                paused = self._pauses.begin(command)
                return lambda: closure_view(paused)
            case EndPause():
                resumed = self._pauses.end(command)
                return lambda: closure_view(resumed)
            case ChangeAlert():
                alert_id = self._intake.change_alert(command)
                alert = next(a for a in self._ledger.state.alerts.values() if a.id == alert_id)
                return lambda: alert_view(alert)
            case CloseFollowUp():
                follow_up = self._custody.close_follow_up(command)
                cleared = self._ledger.state.follow_ups[follow_up]
                return lambda: follow_up_view(cleared)
            case StartClosure():
                started = self._closures.close(command)
                return lambda: closure_view(started)
            case RaiseAlarm():
                raised = self._fire_alarms.begin(command)
                return lambda: alarm_view(raised, self._ledger.state)
            case EndAlarm():
                over = self._fire_alarms.end(command)
                return lambda: alarm_view(over, self._ledger.state)
            case ChangeLift():
                lift = self._lift_line.change(command)
                self._changed_lifts[lift] = None
                return lambda: self._devices.lift_view(lift)
            case EndClosure():
                ended = self._closures.reopen(command)
                return lambda: closure_view(ended)
        return lambda: task

    def _timer(self, key: TimerKey) -> None:
        kind, subject = key
        match kind:
            case "retry":
                self._execution.retry(RobotId(subject))
            case "silence":
                self._supervision.silence_over(RobotId(subject))
            case "rescue":
                self._supervision.rescue(RobotId(subject))
            case "stuck":
                self._execution.still_stuck(RobotId(subject))
            case "blocked":
                self._supervision.still_blocked(RobotId(subject))
            case "drive_again":
                self._supervision.drive_again(RobotId(subject))
            case "lift_silence":
                self._lift_watch.due(LiftId(subject))
            case "crossing_silence":
                self._crossing_watch.due(CrossingId(subject))
            case "ask_again":
                self._lift_line.ask_again(RobotId(subject))
            case "closure":
                self._closures.due(subject)
            case "obey":
                self._fire_alarms.obey()
            case "enforce":
                self._closures.enforce()
            case "handover_alert" | "handover_end":
                self._missions.nobody_came(subject, end=kind == "handover_end")
            case "carry_time_soon" | "carry_time_over":
                self._custody.carried_long(subject, over=kind == "carry_time_over")
            case "wipe_down_alert":
                self._decontamination.nobody_came(RobotId(subject))
            case "contact":
                if self._decontamination.contact_over(RobotId(subject)):
                    self._missions.signal(RobotId(subject), Signal.DECONTAMINATED)
            case "session":
                self._session_over(self._devices.due(subject))
            case "schedule":
                self._schedules.due(subject)
            case "checkpoint":
                self._patrols.window_over(subject)
            case "overdue":
                self._patrols.overdue(WaypointId(subject))
            case "set_out":
                self._missions.set_out(RobotId(subject))
            case "take_out":
                self._missions.taken_out(RobotId(subject))
            case "loading_late":
                self._timetable.loading_due(TaskId(subject))
            case "timetable":
                self._missions.renew_eta(RobotId(subject))
            case "cordons":
                self._cordons.review()
            case "room":
                self._missions.look_at_room_again(RobotId(subject))
            case "inspect":
                self._missions.look_round_now(RobotId(subject))
            case "visitor":
                self._missions.visitor_gone(RobotId(subject))
            case "remind":
                self._missions.remind(RobotId(subject))
            case "forget_cues":
                self._screening.forget()
            case "waits_long":
                self._queue_watch.due(TaskId(subject))
            case "dispatch":
                self._want_dispatch()
            case "replanned":
                pass
            case "foresee":
                self._execution.foresee()
                for mission in tuple(self._ledger.state.missions.values()):
                    self._missions.renew_eta(mission.robot)
            case _:
                raise AssertionError(f"no handler for timer {kind}")

    # --- FleetManager: what adapters call ---------------------------------------------------------------

    @property
    def ready(self) -> bool:
        return self._running

    async def do(self, command: UserCommand) -> View:
        if isinstance(command, SubmitDisinfection):
            await self._prepare(command)
        answer: asyncio.Future[View | TaskId] = asyncio.get_running_loop().create_future()
        self._queue.put_nowait(_Asked(command, answer))
        try:
            done = await answer
        except NotFound:
            await self._refuse_ended(command)
            raise
        return await self.task(done) if isinstance(done, str) else done

    async def _prepare(self, command: SubmitDisinfection) -> None:
        """Plan a disinfection before it is asked for: that takes seconds, and tells what can't be done at all."""
        await self._treatments.prepare(self._treatments.wanted(command))

    def _submit_by_itself(self, request: SubmitAny) -> TaskId:
        """As a person asks for it, but that a disinfection is planned after it is taken down."""
        task = self._intake.submit_any(request)
        if isinstance(request, SubmitDisinfection):
            self._ledger.after_commit(self._plan_later)
        return task

    def _plan_later(self) -> None:
        planning = asyncio.get_running_loop().create_task(self._plan_open(), name="planning")
        self._planning.add(planning)
        planning.add_done_callback(self._planning.discard)

    async def _plan_open(self) -> None:
        await self._treatments.prepare_open()
        self._want_dispatch()
        self._queue.put_nowait(_Wake())

    async def _refuse_ended(self, command: UserCommand) -> None:
        """A task that is not open any more is no unknown one: say what became of it."""
        if isinstance(command, ChangeTask | CancelTask | SendPorter | RetryTask | HandOver):
            record = await self._store.task(command.task)
            if record is not None:
                raise Conflict(f"task {command.task} is {record.task.status} already")

    def agent_connected(self, robot: RobotId, agent: str) -> int:
        self._queue.put_nowait(_AgentConnected(robot, agent))
        return self._reports_stored[robot]

    def agent_said(self, robot: RobotId, message: FromAgent) -> None:
        self._queue.put_nowait(_AgentSaid(robot, message))

    def agent_lost(self, robot: RobotId) -> None:
        """A closed connection is only the beginning of a silence; the silence timer decides."""
        log.info("connection lost", robot=robot)

    def door_reported(self, door: DoorId, *, is_open: bool) -> None:
        self._queue.put_nowait(_DoorReported(door, is_open))

    def session_refused(self, session: str, *, newest: int) -> None:
        self._queue.put_nowait(_SessionRefused(session, newest))

    def fire_alarm_reported(self, place: str, *, active: bool) -> None:
        self._queue.put_nowait(_FireAlarmReported(place, active))

    def lift_reported(self, lift: LiftId, report: LiftReport) -> None:
        self._queue.put_nowait(_LiftReported(lift, report))

    def crossing_reported(self, crossing: CrossingId, report: CrossingReport) -> None:
        self._queue.put_nowait(_CrossingReported(crossing, report))

    def subscribe(self, listener: Callable[[Change], None]) -> Callable[[], None]:
        number = max(self._listeners, default=0) + 1
        self._listeners[number] = listener
        return lambda: self._listeners.pop(number, None) and None

    def watch(self, watcher: Callable[[Recorded], None]) -> None:
        """Call `watcher` with every stored event, as the domain's own value: for simulated people and reports."""
        self._watchers.append(watcher)

    @property
    def state(self) -> FleetState:
        """The state to read; it changes only by events."""
        return self._ledger.state

    # --- FleetManager: views ----------------------------------------------------------------------------

    async def tasks(self, *, status: str | None, limit: int, before: str | None) -> list[TaskView]:
        records = await self._store.tasks(status=status, limit=limit, before=before)
        return [task_view(r.task, r.mission, self._ledger.state, self.site) for r in records]

    async def task(self, task: str) -> TaskView:
        if TaskId(task) in self._ledger.state.tasks:
            return self._open_task_view(TaskId(task))
        record = await self._store.task(task)
        if record is None:
            raise NotFound(f"there is no task {task}", way_out="GET /api/v1/tasks lists them")
        return task_view(record.task, record.mission, self._ledger.state, self.site)

    async def events(self, after: int, limit: int) -> list[EventView]:
        return await self._store.events_after(after, limit)

    async def trace(self, item: str) -> ItemTraceView:
        chains = await self._store.custody(item)
        if not chains:
            raise NotFound(
                f"there is no item {item}", way_out="GET /api/v1/tasks/{task_id}/items lists the items of a task"
            )
        known = [(chain, await self._store.task(chain.task)) for chain in chains]
        found = [(chain, record.task.status if record is not None else None) for chain, record in known]
        follow_ups = await self._store.follow_ups(state=None, item=item, limit=_FOLLOW_UPS)
        return trace_view(item, found, follow_ups, self.site)

    async def follow_ups(self, *, state: str | None, limit: int) -> list[FollowUpView]:
        return [follow_up_view(f) for f in await self._store.follow_ups(state=state, item=None, limit=limit)]

    async def collections(self, *, begin: datetime, end: datetime, limit: int) -> list[CollectedBagView]:
        found = await self._store.collections(begin=begin, end=end, limit=limit)
        return [bag_view(bag, self.site) for bag in found]

    def handover_code(self, task: str, actor: Actor) -> HandoverCodeView:
        mission, step, code = self._missions.handover_code(self._intake.open_task(task), actor)
        return HandoverCodeView(
            task=task,
            step_id=step.id,
            robot=mission.robot,
            place=step.place,
            compartments=self._ledger.state.handovers[step.id].compartments,
            pin=code.pin,
            qr=code.token,
            valid_until=code.valid_until,
        )

    def _open_task_view(self, task: TaskId) -> TaskView:
        found = self._ledger.state.tasks[task]
        return task_view(found, self._ledger.state.mission_for(found), self._ledger.state, self.site)

    def _task_view(self, task: TaskId, changed: Changed) -> TaskView:
        found = self._ledger.state.tasks[task]
        mission = self._ledger.state.mission_for(found)
        if mission is None:
            mission = next((m for m in reversed(changed.missions.values()) if m.task == task), None)
        return task_view(found, mission, self._ledger.state, self.site)

    def _robot_view(self, robot: RobotId) -> RobotView:
        telemetry = self._supervision.telemetry.get(robot)
        return robot_view(self._ledger.state.robots[robot], telemetry, self._ledger.state, self.site)

    def robots(self) -> list[RobotView]:
        return [self._robot_view(robot) for robot in self._ledger.state.robots]

    def robot(self, robot: str) -> RobotView:
        return self._robot_view(self._intake.robot(robot).id)

    def alerts(self) -> list[AlertView]:
        return [alert_view(alert) for alert in self._ledger.state.alerts.values()]

    def closures(self) -> list[ClosureView]:
        return [closure_view(closure) for closure in self._ledger.state.closures.values()]

    def pauses(self) -> list[ClosureView]:
        return [closure for closure in self.closures() if closure.kind == ClosureKind.PAUSED]

    def helps(self, robot: str) -> list[HelpView]:
        return self._helps.offers(robot)

    def alarms(self) -> list[AlarmView]:
        return [alarm_view(alarm, self._ledger.state) for alarm in self._ledger.state.alarms.values()]

    async def certificate(self, task: str) -> CertificateView:
        record = await self._store.treatment(task)
        known = await self._store.task(task)
        if known is None:
            raise NotFound(f"there is no task {task}", way_out="GET /api/v1/tasks lists them")
        if known.task.treatment is None:
            raise NotFound(f"task {task} is a {known.task.kind}: it disinfects nothing")
        if record is None:
            raise Conflict(f"task {task} has not begun to disinfect", way_out="ask again when it is underway")
        return self._treatments.certificate(known.task, record)

    def schedules(self) -> list[ScheduleView]:
        return [schedule_view(schedule) for schedule in self._ledger.state.schedules.values()]

    def forecast(self, request: SubmitTask) -> ForecastView:
        return self._wards.forecast(self._intake.draft(request))

    def shift(self, ward: str) -> ShiftView:
        return self._wards.shift(self._intake.place(ward, field="ward"))

    def calendar(self, since: datetime, until: datetime) -> list[OccurrenceView]:
        return self._schedules.calendar(since, until)

    def schedule(self, schedule: str) -> ScheduleView:
        return schedule_view(self._schedules.schedule(schedule))

    def cues(self) -> list[CueView]:
        return [cue_view(cue) for cue in reversed(self._ledger.state.cues.values())]

    def screening(self) -> list[LiveScreeningView]:
        return [live_view(observation) for observation in self._screening.live.values()]

    def zones(self) -> list[ZoneView]:
        return [self.zone(zone) for zone in self.site.zones]

    def zone(self, zone: str) -> ZoneView:
        found = self._treatments.zone(zone)
        room, care = self._treatments.room(found), self._zone_care
        return zone_view(
            self.site.zones[found], room, self._treatments.refusal(found), care.due(found), care.task(found)
        )

    def doors(self) -> list[DoorView]:
        return self._devices.door_views()

    def lifts(self) -> list[LiftView]:
        return self._devices.lift_views()

    def poses(self) -> Mapping[RobotId, PoseView]:
        return {robot: pose_view(t) for robot, t in self._supervision.telemetry.items()}

    def traffic(self) -> TrafficView:
        return traffic_view(self._ledger.state, self.site, self._ledger.now())

    def snapshot(self) -> FleetSnapshot:
        state = self._ledger.state
        return FleetSnapshot(
            seq=state.seq,
            time=self._ledger.now(),
            tasks=tuple(self._open_task_view(task) for task in state.tasks),
            robots=tuple(self.robots()),
            alerts=tuple(self.alerts()),
            doors=tuple(self.doors()),
            lifts=tuple(self.lifts()),
        )

    def route(self, start: str, goal: str, fleet: str | None) -> RouteView | None:
        """The quickest route of a fleet, or of the first ground fleet that has one."""
        begin, end = self._intake.place(start, field="from"), self._intake.place(goal, field="to")
        if fleet is not None and fleet not in self.site.fleets:
            raise NotFound(f"there is no fleet {fleet}", way_out=f"fleets: {', '.join(self.site.fleets)}")
        ground = [f.id for f in self.site.fleets.values() if f.carrier is not CarrierKind.PERSON]
        for fleet_id in [FleetId(fleet)] if fleet is not None else ground:
            route = self._routes.of(fleet_id).route(begin, end)
            if route is not None:
                lifts = tuple(leg.lift for leg in route.legs if leg.lift is not None)
                return RouteView(
                    start=begin,
                    goal=end,
                    fleet=fleet_id,
                    length=route.length,
                    duration=route.duration,
                    waypoints=(begin, *(leg.waypoint for leg in route.legs)),
                    lifts=lifts,
                    levels=levels_of(self.site, route),
                )
        return None


def _answer(
    future: asyncio.Future[View | TaskId], answer: Callable[[], View | TaskId] | WardFleetError
) -> Callable[[], None]:
    """Answer a caller who may have gone away meanwhile."""

    def send() -> None:
        if future.done():
            return
        if isinstance(answer, WardFleetError):
            future.set_exception(answer)
        else:
            future.set_result(answer())

    return send
