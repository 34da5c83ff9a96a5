"""From what ROS clients ask to what the fleet manager's API takes. Knows no ROS: messages are read by their fields."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any


def delivery(request: Any) -> dict[str, Any]:
    """The body of POST /tasks for a `SubmitTask` request; empty texts and times of 0 are left out."""
    items = [
        _given(name=item.name, quantity=int(item.quantity), item_id=item.item, item_class=item.item_class)
        for item in request.items
    ]
    return {"kind": "delivery", "pickup": request.pickup, "dropoff": request.dropoff, "items": items} | _given(
        priority=request.priority,
        earliest_start=_moment(request.earliest_start),
        due=_moment(request.due),
        note=request.note,
    )


def handover(request: Any) -> dict[str, Any]:
    """The body of POST /tasks/…/handover for a `Handover` request."""
    body: dict[str, Any] = _given(step_id=request.step)
    if request.actor:
        body["actor"] = {"id": request.actor} | _given(role=request.role)
    if request.proof_kind:
        body["proof"] = {"kind": request.proof_kind} | _given(value=request.proof)
    if request.items:
        body["items"] = [{"item_id": item.item, "outcome": item.outcome or "accepted"} for item in request.items]
    return body


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}


def _moment(stamp: Any) -> str:
    if stamp.sec == 0 and stamp.nanosec == 0:
        return ""
    return datetime.fromtimestamp(stamp.sec + stamp.nanosec / 1e9, UTC).isoformat()
