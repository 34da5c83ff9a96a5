"""What an agent must not forget: report numbers, unacknowledged reports, and the last commands' outcomes."""

from __future__ import annotations

import json
import os
from collections import deque
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from robot_agents.protocol import Report

COMMANDS_REMEMBERED: Final = 1_000
_COMMANDS_STORED: Final = 100

_report: Final[TypeAdapter[Report]] = TypeAdapter(Report)


class LogbookError(RuntimeError):
    """The stored logbook can't be read, so going on would use report numbers twice."""


class Logbook:
    """One robot's logbook, stored in `path` (if given) with every change that a killed process must not lose.

    A stored logbook lets a restarted agent go on with its numbers. Without one the manager's last stored number
    tells where to begin: see `begin_after`. Raises `LogbookError` when `path` holds something else.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._number = 0
        self._begun = False
        self._unacknowledged: deque[Report] = deque()
        self._commands: dict[str, Report | None] = {}
        self._from_before: set[str] = set()
        if path is not None and path.exists():
            self._read(path)

    @property
    def next_number(self) -> int:
        return self._number + 1

    @property
    def unacknowledged(self) -> tuple[Report, ...]:
        """In the order of their numbers."""
        return tuple(self._unacknowledged)

    def add(self, report: Report, outcome_of: str | None = None) -> None:
        """Keep a new report, numbered `next_number`; `outcome_of` is the command that it ends."""
        self._number = report.number
        self._unacknowledged.append(report)
        if outcome_of is not None:
            self._commands[outcome_of] = report
        self._store()

    def acknowledge(self, through: int) -> None:
        while self._unacknowledged and self._unacknowledged[0].number <= through:
            self._unacknowledged.popleft()

    def begin_after(self, stored: int) -> None:
        """The manager has stored the reports up to this number.

        When these can't be this logbook's, because it is new or never came so far, what it holds is numbered anew:
        otherwise the manager would take it for known.
        """
        if not self._begun or self._number < stored:
            anew = {
                report.number: report.model_copy(update={"number": place})
                for place, report in enumerate(self._unacknowledged, start=stored + 1)
            }
            self._unacknowledged = deque(anew.values())
            for command, outcome in self._commands.items():
                if outcome is not None and outcome.number in anew:
                    self._commands[command] = anew[outcome.number]
            self._number = stored + len(self._unacknowledged)
        self._begun = True
        self.acknowledge(stored)
        self._store()

    def is_new(self, command_id: str) -> bool:
        """Note a command; False when it is known already and needn't be executed.

        A command from before a restart whose outcome isn't known is new: the robot may never have got it.
        """
        if command_id in self._commands and command_id not in self._from_before:
            return False
        self._from_before.discard(command_id)
        self._commands[command_id] = None
        if len(self._commands) > COMMANDS_REMEMBERED:
            del self._commands[next(iter(self._commands))]
        self._store()
        return True

    def outcome(self, command_id: str) -> Report | None:
        return self._commands.get(command_id)

    def _store(self) -> None:
        if self._path is None:
            return
        commands = list(self._commands.items())[-_COMMANDS_STORED:]
        content = {
            "number": self._number,
            "reports": [_report.dump_python(report, mode="json") for report in self._unacknowledged],
            "commands": [
                [command_id, outcome and _report.dump_python(outcome, mode="json")] for command_id, outcome in commands
            ],
        }
        draft = self._path.with_name(self._path.name + ".new")
        draft.write_text(json.dumps(content), encoding="utf-8")
        os.replace(draft, self._path)

    def _read(self, path: Path) -> None:
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            self._number = int(content["number"])
            self._unacknowledged = deque(_report.validate_python(report) for report in content["reports"])
            for command_id, outcome in content["commands"]:
                self._commands[command_id] = None if outcome is None else _report.validate_python(outcome)
                if outcome is None:
                    self._from_before.add(command_id)
        except (OSError, ValueError, KeyError, TypeError, ValidationError) as error:
            raise LogbookError(f"{path.name} is not an agent's logbook: {error}") from error
        self._begun = True
