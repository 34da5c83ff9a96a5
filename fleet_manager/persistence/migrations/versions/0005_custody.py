"""Chains of custody, hand-overs on offer, follow-ups, and what only the fleet manager knows.

The chains of what changed hands before are told from the event log.
"""

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_PAGE = 10_000


def upgrade() -> None:
    custody = op.create_table(
        "custody",
        sa.Column("id", sa.String(140), nullable=False),
        sa.Column("task", sa.String(20), nullable=False),
        sa.Column("item", sa.String(100), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_custody"),
    )
    op.create_index("ix_custody_task", "custody", ["task"])
    op.create_index("ix_custody_item", "custody", ["item"])
    handovers = op.create_table(
        "handovers",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_handovers"),
    )
    op.create_table(
        "follow_ups",
        sa.Column("id", sa.String(20), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("item", sa.String(100), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_follow_ups"),
    )
    op.create_index("ix_follow_ups_state", "follow_ups", ["state"])
    op.create_index("ix_follow_ups_item", "follow_ups", ["item"])
    op.create_table(
        "secrets",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_secrets"),
    )
    chains = [
        {
            "id": f"{chain['task']}/{chain['item']}",
            "task": chain["task"],
            "item": chain["item"],
            "data": json.dumps(chain),
        }
        for chain in _chains()
    ]
    if chains:
        op.bulk_insert(custody, chains)
    offered = [{"id": h["step"], "data": json.dumps(h)} for h in _offered()]
    if offered:
        op.bulk_insert(handovers, offered)


def _rows(table: str, columns: str, where: str) -> Iterator[Any]:
    yield from op.get_bind().execute(sa.text(f"SELECT {columns} FROM {table} WHERE {where}"))


def _events() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """When what happened: the events that tell of custody, page by page."""
    seq = 0
    wanted = sa.text(
        "SELECT seq, time, kind, data FROM events WHERE seq > :seq AND kind IN ('task_submitted', 'items_handed_over') "
        "ORDER BY seq LIMIT :page"
    ).columns(seq=sa.Integer, time=sa.DateTime(timezone=True), kind=sa.String, data=sa.Text)
    while page := op.get_bind().execute(wanted, {"seq": seq, "page": _PAGE}).all():
        for row in page:
            seq = row.seq
            yield f"{row.time.replace(tzinfo=None).isoformat()}Z", row.kind, json.loads(row.data)


def _chains() -> list[dict[str, Any]]:
    chains: dict[tuple[str, str], dict[str, Any]] = {}
    states: dict[tuple[str, str], str] = {}
    loads: dict[str, dict[str, str]] = {}
    for time, kind, event in _events():
        if kind == "task_submitted":
            task = event["task"]
            for item in task["items"]:
                chains[task["id"], item["id"]] = _begun(task, item, time)
                states[task["id"], item["id"]] = "waiting"
            continue
        robot, after = event["robot"], dict(event["loads"])
        for item, state, outcome in event["items"]:
            key = event["task"], item
            if key in chains:
                entry = _entry(event, item, states[key], state, loads) | {"time": time, "outcome": outcome}
                chains[key]["entries"].append(entry)
                states[key] = state
        handed = {item for item, _, _ in event["items"]} & after.keys()
        loads = {r: {i: where for i, where in on.items() if i not in handed} for r, on in loads.items()} | {
            robot: after
        }
    return list(chains.values())


def _begun(task: dict[str, Any], item: dict[str, Any], time: str) -> dict[str, Any]:
    pick_ups = [s["place"] for s in task["stops"] if s["kind"] == "pick_up" and item["id"] in s["items"]]
    place = pick_ups[0] if pick_ups else task["stops"][0]["place"]
    begins = {"kind": "registered", "time": time, "place": place, "giver": None, "taker": {"place": place}}
    return {
        "task": task["id"],
        "item": item["id"],
        "name": item["name"],
        "quantity": item["quantity"],
        "item_class": item["item_class"],
        "entries": [begins | {"actor": task["requested_by"]}],
    }


def _entry(
    event: dict[str, Any], item: str, before: str, after: str, loads: dict[str, dict[str, str]]
) -> dict[str, Any]:
    robot, here = event["robot"], {"place": event["place"]}
    taken = dict(event["loads"]).get(item)
    own = {"carrier": robot, "compartment": loads.get(robot, {}).get(item)}
    carrier = {"carrier": robot, "compartment": taken}
    was = next(({"carrier": r, "compartment": on[item]} for r, on in loads.items() if item in on), None)
    if before == after == "on_board":
        changed = was != own and taken is not None
        kind, giver, taker = ("changed_carrier", was, carrier) if changed else ("not_received", own, carrier)
    elif before == "on_board" and after == "missing":
        kind, giver, taker = "not_released", was, was or own
    elif before == "on_board":
        kind, giver, taker = "brought_back" if after == "returned" else "received", own, here
    elif after == "on_board":
        kind, giver, taker = "released", here, carrier
    else:
        kind, giver, taker = "not_released", here, here
    who = {"actor": event["actor"], "proof": event["proof"], "mission": event["mission"], "step": event["step"]}
    return {"kind": kind, "place": event["place"], "giver": giver, "taker": taker} | who


def _offered() -> Iterator[dict[str, Any]]:
    """The hand-overs that wait for a person now."""
    opened = {row.id: json.loads(row.data)["opened"] for row in _rows("robots", "id, data", "1 = 1")}
    for row in list(_rows("missions", "data", "status = 'running'")):
        mission = json.loads(row.data)
        for step in mission["steps"]:
            if step["status"] == "waiting_for_person":
                yield {
                    "step": step["id"],
                    "mission": mission["id"],
                    "task": mission["task"],
                    "robot": mission["robot"],
                    "place": step["place"],
                    "compartments": opened[mission["robot"]],
                    "offered_at": step["started_at"],
                }


def downgrade() -> None:
    for table in ("secrets", "follow_ups", "handovers", "custody"):
        op.drop_table(table)
