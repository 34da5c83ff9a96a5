"""What is kept of the past, so that any hour of it can be shown again: pictures a second apart.

The event log says what happened; where robots, lift cars and doors were between two events it does not say. A recording
does: frames, each with what differs from the one before, and every few minutes one that tells everything.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from fleet_manager.orchestration.views import ClosureView

_encoder: Final = msgspec.json.Encoder()


class TrackPoint(NamedTuple):
    """Where a robot was at a frame's time: m and rad of the site frame, to the centimetre and hundredth."""

    robot: str
    level: str
    x: float
    y: float
    yaw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One event of the log that people understand, with what it is about; `status` is what became of it."""

    seq: int
    time: datetime
    kind: str
    task: str | None = None
    robot: str | None = None
    alert: str | None = None
    closure: str | None = None
    place: str | None = None
    actor: str | None = None
    status: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayFrame:
    """What differs from the frame before; a `whole` one tells everything that there was.

    Each entry of `tasks`, `robots`, `alerts`, `doors` and `lifts` has an `id` and those fields of its view that
    changed, all when it was not there before. A robot's place is in `poses`, when it is another one than before. A
    robot that only goes on has no `route` but `passed`, how many nodes of it now lie behind, and `allocated`, how many
    of those ahead are its own. `closures` are all of them, None when they are as before.
    """

    time: datetime
    whole: bool = False
    tasks: tuple[dict[str, Any], ...] = ()
    robots: tuple[dict[str, Any], ...] = ()
    alerts: tuple[dict[str, Any], ...] = ()
    doors: tuple[dict[str, Any], ...] = ()
    lifts: tuple[dict[str, Any], ...] = ()
    closures: tuple[ClosureView, ...] | None = None
    poses: tuple[TrackPoint, ...] = ()
    events: tuple[Happening, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """The frames that show from `begin` to `end`, oldest first.

    The first is whole, and may be minutes older than `begin`. More than some seconds between two frames: nothing was
    recorded then. `next` is where to go on when there is more than one answer holds. `recorded_since` is the oldest
    moment that is still kept, None when nothing is.
    """

    begin: datetime
    end: datetime
    recorded_since: datetime | None
    next: datetime | None
    frames: tuple[ReplayFrame, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedPart:
    """Some seconds of a recording. `whole` says that its first frame is; `seq` is the last event that it knows.

    `data` holds the frames as JSON, joined by commas and compressed.
    """

    begin: datetime
    end: datetime
    whole: bool
    seq: int
    data: bytes


class Recordings(Protocol):
    """Where parts are kept, told apart by their `begin`."""

    async def keep(self, part: RecordedPart) -> bool:
        """Store it; false when that was not possible, which leaves a gap."""
        ...

    async def parts(self, begin: datetime, end: datetime, limit: int) -> list[RecordedPart]:
        """What shows `begin` to before `end`, oldest first, at most `limit`.

        From the last whole part at or before `begin`, or the first one after it when there is none.
        """
        ...

    async def oldest(self) -> datetime | None: ...

    async def newest(self) -> RecordedPart | None: ...

    async def forget(self, before: datetime, limit: int) -> None:
        """Drop what is older than `before`, and the oldest parts while all take more than `limit` bytes."""
        ...


class Replays(Protocol):
    """Shows the past again."""

    async def replay(self, begin: datetime | None, end: datetime | None) -> bytes:
        """A `Replay` as JSON: by default the ten minutes before `end`, and up to now."""
        ...


def compressed(frames: Sequence[bytes]) -> bytes:
    return zlib.compress(b",".join(frames), 6)


def encoded(frame: ReplayFrame) -> bytes:
    """A frame as JSON, without what is as before."""
    told = ((name, getattr(frame, name)) for name in ReplayFrame.__slots__)
    as_before = ((), None, False)
    return _encoder.encode(
        {name: v for name, v in told if v not in as_before or (name == "closures" and v is not None)}
    )


def answered(replay: Replay, parts: Sequence[RecordedPart]) -> bytes:
    """The JSON of `replay` with the frames of `parts`, which are not decoded for that."""
    head = _encoder.encode(replay).removesuffix(b'"frames":[]}')
    return head + b'"frames":[' + b",".join(zlib.decompress(part.data) for part in parts) + b"]}"
