"""What can be wrong, as a tree: catch as far down as you can act.

    WardFleetError
    ├── InvalidRequest          the request can never be done as it stands (HTTP 422)
    │   ├── UnknownPlace        no such waypoint on this site
    │   └── NotServable         no carrier of this site may ever do it
    ├── NotFound                no such task, robot, alert, step (HTTP 404)
    ├── NotAllowed              this person may not, or did not prove who they are (HTTP 403)
    └── Conflict                not in this state (HTTP 409)
        ├── InvalidTransition   a status can't follow the present one
        └── KeyReused           the idempotency key came with another body before

Every message names the subject; `way_out` says what the caller can do about it.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class WardFleetError(Exception):
    """The root of all errors that a caller can do something about."""

    def __init__(self, message: str, *, field: str | None = None, way_out: str | None = None) -> None:
        super().__init__(message)
        self.field = field
        self.way_out = way_out


class InvalidRequest(WardFleetError):
    pass


class UnknownPlace(InvalidRequest):
    def __init__(self, place: str, known: Iterable[str], *, field: str) -> None:
        close = get_close_matches(place, list(known), n=3, cutoff=0.5)
        way_out = f"did you mean {', '.join(close)}?" if close else "GET /api/v1/site lists the places"
        super().__init__(f"{field}: no place is called {place!r} on this site", field=field, way_out=way_out)


class NotServable(InvalidRequest):
    pass


class NotFound(WardFleetError):
    pass


class NotAllowed(WardFleetError):
    pass


class Conflict(WardFleetError):
    pass


class InvalidTransition(Conflict):
    def __init__(self, subject: str, present: str, wanted: str) -> None:
        super().__init__(f"{subject} is {present} and can't become {wanted}")


class KeyReused(Conflict):
    def __init__(self, key: str) -> None:
        super().__init__(
            f"Idempotency-Key {key!r} was used before with another body",
            field="Idempotency-Key",
            way_out="send a new key with a new request",
        )
