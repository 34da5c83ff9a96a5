"""Dispatch: which carrier takes which task, and what a carrier without one does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from fleet_manager.domain import infection_control
from fleet_manager.domain.events import MissionStarted, TaskAssigned, TaskDeferred
from fleet_manager.domain.missions import Mission, MissionId, MissionKind
from fleet_manager.domain.robots import CommandKind, Robot, RobotMode
from fleet_manager.domain.tasks import DeliveryTask, Item, Priority, Reason, TaskStatus
from fleet_manager.orchestration.advance import Signal
from fleet_manager.orchestration.execution import Execution
from fleet_manager.orchestration.ledger import Ledger
from fleet_manager.orchestration.missions import Missions
from fleet_manager.planning.assignment import Assigner, hungarian
from fleet_manager.planning.estimates import Estimate, estimate
from fleet_manager.planning.loading import load
from fleet_manager.planning.routes import Routes
from fleet_manager.planning.steps import charge_steps, delivery_steps, park_steps
from maps.model import CarrierKind, Fleet, Flow, ItemClassId, RobotId, Site, WaypointId

_WEIGHT: Final = {Priority.STAT: 8.0, Priority.URGENT: 4.0, Priority.ROUTINE: 2.0, Priority.BACKGROUND: 1.0}
"""How much a second of waiting counts when several tasks compete for the same robots."""

_AGES: Final = timedelta(minutes=20)
"""A task that waited this long is treated as one priority more urgent, so that nothing waits for ever."""

_PER_RANK: Final = 1e5
_WORTH_LEAVING_CHARGER: Final = 0.3
_CHARGED: Final = 0.8
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
        assign: Assigner = hungarian,
    ) -> None:
        self._site = site
        self._ledger = ledger
        self._routes = routes
        self._execution = execution
        self._missions = missions
        self._assign = assign

    def cycle(self) -> None:
        """The phases, in order; each leaves a state that is fine to stop in."""
        self._assign_queued_tasks()
        self._give_homes_back()
        self._recharge()
        self._leave_chargers()
        self._park()

    # --- assignment ------------------------------------------------------------------------------------

    def _assign_queued_tasks(self) -> None:
        tasks = self._queued()
        if not tasks:
            return
        free = [robot for robot in self._ledger.state.robots.values() if self._available(robot)]
        tasks = tasks[: max(2 * len(free), 8)]
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
        idle = mission is None or mission.kind is not MissionKind.DELIVER
        free = not robot.loads and not robot.opened and all(c.kind is CommandKind.DOCK for c in robot.pending)
        return robot.able and idle and free and robot.waypoint is not None

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
        start = self._execution.will_stand_at(robot.id)
        assert start is not None
        found = estimate(
            self._routes.of(robot.fleet),
            fleet,
            start=start,
            charge=robot.state_of_charge,
            steps=delivery_steps(MissionId(""), task, self._retrieve_at(task)),
            then=self._execution.home(robot.id),
            closed=frozenset(self._ledger.state.closed_lanes),
        )
        if found is None:
            return _Refusal("no_way", "has no way there")
        if not found.enough:
            return _Refusal("low_charge", f"would end with {max(found.charge_left, 0):.0%} charge")
        if robot.docked and robot.state_of_charge < _WORTH_LEAVING_CHARGER:
            return _Refusal("low_charge", f"charges, {robot.state_of_charge:.0%} now")
        return found

    def unfit(self, task: DeliveryTask, fleet: Fleet) -> str | None:
        """Why a fleet can't carry these goods between these places at all, or None when it can."""
        for stop in task.stops:
            classes = frozenset(z.zone_class for z in self._routes.zones.of[stop.place] if z.zone_class is not None)
            refused = infection_control.refusal(fleet, stop.place, classes, self._site)
            if refused is not None:
                return refused
        return self._unfit_for_goods(task.items, fleet)

    def _unfit_for_goods(self, items: Sequence[Item], fleet: Fleet) -> str | None:
        if fleet.carrier is CarrierKind.PERSON:
            return None
        if "delivery" not in fleet.capabilities:
            return "does not deliver"
        for item in items:
            known = self._site.item_classes.get(ItemClassId(item.item_class)) if item.item_class else None
            flow = known.flow if known else Flow.CLEAN
            if fleet.flow is not None and flow is not fleet.flow:
                return f"carries {fleet.flow} goods only"
        if load(items, fleet.compartments, self._site.item_classes) is None:
            return "has no compartment that fits"
        return None

    def _retrieve_at(self, task: DeliveryTask) -> WaypointId | None:
        """Where the goods of a task stand on a robot that could not go on."""
        wanted = {item.id for item in task.on_board}
        for robot in self._ledger.state.robots.values():
            if wanted and any(item in wanted for item, _ in robot.loads):
                return self._execution.will_stand_at(robot.id)
        return None

    def _may_start(self, task: DeliveryTask, judged: list[Estimate | _Refusal], now: datetime) -> bool:
        """Whether the nearest carrier should leave now to be there at the earliest start."""
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
        return rank * _PER_RANK + found.to_first_stop * _WEIGHT[task.priority]

    def _start(
        self, task: DeliveryTask, robot: Robot, found: Estimate, judged: dict[RobotId, Estimate | _Refusal]
    ) -> None:
        own = self._ledger.state.mission_of(robot)
        if own is not None:
            self._missions.give_up(own, f"takes task {task.id}")
        mission_id = self._next_mission()
        mission = Mission(
            id=mission_id,
            kind=MissionKind.DELIVER,
            robot=robot.id,
            task=task.id,
            leg=task.legs + 1,
            steps=delivery_steps(mission_id, task, self._retrieve_at(task)),
        )
        eta = self._ledger.now() + timedelta(seconds=found.duration)
        why = Reason(
            subject=robot.id,
            code="chosen",
            text=f"is at {mission.steps[0].place} in {_words(found.to_first_stop)}, done in {_words(found.duration)}",
        )
        others = self._reasons(task, {r: e for r, e in judged.items() if r != robot.id}, found)
        self._ledger.record(TaskAssigned(task=task.id, mission=mission, eta=eta, reasons=(why, *others)))
        self._missions.signal(robot.id, Signal.BEGIN)

    def _next_mission(self) -> MissionId:
        return MissionId(f"M{self._ledger.state.mission_count + 1:05d}")

    def _defer(self, task: DeliveryTask, judged: dict[RobotId, Estimate | _Refusal], *, is_ready: bool) -> None:
        if is_ready:
            reasons = self._reasons(task, judged, None)
        else:
            start = f"{task.earliest_start:%H:%M} UTC"
            reasons = (Reason(subject=task.id, code="not_yet", text=f"starts at {start}"),)
        if reasons != task.reasons:
            self._ledger.record(TaskDeferred(task=task.id, reasons=reasons))

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
        if mission is not None and mission.task is not None:
            return _Refusal("busy", f"works for {mission.task}")
        if robot.loads:
            return _Refusal("loaded", "has goods on board")
        if not self._available(robot):
            return _Refusal("busy", "locks its compartment or is not located yet")
        return None

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

    def _give_homes_back(self) -> None:
        for robot in self._resting():
            if robot.home is not None:
                self._execution.give_home_back(robot.id)

    def _recharge(self) -> None:
        for robot in self._resting():
            if robot.docked:
                continue
            charger = self._charger_for(robot)
            if charger is not None:
                self._begin(robot, MissionKind.CHARGE, charger)

    def _charger_for(self, robot: Robot) -> WaypointId | None:
        """Its home when that is a charger; when the charge is low, the nearest free one that is nobody's home."""
        home = self._execution.home(robot.id)
        if home is not None and home in self._site.chargers:
            return home
        if robot.state_of_charge >= self._site.fleets[robot.fleet].battery.recharge_below:
            return None
        start = self._execution.will_stand_at(robot.id)
        taken = self._homes() | self._occupied(robot.id)
        tables = self._routes.of(robot.fleet)
        near: list[tuple[float, WaypointId]] = []
        for charger in self._site.chargers.values():
            if charger.waypoint in taken or (charger.fleets is not None and robot.fleet not in charger.fleets):
                continue
            way = tables.time(start, charger.waypoint) if start else None
            if way is not None:
                near.append((way, charger.waypoint))
        if not near:
            self._ledger.alert(
                "no_charger", robot.id, f"{robot.id} finds no free charger", "free a charger or charge it by hand"
            )
            return None
        self._ledger.close_alert("no_charger", robot.id)
        return min(near)[1]

    def _homes(self) -> set[WaypointId]:
        return {r.home for fleet in self._site.fleets.values() for r in fleet.robots if r.home is not None}

    def _occupied(self, but: RobotId) -> set[WaypointId]:
        """Where other robots stand, will stand, or are on their way to."""
        state = self._ledger.state
        others = [r for r in state.robots.values() if r.id != but]
        standing = {w for r in others if (w := self._execution.will_stand_at(r.id)) is not None}
        return standing | {m.goal for m in state.missions.values() if m.robot != but}

    def _leave_chargers(self) -> None:
        for robot in self._resting():
            home = self._execution.home(robot.id)
            if robot.docked and robot.state_of_charge >= _CHARGED and home is not None and home != robot.waypoint:
                self._begin(robot, MissionKind.PARK, home)

    def _park(self) -> None:
        for robot in self._resting():
            home = self._execution.home(robot.id)
            stays = robot.docked and robot.home is None
            if not stays and home is not None and self._execution.will_stand_at(robot.id) != home:
                self._begin(robot, MissionKind.PARK, home)

    def _begin(self, robot: Robot, kind: MissionKind, place: WaypointId) -> None:
        mission_id = self._next_mission()
        steps = charge_steps(mission_id, place) if kind is MissionKind.CHARGE else park_steps(mission_id, place)
        self._ledger.record(MissionStarted(mission=Mission(id=mission_id, kind=kind, robot=robot.id, steps=steps)))
        self._missions.signal(robot.id, Signal.BEGIN)


def _later(seconds: float) -> str:
    return f"would be there {_words(seconds)} later" if seconds >= 5.0 else "would be there no sooner"


def _words(seconds: float) -> str:
    """A duration as people say it, rounded so that it does not change every second."""
    return f"{round(seconds / 10) * 10:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
