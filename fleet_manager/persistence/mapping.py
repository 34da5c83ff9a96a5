"""Domain values to rows and back: the one mapping at the database's boundary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from fleet_manager.domain.alerts import Alert
from fleet_manager.domain.collections import CollectedBag
from fleet_manager.domain.custody import Chain
from fleet_manager.domain.events import Recorded
from fleet_manager.domain.follow_ups import FollowUp
from fleet_manager.domain.missions import Mission
from fleet_manager.domain.robots import Robot
from fleet_manager.domain.state import Changed
from fleet_manager.domain.tasks import DeliveryTask
from fleet_manager.orchestration.projection import event_kind
from fleet_manager.orchestration.views import EventView
from fleet_manager.persistence.encoding import encode, fields
from fleet_manager.persistence.tables import (
    AlarmRow,
    AlertRow,
    Base,
    CheckpointRow,
    ClosureRow,
    CollectedBagRow,
    CueRow,
    CustodyRow,
    DeviceRow,
    EventRow,
    FollowUpRow,
    HandoverRow,
    KeyRow,
    LampRow,
    MissionRow,
    RobotRow,
    RoomRow,
    ScheduleRow,
    SessionRow,
    ShiftRow,
    TaskRow,
    TreatmentRow,
)

Values = dict[str, Any]


def event_values(recorded: Recorded) -> Values:
    return {
        "seq": recorded.seq,
        "time": recorded.time,
        "kind": event_kind(recorded.event),
        "data": encode(recorded.event),
    }


def event_view(row: EventRow) -> EventView:
    return EventView(seq=row.seq, time=as_utc(row.time), kind=row.kind, data=fields(row.data))


def as_utc(time: datetime) -> datetime:
    """SQLite forgets time zones; everything stored is UTC."""
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)


def task_values(task: DeliveryTask, mission: str | None) -> Values:
    values: Values = {"id": task.id, "status": task.status, "data": encode(task)}
    return values | {"mission": mission} if mission is not None else values


def mission_values(mission: Mission) -> Values:
    return {"id": mission.id, "status": mission.status, "data": encode(mission)}


def robot_values(robot: Robot) -> Values:
    return {"id": robot.id, "status": robot.status, "data": encode(robot)}


def alert_values(alert: Alert) -> Values:
    return {"id": alert.id, "state": alert.state, "data": encode(alert)}


def chain_values(chain: Chain) -> Values:
    return {"id": chain.id, "task": chain.task, "item": chain.item, "data": encode(chain)}


def follow_up_values(follow_up: FollowUp) -> Values:
    return {"id": follow_up.id, "state": follow_up.state, "item": follow_up.item, "data": encode(follow_up)}


def bag_values(bag: CollectedBag) -> Values:
    return {"id": bag.id, "task": bag.task, "collected_at": bag.collected_at, "data": encode(bag)}


def changed_rows(changed: Changed) -> Iterator[tuple[type[Base], str, Mapping[str, Values | None]]]:
    """Per table: the class, its key column, and the values per key; None for a row that is gone."""
    newest = {m.task: m.id for m in changed.missions.values() if m.task is not None}
    yield TaskRow, "id", {t.id: task_values(t, newest.get(t.id)) for t in changed.tasks.values()}
    yield MissionRow, "id", {m.id: mission_values(m) for m in changed.missions.values()}
    yield RobotRow, "id", {r.id: robot_values(r) for r in changed.robots.values()}
    yield AlertRow, "id", {a.id: alert_values(a) for a in changed.alerts.values()}
    yield (
        SessionRow,
        "id",
        {id_: {"id": id_, "data": encode(s)} if s is not None else None for id_, s in changed.sessions.items()},
    )
    yield DeviceRow, "id", {d.id: {"id": d.id, "data": encode(d)} for d in changed.devices.values()}
    yield (
        ClosureRow,
        "id",
        {id_: {"id": id_, "data": encode(c)} if c is not None else None for id_, c in changed.closures.items()},
    )
    yield (
        AlarmRow,
        "id",
        {id_: {"id": id_, "data": encode(a)} if a is not None else None for id_, a in changed.alarms.items()},
    )
    yield CustodyRow, "id", {c.id: chain_values(c) for c in changed.chains.values()}
    yield (
        HandoverRow,
        "id",
        {id_: {"id": id_, "data": encode(h)} if h is not None else None for id_, h in changed.handovers.items()},
    )
    yield FollowUpRow, "id", {f.id: follow_up_values(f) for f in changed.follow_ups.values()}
    yield CollectedBagRow, "id", {b.id: bag_values(b) for b in changed.bags.values()}
    yield RoomRow, "id", {r.zone: {"id": r.zone, "data": encode(r)} for r in changed.rooms.values()}
    yield LampRow, "id", {x.robot: {"id": x.robot, "data": encode(x)} for x in changed.lamps.values()}
    yield TreatmentRow, "id", {t.task: {"id": t.task, "data": encode(t)} for t in changed.treatments.values()}
    yield ScheduleRow, "id", {s.id: {"id": s.id, "data": encode(s)} for s in changed.schedules.values()}
    yield ShiftRow, "id", {s.ward: {"id": s.ward, "data": encode(s)} for s in changed.shifts.values()}
    yield CheckpointRow, "id", {c.place: {"id": c.place, "data": encode(c)} for c in changed.checkpoints.values()}
    yield (
        CueRow,
        "id",
        {id_: {"id": id_, "data": encode(c)} if c is not None else None for id_, c in changed.cues.items()},
    )
    yield KeyRow, "key", {k.key: {"key": k.key, "data": encode(k)} for k in changed.keys.values()}
