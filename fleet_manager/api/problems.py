"""Errors as problem documents (RFC 9457), one shape for every refusal of the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, cast

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from fleet_manager.domain.errors import (
    Conflict,
    InvalidRequest,
    InvalidTransition,
    KeyReused,
    NotAllowed,
    NotFound,
    NotServable,
    UnknownPlace,
    WardFleetError,
)
from fleet_manager.domain.tasks import TaskKind

PROBLEM_JSON: Final = "application/problem+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """What is wrong with one field; `field` is its path in the request, such as `items.0.quantity`."""

    field: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """RFC 9457. `detail` is for people; `field` names the first wrong field, `way_out` says what can be done."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    field: str | None = None
    way_out: str | None = None
    errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True)
class _Kind:
    status: int
    slug: str
    title: str


_KINDS: Final[Mapping[type[BaseException], _Kind]] = {
    UnknownPlace: _Kind(422, "unknown-place", "Unknown place"),
    NotServable: _Kind(422, "not-servable", "No carrier may do this"),
    InvalidRequest: _Kind(422, "invalid-request", "Invalid request"),
    NotAllowed: _Kind(403, "not-allowed", "Not allowed"),
    NotFound: _Kind(404, "not-found", "Not found"),
    InvalidTransition: _Kind(409, "invalid-transition", "Not possible in the present state"),
    KeyReused: _Kind(409, "key-reused", "Idempotency key used before"),
    Conflict: _Kind(409, "conflict", "Not possible now"),
    WardFleetError: _Kind(400, "refused", "Refused"),
}


def problem_type(slug: str) -> str:
    return f"urn:wardfleet:problem:{slug}"


def answer_with(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    body = msgspec.json.encode(problem)
    return Response(body, problem.status, headers=headers, media_type=PROBLEM_JSON)


def unexpected(path: str) -> Problem:
    """What a caller learns of an error that nobody foresaw: nothing but where to look."""
    return Problem(
        type=problem_type("unexpected"),
        title="Unexpected error",
        status=500,
        detail="the fleet manager could not finish this request",
        instance=path,
        way_out="try again; the fleet manager's log holds the cause",
    )


def from_error(error: WardFleetError, path: str) -> Problem:
    kind = next(_KINDS[cls] for cls in type(error).__mro__ if cls in _KINDS)
    return Problem(
        type=problem_type(kind.slug),
        title=kind.title,
        status=kind.status,
        detail=str(error),
        instance=path,
        field=error.field,
        way_out=error.way_out,
    )


def from_http(error: HTTPException, path: str) -> Problem:
    title = HTTPStatus(error.status_code).phrase
    detail = f"{path}: {title.lower()}" if error.detail == title else error.detail
    return Problem(type="about:blank", title=title, status=error.status_code, detail=detail, instance=path)


def from_validation(errors: Sequence[Mapping[str, Any]], path: str) -> Problem:
    """Pydantic's findings, each with the field it is about. A body that is no JSON at all is a 400."""
    broken = next((e for e in errors if e["type"] == "json_invalid"), None)
    if broken is not None:
        return Problem(
            type=problem_type("not-json"),
            title="Not JSON",
            status=400,
            detail=f"the body is not JSON: {broken['ctx']['error']} at position {broken['loc'][-1]}",
            instance=path,
            field="body",
        )
    found = tuple(FieldError(field=_field(e), message=_message(e)) for e in errors)
    return Problem(
        type=problem_type("invalid-request"),
        title="Invalid request",
        status=422,
        detail="; ".join(f"{e.field}: {e.message}" for e in found[:5]),
        instance=path,
        field=found[0].field,
        errors=found,
    )


_PLAIN: Final = {
    "missing": "is missing",
    "string_too_short": "must not be empty",
    "string_too_long": "must not be longer than {max_length} characters",
    "string_unicode": "is not valid text",
    "too_short": "must have at least {min_length}",
    "too_long": "must not have more than {max_length}",
    "extra_forbidden": "is not a field of this request",
    "model_attributes_type": "must be a JSON object, sent as application/json",
    "union_tag_invalid": "must be one of {expected_tags}",
    "union_tag_not_found": "is missing",
    "timezone_aware": "needs an offset, such as 2026-03-01T09:15:00+08:00 or ...Z",
}


def _message(error: Mapping[str, Any]) -> str:
    """Pydantic's message, or a plainer one; those say something of the field, so `field: message` is a sentence."""
    plain = _PLAIN.get(error["type"])
    if plain is not None:
        return plain.format(**error.get("ctx", {}))
    return str(error["msg"]).removeprefix("Value error, ").removeprefix("Input ")


_KINDS_OF_TASKS: Final = frozenset(TaskKind)
_NO_KIND: Final = frozenset({"union_tag_invalid", "union_tag_not_found"})


def _field(error: Mapping[str, Any]) -> str:
    """`("body", "items", 0, "name")` → `items.0.name`; the place alone when nothing narrower is wrong.

    Where the kind of a task decides which fields there are, pydantic names it as a place of its own: nobody sent that.
    """
    loc: Sequence[str | int] = error["loc"]
    parts = [str(part) for part in (loc[1:] or loc) if part not in _KINDS_OF_TASKS]
    if error["type"] in _NO_KIND:
        parts = [*(part for part in parts if part != "body"), "kind"]
    return ".".join(parts)


def install_problems(app: FastAPI) -> None:
    """Answer every refusal of `app` with a problem document."""

    async def on_error(request: Request, error: Exception) -> Response:
        return answer_with(from_error(cast(WardFleetError, error), request.url.path))

    async def on_http(request: Request, error: Exception) -> Response:
        error = cast(HTTPException, error)
        return answer_with(from_http(error, request.url.path), error.headers)

    async def on_validation(request: Request, error: Exception) -> Response:
        findings = cast(RequestValidationError, error).errors()
        return answer_with(from_validation(findings, request.url.path))

    app.add_exception_handler(WardFleetError, on_error)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(RequestValidationError, on_validation)
