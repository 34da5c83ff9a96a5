"""Recorded logs as files: a first line that says how the run came about, then one line for each event.

`replay` runs today's code over one and says where it first decides otherwise than the code that wrote it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, get_args

import msgspec
from pydantic import ValidationError

from fleet_manager.domain.events import Event, Recorded
from fleet_manager.domain.state import apply, new_state
from fleet_manager.orchestration.projection import kind_name
from fleet_manager.persistence.encoding import event_line
from maps.model import Site
from maps.site_files import load_site
from sim.scenario import Scenario
from sim.scenario_run import run_scenario
from sim.scenario_site import site_of

VERSION: Final = 1


class LogError(Exception):
    """The file is no recorded log; the message names it and what is wrong."""


@dataclass(frozen=True, slots=True)
class RecordedLog:
    """`scenario` is the run that was recorded; None for the log of a live manager, whose site is in the folder `site`.

    `lines` are the events as they were written.
    """

    scenario: Scenario | None
    site: str | None
    lines: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """Event `seq` of the log is `recorded` there, and `now` with today's code; None where there is none."""

    seq: int
    recorded: str | None
    now: str | None


def write_log(path: Path, scenario: Scenario, events: Iterable[Recorded]) -> None:
    """Write down a scenario's run."""
    head = {"wardfleet_log": VERSION, "scenario": scenario.model_dump(mode="json")}
    lines = [msgspec.json.encode(head), *(event_line(recorded) for recorded in events)]
    path.write_bytes(b"\n".join(lines) + b"\n")


def read_log(path: Path) -> RecordedLog:
    """Raises LogError."""
    try:
        first, *lines = path.read_bytes().splitlines()
        head = msgspec.json.decode(first, type=dict[str, Any])
        if head.get("wardfleet_log") != VERSION:
            raise LogError(f"{path}: the first line is not the head of a log of version {VERSION}")
        known = head.get("scenario")
        scenario = Scenario.model_validate(known) if known is not None else None
    except (OSError, ValueError, ValidationError) as error:
        raise LogError(f"{path}: {' '.join(str(error).split())}") from error
    return RecordedLog(scenario, head.get("site"), tuple(lines))


def replay(log: RecordedLog, folder: Path = Path()) -> Difference | None:
    """The first difference, None when today's code does the same; a site's path counts from `folder`.

    First every event is read and applied to the state before it. The log of a scenario tells how everything outside
    the manager acted, so then the whole run is repeated and compared line by line.
    """
    if log.scenario is None and log.site is None:
        raise LogError("the log names neither its scenario nor its site")
    site = site_of(log.scenario, folder) if log.scenario is not None else load_site(folder / str(log.site))
    unreadable = _applied(site, log.lines)
    if unreadable is not None or log.scenario is None:
        return unreadable
    now = [event_line(recorded) for recorded in run_scenario(log.scenario, folder).log]
    for number in range(max(len(now), len(log.lines))):
        was = log.lines[number] if number < len(log.lines) else None
        today = now[number] if number < len(now) else None
        if was != today:
            return Difference(number + 1, was.decode() if was else None, today.decode() if today else None)
    return None


def _applied(site: Site, lines: Iterable[bytes]) -> Difference | None:
    """The first event that today's code can't read, or that does not fit the state before it."""
    state = new_state(site)
    for number, line in enumerate(lines, start=1):
        try:
            recorded = _recorded(line)
            if recorded.seq != number:
                return Difference(number, line.decode(), f"event {number} is lacking")
            apply(state, recorded)
        except Exception as error:
            return Difference(number, line.decode(), f"{type(error).__name__}: {error}")
        finished = {task.id for task in state.tasks.values() if task.status.ended}
        state.forget_ended(finished, {alert.id for alert in state.alerts.values() if alert.state == "closed"})
    return None


_TYPES: Final[dict[str, Any]] = {kind_name(kind): kind for kind in get_args(Event)}


def _recorded(line: bytes) -> Recorded:
    """An event from its line. Raises msgspec.ValidationError or LookupError when it is of another version."""
    seq, time, kind, fields = msgspec.json.decode(line, type=tuple[int, datetime, str, msgspec.Raw])
    event: Event = msgspec.json.decode(fields, type=_TYPES[kind])
    return Recorded(seq=seq, time=time, event=event)
