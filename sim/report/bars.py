"""What the robots' time went to, and their waits by cause, as bars."""

from __future__ import annotations

from typing import Final

from sim.report.activities import WAITS, Activity
from sim.report.axis import WIDTH, svg
from sim.report.figures import Figures
from sim.report.markup import Markup, tag, text, tip
from sim.report.words import NAMES, long, share

_LABEL: Final = 200.0
_VALUE: Final = 230.0
_ROW: Final = 26.0


def time_spent(figures: Figures) -> Markup:
    """All robots' time in one bar."""
    whole = sum(figures.time_spent.values())
    parts: list[Markup] = []
    x = 0.0
    for activity, seconds in figures.time_spent.items():
        wide = WIDTH * seconds / whole if whole else 0.0
        words = f"{NAMES[activity]}: {long(seconds)}, {share(seconds / whole if whole else 0.0)} of all robots' time"
        parts.append(tag("rect", tip(words), class_=f"a-{activity}", x=x, y=0.0, width=wide, height=22.0))
        x += wide
    return svg(22.0, "What all robots' time went to", *parts)


def waits(figures: Figures) -> Markup:
    """One bar per cause, the longest first."""
    known = sorted(
        ((figures.time_spent[cause], cause) for cause in WAITS if figures.time_spent[cause] >= 0.5),
        key=lambda wait: (-wait[0], wait[1]),
    )
    if not known:
        return tag("p", text("No robot ever waited."))
    whole = sum(figures.time_spent[activity] for activity in (*WAITS, Activity.DRIVING))
    longest = known[0][0]
    parts: list[Markup] = []
    for number, (seconds, cause) in enumerate(known):
        y = _ROW * number
        wide = (WIDTH - _LABEL - _VALUE) * seconds / longest
        parts += [
            tag("text", text(NAMES[cause]), x=_LABEL - 8.0, y=y + 17.0, text_anchor="end"),
            tag("rect", class_=f"a-{cause}", x=_LABEL, y=y + 4.0, width=wide, height=18.0),
            tag(
                "text",
                text(f"{long(seconds)}, {share(seconds / whole)} of the time at work"),
                x=_LABEL + wide + 8.0,
                y=y + 17.0,
            ),
        ]
    return svg(_ROW * len(known), "Waits by cause", *parts)
