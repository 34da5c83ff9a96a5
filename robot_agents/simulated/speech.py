"""How long it takes to say something."""

from __future__ import annotations

from typing import Final

_PAUSE: Final = 1.0
_PER_BYTE: Final = 0.07


def seconds_to_say(text: str) -> float:
    """About: Latin letters are said at some 14 a second, Chinese characters, three bytes each, at some 5."""
    return _PAUSE + _PER_BYTE * len(text.encode())
