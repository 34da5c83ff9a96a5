"""Watching who follows a robot that guides them: what its people sensor sees becomes reports, one at each change."""

from __future__ import annotations

from typing import Final

from robot_agents.agent import Reporter
from robot_agents.protocol import Guide

_CLOSE_AGAIN: Final = 0.7
"""Who fell behind follows again within this share of the distance, so that nobody at its edge flickers."""


class GuideRun:
    """Carries out one `Guide` command. Call all methods from the loop's thread."""

    def __init__(self, command: Guide, reporter: Reporter) -> None:
        self.command = command
        self.over = False
        self._reporter = reporter
        self._following: bool | None = None

    def sees(self, distance: float | None) -> None:
        """How far away the nearest person behind the robot is (m); None when there is nobody."""
        if self.over:
            return
        limit = self.command.distance * (1.0 if self._following else _CLOSE_AGAIN)
        following = distance is not None and distance <= limit
        if following is self._following or (self._following is None and not following):
            return
        self._following = following
        self._reporter.follower(self.command.command_id, following=following, distance=distance)

    def end(self) -> None:
        if not self.over:
            self.over = True
            self._reporter.done(self.command.command_id)
