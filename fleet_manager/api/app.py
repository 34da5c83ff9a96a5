"""The HTTP and WebSocket API under /api/v1, the agents' endpoint and the console, as one ASGI application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, TypeAlias

from fastapi import FastAPI
from fastapi.routing import APIRoute
from prometheus_client import CollectorRegistry
from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from fleet_manager.api.console import ConsoleFiles
from fleet_manager.api.guard import RequestGuard
from fleet_manager.api.metrics import FleetCollector, http_durations
from fleet_manager.api.problems import PROBLEM_JSON, Problem, install_problems
from fleet_manager.api.routes.alarms import alarm_routes
from fleet_manager.api.routes.alerts import alert_routes
from fleet_manager.api.routes.analytics import analytics_routes
from fleet_manager.api.routes.closures import closure_routes
from fleet_manager.api.routes.collections import collection_routes
from fleet_manager.api.routes.custody import custody_routes
from fleet_manager.api.routes.events import event_routes
from fleet_manager.api.routes.health import health_routes
from fleet_manager.api.routes.lifts import lift_routes
from fleet_manager.api.routes.pauses import pause_routes
from fleet_manager.api.routes.porters import porter_routes
from fleet_manager.api.routes.replay import replay_routes
from fleet_manager.api.routes.robots import robot_routes
from fleet_manager.api.routes.schedules import schedule_routes
from fleet_manager.api.routes.screening import screening_routes
from fleet_manager.api.routes.site import site_routes
from fleet_manager.api.routes.tasks import task_routes
from fleet_manager.api.routes.traffic import traffic_routes
from fleet_manager.api.routes.wards import ward_routes
from fleet_manager.api.routes.zones import zone_routes
from fleet_manager.api.stream import Stream, StreamMessage
from fleet_manager.orchestration.porter_desk import NoPorters, PorterDesk
from fleet_manager.orchestration.ports import FleetManager
from fleet_manager.orchestration.recorder import NoRecorder
from fleet_manager.orchestration.replay import Replays

API_PREFIX: Final = "/api/v1"
AGENTS_PATH: Final = "/agents/v1"

Endpoint: TypeAlias = Callable[[WebSocket], Awaitable[None]]

_DESCRIPTION: Final = """
Request deliveries, follow them, and see to the fleet. Every refusal is a problem document (RFC 9457) whose `way_out`
says what can be done.

`WS /api/v1/stream` sends `StreamMessage`s: first a snapshot, then every change, poses while robots move, and a sign of
life. `?after=SEQ` goes on where a connection ended, without a gap.
"""

_REFERENCE: Final = "#/components/schemas/{}"
_DOCUMENTED: Final[Mapping[str, TypeAdapter[Any]]] = {
    "Problem": TypeAdapter(Problem),
    "StreamMessage": TypeAdapter(StreamMessage),
}
_REFUSALS: Final = {
    403: "This person may not, or did not prove who they are",
    404: "There is no such thing",
    409: "Not possible in the present state",
    413: "The body is too large",
    422: "The request can never be done as it stands",
}


def create_app(
    manager: FleetManager,
    *,
    console_dir: Path | None = None,
    agent_endpoint: Endpoint | None = None,
    porters: PorterDesk | None = None,
    replays: Replays | None = None,
    registry: CollectorRegistry | None = None,
) -> FastAPI:
    """`console_dir` holds the built console; `registry` may bring figures of its own to /metrics."""
    registry = registry or CollectorRegistry()
    stream = Stream(manager)
    registry.register(FleetCollector(manager, stream))

    @asynccontextmanager
    async def telling_poses(app: FastAPI) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as group:
            running = group.create_task(stream.run())
            yield
            running.cancel()

    app = _Api(
        title="WardFleet",
        version="1",
        description=_DESCRIPTION,
        openapi_url=f"{API_PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=telling_poses,
        generate_unique_id_function=_operation,
        responses={status: _problem(text) for status, text in _REFUSALS.items()},
    )
    install_problems(app)
    app.add_middleware(RequestGuard, durations=http_durations(registry), prefix=API_PREFIX)
    for routes in (
        task_routes(manager),
        custody_routes(manager),
        collection_routes(manager),
        alert_routes(manager),
        robot_routes(manager),
        pause_routes(manager),
        closure_routes(manager),
        alarm_routes(manager),
        lift_routes(manager),
        site_routes(manager),
        traffic_routes(manager),
        ward_routes(manager),
        zone_routes(manager),
        schedule_routes(manager),
        screening_routes(manager),
        event_routes(manager),
        analytics_routes(manager),
        replay_routes(replays or NoRecorder(manager)),
        porter_routes(porters or NoPorters()),
        health_routes(manager, registry),
    ):
        app.include_router(routes, prefix=API_PREFIX)
    app.include_router(health_routes(manager, registry), include_in_schema=False)
    app.router.routes.append(WebSocketRoute(f"{API_PREFIX}/stream", stream.serve))
    if agent_endpoint is not None:
        app.router.routes.append(WebSocketRoute(AGENTS_PATH, agent_endpoint))
    if console_dir is not None:
        app.router.default = ConsoleFiles(directory=console_dir)
    return app


def _operation(route: APIRoute) -> str:
    return route.name


def _problem(description: str) -> dict[str, Any]:
    return {"description": description, "content": {PROBLEM_JSON: {"schema": {"$ref": _REFERENCE.format("Problem")}}}}


class _EveryFieldSent(GenerateJsonSchema):
    """Fields with a default are sent like all others, so readers may count on them."""

    def field_is_required(self, field: Any, total: bool) -> bool:
        return True


class _Api(FastAPI):
    """Adds to the document what no route returns by itself: problems and the messages of the stream."""

    def openapi(self) -> dict[str, Any]:
        document = super().openapi()
        schemas = document["components"]["schemas"]
        for name, kind in _DOCUMENTED.items():
            if name not in schemas:
                schema = kind.json_schema(ref_template=_REFERENCE.format("{model}"), schema_generator=_EveryFieldSent)
                schemas |= schema.pop("$defs", {})
                schemas[name] = schema
        return document
