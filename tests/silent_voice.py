"""A voice that remembers what it was asked to say, for agents in virtual time."""

from __future__ import annotations

import asyncio


class SilentVoice:
    """Satisfies `robot_agents.ros2.voice.Voice`."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []

    async def say(self, text: str, language: str, volume: float) -> None:
        await asyncio.sleep(1.0)
        self.said.append((language, text))
