"""What an agent must know again when it was killed: on which level the robot is, and how far it got."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import structlog
from pydantic import TypeAdapter, ValidationError

from robot_agents.protocol import Mode

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """`passed` is the last node passed (-1 for none), `mode` what was told last, `open` the compartments left open."""

    level: str | None = None
    passed: int = -1
    mode: Mode = Mode.AUTOMATIC
    open: tuple[str, ...] = ()


_remembered: TypeAdapter[Remembered] = TypeAdapter(Remembered)


class Memory:
    """Kept in the file `path`, when there is one, with every change that can't wait for the next `save`."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._saved = self.now = Remembered()
        if path is not None and path.exists():
            try:
                self.now = _remembered.validate_json(path.read_bytes())
            except ValidationError as error:
                # What it holds can be seen or asked again; an agent that does not start helps nobody.
                log.warning("what the agent remembered can't be read", file=path.name, error=str(error))

    def note(self, **changes: Any) -> None:
        """Change fields of `now`. How far the robot came need not be saved at once: it is seen from its position."""
        self.now = replace(self.now, **changes)
        if replace(self.now, passed=self._saved.passed) != self._saved:
            self.save()

    def save(self) -> None:
        if self._path is not None and self.now != self._saved:
            draft = self._path.with_name(self._path.name + ".new")
            draft.write_text(json.dumps(asdict(self.now)), encoding="utf-8")
            os.replace(draft, self._path)
        self._saved = self.now
