"""The time axis that the strips of a report share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sim.report.markup import Markup, joined, tag, text
from sim.report.words import Clock

WIDTH: Final = 1060.0
"""Of every picture (px)."""

LEFT: Final = 130.0
"""Where the time begins; left of it are the names (px)."""

_RIGHT: Final = 20.0
_STEPS: Final = (60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400)
_MOST: Final = 12


@dataclass(frozen=True, slots=True)
class Axis:
    """`seconds` of time across the picture."""

    seconds: float
    clock: Clock

    def x(self, seconds: float) -> float:
        return LEFT + (WIDTH - LEFT - _RIGHT) * min(1.0, max(0.0, seconds / self.seconds if self.seconds else 0.0))

    def ticks(self) -> Iterator[float]:
        """Round times of day."""
        step = next((s for s in _STEPS if self.seconds / s <= _MOST), _STEPS[-1])
        first = -self.clock.seconds_of_day() % step
        while first <= self.seconds:
            yield first
            first += step

    def draw(self, top: float, bottom: float) -> Markup:
        """Lines from `top` to `bottom`, the times below."""
        return joined(
            part
            for at in self.ticks()
            for part in (
                tag("line", class_="grid", x1=self.x(at), x2=self.x(at), y1=top, y2=bottom),
                tag("text", text(self.clock.minute(at)), x=self.x(at), y=bottom + 16.0, text_anchor="middle"),
            )
        )


def name(words: str, y: float, cls: str | None = None) -> Markup:
    """What a row is about, left of the time."""
    short = words if len(words) <= 17 else f"{words[:16]}…"
    return tag("text", tag("title", text(words)), text(short), x=LEFT - 8.0, y=y, text_anchor="end", class_=cls)


def svg(height: float, label: str, *parts: Markup, width: float = WIDTH) -> Markup:
    """A picture, which a reader with a screen reader hears as `label`."""
    box = f"0 0 {width:.0f} {height:.0f}"
    return tag("svg", *parts, width=width, height=height, viewBox=box, role="img", aria_label=label)
