from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.exceptions import HTTPException

from fleet_manager.orchestration.ports import FleetManager


@dataclass(frozen=True, slots=True)
class Health:
    status: str


def health_routes(manager: FleetManager, registry: CollectorRegistry) -> APIRouter:
    router = APIRouter(tags=["health"])

    @router.get("/healthz", summary="The process answers")
    async def healthz() -> Health:
        return Health("ok")

    @router.get("/readyz", summary="The fleet manager has its state and takes commands")
    async def readyz() -> Health:
        if not manager.ready:
            raise HTTPException(503, "the fleet manager is still loading its state")
        return Health("ready")

    @router.get("/metrics", summary="Figures for Prometheus", response_class=Response)
    async def metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return router
