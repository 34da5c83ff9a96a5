"""HTML and SVG as text: every word of a scenario is escaped on its way in, by type."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Final, NewType

Markup = NewType("Markup", str)
"""Text that may stand in a page as it is: made by `text` and `tag` alone."""

NOTHING: Final = Markup("")

_EMPTY: Final = frozenset({"meta", "br", "path", "rect", "line", "circle", "polygon", "polyline"})


def text(words: object) -> Markup:
    return Markup(escape(str(words)))


def joined(parts: Iterable[Markup]) -> Markup:
    return Markup("".join(parts))


def tag(name: str, /, *children: Markup, **attributes: str | float | None) -> Markup:
    """One element. `class_` is the attribute class, `_` in names stands for `-`; None leaves an attribute out."""
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _EMPTY and not children:
        return Markup(f"<{name}{said}/>")
    return Markup(f"<{name}{said}>{''.join(children)}</{name}>")


def tip(words: str) -> Markup:
    """What a mark of an SVG says when one points at it."""
    return tag("title", text(words))


def _value(value: str | float) -> str:
    """Figures have at most one decimal: a tenth of a pixel is enough, and files stay small."""
    return escape(value) if isinstance(value, str) else f"{value:.1f}".removesuffix(".0")


def points(pairs: Iterable[tuple[float, float]]) -> str:
    """The value of a `points` attribute."""
    return " ".join(f"{_value(x)},{_value(y)}" for x, y in pairs)
