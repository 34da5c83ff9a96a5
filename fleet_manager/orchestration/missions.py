"""Missions on their way: carry out what `advance` wishes, offer hand-overs, take goods over, end and abort."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from fleet_manager.domain import infection_control
from fleet_manager.domain.alerts import Severity
from fleet_manager.domain.closures import Closure
from fleet_manager.domain.custody import Custody
from fleet_manager.domain.errors import Conflict, InvalidRequest
from fleet_manager.domain.events import (
    CommandIssued,
    EtaChanged,
    ItemsHandedOver,
    MissionChanged,
    MissionEnded,
    RobotHeld,
    RobotLetGo,
    RobotStatusChanged,
    TaskEnded,
    TaskRequeued,
    WaitEnded,
    WaitStarted,
)
from fleet_manager.domain.handovers import HandoverCode, Signature
from fleet_manager.domain.helps import ENDED_BY_HELP
from fleet_manager.domain.missions import Mission, MissionKind, MissionStatus, Step, StepKind, StepStatus
from fleet_manager.domain.robots import CommandKind, Hold, PendingCommand, Robot, RobotStatus, Wait
from fleet_manager.domain.tasks import (
    FLEET_MANAGER,
    Actor,
    DeliveryTask,
    Item,
    ItemId,
    ItemOutcome,
    ItemState,
    Reason,
    TaskStatus,
)
from fleet_manager.domain.voices import Saying
from fleet_manager.orchestration.advance import (
    AwaitRoom,
    AwaitWipeDown,
    DockAt,
    DriveTo,
    Finish,
    GiveOut,
    LockAfterHandover,
    LookRound,
    MeetVisitor,
    OfferHandover,
    RefillAt,
    Signal,
    Speak,
    TreatRoom,
    Wish,
    advance,
)
from fleet_manager.orchestration.commands import Proof
from fleet_manager.orchestration.cordons import LOOK
from fleet_manager.orchestration.custody import CustodyRules, Signed
from fleet_manager.orchestration.decontamination import Decontamination
from fleet_manager.orchestration.execution import Execution
from fleet_manager.orchestration.guides import Guides, guide_command
from fleet_manager.orchestration.ledger import Ledger
from fleet_manager.orchestration.meals import Meals
from fleet_manager.orchestration.patrols import Patrols
from fleet_manager.orchestration.ports import AgentLink
from fleet_manager.orchestration.settings import Patience
from fleet_manager.orchestration.timetable import Timetable
from fleet_manager.orchestration.treatments import Treatments
from fleet_manager.orchestration.voices import Voices
from fleet_manager.orchestration.waiting_places import WaitingPlaces
from fleet_manager.planning.closed_ways import in_the_way
from fleet_manager.planning.estimates import estimate
from fleet_manager.planning.loading import load
from fleet_manager.planning.routes import Routes
from fleet_manager.planning.steps import announcement_steps, delivery_steps, patrol_steps, return_steps, steps_between
from maps.model import RobotId, Site, WaypointId, ZoneId
from robot_agents import protocol

_HANDOVERS: Final = (StepKind.PICK_UP, StepKind.DROP_OFF)
_IN_HANDOVER: Final = (StepStatus.ACTIVE, StepStatus.WAITING_FOR_PERSON, StepStatus.CLOSING)

_OF_TREATMENTS: Final = frozenset(
    {CommandKind.TREAT, CommandKind.CONFIRM_VACATED, CommandKind.REVOKE_VACATED, CommandKind.STOP_TREATING}
)

_OF_INSPECTIONS: Final = frozenset({CommandKind.INSPECT, CommandKind.STOP_INSPECTING})

_OF_VOICES: Final = frozenset({CommandKind.SAY, CommandKind.GUIDE, CommandKind.STOP_GUIDING})

_MOMENT: Final = 0.01
"""Seconds; a shorter wait would end before any time has passed on a clock that counts microseconds."""

_WORTH_ASIDE: Final = 60.0
"""Seconds of waiting for a set time from which on a robot gets out of the others' way."""

_ETA_SLIP: Final = timedelta(seconds=20)
"""An ETA that moves by less is not worth telling."""


class Missions:
    def __init__(
        self,
        site: Site,
        ledger: Ledger,
        routes: Routes,
        execution: Execution,
        places: WaitingPlaces,
        custody: CustodyRules,
        treatments: Treatments,
        patrols: Patrols,
        timetable: Timetable,
        decontamination: Decontamination,
        voices: Voices,
        meals: Meals,
        guides: Guides,
        link: AgentLink,
        patience: Patience,
        dispatch_wanted: Callable[[], None],
    ) -> None:
        self._site = site
        self._ledger = ledger
        self._routes = routes
        self._execution = execution
        self._places = places
        self._custody = custody
        self._treatments = treatments
        self._patrols = patrols
        self._timetable = timetable
        self._decontamination = decontamination
        self._voices = voices
        self._meals = meals
        self._guides = guides
        self._link = link
        self._patience = patience
        self._dispatch_wanted = dispatch_wanted

    # --- signals and wishes ----------------------------------------------------------------------------

    def signal(self, robot_id: RobotId, signal: Signal) -> None:
        """Tell the running mission what happened, and carry out what follows."""
        robot = self._ledger.state.robots[robot_id]
        mission = self._ledger.state.mission_of(robot)
        if mission is None:
            self._dispatch_wanted()
            return
        events, wish = advance(mission, signal, self._execution.standing_at(robot_id))
        for event in events:
            self._ledger.record(event)
        if wish is not None:
            self._carry_out(robot_id, mission, wish)
        if events and mission.task is not None:
            self.renew_eta(robot_id)

    def _carry_out(self, robot_id: RobotId, mission: Mission, wish: Wish) -> None:
        match wish:
            case DriveTo():
                self.set_out(robot_id)
            case OfferHandover(step):
                self._offer(robot_id, step)
            case LockAfterHandover(step):
                self._lock(robot_id, step)
            case GiveOut(step):
                self._give_out(robot_id, step)
            case DockAt(place):
                self._issue(robot_id, CommandKind.DOCK, charger=place)
            case RefillAt(place):
                self._issue(robot_id, CommandKind.REFILL, subject=place)
            case AwaitRoom(step):
                self._await_room(robot_id, step)
            case TreatRoom(step):
                self._treat(robot_id, step)
            case LookRound(step):
                self._look_round(robot_id, step)
            case Speak(step):
                self._speak(robot_id, step)
            case MeetVisitor(step):
                self._meet(robot_id, step)
            case AwaitWipeDown(step):
                if self._decontamination.begin(robot_id, step):
                    self.signal(robot_id, Signal.WIPED_DOWN)
            case Finish():
                self._finish(robot_id, mission)

    def arrived(self, robot_id: RobotId) -> None:
        """A drive is over. A robot that only made way, or was moved, goes on to where its step wants it.

        One that is held goes on when it is let go.
        """
        robot = self._ledger.state.robots[robot_id]
        if robot.hold is not None:
            return
        mission = self._ledger.state.mission_of(robot)
        step = mission.step if mission else None
        if step is not None and step.kind is StepKind.GO_TO and step.status is StepStatus.ACTIVE:
            self._head_for(robot_id, step)
        elif step is not None and _keeps_to_its_place(step) and robot.waypoint != step.place:
            self.go(robot_id, step.place)
        else:
            self.signal(robot_id, Signal.ARRIVED)

    # --- ways ------------------------------------------------------------------------------------------

    def _head_for(self, robot_id: RobotId, step: Step) -> None:
        """Go to where a step wants the robot, but not before its set time asks for that: until then wait aside."""
        at = self._execution.will_stand_at(robot_id)
        early = self._timetable.sets_out_in(step, robot_id, at)
        if early > 0.0:
            self._ledger.set_timer("set_out", robot_id, max(early, _MOMENT))
            self._wait_for_time(robot_id, step, early)
        elif self._execution.standing_at(robot_id) == step.place:
            if self._ledger.state.robots[robot_id].wait is not None:
                self._ledger.record(WaitEnded(robot=robot_id))
            self.signal(robot_id, Signal.ARRIVED)
        else:
            self.go(robot_id, step.place)

    def _wait_for_time(self, robot_id: RobotId, step: Step, seconds: float) -> None:
        robot = self._ledger.state.robots[robot_id]
        if robot.hold is not None:
            return
        if seconds > _WORTH_ASIDE:
            self._execution.wait_aside(robot_id, seconds)
        robot = self._ledger.state.robots[robot_id]
        if robot.drive is None:
            now = self._ledger.now()
            wait = Wait(
                resource=step.place,
                held_by=None,
                because=f"{step.place} has a set time",
                since=robot.wait.since if robot.wait is not None else now,
                until=now + timedelta(seconds=seconds),
            )
            if robot.wait != wait:
                self._ledger.record(WaitStarted(robot=robot_id, wait=wait))

    def set_out(self, robot_id: RobotId) -> None:
        """The way to a stop is the running step: go there now, or when its set time asks for it."""
        robot = self._ledger.state.robots[robot_id]
        mission = self._ledger.state.mission_of(robot)
        step = mission.step if mission is not None else None
        if step is not None and step.kind is StepKind.GO_TO and step.status is StepStatus.ACTIVE:
            self._head_for(robot_id, step)

    def go(self, robot_id: RobotId, place: WaypointId) -> None:
        """Drive there; where a closure is in the way, wait for its end; where nothing leads there, fail.

        A robot that is held goes when it is let go.
        """
        state = self._ledger.state
        robot = state.robots[robot_id]
        if robot.hold is not None:
            return
        task = state.works_for(robot_id)
        if state.closure_at(place, task) is None and self._execution.drive_to(robot_id, place):
            self._ledger.close_alert("way_closed", robot_id)
            return
        start = self._execution.will_stand_at(robot_id)
        closures = state.closures_for(robot_id)
        closure = in_the_way(self._routes.of(robot.fleet), start, place, closures) if start is not None else None
        if closure is None:
            self.fail(robot_id, "no_way", f"there is no way for {robot_id} to {place}")
        else:
            self._wait_for(robot_id, place, closure)

    def _wait_for(self, robot_id: RobotId, place: WaypointId, closure: Closure) -> None:
        """Its way is closed: a task without goods on board waits in the queue, goods wait on their robot, aside."""
        state = self._ledger.state
        robot = state.robots[robot_id]
        mission, task = state.mission_of(robot), state.task_of(robot)
        if mission is None:
            self.step_aside(robot_id)
        elif task is None:
            self._abort(mission, f"{place} is {closure.text}")
            self.step_aside(robot_id)
        elif not task.on_board and task.status is not TaskStatus.CANCELLING:
            self.requeue(task, Reason(subject=place, code="closed", text=f"is {closure.text}"), exclude=False)
        else:
            self._ledger.alert(
                "way_closed",
                robot_id,
                f"{robot_id} has the goods of {task.id} and can't bring them to {place}, {closure.text}",
                "reopen it early, or send a person for the goods (send-porter)",
            )
            self.step_aside(robot_id)
            wait = Wait(
                resource=closure.id,
                held_by=None,
                because=f"{place} is {closure.text}",
                since=self._ledger.now(),
                until=closure.until,
            )
            if self._ledger.state.robots[robot_id].drive is None:
                self._ledger.record(WaitStarted(robot=robot_id, wait=wait))

    def step_aside(self, robot_id: RobotId) -> None:
        """Go to the nearest place that is not closed and in nobody's way; where there is none, stay."""
        closed = self._ledger.state.closed_lanes(self._execution.will_stand_at(robot_id), strictly=True)
        place = self._places.nearest(robot_id, closed, lambda place: self._ledger.state.closure_at(place) is None)
        if place is not None and place != self._execution.will_stand_at(robot_id):
            self._execution.drive_to(robot_id, place)
        else:
            self._execution.halt(robot_id)

    def hold(self, robot_id: RobotId, by: str, because: str, place: WaypointId | None = None) -> None:
        """Leave the mission alone for an alarm or closure, and drive to `place`, or no farther than cleared."""
        known = self._ledger.state.robots[robot_id].hold
        since = known.since if known is not None and known.by == by else self._ledger.now()
        hold = Hold(by=by, because=because, since=since, place=place)
        if known != hold:
            self._ledger.record(RobotHeld(robot=robot_id, hold=hold))
        self.stop_inspecting(robot_id)
        self._execution.withdraw(robot_id)
        if place is not None and place != self._execution.will_stand_at(robot_id):
            self._execution.drive_to(robot_id, place)
        else:
            self._execution.stay(robot_id)

    def let_go(self, robot_id: RobotId) -> None:
        """What held the robot is over."""
        if self._ledger.state.robots[robot_id].hold is not None:
            self._ledger.record(RobotLetGo(robot=robot_id))
            self.resume(robot_id)
            self._execution.allocate(robot_id)
            self._dispatch_wanted()

    def resume(self, robot_id: RobotId) -> None:
        """A closure or alarm is over: go on with the running step, wherever the robot was sent meanwhile."""
        robot = self._ledger.state.robots[robot_id]
        mission = self._ledger.state.mission_of(robot)
        step = mission.step if mission is not None else None
        if step is None or robot.drive is None:
            self.retry_step(robot_id)
        elif step.kind is StepKind.GO_TO and step.status is StepStatus.ACTIVE and robot.drive.goal != step.place:
            self._head_for(robot_id, step)

    # --- compartments ----------------------------------------------------------------------------------

    def _offer(self, robot_id: RobotId, step: Step) -> None:
        """Open what the step needs; a person's hands are open."""
        robot = self._ledger.state.robots[robot_id]
        if self._execution.on_foot(robot):
            self._opened(robot_id)
            return
        need = self._decontamination.shut_out(robot, step.place)
        if need is not None:
            self._turn_back(robot_id, f"{robot_id} {need.because} and does not serve {step.place} as it is")
            return
        if step.by_code:
            self._opened(robot_id)
            return
        task = self._ledger.state.task_of(robot)
        if step.called is not None and task is not None:
            aloud = self._voices.aloud(task)
            self._issue(robot_id, CommandKind.SAY, step=step.id, saying=self._meals.call(step), aloud=aloud)
        for compartment in self._compartments(robot, step):
            self._issue(
                robot_id,
                CommandKind.OPEN_COMPARTMENT,
                step=step.id,
                compartment=compartment,
                items=tuple(str(item) for item in step.items),
                aloud=step.called is None,
            )

    def _turn_back(self, robot_id: RobotId, text: str) -> None:
        """It must not serve the place where it is: its task waits for another carrier, goods on board for a person."""
        task = self._ledger.state.task_of(self._ledger.state.robots[robot_id])
        assert task is not None
        if task.on_board or task.status is TaskStatus.CANCELLING:
            self.fail(robot_id, "needs_decontamination", text)
        else:
            self.requeue(task, Reason(subject=robot_id, code="needs_decontamination", text=text), exclude=False)

    def _lock(self, robot_id: RobotId, step: Step, opening: Sequence[str] = ()) -> None:
        """Close what stands open, and what is `opening`."""
        robot = self._ledger.state.robots[robot_id]
        self._waits_no_longer(robot_id, step)
        if self._execution.on_foot(robot):
            self.signal(robot_id, Signal.CLOSED)
            return
        for compartment in dict.fromkeys((*robot.opened, *opening)):
            self._issue(robot_id, CommandKind.CLOSE_COMPARTMENT, step=step.id, compartment=compartment)

    def _waits_no_longer(self, robot_id: RobotId, step: Step) -> None:
        self._ledger.stop_timer("handover_alert", step.id)
        self._ledger.stop_timer("handover_end", step.id)
        self._ledger.close_alert("handover_waiting", robot_id)

    def _give_out(self, robot_id: RobotId, step: Step) -> None:
        """Unlock the goods that were just signed for; where none were, the compartment stays locked."""
        robot = self._ledger.state.robots[robot_id]
        self._waits_no_longer(robot_id, step)
        kept = dict(robot.loads)
        taken = tuple(str(item) for item in step.items if item not in kept)
        if self._execution.on_foot(robot) or not taken:
            self.signal(robot_id, Signal.CLOSED)
            return
        for compartment in self._ledger.state.handovers[step.id].compartments:
            self._issue(robot_id, CommandKind.OPEN_COMPARTMENT, step=step.id, compartment=compartment, items=taken)

    def taken_out(self, robot_id: RobotId) -> None:
        """Whoever opened a compartment by a code has had time to empty it."""
        robot = self._ledger.state.robots[robot_id]
        mission = self._ledger.state.mission_of(robot)
        step = mission.step if mission is not None else None
        if step is not None and step.by_code and step.status is StepStatus.CLOSING:
            self._lock(robot_id, step)

    def take_up(self) -> None:
        """After a restart: who stands open for a receiver locks again, and set times are kept."""
        for mission in tuple(self._ledger.state.missions.values()):
            step = mission.step
            robot = self._ledger.state.robots[mission.robot]
            if step is not None and step.by_code and step.status is StepStatus.CLOSING and not robot.pending:
                self._ledger.set_timer("take_out", robot.id, self._patience.take_out)
            if step is not None and step.window is not None:
                self._ledger.set_timer("set_out", robot.id, 0.0)
            if step is not None and step.kind is StepKind.TREAT and step.status is StepStatus.WAITING_FOR_PERSON:
                self._ledger.set_timer("room", robot.id, LOOK)
        self._timetable.take_up()

    def _compartments(self, robot: Robot, step: Step) -> tuple[str, ...]:
        """The compartments of a step's items: where they are, or where they shall go."""
        loads = dict(robot.loads)
        known = [loads[item] for item in step.items if item in loads]
        if step.kind is StepKind.PICK_UP and len(known) < len(step.items):
            known = list(self.loading(robot, step).values())
        fleet = self._site.fleets[robot.fleet]
        return tuple(dict.fromkeys(known)) or (fleet.compartments[0].id,)

    def loading(self, robot: Robot, step: Step) -> Mapping[ItemId, str]:
        """Which compartment takes which item of a pick-up."""
        task = self._ledger.state.task_of(robot)
        fleet = self._site.fleets[robot.fleet]
        assert task is not None
        items = [item for item in task.items if item.id in step.items]
        used = {where for _, where in robot.loads} if task.apart else set()
        free = [compartment for compartment in fleet.compartments if compartment.id not in used]
        plan = load(items, free, self._site.item_classes, task.apart)
        return plan if plan is not None else {item.id: fleet.compartments[0].id for item in items}

    def _issue(
        self,
        robot_id: RobotId,
        kind: CommandKind,
        *,
        step: str | None = None,
        compartment: str | None = None,
        items: tuple[str, ...] = (),
        charger: WaypointId | None = None,
        subject: str | None = None,
        reason: str = "",
        saying: Saying | None = None,
        aloud: bool = True,
    ) -> None:
        robot = self._ledger.state.robots[robot_id]
        command = PendingCommand(
            id=f"{robot_id}-{robot.next_command}",
            kind=kind,
            step=step,
            compartment=compartment,
            items=items,
            charger=charger,
            subject=subject,
            reason=reason,
            saying=saying,
            aloud=aloud,
        )
        self._ledger.record(CommandIssued(robot=robot_id, command=command))
        self._ledger.after_commit(lambda: self.send(robot_id, command))

    def send(self, robot_id: RobotId, command: PendingCommand) -> None:
        """Send a pending command, for the first time or after a reconnect."""
        self._link.send(robot_id, self._message(robot_id, command))

    def _message(self, robot_id: RobotId, command: PendingCommand) -> protocol.FromManager:
        if command.kind is CommandKind.DOCK:
            return protocol.Dock(command_id=command.id, charger=command.charger or "")
        if command.kind is CommandKind.REFILL:
            return protocol.Refill(command_id=command.id, place=command.subject or "")
        if command.kind in _OF_TREATMENTS:
            return self._treatments.message(self._ledger.state.robots[robot_id], command)
        if command.kind in _OF_INSPECTIONS:
            return self._patrols.message(self._ledger.state.robots[robot_id], command)
        if command.kind in _OF_VOICES:
            return self._voices.message(command)
        step_id, compartment = command.step or "", command.compartment or ""
        if command.kind is CommandKind.CLOSE_COMPARTMENT:
            return protocol.CloseCompartment(command_id=command.id, step_id=step_id, compartment=compartment)
        mission = self._ledger.state.mission_of(self._ledger.state.robots[robot_id])
        kinds = {step.id: step.kind for step in mission.steps} if mission else {}
        loading = any(kind is StepKind.PICK_UP for step, kind in kinds.items() if step == step_id)
        direction = protocol.HandoverDirection.LOAD if loading else protocol.HandoverDirection.UNLOAD
        return protocol.OpenCompartment(
            command_id=command.id,
            step_id=step_id,
            compartment=compartment,
            direction=direction,
            items=command.items,
            announce=command.aloud,
        )

    def command_done(self, robot_id: RobotId, command: PendingCommand) -> None:
        """The agent reports a command as done; when it was the last one of its step, the step goes on."""
        if command.kind is CommandKind.DOCK:
            self.signal(robot_id, Signal.DOCKED)
            return
        if command.kind is CommandKind.REFILL:
            self.signal(robot_id, Signal.REFILLED)
            self._execution.allocate(robot_id)
            return
        if command.kind in _OF_TREATMENTS:
            self.signal(robot_id, Signal.TREATED if command.kind is CommandKind.TREAT else Signal.HEARD)
            self._execution.allocate(robot_id)
            return
        if command.kind in _OF_INSPECTIONS:
            self._inspection_over(robot_id, command)
            return
        if command.kind in _OF_VOICES:
            self._spoken(robot_id, command)
            return
        robot = self._ledger.state.robots[robot_id]
        if any(c.step == command.step and c.kind == command.kind for c in robot.pending):
            return
        mission = self._ledger.state.mission_of(robot)
        step = mission.step if mission is not None else None
        if command.kind is CommandKind.CLOSE_COMPARTMENT:
            self.signal(robot_id, Signal.CLOSED)
            self._execution.allocate(robot_id)
        elif step is not None and step.by_code and step.status is StepStatus.CLOSING:
            self._ledger.set_timer("take_out", robot_id, self._patience.take_out)
        else:
            self._opened(robot_id)

    def _opened(self, robot_id: RobotId) -> None:
        """The compartment is open: wait for a person, unless the task was cancelled meanwhile."""
        self.signal(robot_id, Signal.OPENED)
        robot = self._ledger.state.robots[robot_id]
        mission = self._ledger.state.mission_of(robot)
        task = self._ledger.state.task_of(robot)
        if mission is None or task is None or mission.step is None:
            return
        over = mission.step.kind is StepKind.PICK_UP or mission.current < len(mission.steps) - 1
        if task.status is TaskStatus.CANCELLING and over and not self.fetches(robot_id, mission.step):
            self.signal(robot_id, Signal.HANDED_OVER)
        else:
            self.await_person(robot, mission.step)

    def await_person(self, carrier: Robot, step: Step) -> None:
        """Somebody should come to a hand-over; a patient whom a robot called has less time, and nobody is alerted."""
        if step.called is not None and not self._execution.on_foot(carrier):
            self._ledger.set_timer("handover_end", step.id, self._patience.meal_patience)
        else:
            self._ledger.set_timer("handover_alert", step.id, self._patience.handover_alert)
            self._ledger.set_timer("handover_end", step.id, self._patience.handover_end)

    # --- treatments -------------------------------------------------------------------------------------

    def _await_room(self, robot_id: RobotId, step: Step, *, again: bool = False) -> None:
        """One that makes way for another robot meanwhile looks at the room again when it is back."""
        robot = self._ledger.state.robots[robot_id]
        task = self._ledger.state.task_of(robot)
        because = self._treatments.not_ready(step)
        if because is None and not again:
            self._ledger.close_alert("room_not_ready", robot_id)
        stranger = self._treatments.cordon(task, robot_id) if task is not None else None
        if stranger is not None:
            because = because or (f"{stranger} is still in there" if again else None)
            self._ledger.set_timer("room", robot_id, LOOK)
        if because is not None:
            self._treatments.call_for_room(robot_id, because, step)
        elif stranger is None and (self._treat_command(robot) is not None or _stands_at(robot, step)):
            self.signal(robot_id, Signal.ROOM_READY)

    def look_at_room_again(self, robot_id: RobotId) -> None:
        """Another robot was in the area that is to be sprayed."""
        mission = self._ledger.state.mission_of(self._ledger.state.robots[robot_id])
        step = mission.step if mission is not None else None
        if step is not None and step.kind is StepKind.TREAT and step.status is StepStatus.WAITING_FOR_PERSON:
            self._await_room(robot_id, step, again=True)

    def _treat(self, robot_id: RobotId, step: Step) -> None:
        """Begin, or go on with what was interrupted."""
        robot = self._ledger.state.robots[robot_id]
        task = self._ledger.state.task_of(robot)
        assert task is not None
        running = self._treat_command(robot)
        self._treatments.begin(robot_id, task, anew=running is None)
        if running is None:
            self._issue(robot_id, CommandKind.TREAT, step=step.id)
        else:
            self._issue(robot_id, CommandKind.CONFIRM_VACATED, step=step.id, subject=running.id)

    @staticmethod
    def _treat_command(robot: Robot) -> PendingCommand | None:
        return next((c for c in robot.pending if c.kind is CommandKind.TREAT), None)

    def room_changed(self, zone: ZoneId) -> None:
        """Somebody told something of a room: who waits for it begins, who treats it stops when it is not safe."""
        for mission, step in self._treatments.steps_in(zone):
            because = self._treatments.not_ready(step)
            if step.status is StepStatus.WAITING_FOR_PERSON:
                self._await_room(mission.robot, step)
            elif step.status is StepStatus.ACTIVE and because is not None:
                running = self._treat_command(self._ledger.state.robots[mission.robot])
                if running is not None and self._treatments.is_unsafe(step):
                    self._issue(mission.robot, CommandKind.REVOKE_VACATED, subject=running.id, reason=because)

    def treatment_told(self, robot_id: RobotId, report: protocol.TreatmentTold) -> bool:
        """Take what a robot tells of its treatment; False when that is over."""
        if not self._treatments.told(self._ledger.state.robots[robot_id], report):
            return False
        if report.interrupted:
            self.signal(robot_id, Signal.INTERRUPTED)
        return True

    def tank_told(self, robot: Robot, tank: float | None) -> None:
        """What a heartbeat says of a sprayer's tank."""
        self._treatments.spraying.tank_told(robot, tank)

    # --- inspections ------------------------------------------------------------------------------------

    def _look_round(self, robot_id: RobotId, step: Step) -> None:
        """One that makes way for another robot before it is time looks round when it is back."""
        early = self._patrols.early(step)
        if early > 0.0:
            self._ledger.set_timer("inspect", robot_id, early)
        elif _stands_at(self._ledger.state.robots[robot_id], step):
            self._issue(robot_id, CommandKind.INSPECT, step=step.id)

    def look_round_now(self, robot_id: RobotId) -> None:
        """The window of a checkpoint has begun at which a robot waits."""
        for waiting, step in self._patrols.waiting():
            if waiting == robot_id:
                self._look_round(robot_id, step)

    def inspections_take_up(self) -> None:
        """After a restart: who waits at a checkpoint goes on with it."""
        for robot_id, step in self._patrols.waiting():
            self._look_round(robot_id, step)

    def _inspection_over(self, robot_id: RobotId, command: PendingCommand) -> None:
        mission = self._ledger.state.mission_of(self._ledger.state.robots[robot_id])
        step = mission.step if mission is not None else None
        if command.kind is CommandKind.INSPECT and step is not None and step.id == command.step:
            self.signal(robot_id, Signal.INSPECTED)
        else:
            self.signal(robot_id, Signal.HEARD)
        self._execution.allocate(robot_id)

    def stop_inspecting(self, robot_id: RobotId) -> None:
        pending = self._ledger.state.robots[robot_id].pending
        stopped = {c.subject for c in pending if c.kind is CommandKind.STOP_INSPECTING}
        for command in pending:
            if command.kind is CommandKind.INSPECT and command.id not in stopped:
                self._issue(robot_id, CommandKind.STOP_INSPECTING, subject=command.id)

    # --- voices -----------------------------------------------------------------------------------------

    def _speak(self, robot_id: RobotId, step: Step) -> None:
        """An announcement waits for the end of quiet hours in the queue; one that makes way speaks when it is back."""
        robot = self._ledger.state.robots[robot_id]
        task = self._ledger.state.task_of(robot)
        assert task is not None
        quiet = self._voices.quiet(task) if task.announces else None
        if quiet is not None:
            self.requeue(task, quiet, exclude=False)
        elif _stands_at(robot, step) and all(c.kind is not CommandKind.SAY for c in robot.pending):
            aloud = task.announces or self._voices.aloud(task)
            self._issue(robot_id, CommandKind.SAY, step=step.id, saying=step.saying, aloud=aloud)

    def _spoken(self, robot_id: RobotId, command: PendingCommand) -> None:
        mission = self._ledger.state.mission_of(self._ledger.state.robots[robot_id])
        step = mission.step if mission is not None else None
        says = command.kind is CommandKind.SAY and step is not None and step.kind is StepKind.SAY
        self.signal(robot_id, Signal.SAID if says else Signal.HEARD)
        self._execution.allocate(robot_id)

    def voice_failed(self, robot_id: RobotId, command: PendingCommand, reason: str) -> None:
        """A robot can't speak: an announcement goes to another one, whoever was only called sees it on the screen."""
        task = self._ledger.state.task_of(self._ledger.state.robots[robot_id])
        text = f"{robot_id} can't do what its voice or eyes are for: {reason}"
        self._ledger.alert("voice_failed", robot_id, text, f"look at {robot_id}; see the log of its agent")
        if task is not None and (task.announces or command.kind is CommandKind.GUIDE):
            self.requeue(task, Reason(subject=robot_id, code="voice_failed", text=text), exclude=True)
        else:
            self._spoken(robot_id, command)

    def goods_taken(self, robot_id: RobotId, compartment: str) -> None:
        """The sensor of an open compartment: a patient has taken the meal."""
        found = self._meals.taken(self._ledger.state.robots[robot_id], compartment)
        if found is not None:
            self._take_over(*found)

    def _meet(self, robot_id: RobotId, step: Step) -> None:
        """One that makes way for another robot meanwhile watches when it is back."""
        robot = self._ledger.state.robots[robot_id]
        self._guides.awaited(robot_id)
        if _stands_at(robot, step) and guide_command(robot) is None:
            self._issue(robot_id, CommandKind.GUIDE, step=step.id)

    def follower_told(self, robot_id: RobotId, report: protocol.FollowerTold) -> bool:
        """Take what a robot tells of its visitor; False when that is over."""
        robot = self._ledger.state.robots[robot_id]
        if not self._guides.told(robot, report):
            return False
        task = self._ledger.state.task_of(robot)
        mission = self._ledger.state.mission_of(robot)
        step = mission.step if mission is not None else None
        if task is not None and step is not None and step.kind is StepKind.MEET and report.following:
            self._call_out(robot_id, self._guides.greeting(task))
            self.signal(robot_id, Signal.MET)
        return True

    def remind(self, robot_id: RobotId) -> None:
        """A visitor has fallen behind."""
        if self._guides.reminds(robot_id):
            self._call_out(robot_id, self._guides.reminder())

    def _call_out(self, robot_id: RobotId, saying: Saying) -> None:
        """Say it to a visitor, unless the robot speaks already; in quiet hours it is shown."""
        robot = self._ledger.state.robots[robot_id]
        task = self._ledger.state.task_of(robot)
        if task is not None and all(c.kind is not CommandKind.SAY for c in robot.pending):
            self._issue(robot_id, CommandKind.SAY, saying=saying, aloud=self._voices.aloud(task))

    def visitor_gone(self, robot_id: RobotId) -> None:
        """All patience with a visitor is over."""
        given_up = self._guides.given_up(robot_id)
        if given_up is not None:
            task, text = given_up
            self.end_task(task, TaskStatus.FAILED, text, FLEET_MANAGER)

    def _stop_guiding(self, mission: Mission) -> None:
        robot = self._ledger.state.robots[mission.robot]
        guiding = guide_command(robot)
        if mission.task is not None and mission.kind is MissionKind.GUIDE:
            self._guides.over(self._ledger.state.tasks[mission.task], robot.id)
        if guiding is not None and all(c.subject != guiding.id for c in robot.pending):
            self._issue(robot.id, CommandKind.STOP_GUIDING, subject=guiding.id)

    # --- hand-over -------------------------------------------------------------------------------------

    def due_step(self, task: DeliveryTask) -> tuple[Mission, Step] | None:
        """The step of a task at which the carrier waits for a person now."""
        mission = self._ledger.state.mission_for(task)
        step = mission.step if mission else None
        if mission is None or step is None or step.status is not StepStatus.WAITING_FOR_PERSON:
            return None
        return (mission, step) if step.kind in _HANDOVERS else None

    def hand_over(
        self,
        task: DeliveryTask,
        actor: Actor,
        step_id: str | None,
        proof: Proof,
        receipts: Mapping[ItemId, ItemOutcome],
        weights: Mapping[ItemId, float],
    ) -> None:
        """Goods change hands at the step that is due, once all have signed; what is not named is accepted."""
        mission, step = self._due(task)
        if step_id is not None and step_id != step.id:
            raise Conflict(f"task {task.id}: step {step_id} is not due, {step.id} is", field="step_id")
        foreign = [item for item in (*receipts, *weights) if item not in step.items]
        if foreign:
            raise InvalidRequest(
                f"items: {foreign[0]!r} is not part of step {step.id}",
                field="items",
                way_out=f"its items are {', '.join(step.items)}",
            )
        signed = self._custody.sign(task, mission, step, actor, proof, receipts, weights)
        if signed is not None:
            self._take_over(task, mission, step, signed)

    def handover_code(self, task: DeliveryTask, actor: Actor) -> tuple[Mission, Step, HandoverCode]:
        """The one-time code of the hand-over that is due, for somebody who may sign there."""
        mission, step = self._due(task)
        return mission, step, self._custody.code(task, mission, step, actor)

    def _due(self, task: DeliveryTask) -> tuple[Mission, Step]:
        due = self.due_step(task)
        if due is None:
            raise Conflict(
                f"task {task.id}: no hand-over is due now",
                way_out="wait until the carrier has arrived; handover_step names the step then",
            )
        return due

    def _take_over(
        self,
        task: DeliveryTask,
        mission: Mission,
        step: Step,
        signed: Signed,
    ) -> None:
        robot = self._ledger.state.robots[mission.robot]
        first, second, outcomes = signed.first, signed.second, signed.outcomes
        refused = [item for item, outcome in outcomes.items() if outcome is ItemOutcome.REFUSED]
        loads = dict(robot.loads)
        back: Custody | None = None
        if step.kind is StepKind.PICK_UP:
            plan = self.loading(robot, step)
            loads |= {item: plan[item] for item in outcomes if item not in refused}
            after, otherwise = ItemState.ON_BOARD, ItemState.MISSING
        else:
            loads = {item: where for item, where in loads.items() if item not in outcomes or item in refused}
            returns = task.status is TaskStatus.CANCELLING or step.id in self._return_steps(task, mission)
            after, otherwise = ItemState.RETURNED if returns else ItemState.DELIVERED, ItemState.ON_BOARD
            back = self._kind_of_return(task, step.place) if returns else None
        self._ledger.record(
            ItemsHandedOver(
                task=task.id,
                mission=mission.id,
                step=step.id,
                robot=robot.id,
                place=step.place,
                actor=first.actor,
                proof=first.proof,
                items=tuple((i, otherwise if i in refused else after, outcome) for i, outcome in outcomes.items()),
                loads=tuple(loads.items()),
                second=second.actor if second is not None else None,
                second_proof=second.proof if second is not None else "",
                back=back,
                weights=tuple((i, weight) for i, weight in signed.weights.items() if i not in refused),
            )
        )
        if first.actor != FLEET_MANAGER:
            self._custody.follow_up(task, robot.id, step.place, first.actor, outcomes, signed.weights)
        self._custody.handed_over(self._ledger.state.tasks[task.id])
        if refused:
            self.plan_without(robot.id, refused, step)
        self.signal(robot.id, Signal.HANDED_OVER)

    def _kind_of_return(self, task: DeliveryTask, place: WaypointId) -> Custody:
        """What it is when goods that should have gone elsewhere are given out at a place."""
        if place == self._site.quarantine:
            return Custody.QUARANTINED
        if place == task.pickup:
            return Custody.BROUGHT_BACK
        return Custody.RECEIVED if place == task.dropoff else Custody.TAKEN_OUT

    @staticmethod
    def _return_steps(task: DeliveryTask, mission: Mission) -> set[str]:
        """The steps that bring back goods which were refused where they should have gone."""
        drops = [s for s in mission.steps if s.kind is StepKind.DROP_OFF]
        return {s.id for i, s in enumerate(drops) if any(set(s.items) & set(before.items) for before in drops[:i])}

    def plan_without(self, robot_id: RobotId, refused: list[ItemId], at: Step) -> None:
        """Goods were not given or not taken: leave out what falls away, and bring back what stays on board."""
        state = self._ledger.state
        robot = state.robots[robot_id]
        mission, task = state.mission_of(robot), state.task_of(robot)
        assert mission is not None
        assert task is not None
        done = mission.steps[: mission.current + 1]
        if at.kind is StepKind.PICK_UP:
            left = [replace(s, items=tuple(i for i in s.items if i not in refused)) for s in mission.steps]
            empty = {i for i, s in enumerate(left) if s.kind is StepKind.DROP_OFF and not s.items}
            kept = [s for i, s in enumerate(left) if i not in empty and i + 1 not in empty]
            steps = done + tuple(kept[mission.current + 1 :])
            reason = "not everything was handed over"
        else:
            back = self.destination(task, robot, [i for i in task.on_board if i.id in refused], uncollected=True)
            if at.called is not None:
                mission, reason = self._meals.plan_back(mission, at, refused, back)
                steps = mission.steps
            else:
                place = back.place or at.place
                steps = mission.steps + return_steps(mission.id, place, tuple(refused), mission.next_step)
                reason = back.because
        self._ledger.record(MissionChanged(mission=replace(mission, steps=steps), reason=reason))

    def destination(
        self, task: DeliveryTask, robot: Robot, items: list[Item], *, uncollected: bool
    ) -> infection_control.Destination:
        return infection_control.destination(
            items,
            self._site,
            pickup=task.pickup,
            dropoff=task.dropoff,
            exposure=robot.exposure,
            uncollected=uncollected,
        )

    def return_plan(self, task: DeliveryTask, mission: Mission) -> tuple[Mission, infection_control.Destination]:
        """The mission of a task that is cancelled with goods on board or a compartment open."""
        robot = self._ledger.state.robots[mission.robot]
        step = mission.step
        in_handover = step is not None and step.kind is not StepKind.GO_TO and step.status is not StepStatus.PENDING
        kept = mission.steps[: mission.current + 1] if in_handover else mission.steps[: mission.current]
        if not task.on_board:
            return replace(mission, steps=kept), infection_control.Destination(place=None, because="nothing on board")
        target = self.destination(task, robot, list(task.on_board), uncollected=False)
        place = target.place or self._execution.will_stand_at(robot.id) or task.pickup
        items = tuple(item.id for item in task.on_board)
        fetching = self._fetch_steps(mission, robot, items, kept)
        steps = kept + fetching + return_steps(mission.id, place, items, mission.next_step + len(fetching))
        return replace(mission, steps=steps), replace(target, place=place)

    def _fetch_steps(
        self, mission: Mission, robot: Robot, items: tuple[ItemId, ...], kept: tuple[Step, ...]
    ) -> tuple[Step, ...]:
        """What a carrier does first that was to take goods from another one, and has not done so yet."""
        own = dict(robot.loads)
        lacking = tuple(item for item in items if item not in own)
        carrier = next(
            (r for r in self._ledger.state.robots.values() if any(item in lacking for item, _ in r.loads)), None
        )
        at = self._execution.will_stand_at(carrier.id) if carrier is not None else None
        if at is None or (kept and self.fetches(mission.robot, kept[-1])):
            return ()
        return steps_between(mission.id, [(StepKind.PICK_UP, at, lacking)], mission.next_step)

    def fetches(self, robot_id: RobotId, step: Step) -> bool:
        """Whether a step takes goods from another carrier: it is done even when its task is cancelled meanwhile."""
        others = (r for r in self._ledger.state.robots.values() if r.id != robot_id)
        loaded = {item for robot in others for item, _ in robot.loads}
        return step.kind is StepKind.PICK_UP and any(item in loaded for item in step.items)

    def nobody_came(self, step_id: str, *, end: bool) -> None:
        """A hand-over is overdue: call a person; at the end of all patience treat the goods as refused."""
        found = self._waiting_step(step_id)
        if found is None:
            return
        task, mission, step = found
        if step.called is not None and task.status is not TaskStatus.CANCELLING:
            self._meals.left(task, mission.robot, step)
            self.leave_out(task, mission, step)
            return
        what = "loads" if step.kind is StepKind.PICK_UP else "collects"
        text = f"nobody {what} the goods of {task.id} at {step.place}"
        self._ledger.alert("handover_waiting", mission.robot, text, f"go to {step.place} or call the ward")
        if not end:
            return
        robot = self._ledger.state.robots[mission.robot]
        items = [item for item in task.items if item.id in step.items]
        if step.kind is StepKind.DROP_OFF:
            back = self.destination(task, robot, items, uncollected=True)
            if back.place is None or task.status is TaskStatus.CANCELLING or back.place == step.place:
                self._ledger.alert(
                    "goods_held",
                    task.id,
                    f"{text}; {back.because}",
                    f"take the goods from {mission.robot} at {step.place}",
                    Severity.CRITICAL,
                )
                return
        elif any(item.state is ItemState.ON_BOARD for item in items):
            self._ledger.alert(
                "goods_held",
                task.id,
                f"{text}; they stand on a robot that can't go on",
                f"take the goods from the robot at {step.place}",
                Severity.CRITICAL,
            )
            return
        self.leave_out(task, mission, step)

    def leave_out(self, task: DeliveryTask, mission: Mission, step: Step) -> None:
        """A hand-over on offer is over without anybody: its goods are not loaded, or go where their class says."""
        refused = dict.fromkeys(step.items, ItemOutcome.REFUSED)
        nobody = Signature(actor=FLEET_MANAGER, proof="none", outcomes=tuple(refused.items()), time=self._ledger.now())
        self._take_over(task, mission, step, Signed(first=nobody, second=None, outcomes=refused, weights={}))

    def _waiting_step(self, step_id: str) -> tuple[DeliveryTask, Mission, Step] | None:
        for mission in self._ledger.state.missions.values():
            step = mission.step
            if step is not None and step.id == step_id and step.status is StepStatus.WAITING_FOR_PERSON:
                assert mission.task is not None
                return self._ledger.state.tasks[mission.task], mission, step
        return None

    # --- ends ------------------------------------------------------------------------------------------

    def _finish(self, robot_id: RobotId, mission: Mission) -> None:
        state = self._ledger.state
        self._stop_guiding(mission)
        self._ledger.record(MissionEnded(mission=mission.id, status=MissionStatus.DONE))
        if mission.task is not None:
            task = state.tasks[mission.task]
            if task.treatment is not None:
                became = self._treatments.finish(mission)
                if isinstance(became, Reason):
                    self._ledger.record(TaskRequeued(task=mission.task, reason=became, excluded=None))
                    self._dispatch_wanted()
                    return
                status, outcome = became
            else:
                status, outcome = self._outcome(task)
            self._ledger.record(TaskEnded(task=mission.task, status=status, outcome=outcome, actor=FLEET_MANAGER))
            self._over(task)
        if state.robots[robot_id].docked:
            self._ledger.record(RobotStatusChanged(robot=robot_id, status=RobotStatus.CHARGING))
        self._dispatch_wanted()

    def end_task(self, task: DeliveryTask, status: TaskStatus, outcome: str, actor: Actor) -> None:
        """End a task that has nothing on board, with its mission."""
        mission = self._ledger.state.mission_for(task)
        if mission is not None:
            self._abort(mission, outcome)
        self._ledger.close_alert("task_shut_out", task.id)
        self._ledger.close_alert("no_carrier_left", task.id)
        self._ledger.close_alert("waits_long", task.id)
        self._treatments.given_up(task)
        self._ledger.record(TaskEnded(task=task.id, status=status, outcome=outcome, actor=actor))
        self._over(task)
        self._dispatch_wanted()

    def _over(self, task: DeliveryTask) -> None:
        self._timetable.over(task)
        self._treatments.over(task)

    def _abort(self, mission: Mission, reason: str) -> None:
        pending = self._ledger.state.robots[mission.robot].pending
        opening = [c.compartment for c in pending if c.kind is CommandKind.OPEN_COMPARTMENT and c.compartment]
        treats = self._treat_command(self._ledger.state.robots[mission.robot])
        self._ledger.record(MissionEnded(mission=mission.id, status=MissionStatus.ABORTED, reason=reason))
        self._execution.halt(mission.robot)
        if mission.step is not None and mission.step.status in _IN_HANDOVER and mission.step.kind in _HANDOVERS:
            self._lock(mission.robot, mission.step, opening)
        if treats is not None:
            self._issue(mission.robot, CommandKind.STOP_TREATING, subject=treats.id)
        self.stop_inspecting(mission.robot)
        self._stop_guiding(mission)
        self._ledger.close_alert("room_not_ready", mission.robot)
        self._decontamination.over(mission.robot)

    def give_up(self, mission: Mission, reason: str) -> None:
        """End a robot's own mission (park, charge, be decontaminated) because a task needs it."""
        self._ledger.record(MissionEnded(mission=mission.id, status=MissionStatus.ABORTED, reason=reason))
        self._decontamination.over(mission.robot)

    def requeue(self, task: DeliveryTask, reason: Reason, *, exclude: bool) -> None:
        """Take a task from its carrier. Goods on board stay there until a person fetches them.

        A task that only lacked its carrier's last word is over.
        """
        mission = self._ledger.state.mission_for(task)
        if mission is not None and self._lacks_nothing(task, mission):
            self.end_task(task, *self._outcome(task), FLEET_MANAGER)
            return
        if mission is not None and task.guidance is not None:
            self._guides.call(task, f"{reason.text}; it was leading the visitor of {task.id}")
            self.end_task(task, TaskStatus.FAILED, f"the visitor was left alone: {reason.text}", FLEET_MANAGER)
            return
        excluded = task.robot if exclude else None
        if mission is not None:
            self._abort(mission, reason.text)
        self._ledger.record(TaskRequeued(task=task.id, reason=reason, excluded=excluded))
        self._dispatch_wanted()

    @staticmethod
    def _lacks_nothing(task: DeliveryTask, mission: Mission) -> bool:
        """Whether all of a task is done but that its carrier said so."""
        if task.inspects:
            return not patrol_steps(mission.id, task)
        if task.announces:
            return not announcement_steps(mission.id, task)
        return task.carries and not delivery_steps(mission.id, task)

    def _outcome(self, task: DeliveryTask) -> tuple[TaskStatus, str]:
        """How a task ended whose mission is done, but for a treatment."""
        if task.inspects:
            return self._patrols.finish(task)
        if task.announces:
            return self._voices.finish(task)
        if task.guides:
            return self._guides.finish(task)
        if task.serves and task.status is not TaskStatus.CANCELLING:
            return self._meals.finish(task)
        return _outcome(task)

    def fail(self, robot_id: RobotId, code: str, text: str) -> None:
        """The robot can't go on with its mission.

        Without goods on board its task goes to another carrier; with goods a person is called.
        """
        state = self._ledger.state
        robot = state.robots[robot_id]
        mission, task = state.mission_of(robot), state.task_of(robot)
        reason = Reason(subject=robot_id, code=code, text=text)
        if task is not None and (task.on_board or task.status is TaskStatus.CANCELLING):
            self._ledger.alert(
                "goods_stranded",
                robot_id,
                f"{text}; it carries the goods of {task.id}",
                f"bring {robot_id} back, or send a person for the goods (send-porter)",
                Severity.CRITICAL,
            )
            return
        if task is not None:
            self.requeue(task, reason, exclude=True)
        elif mission is not None:
            self._abort(mission, text)
        self._ledger.alert("robot_failed", robot_id, text, f"look at {robot_id}, then return it to service")

    def fail_for_good(self, robot_id: RobotId, code: str, text: str) -> None:
        """The robot itself is at fault: it gets no work until a person returns it to service."""
        self.fail(robot_id, code, text)
        self._ledger.record(RobotStatusChanged(robot=robot_id, status=RobotStatus.ERROR, note=text))
        self._execution.mobility_changed(robot_id)

    # --- eta -------------------------------------------------------------------------------------------

    def renew_eta(self, robot_id: RobotId) -> None:
        """Predict the task's end again: the carrier arrives in its turn, and then does the rest without waits."""
        state = self._ledger.state
        robot = state.robots[robot_id]
        mission, task = state.mission_of(robot), state.task_of(robot)
        start = self._execution.will_stand_at(robot_id)
        if mission is None or task is None or start is None or task.status is TaskStatus.CANCELLING:
            return
        arrives = self._execution.arrival(robot_id)
        begins = arrives or self._ledger.now()
        if arrives is not None and robot.drive is not None:
            start = robot.drive.goal
        left = estimate(
            self._routes.of(robot.fleet),
            self._site.fleets[robot.fleet],
            start=start,
            charge=robot.state_of_charge,
            steps=mission.steps[mission.current :],
            then=None,
            begins=begins,
        )
        self._timetable.foresee(task, mission, start, begins)
        if left is None:
            return
        eta = begins + timedelta(seconds=left.duration)
        if task.eta is None or abs(eta - task.eta) >= _ETA_SLIP:
            self._ledger.record(EtaChanged(task=task.id, eta=eta))

    def retry_step(self, robot_id: RobotId) -> None:
        """The robot can follow commands again but lost its drive: start the running step anew."""
        robot = self._ledger.state.robots[robot_id]
        mission = self._ledger.state.mission_of(robot)
        if mission is None or mission.step is None or robot.drive is not None:
            return
        if _keeps_to_its_place(mission.step):
            self.arrived(robot_id)
        elif mission.step.status is StepStatus.PENDING:
            self.signal(robot_id, Signal.BEGIN)


def _outcome(task: DeliveryTask) -> tuple[TaskStatus, str]:
    """How a task ended whose mission is done."""
    by_state = {state: [i.name for i in task.items if i.state is state] for state in ItemState}
    helped = next((reason for reason in task.reasons if reason.code in ENDED_BY_HELP), None)
    if helped is not None:
        return TaskStatus.FAILED, helped.text
    if task.status is TaskStatus.CANCELLING:
        where = f"goods brought to {task.destination}" if by_state[ItemState.RETURNED] else "nothing was on board"
        return TaskStatus.CANCELLED, f"cancelled, {where}"
    if by_state[ItemState.DELIVERED] or not task.items:
        left_out = by_state[ItemState.MISSING] + by_state[ItemState.RETURNED]
        return TaskStatus.COMPLETED, f"delivered without {', '.join(left_out)}" if left_out else "delivered"
    if by_state[ItemState.RETURNED]:
        return TaskStatus.FAILED, "the goods were not accepted and went back"
    return TaskStatus.FAILED, f"nothing was handed over at {task.pickup}"


def _keeps_to_its_place(step: Step) -> bool:
    """Whether a running step goes on only where it belongs: a robot that had to make way goes there again."""
    match step.kind, step.status:
        case StepKind.GO_TO | StepKind.INSPECT | StepKind.SAY | StepKind.MEET, StepStatus.ACTIVE:
            return True
        case StepKind.TREAT | StepKind.DECONTAMINATE, StepStatus.WAITING_FOR_PERSON:
            return True
    return False


def _stands_at(robot: Robot, step: Step) -> bool:
    """Whether a robot is where its step is done, and is not sent away."""
    return robot.waypoint == step.place and robot.drive is None
