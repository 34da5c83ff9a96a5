from __future__ import annotations

import asyncio
import csv
from collections.abc import Sequence
from dataclasses import astuple, fields
from datetime import datetime
from io import StringIO
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from fleet_manager.api.schemas import AnalyticsQuery
from fleet_manager.orchestration.analytics import (
    Analytics,
    HourFigures,
    InterventionFigures,
    LiftFigures,
    RobotFigures,
    WaitFigures,
    WardFigures,
    analytics,
)
from fleet_manager.orchestration.ports import FleetManager

_TABLES = {
    "hours": HourFigures,
    "wards": WardFigures,
    "robots": RobotFigures,
    "waits": WaitFigures,
    "lifts": LiftFigures,
    "interventions": InterventionFigures,
}


def analytics_routes(manager: FleetManager) -> APIRouter:
    router = APIRouter(tags=["analytics"])
    one_at_a_time = asyncio.Lock()

    @router.get(
        "/analytics",
        summary="Deliveries, ETAs, waits, use of robots and lifts in a span; a table of it with ?format=csv",
        response_model=Analytics,
        responses={200: {"content": {"text/csv": {}}}},
    )
    async def figures(query: Annotated[AnalyticsQuery, Query()]) -> Analytics | Response:
        async with one_at_a_time:
            found = await analytics(manager, query.begin, query.end)
        if query.form == "json":
            return found
        headers = {"Content-Disposition": f'attachment; filename="{query.table}.csv"'}
        table = table_csv(_TABLES[query.table], getattr(found, query.table))
        return Response(table, media_type="text/csv; charset=utf-8", headers=headers)

    return router


def table_csv(kind: type[Any], rows: Sequence[Any]) -> str:
    """Times in ISO 8601 (UTC); what was not measured is empty."""
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(field.name for field in fields(kind))
    for row in rows:
        writer.writerow(value.isoformat() if isinstance(value, datetime) else value for value in astuple(row))
    return out.getvalue()
