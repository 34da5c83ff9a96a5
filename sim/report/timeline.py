"""Strips over time: what each robot did, and whose each lift was."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from sim.report.activities import RESTS, Activity, Span
from sim.report.axis import Axis, name, svg
from sim.report.figures import Figures, HandOver, Incident, LiftFigures, RobotFigures
from sim.report.markup import Markup, joined, points, tag, text, tip
from sim.report.words import NAMES, Clock, long

_ROW: Final = 30.0
_BAR: Final = 14.0
_REST: Final = 4.0
_HEAD: Final = 30.0
_FOOT: Final = 26.0
_APART: Final = 26.0
"""Marks nearer than this share one (px)."""


def robots_over_time(figures: Figures, clock: Clock) -> Markup:
    """One row per robot, those that never had anything to do last; numbered marks are the incidents."""
    rows = sorted(figures.robots, key=lambda robot: robot.utilisation == 0.0)
    bottom = _HEAD + _ROW * len(rows)
    axis = Axis(figures.seconds, clock)
    parts = [axis.draw(_HEAD - 4.0, bottom)]
    parts += [_robot(robot, _HEAD + _ROW * number, axis) for number, robot in enumerate(rows)]
    parts.append(_incidents(figures.incidents, bottom, axis))
    return svg(bottom + _FOOT, "What each robot did over time", *parts)


def _robot(robot: RobotFigures, top: float, axis: Axis) -> Markup:
    middle = top + _ROW / 2.0 + 4.0
    bars = (_bar(robot, span, middle, axis) for span in robot.spans)
    marks = (_hand_over(hand_over, middle, axis) for hand_over in robot.hand_overs)
    return joined((name(robot.robot, middle + 4.0), *bars, *marks))


def _bar(robot: RobotFigures, span: Span, middle: float, axis: Axis) -> Markup:
    high = _REST if span.activity in RESTS else _BAR
    behind = f", behind {span.behind}" if span.behind is not None else ""
    when = f"{axis.clock.at(span.start)}–{axis.clock.at(span.end)}"
    return tag(
        "rect",
        tip(f"{robot.robot} {when} ({long(span.seconds)}): {NAMES[span.activity]}{behind}"),
        class_=f"a-{span.activity}",
        x=axis.x(span.start),
        y=middle - high / 2.0,
        width=max(0.4, axis.x(span.end) - axis.x(span.start)),
        height=high,
    )


def _hand_over(hand_over: HandOver, middle: float, axis: Axis) -> Markup:
    """A triangle above the row: up when goods are loaded, down when they are unloaded."""
    x, base = axis.x(hand_over.time), middle - _BAR / 2.0 - 2.0
    tips = ((x - 4.0, base), (x + 4.0, base), (x, base - 7.0))
    if not hand_over.loaded:
        tips = ((x - 4.0, base - 7.0), (x + 4.0, base - 7.0), (x, base))
    words = f"{axis.clock.at(hand_over.time)} {hand_over.task} {'loaded' if hand_over.loaded else 'unloaded'}"
    return tag("polygon", tip(f"{words} at {hand_over.place}"), class_="mark", points=points(tips))


def _incidents(incidents: Sequence[Incident], bottom: float, axis: Axis) -> Markup:
    parts = []
    for group in _near(incidents, axis):
        first, last = group[0][0], group[-1][0]
        x = axis.x(group[0][1].time)
        words = "\n".join(f"{number} {axis.clock.at(one.time)} {one.text}" for number, one in group)
        label = str(first) if first == last else f"{first}–{last}"
        parts.append(tag("line", class_="incident", x1=x, x2=x, y1=_HEAD - 8.0, y2=bottom))
        parts.append(pill(label, x, _HEAD - 16.0, words, alert=all(one.alert for _, one in group)))
    return joined(parts)


def _near(incidents: Sequence[Incident], axis: Axis) -> Iterator[list[tuple[int, Incident]]]:
    group: list[tuple[int, Incident]] = []
    for number, incident in enumerate(incidents, start=1):
        if group and axis.x(incident.time) - axis.x(group[0][1].time) > _APART:
            yield group
            group = []
        group.append((number, incident))
    if group:
        yield group


def pill(label: str, x: float, y: float, words: str, *, alert: bool) -> Markup:
    """A numbered mark around (x, y): filled for what people and faults did, a ring for alerts."""
    wide = max(18.0, 8.0 + 7.0 * len(label))
    return tag(
        "g",
        tip(words),
        tag("rect", x=x - wide / 2.0, y=y - 9.0, width=wide, height=18.0, rx=9.0),
        tag("text", text(label), x=x, y=y + 4.3, text_anchor="middle"),
        class_="pill alert" if alert else "pill",
    )


def lifts_over_time(figures: Figures, clock: Clock) -> Markup:
    """One row per lift that robots called."""
    rows = [lift for lift in figures.lifts if lift.spans]
    bottom = 8.0 + _ROW * len(rows)
    axis = Axis(figures.seconds, clock)
    parts = [axis.draw(4.0, bottom)]
    parts += [_lift(lift, 8.0 + _ROW * number + _ROW / 2.0, axis) for number, lift in enumerate(rows)]
    return svg(bottom + _FOOT, "Whose each lift was over time", *parts)


def _lift(lift: LiftFigures, middle: float, axis: Axis) -> Markup:
    bars = (
        tag(
            "rect",
            tip(
                f"{lift.lift} {axis.clock.at(span.start)}–{axis.clock.at(span.end)} ({long(span.end - span.start)}): "
                f"{span.robot} {'rides' if span.ridden else 'calls, and does not ride'}"
            ),
            class_="ride" if span.ridden else "call",
            x=axis.x(span.start),
            y=middle - _BAR / 2.0,
            width=max(0.8, axis.x(span.end) - axis.x(span.start)),
            height=_BAR,
        )
        for span in lift.spans
    )
    return joined((name(lift.lift, middle + 4.0), *bars))


def key_of(activities: Iterable[Activity]) -> Markup:
    """Which colour is which activity."""
    return tag(
        "p",
        *(
            tag("span", tag("i", class_=f"swatch a-{activity}"), text(NAMES[activity]), class_="key")
            for activity in activities
        ),
        class_="keys",
    )
