"""The robot's voice: espeak-ng as a process of its own, or whatever the robot offers as its action `announce`."""

from __future__ import annotations

import asyncio
import shutil
from typing import Final, Protocol

PROGRAM: Final = "espeak-ng"
_PATIENCE: Final = 120.0
"""Seconds for one text."""

_LOUDEST: Final = 200
_VOICES: Final = {"zh": "cmn"}
"""How espeak-ng calls languages for which others have another code."""


class VoiceError(RuntimeError):
    """The text can't be said; the message says why, and what helps."""


class Voice(Protocol):
    async def say(self, text: str, language: str, volume: float) -> None:
        """Returns when all of it was said, at a volume from 0 to 1. Raises VoiceError."""
        ...


class EspeakVoice:
    """Speaks on the sound card of the computer that the agent runs on."""

    async def say(self, text: str, language: str, volume: float) -> None:
        program = shutil.which(PROGRAM)
        if program is None:
            raise VoiceError(
                f"{PROGRAM} is not installed: apt-get install {PROGRAM}, or set the parameter voice to robot"
            )
        voice = _VOICES.get(language, language)
        arguments = ("-v", voice, "-a", str(round(volume * _LOUDEST)), "--stdin")
        pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec(program, *arguments, stdin=pipe, stdout=nothing, stderr=pipe)
        try:
            async with asyncio.timeout(_PATIENCE):
                _, told = await process.communicate(text.encode())
        except TimeoutError as error:
            raise VoiceError(f"{PROGRAM} did not come to an end in {_PATIENCE:.0f} s") from error
        finally:
            if process.returncode is None:
                process.kill()
        lines = told.decode(errors="replace").strip().splitlines()
        # Without a sound card it says so, and ends as if it had spoken.
        if process.returncode or any(line.startswith("error:") for line in lines):
            raise VoiceError(f"{PROGRAM} -v {voice} failed: {lines[-1] if lines else 'it does not say why'}")
