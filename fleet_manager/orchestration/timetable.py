"""Stops that keep set times: when a robot sets out for one, and who is told when it will not be there in time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from fleet_manager.domain.errors import InvalidRequest
from fleet_manager.domain.missions import Mission, Step, StepStatus
from fleet_manager.domain.tasks import DeliveryTask, ItemState, Stop, StopKind, TaskId
from fleet_manager.domain.windows import Window
from fleet_manager.orchestration.commands import StopRequest
from fleet_manager.orchestration.ledger import Ledger
from fleet_manager.planning.estimates import HANDOVER, TRAFFIC
from fleet_manager.planning.routes import Routes
from fleet_manager.planning.timetable import arrivals
from maps.model import CarrierKind, RobotId, Site, WaypointId

_LOOKS_AGAIN: Final = 60.0
"""Seconds after which the arrivals of a robot with set times are predicted again, whatever happens meanwhile.

It is sooner where a robot that did not get on until then would be too late.
"""

_MOMENT: Final = 0.01


class Timetable:
    def __init__(self, site: Site, ledger: Ledger, routes: Routes) -> None:
        self._site = site
        self._ledger = ledger
        self._routes = routes

    # --- what is asked for -----------------------------------------------------------------------------------

    def window(self, stop: StopRequest, index: int) -> Window | None:
        """When a stop may be served. Raises InvalidRequest for what can't be kept."""
        if stop.not_before is None and stop.not_after is None:
            return None
        if stop.kind is not StopKind.DROP_OFF:
            raise InvalidRequest(
                f"stops: only a drop_off has set times, not the {stop.kind} at {stop.place}",
                field=f"stops.{index}.not_before" if stop.not_before else f"stops.{index}.not_after",
                way_out="say with earliest_start when the goods are ready",
            )
        if stop.not_after is not None and stop.not_after <= self._ledger.now():
            raise InvalidRequest(
                f"not_after: {stop.not_after.isoformat()} is in the past",
                field=f"stops.{index}.not_after",
                way_out="name a later time",
            )
        if stop.not_before and stop.not_after and stop.not_after <= stop.not_before:
            raise InvalidRequest("not_after: is not after not_before", field=f"stops.{index}.not_after")
        return Window(not_before=stop.not_before, not_after=stop.not_after)

    def check(self, stops: list[Stop]) -> None:
        """Set times can be kept one after the other, and codes open where something is given out.

        Raises InvalidRequest.
        """
        latest: tuple[datetime, WaypointId] | None = None
        for index, stop in enumerate(stops):
            window = stop.window
            if stop.by_code and stop.kind is not StopKind.DROP_OFF:
                raise InvalidRequest(
                    f"stops: a code opens a drop_off, not the {stop.kind} at {stop.place}",
                    field=f"stops.{index}.by_code",
                )
            if window is None:
                continue
            if latest is not None and window.is_missed(latest[0]):
                raise InvalidRequest(
                    f"stops: {stop.place} ends before {latest[1]}, which comes first, begins",
                    field=f"stops.{index}.not_after",
                    way_out="put the stops in the order of their times",
                )
            if window.not_before is not None and (latest is None or window.not_before > latest[0]):
                latest = (window.not_before, stop.place)

    def submitted(self, task: DeliveryTask) -> None:
        """Watch when it has to be loaded at the latest."""
        latest = self._latest_loading(task)
        if latest is not None:
            self._ledger.set_timer("loading_late", task.id, max(0.0, (latest - self._ledger.now()).total_seconds()))

    def _latest_loading(self, task: DeliveryTask) -> datetime | None:
        """The last moment to be loaded for all set times to be kept by the quickest fleet, with nothing in the way."""
        moments: list[datetime] = []
        gone = 0.0
        at = task.pickup
        for stop in task.stops[1:]:
            gone += (self._time(at, stop.place) or 0.0) * TRAFFIC
            at = stop.place
            if stop.window is not None and stop.window.not_after is not None:
                moments.append(stop.window.not_after - timedelta(seconds=gone))
            gone += HANDOVER
        return min(moments, default=None)

    def _time(self, start: WaypointId, goal: WaypointId) -> float | None:
        fleets = (f for f in self._site.fleets.values() if f.robots and f.carrier is not CarrierKind.PERSON)
        times = (self._routes.of(fleet.id).time(start, goal) for fleet in fleets)
        return min((time for time in times if time is not None), default=None)

    def loading_due(self, task_id: TaskId) -> None:
        """The last moment to be loaded: is anything on board?"""
        task = self._ledger.state.tasks.get(task_id)
        if task is None or task.status.ended or task.picked_up_at is not None:
            return
        stop = next(stop for stop in task.stops if stop.window is not None and stop.window.not_after is not None)
        self._alert(task, f"{task.id} is not loaded yet and will miss its time at {stop.place}", stop.place)

    # --- on the way ------------------------------------------------------------------------------------------

    def sets_out_in(self, step: Step, robot_id: RobotId, at: WaypointId | None) -> float:
        """Seconds until a robot has to leave `at` to be at a stop when that begins; 0 when it is time."""
        if step.window is None or at is None:
            return 0.0
        fleet = self._ledger.state.robots[robot_id].fleet
        way = self._routes.of(fleet).time(at, step.place)
        return max(0.0, step.window.early(self._ledger.now()) - (way or 0.0) * TRAFFIC)

    def foresee(self, task: DeliveryTask, mission: Mission, start: WaypointId, begins: datetime) -> None:
        """Predict the arrivals that lie ahead, and tell people of the first one that comes too late."""
        ahead = mission.steps[mission.current :]
        if not any(step.window is not None for step in ahead):
            self._ledger.close_alert("stop_late", task.id)
            return
        tables = self._routes.of(self._ledger.state.robots[mission.robot].fleet)
        coming = [(s, at) for s, at in arrivals(tables, ahead, start, begins) if s.status is StepStatus.PENDING]
        late = next(((s, at) for s, at in coming if s.window is not None and s.window.is_missed(at)), None)
        if late is None:
            slack = min((s.window.slack(at) for s, at in coming if s.window is not None), default=_LOOKS_AGAIN)
            self._ledger.set_timer("timetable", mission.robot, min(slack + _MOMENT, _LOOKS_AGAIN))
            self._ledger.close_alert("stop_late", task.id)
            return
        self._ledger.set_timer("timetable", mission.robot, _LOOKS_AGAIN)
        step, at = late
        assert step.window is not None
        assert step.window.not_after is not None
        told = f"{mission.robot} will be at {step.place} at {at:%H:%M} UTC, after {step.window.not_after:%H:%M}"
        self._alert(task, f"{told} ({task.id})", step.place)

    def _alert(self, task: DeliveryTask, text: str, place: WaypointId) -> None:
        next_step = f"tell {place}; see what holds it up, or send a person with the goods (send-porter)"
        self._ledger.alert("stop_late", task.id, text, next_step)

    def over(self, task: DeliveryTask) -> None:
        """The task has ended."""
        self._ledger.stop_timer("loading_late", task.id)
        self._ledger.close_alert("stop_late", task.id)

    def take_up(self) -> None:
        """After a restart."""
        for task in self._ledger.state.tasks.values():
            if any(item.state is ItemState.WAITING for item in task.items):
                self.submitted(task)
