"""The event store of simulated runs: in this process, without a file, following virtual time.

It passes the same contract suite as the SQL store. Entities are frozen values, so keeping them is copying them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from fleet_manager.domain.alarms import Alarm, AlarmId
from fleet_manager.domain.alerts import Alert, AlertId, AlertState
from fleet_manager.domain.closures import Closure, ClosureId
from fleet_manager.domain.collections import BagId, CollectedBag
from fleet_manager.domain.custody import Chain, ChainId
from fleet_manager.domain.devices import Device
from fleet_manager.domain.disinfection import LampRecord, Room, TreatmentRecord
from fleet_manager.domain.events import Recorded
from fleet_manager.domain.follow_ups import FollowUp, FollowUpId, FollowUpState
from fleet_manager.domain.handovers import Handover
from fleet_manager.domain.inspections import Checkpoint
from fleet_manager.domain.missions import Mission, MissionId, MissionStatus, StepId
from fleet_manager.domain.robots import DeviceSession, Robot
from fleet_manager.domain.schedules import Schedule, ScheduleId
from fleet_manager.domain.screening import Cue, CueId
from fleet_manager.domain.shifts import ShiftHandover
from fleet_manager.domain.state import Changed, FleetState, UsedKey, new_state
from fleet_manager.domain.tasks import DeliveryTask, TaskId
from fleet_manager.orchestration.ports import TaskRecord
from fleet_manager.orchestration.projection import event_view
from fleet_manager.orchestration.views import EventView
from fleet_manager.persistence.encoding import event_line
from maps.model import RobotId, Site, WaypointId, ZoneId


@dataclass(slots=True)
class MemoryStore:
    """`keep_events` False forgets each event once it is in `digest`, the SHA-256 over all log lines.

    `on_line` gets each log line, for writing it to a file.
    """

    site: Site
    keep_events: bool = True
    on_line: Callable[[bytes], None] | None = None
    log: list[Recorded] = field(default_factory=list)
    seq: int = 0
    time: datetime | None = None
    _tasks: dict[TaskId, DeliveryTask] = field(default_factory=dict)
    _missions: dict[MissionId, Mission] = field(default_factory=dict)
    _newest: dict[TaskId, MissionId] = field(default_factory=dict)
    _robots: dict[RobotId, Robot] = field(default_factory=dict)
    _alerts: dict[AlertId, Alert] = field(default_factory=dict)
    _sessions: dict[str, DeviceSession] = field(default_factory=dict)
    _devices: dict[str, Device] = field(default_factory=dict)
    _closures: dict[ClosureId, Closure] = field(default_factory=dict)
    _alarms: dict[AlarmId, Alarm] = field(default_factory=dict)
    _keys: dict[str, UsedKey] = field(default_factory=dict)
    _chains: dict[ChainId, Chain] = field(default_factory=dict)
    _rooms: dict[ZoneId, Room] = field(default_factory=dict)
    _lamps: dict[RobotId, LampRecord] = field(default_factory=dict)
    _shifts: dict[WaypointId, ShiftHandover] = field(default_factory=dict)
    _treatments: dict[TaskId, TreatmentRecord] = field(default_factory=dict)
    _schedules: dict[ScheduleId, Schedule] = field(default_factory=dict)
    _checkpoints: dict[WaypointId, Checkpoint] = field(default_factory=dict)
    _cues: dict[CueId, Cue] = field(default_factory=dict)
    _bags: dict[BagId, CollectedBag] = field(default_factory=dict)
    _handovers: dict[StepId, Handover] = field(default_factory=dict)
    _follow_ups: dict[FollowUpId, FollowUp] = field(default_factory=dict)
    _hash: hashlib._Hash = field(default_factory=hashlib.sha256)

    async def commit(self, events: Sequence[Recorded], changed: Changed) -> None:
        for recorded in events:
            line = event_line(recorded)
            self._hash.update(line)
            self._hash.update(b"\n")
            if self.on_line is not None:
                self.on_line(line)
        if self.keep_events:
            self.log.extend(events)
        self.seq = events[-1].seq
        self.time = events[-1].time
        self._tasks.update(changed.tasks)
        self._missions.update(changed.missions)
        self._newest.update({m.task: m.id for m in changed.missions.values() if m.task is not None})
        self._robots.update(changed.robots)
        self._alerts.update(changed.alerts)
        self._keys.update(changed.keys)
        for session_id, session in changed.sessions.items():
            if session is None:
                self._sessions.pop(session_id, None)
            else:
                self._sessions[session_id] = session
        self._devices.update(changed.devices)
        for closure_id, closure in changed.closures.items():
            if closure is None:
                self._closures.pop(closure_id, None)
            else:
                self._closures[closure_id] = closure
        for alarm_id, alarm in changed.alarms.items():
            if alarm is None:
                self._alarms.pop(alarm_id, None)
            else:
                self._alarms[alarm_id] = alarm
        self._chains.update(changed.chains)
        self._rooms.update(changed.rooms)
        self._lamps.update(changed.lamps)
        self._shifts.update(changed.shifts)
        self._treatments.update(changed.treatments)
        self._schedules.update(changed.schedules)
        self._checkpoints.update(changed.checkpoints)
        for cue_id, cue in changed.cues.items():
            if cue is None:
                self._cues.pop(cue_id, None)
            else:
                self._cues[cue_id] = cue
        self._follow_ups.update(changed.follow_ups)
        self._bags.update(changed.bags)
        for step, handover in changed.handovers.items():
            if handover is None:
                self._handovers.pop(step, None)
            else:
                self._handovers[step] = handover

    def digest(self) -> str:
        return self._hash.hexdigest()

    async def load(self) -> FleetState:
        state = new_state(self.site)
        state.seq = self.seq
        state.time = self.time
        state.robots.update({r: robot for r, robot in self._robots.items() if r in state.robots})
        state.tasks.update({t: task for t, task in self._tasks.items() if not task.status.ended})
        state.missions.update({m: x for m, x in self._missions.items() if x.status is MissionStatus.RUNNING})
        state.alerts.update({a: alert for a, alert in self._alerts.items() if alert.state is not AlertState.CLOSED})
        state.sessions.update(self._sessions)
        state.devices.update(self._devices)
        state.closures.update(self._closures)
        state.alarms.update(self._alarms)
        state.keys.update(self._keys)
        state.chains.update({c: chain for c, chain in self._chains.items() if chain.task in state.tasks})
        state.handovers.update(self._handovers)
        state.follow_ups.update({f: x for f, x in self._follow_ups.items() if x.state is FollowUpState.OPEN})
        state.bags.update({b: bag for b, bag in self._bags.items() if bag.task in state.tasks})
        state.rooms.update(self._rooms)
        state.lamps.update(self._lamps)
        state.shifts.update(self._shifts)
        state.treatments.update({t: x for t, x in self._treatments.items() if t in state.tasks})
        state.schedules.update({s: x for s, x in self._schedules.items() if x.deleted_at is None})
        state.checkpoints.update(self._checkpoints)
        state.cues.update(self._cues)
        state.schedule_count = len(self._schedules)
        state.task_count = len(self._tasks)
        state.mission_count = len(self._missions)
        state.alert_count = len(self._alerts)
        state.follow_up_count = len(self._follow_ups)
        return state

    async def events_after(self, seq: int, limit: int) -> list[EventView]:
        first = next((i for i, recorded in enumerate(self.log) if recorded.seq > seq), len(self.log))
        return [event_view(recorded) for recorded in self.log[first : first + limit]]

    async def tasks(self, *, status: str | None, limit: int, before: str | None) -> list[TaskRecord]:
        newest = reversed(self._tasks.values())
        found = (t for t in newest if (status is None or t.status == status) and (before is None or t.id < before))
        return [self._record(task) for task, _ in zip(found, range(limit), strict=False)]

    async def task(self, task: str) -> TaskRecord | None:
        found = self._tasks.get(TaskId(task))
        return self._record(found) if found is not None else None

    async def treatment(self, task: str) -> TreatmentRecord | None:
        return self._treatments.get(TaskId(task))

    async def custody(self, item: str) -> list[Chain]:
        return [chain for chain in self._chains.values() if chain.item == item]

    async def follow_ups(self, *, state: str | None, item: str | None, limit: int) -> list[FollowUp]:
        newest = reversed(self._follow_ups.values())
        found = (f for f in newest if (state is None or f.state == state) and (item is None or f.item == item))
        return [follow_up for follow_up, _ in zip(found, range(limit), strict=False)]

    async def collections(self, *, begin: datetime, end: datetime, limit: int) -> list[CollectedBag]:
        found = sorted(self._bags.values(), key=lambda bag: (bag.collected_at, bag.id))
        return [bag for bag in found if begin <= bag.collected_at < end][:limit]

    def _record(self, task: DeliveryTask) -> TaskRecord:
        mission = self._newest.get(task.id)
        return TaskRecord(task=task, mission=self._missions[mission] if mission is not None else None)

    async def close(self) -> None:
        pass
