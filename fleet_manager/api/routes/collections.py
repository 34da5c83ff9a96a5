from __future__ import annotations

import csv
from collections.abc import Iterable
from io import StringIO
from typing import Annotated

from fastapi import APIRouter, Query, Response

from fleet_manager.api.schemas import CollectionQuery
from fleet_manager.orchestration.ports import FleetManager
from fleet_manager.orchestration.views import CollectedBagView

_COLUMNS = (
    "bag",
    "item_class",
    "ward",
    "weight_kg",
    "collected_at",
    "signed_by",
    "second",
    "robot",
    "place",
    "received_at",
    "received_by",
    "received_weight_kg",
    "task",
)


def collection_routes(manager: FleetManager) -> APIRouter:
    router = APIRouter(tags=["collections"])

    @router.get(
        "/collections",
        summary="The register of collected waste and linen; as a table with ?format=csv",
        response_model=list[CollectedBagView],
        responses={200: {"content": {"text/csv": {}}}},
    )
    async def collections(query: Annotated[CollectionQuery, Query()]) -> list[CollectedBagView] | Response:
        bags = await manager.collections(begin=query.begin, end=query.end, limit=query.limit)
        if query.form == "json":
            return bags
        headers = {"Content-Disposition": 'attachment; filename="collections.csv"'}
        return Response(register_csv(bags), media_type="text/csv; charset=utf-8", headers=headers)

    return router


def register_csv(bags: Iterable[CollectedBagView]) -> str:
    """The register as a table; times in ISO 8601 (UTC), what is not known yet is empty."""
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(_COLUMNS)
    for bag in bags:
        writer.writerow(
            _safe(value)
            for value in (
                bag.bag,
                bag.item_class,
                bag.ward,
                bag.weight,
                bag.collected_at.isoformat(),
                bag.signed_by.id,
                bag.second.id if bag.second is not None else None,
                bag.robot,
                bag.place,
                bag.received_at.isoformat() if bag.received_at is not None else None,
                bag.received_by.id if bag.received_by is not None else None,
                bag.received_weight,
                bag.task,
            )
        )
    return out.getvalue()


def _safe(value: str | float | None) -> str:
    """A cell that no spreadsheet takes for a formula, whatever somebody wrote on a bag."""
    text = "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
