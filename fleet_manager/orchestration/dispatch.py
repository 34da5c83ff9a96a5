"""Dispatch: which carrier takes which task, and what a carrier without one does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from fleet_manager.domain import infection_control
from fleet_manager.domain.closures import Closure
from fleet_manager.domain.events import MissionStarted, TaskAssigned, TaskDeferred
from fleet_manager.domain.infection_control import Need
from fleet_manager.domain.missions import Mission, MissionId, MissionKind, Step, StepKind
from fleet_manager.domain.robots import Robot, RobotMode
from fleet_manager.domain.tasks import DeliveryTask, Priority, Reason, TaskKind, TaskStatus
from fleet_manager.orchestration.advance import Signal
from fleet_manager.orchestration.collections import Collections
from fleet_manager.orchestration.decontamination import Decontamination
from fleet_manager.orchestration.execution import Execution
from fleet_manager.orchestration.guides import Guides
from fleet_manager.orchestration.ledger import Ledger
from fleet_manager.orchestration.meals import Meals
from fleet_manager.orchestration.missions import Missions
from fleet_manager.orchestration.patrols import Patrols
from fleet_manager.orchestration.queue_watch import QueueWatch
from fleet_manager.orchestration.treatments import Treatments
from fleet_manager.orchestration.voices import Voices
from fleet_manager.planning.assignment import WEIGHT, Assigner, hungarian
from fleet_manager.planning.closed_ways import in_the_way
from fleet_manager.planning.estimates import Estimate, estimate
from fleet_manager.planning.loading import load
from fleet_manager.planning.routes import Routes
from fleet_manager.planning.steps import (
    announcement_steps,
    charge_steps,
    decontamination_steps,
    delivery_steps,
    guidance_steps,
    park_steps,
    patrol_steps,
    refill_steps,
    treatment_steps,
)
from maps.model import CarrierKind, Fleet, Flow, ItemClassId, RobotId, Site, WaypointId

_AGES: Final = timedelta(minutes=20)
"""A task that waited this long is treated as one priority more urgent, so that nothing waits for ever."""

_MISSION_OF: Final = {
    TaskKind.DELIVERY: MissionKind.DELIVER,
    TaskKind.COLLECTION: MissionKind.DELIVER,
    TaskKind.DISINFECTION: MissionKind.TREAT,
    TaskKind.PATROL: MissionKind.PATROL,
    TaskKind.SCREENING: MissionKind.PATROL,
    TaskKind.ANNOUNCEMENT: MissionKind.ANNOUNCE,
    TaskKind.MEALS: MissionKind.DELIVER,
    TaskKind.GUIDANCE: MissionKind.GUIDE,
}

_CLOSED: Final = "closed"
"""The code of a refusal for which a closure is to blame."""

_UNCLEAN: Final = "needs_decontamination"
"""The code of a refusal that decontamination would lift."""

_OWN_STEPS: Final = {
    MissionKind.CHARGE: charge_steps,
    MissionKind.REFILL: refill_steps,
    MissionKind.PARK: park_steps,
    MissionKind.DECONTAMINATE: decontamination_steps,
}
"""How a robot does what it needs itself."""

_PER_RANK: Final = 1e5
_WORTH_LEAVING_CHARGER: Final = 0.3
CHARGED: Final = 0.8 - 0.005
"""From this charge on a robot leaves its charger: it reports 80 %, rounded as its own meter does."""

_REASONS_SHOWN: Final = 12


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Why a carrier does not get a task."""

    code: str
    text: str


class Dispatch:
    def __init__(
        self,
        site: Site,
        ledger: Ledger,
        routes: Routes,
        execution: Execution,
        missions: Missions,
        treatments: Treatments,
        patrols: Patrols,
        decontamination: Decontamination,
        collections: Collections,
        voices: Voices,
        meals: Meals,
        guides: Guides,
        queue: QueueWatch,
        assign: Assigner = hungarian,
    ) -> None:
        self._site = site
        self._ledger = ledger
        self._routes = routes
        self._execution = execution
        self._missions = missions
        self._treatments = treatments
        self._patrols = patrols
        self._decontamination = decontamination
        self._collections = collections
        self._voices = voices
        self._meals = meals
        self._guides = guides
        self._queue = queue
        self._assign = assign
        self._unclean: dict[RobotId, Need] = {}
        self._own_homes = {r.id: r.home for fleet in site.fleets.values() for r in fleet.robots}

    def cycle(self) -> None:
        """The phases, in order; each leaves a state that is fine to stop in."""
        self._assign_queued_tasks()
        self._decontaminate()
        self._give_homes_back()
        self._refill()
        self._recharge()
        self._leave_chargers()
        self._park()

    # --- assignment ------------------------------------------------------------------------------------

    def _assign_queued_tasks(self) -> None:
        tasks = self._queued()
        if not tasks:
            return
        free = [robot for robot in self._ledger.state.robots.values() if self._available(robot)]
        looked_at = max(2 * len(free), 8)
        self._say_why_they_wait(tasks[looked_at:])
        tasks = tasks[:looked_at]
        tables = {task.id: {robot.id: self._judge(task, robot) for robot in free} for task in tasks}
        now = self._ledger.now()
        ready = [task for task in tasks if self._may_start(task, list(tables[task.id].values()), now)]
        costs = [
            [self._cost(rank, task, tables[task.id][robot.id]) for robot in free] for rank, task in enumerate(ready)
        ]
        chosen = {ready[i].id: free[j] for i, j in self._assign(costs)}
        for task in tasks:
            judged = tables[task.id]
            robot = chosen.get(task.id)
            if robot is None:
                self._defer(task, judged, is_ready=task in ready)
            else:
                found = judged[robot.id]
                assert isinstance(found, Estimate)
                self._start(task, robot, found, judged)

    def _say_why_they_wait(self, tasks: Sequence[DeliveryTask]) -> None:
        """Tasks so far back in the queue that no carrier is looked for yet."""
        for task in tasks:
            self._queue.waits(task)
            if not task.reasons:
                reason = Reason(subject=task.id, code="later", text="many more urgent tasks go first")
                self._ledger.record(TaskDeferred(task=task.id, reasons=(reason,)))

    def _queued(self) -> list[DeliveryTask]:
        """Queued tasks in order of urgency: priority with ageing, then what is due first, then the oldest."""
        now = self._ledger.now()
        latest = datetime.max.replace(tzinfo=now.tzinfo)

        def urgency(task: DeliveryTask) -> tuple[float, datetime, datetime, str]:
            aged = max(now - task.starts(), timedelta()) // _AGES
            rank = task.priority.rank if task.priority is Priority.STAT else max(1, task.priority.rank - aged)
            return (rank, task.due or latest, task.starts(), task.id)

        return sorted((t for t in self._ledger.state.tasks.values() if t.status is TaskStatus.QUEUED), key=urgency)

    def _available(self, robot: Robot) -> bool:
        """Whether a robot could begin a task now: it does nothing, or only parks or charges, and carries nothing."""
        mission = self._ledger.state.mission_of(robot)
        idle = mission is None or (mission.task is None and not mission.ordered)
        free = not robot.loads and not robot.unlocked
        free = free and robot.contact_until is None
        return robot.able and robot.hold is None and idle and free and robot.waypoint is not None

    def quickest(self, task: DeliveryTask, carrier: CarrierKind) -> tuple[RobotId, Estimate] | None:
        """Of the carriers of a kind that are free now, who would have done a task first."""
        found: list[tuple[float, RobotId, Estimate]] = []
        for robot in self._ledger.state.robots.values():
            if self._site.fleets[robot.fleet].carrier is carrier and self._available(robot):
                estimated = self._judge(task, robot)
                if isinstance(estimated, Estimate):
                    found.append((estimated.duration, robot.id, estimated))
        first = min(found, key=lambda entry: entry[:2], default=None)
        return first[1:] if first is not None else None

    def _judge(self, task: DeliveryTask, robot: Robot) -> Estimate | _Refusal:
        fleet = self._site.fleets[robot.fleet]
        refused = self.unfit(task, fleet)
        if refused:
            return _Refusal("cannot_carry", refused)
        if robot.id in task.excluded:
            return _Refusal("failed_before", "failed with this task before")
        if task.porter_only and fleet.carrier is not CarrierKind.PERSON:
            return _Refusal("porter_wanted", "a person was asked for")
        if not task.porter_only and fleet.carrier is CarrierKind.PERSON:
            return _Refusal("porter_not_wanted", "porters are sent on request only")
        need = self._decontamination.needed_before(robot, task)
        if need is not None:
            return _Refusal(_UNCLEAN, f"has to be decontaminated first: it {need.because}")
        start = self._execution.will_stand_at(robot.id)
        assert start is not None
        unready = self._treatments.refusal_of(robot, task.treatment) if task.treatment is not None else None
        if unready is not None:
            return _Refusal("lamp" if fleet.sprayer is None else "tank", unready)
        steps = self._steps(MissionId(""), task, robot)
        if isinstance(steps, str):
            return _Refusal("low_charge", steps)
        if steps is None:
            return _Refusal("planning", "is told the plan when it is made")
        home = self._execution.home(robot.id)
        found = estimate(
            self._routes.of(robot.fleet),
            fleet,
            start=start,
            charge=robot.state_of_charge,
            steps=steps,
            then=home if home is not None and self._is_open(robot.id, home) else None,
            closed=self._ledger.state.closed_lanes(start, robot=robot.id, task=task.id),
            begins=self._ledger.now(),
        )
        closure = self._in_the_way(task, robot, start, steps)
        if closure is not None:
            return _Refusal(_CLOSED, closure.text)
        if found is None:
            return _Refusal("no_way", "has no way there")
        if not found.enough:
            return _Refusal("low_charge", f"would end with {max(found.charge_left, 0):.0%} charge")
        if robot.docked and robot.state_of_charge < _WORTH_LEAVING_CHARGER:
            return _Refusal("low_charge", f"charges, {robot.state_of_charge:.0%} now")
        return found

    def _steps(self, mission: MissionId, task: DeliveryTask, robot: Robot) -> tuple[Step, ...] | str | None:
        """What a robot has to do for a task, or why it can't now; None while a treatment is being planned."""
        if task.inspects:
            return patrol_steps(mission, task)
        if task.announces:
            return announcement_steps(mission, task)
        if task.guides:
            return guidance_steps(mission, task, self._guides.farewell(task))
        if task.treatment is None:
            return delivery_steps(mission, task, self._retrieve_at(task))
        stops = self._treatments.stops(task, robot)
        if stops is None or isinstance(stops, str):
            return stops
        return treatment_steps(mission, task.pickup, task.treatment, stops)

    def _in_the_way(self, task: DeliveryTask, robot: Robot, start: WaypointId, steps: Sequence[Step]) -> Closure | None:
        """The closure for which a robot can't do these steps of a task now."""
        closures = self._ledger.state.closures_for(robot.id, task.id)
        if not closures:
            return None
        tables = self._routes.of(robot.fleet)
        places = [start, *(step.place for step in steps if step.kind is StepKind.GO_TO)]
        found = (in_the_way(tables, one, other, closures) for one, other in pairwise(places))
        return next((closure for closure in found if closure is not None), None)

    def _is_open(self, robot_id: RobotId, place: WaypointId) -> bool:
        """Whether a robot may go to a place and finds a way that no closure forbids."""
        state = self._ledger.state
        start = self._execution.will_stand_at(robot_id)
        if start is None or state.closure_at(place) is not None:
            return False
        closed = state.closed_lanes(start, strictly=True)
        return not closed or self._routes.of(state.robots[robot_id].fleet).time(start, place, closed) is not None

    def unfit(self, task: DeliveryTask, fleet: Fleet) -> str | None:
        """Why a fleet can't carry these goods between these places at all, or None when it can."""
        if task.treatment is not None:
            return self._treatments.unfit(task.treatment, fleet)
        if task.inspects:
            return self._patrols.unfit(task, fleet)
        if task.announces or task.guides:
            lacks = (self._voices if task.announces else self._guides).unfit(fleet)
            if lacks is not None:
                return lacks
        classes_at = self._decontamination.classes_at
        for stop in task.stops:
            refused = infection_control.refusal(fleet, stop.place, classes_at(stop.place), self._site)
            if refused is not None:
                return refused
        brings_out = infection_control.brings_out(task, fleet, self._site, classes_at)
        if brings_out is not None:
            return brings_out
        return self._unfit_for_goods(task, fleet) if task.carries else None

    def _unfit_for_goods(self, task: DeliveryTask, fleet: Fleet) -> str | None:
        items = task.items
        refused = self._collections.unfit(fleet) if task.collects else None
        if refused is not None:
            return refused
        if fleet.carrier is CarrierKind.PERSON:
            return None
        if task.serves and (lacks := self._meals.unfit(fleet)) is not None:
            return lacks
        if not task.serves and "delivery" not in fleet.capabilities:
            return "does not deliver"
        for item in items:
            known = self._site.item_classes.get(ItemClassId(item.item_class)) if item.item_class else None
            flow = known.flow if known else Flow.CLEAN
            if fleet.flow is not None and flow is not fleet.flow:
                return f"carries {fleet.flow} goods only"
        if not infection_control.may_carry((), items, self._site):
            return "carries no soiled goods beside food, drugs or sterile goods"
        if load(items, fleet.compartments, self._site.item_classes, task.apart) is None:
            if task.serves:
                return "has no compartment for each bed"
            return "has no compartment for each destination" if task.apart else "has no compartment that fits"
        return None

    def _retrieve_at(self, task: DeliveryTask) -> WaypointId | None:
        """Where the goods of a task stand on a robot that could not go on."""
        wanted = {item.id for item in task.on_board}
        for robot in self._ledger.state.robots.values():
            if wanted and any(item in wanted for item, _ in robot.loads):
                return self._execution.will_stand_at(robot.id)
        return None

    def _may_start(self, task: DeliveryTask, judged: list[Estimate | _Refusal], now: datetime) -> bool:
        """Whether the nearest carrier should leave now to be there at the earliest start, and may speak there."""
        silent = self._voices.waits(task)
        if silent > 0.0:
            self._ledger.start_timer("dispatch", task.id, silent)
            return False
        if task.earliest_start is None or task.earliest_start <= now:
            return True
        way = min((e.to_first_stop for e in judged if isinstance(e, Estimate)), default=0.0)
        early = (task.earliest_start - now).total_seconds() - way
        if early > 1.0:
            self._ledger.start_timer("dispatch", task.id, early)
            return False
        return True

    def _cost(self, rank: int, task: DeliveryTask, found: Estimate | _Refusal) -> float | None:
        """Weighted seconds until the pick-up; each rank of urgency costs more than any way."""
        if not isinstance(found, Estimate):
            return None
        return rank * _PER_RANK + found.to_first_stop * WEIGHT[task.priority]

    def _start(
        self, task: DeliveryTask, robot: Robot, found: Estimate, judged: dict[RobotId, Estimate | _Refusal]
    ) -> None:
        own = self._ledger.state.mission_of(robot)
        if own is not None:
            self._missions.give_up(own, f"takes task {task.id}")
        mission_id = self._next_mission()
        steps = self._steps(mission_id, task, robot)
        assert isinstance(steps, tuple)
        mission = Mission(
            id=mission_id,
            kind=_MISSION_OF[task.kind],
            robot=robot.id,
            task=task.id,
            leg=task.legs + 1,
            steps=steps,
        )
        eta = self._ledger.now() + timedelta(seconds=found.duration)
        why = Reason(
            subject=robot.id,
            code="chosen",
            text=f"is at {mission.steps[0].place} in {_words(found.to_first_stop)}, done in {_words(found.duration)}",
        )
        others = self._reasons(task, {r: e for r, e in judged.items() if r != robot.id}, found)
        self._ledger.close_alert("task_shut_out", task.id)
        self._ledger.close_alert("no_carrier_left", task.id)
        self._ledger.close_alert("waits_long", task.id)
        self._ledger.record(TaskAssigned(task=task.id, mission=mission, eta=eta, reasons=(why, *others)))
        self._missions.signal(robot.id, Signal.BEGIN)

    def _next_mission(self) -> MissionId:
        return MissionId(f"M{self._ledger.state.mission_count + 1:05d}")

    def _defer(self, task: DeliveryTask, judged: dict[RobotId, Estimate | _Refusal], *, is_ready: bool) -> None:
        if is_ready:
            self._queue.waits(task)
            reasons = self._reasons(task, judged, None)
            self._call_for_opening(task, judged)
            self._call_for_a_carrier(task)
            self._ask_for_decontamination(task, judged)
        else:
            reason = self._voices.quiet(task) if task.announces else None
            if reason is None:
                reason = Reason(subject=task.id, code="not_yet", text=f"starts at {task.earliest_start:%H:%M} UTC")
            reasons = (reason,)
        if reasons != task.reasons:
            self._ledger.record(TaskDeferred(task=task.id, reasons=reasons))

    def _call_for_a_carrier(self, task: DeliveryTask) -> None:
        """Every robot that could carry these goods has failed with this task: somebody should know."""
        fit = [
            robot.id
            for fleet in self._site.fleets.values()
            if fleet.carrier is not CarrierKind.PERSON and self.unfit(task, fleet) is None
            for robot in fleet.robots
        ]
        if fit and not task.porter_only and all(robot in task.excluded for robot in fit):
            self._ledger.alert(
                "no_carrier_left",
                task.id,
                f"every robot that could do {task.id} has failed with it",
                "let them try again (retry), send a person with the goods (send-porter), or cancel it",
            )

    def _call_for_opening(self, task: DeliveryTask, judged: dict[RobotId, Estimate | _Refusal]) -> None:
        """A closure keeps an urgent task waiting, or one that is due before it ends: somebody should know."""
        closed = next((r for r in judged.values() if isinstance(r, _Refusal) and r.code == _CLOSED), None)
        if closed is None or any(isinstance(found, Estimate) for found in judged.values()):
            return
        ends = [c.until for c in self._ledger.state.closures.values()]
        late = task.due is not None and any(until is None or until > task.due for until in ends)
        if late or task.priority in (Priority.STAT, Priority.URGENT):
            self._ledger.alert(
                "task_shut_out",
                task.id,
                f"{task.id} from {task.pickup} to {task.dropoff} waits: its way is {closed.text}",
                "reopen it early, or send a person with the goods (send-porter)",
            )

    def _reasons(
        self, task: DeliveryTask, judged: dict[RobotId, Estimate | _Refusal], best: Estimate | None
    ) -> tuple[Reason, ...]:
        """Why each other carrier does not go, the nearest first; beyond a dozen they are counted."""
        told: list[tuple[float, Reason]] = []
        for robot in self._ledger.state.robots.values():
            found = judged.get(robot.id)
            if isinstance(found, Estimate):
                text = _later(found.to_first_stop - best.to_first_stop) if best else "takes a more urgent task"
                told.append((found.to_first_stop, Reason(subject=robot.id, code="later", text=text)))
            elif isinstance(found, _Refusal):
                told.append((1e6, Reason(subject=robot.id, code=found.code, text=found.text)))
            elif task.robot != robot.id and (refusal := self._unavailable(robot)) is not None:
                told.append((1e5, Reason(subject=robot.id, code=refusal.code, text=refusal.text)))
        told.sort(key=lambda entry: (entry[0], entry[1].subject))
        shown = [reason for _, reason in told[:_REASONS_SHOWN]]
        if len(told) > _REASONS_SHOWN:
            rest = len(told) - _REASONS_SHOWN
            shown.append(Reason(subject="fleet", code="more", text=f"and {rest} more carriers are farther or busy"))
        return tuple(shown)

    def _unavailable(self, robot: Robot) -> _Refusal | None:
        mission = self._ledger.state.mission_of(robot)
        if not robot.connected:
            return _Refusal("offline", "is not connected")
        if not robot.in_service:
            return _Refusal(robot.status, "is out of service" if robot.note == "" else robot.note)
        if robot.mode is not RobotMode.AUTOMATIC:
            return _Refusal(robot.mode, f"is in {robot.mode} mode")
        if robot.paused:
            return _Refusal("paused", "is paused")
        if robot.hold is not None:
            return _Refusal("held", f"holds: {robot.hold.because}")
        if mission is not None and mission.task is not None:
            return _Refusal("busy", f"works for {mission.task}")
        if mission is not None and mission.ordered:
            return _Refusal("busy", "was sent to charge")
        if robot.loads:
            return _Refusal("loaded", "has goods on board")
        if robot.contact_until is not None:
            return _Refusal("decontaminating", "is being decontaminated")
        if not self._available(robot):
            return _Refusal("busy", "locks its compartment or is not located yet")
        return None

    def _ask_for_decontamination(self, task: DeliveryTask, judged: dict[RobotId, Estimate | _Refusal]) -> None:
        """Nobody takes the task, and a carrier would that was decontaminated: one of those is enough."""
        state = self._ledger.state
        lacking = [r for r, found in judged.items() if isinstance(found, _Refusal) and found.code == _UNCLEAN]
        robots = [state.robots[robot] for robot in lacking]
        if any(isinstance(found, Estimate) for found in judged.values()) or any(
            map(self._decontamination.runs, robots)
        ):
            return
        for robot in robots:
            need = self._decontamination.needed_before(robot, task)
            if need is not None and self._decontamination.may_go(robot):
                self._unclean[robot.id] = need
                return

    # --- what a carrier does without a task --------------------------------------------------------------

    def _resting(self) -> list[Robot]:
        """Robots with nothing to do, by id."""
        return [
            robot
            for robot in self._ledger.state.robots.values()
            if robot.mission is None
            and self._available(robot)
            and self._site.fleets[robot.fleet].carrier is not CarrierKind.PERSON
        ]

    def _decontaminate(self) -> None:
        """Send who must not do the next task as it is to a bay."""
        for robot in self._resting():
            need = self._decontamination.due(robot) or self._unclean.get(robot.id)
            if need is not None:
                place = self._decontamination.place_for(robot, need, self._occupied(robot.id))
                if place is not None:
                    self._begin(robot, MissionKind.DECONTAMINATE, place)
        self._unclean.clear()

    def _give_homes_back(self) -> None:
        for robot in self._resting():
            own = self._own_homes.get(robot.id)
            if robot.home is not None and own is not None and self._is_open(robot.id, own):
                self._execution.give_home_back(robot.id)

    def _refill(self) -> None:
        """Send sprayers with an empty tank to the nearest free refill point, unless they have to charge first."""
        for robot in self._resting():
            fleet = self._site.fleets[robot.fleet]
            charges = robot.state_of_charge < (CHARGED if robot.docked else fleet.battery.recharge_below)
            if charges or self._treatments.spraying.needs_refill(robot) is None:
                continue
            start, tables = self._execution.will_stand_at(robot.id), self._routes.of(robot.fleet)
            open_points = [p for p in self._treatments.spraying.refill_points(fleet) if self._is_open(robot.id, p)]
            ways = [(way, p) for p in open_points if start and (way := tables.time(start, p)) is not None]
            if not ways:
                self._ledger.alert(
                    "no_refill_point",
                    robot.id,
                    f"{robot.id} finds no way to a refill point",
                    "reopen the way to one, or fill its tank by hand",
                )
                continue
            self._ledger.close_alert("no_refill_point", robot.id)
            free = [(way, p) for way, p in ways if p not in self._occupied(robot.id)]
            if free:
                self._begin(robot, MissionKind.REFILL, min(free)[1])

    def _recharge(self) -> None:
        for robot in self._resting():
            if robot.docked:
                continue
            charger = self._charger_for(robot)
            if charger is not None:
                self._begin(robot, MissionKind.CHARGE, charger)

    def _charger_for(self, robot: Robot) -> WaypointId | None:
        """Its home when that is a charger; when the charge is low, the nearest free one that is nobody else's home."""
        home = self._execution.home(robot.id)
        if home is not None and home in self._site.chargers and self._is_open(robot.id, home):
            return home
        if robot.state_of_charge >= self._site.fleets[robot.fleet].battery.recharge_below:
            return None
        nearest = self.nearest_charger(robot)
        if nearest is None:
            self._ledger.alert(
                "no_charger", robot.id, f"{robot.id} finds no free charger", "free a charger or charge it by hand"
            )
        else:
            self._ledger.close_alert("no_charger", robot.id)
        return nearest

    def nearest_charger(self, robot: Robot) -> WaypointId | None:
        """Its home where that is a charger, else the nearest free one to which it finds a way, and nobody's home."""
        home = self._execution.home(robot.id)
        if home is not None and home in self._site.chargers and self._is_open(robot.id, home):
            return home
        start = self._execution.will_stand_at(robot.id)
        taken = {home for other, home in self._own_homes.items() if other != robot.id} | self._occupied(robot.id)
        tables = self._routes.of(robot.fleet)
        near: list[tuple[float, WaypointId]] = []
        for charger in self._site.chargers.values():
            if charger.waypoint in taken or (charger.fleets is not None and robot.fleet not in charger.fleets):
                continue
            way = tables.time(start, charger.waypoint) if start else None
            if way is not None and self._is_open(robot.id, charger.waypoint):
                near.append((way, charger.waypoint))
        return min(near)[1] if near else None

    def send_to_charge(self, robot_id: RobotId, charger: WaypointId) -> None:
        """A person wants a robot to charge, which has no task: what it does for itself is given up."""
        robot = self._ledger.state.robots[robot_id]
        own = self._ledger.state.mission_of(robot)
        if own is not None:
            self._missions.give_up(own, "was sent to charge")
        self._begin(self._ledger.state.robots[robot_id], MissionKind.CHARGE, charger, ordered=True)

    def _occupied(self, but: RobotId) -> set[WaypointId]:
        """Where other robots stand, will stand, or are on their way to."""
        state = self._ledger.state
        others = [r for r in state.robots.values() if r.id != but]
        standing = {w for r in others if (w := self._execution.will_stand_at(r.id)) is not None}
        return standing | {m.goal for m in state.missions.values() if m.robot != but}

    def _leave_chargers(self) -> None:
        for robot in self._resting():
            home = self._execution.home(robot.id)
            charged = robot.docked and robot.state_of_charge >= CHARGED
            if charged and home is not None and home != robot.waypoint and self._is_open(robot.id, home):
                self._begin(robot, MissionKind.PARK, home)

    def _park(self) -> None:
        for robot in self._resting():
            home = self._execution.home(robot.id)
            if home is not None and not self._is_open(robot.id, home):
                self._execution.rest_elsewhere(robot.id)
                home = self._execution.home(robot.id)
            stays = robot.docked and robot.home is None
            at_home = self._execution.will_stand_at(robot.id) == home
            if at_home and robot.drive is None and robot.retreat:
                self._execution.stay_home(robot.id)
            if not stays and home is not None and not at_home and self._is_open(robot.id, home):
                self._begin(robot, MissionKind.PARK, home)

    def _begin(self, robot: Robot, kind: MissionKind, place: WaypointId, *, ordered: bool = False) -> None:
        mission_id = self._next_mission()
        steps = _OWN_STEPS[kind](mission_id, place)
        mission = Mission(id=mission_id, kind=kind, robot=robot.id, steps=steps, ordered=ordered)
        self._ledger.record(MissionStarted(mission=mission))
        self._missions.signal(robot.id, Signal.BEGIN)


def _later(seconds: float) -> str:
    return f"would be there {_words(seconds)} later" if seconds >= 5.0 else "would be there no sooner"


def _words(seconds: float) -> str:
    """A duration as people say it, rounded so that it does not change every second."""
    return f"{round(seconds / 10) * 10:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
