"""The report: one HTML file that needs no network, no script and no other file."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Final

from maps.model import LevelId, Site, ZoneClass
from sim.judgement import Asked, Outcome
from sim.report.activities import RESTS, Activity
from sim.report.bars import time_spent, waits
from sim.report.figures import Figures, RobotFigures
from sim.report.markup import NOTHING, Markup, joined, tag, text
from sim.report.svg_map import level_map, levels_used, shades
from sim.report.timeline import key_of, lifts_over_time, robots_over_time
from sim.report.words import Clock, count, far, long, share
from sim.scenario_run import ScenarioResult

_STYLE: Final = Path(__file__).with_name("style.css")

_MANY: Final = 30
"""Longer lists are folded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """One scenario in the report: its line in the overview, and its `body`."""

    title: str
    file: str
    outcomes: tuple[Outcome, ...]
    figures: Figures
    body: Markup

    @property
    def held(self) -> int:
        return sum(outcome.holds for outcome in self.outcomes)

    @property
    def holds(self) -> bool:
        return self.held == len(self.outcomes)


def chapter(result: ScenarioResult, figures: Figures, site: Site, *, file: str, about: str) -> Chapter:
    """Everything of one scenario; `about` is what it tells, `file` where it stands."""
    clock = Clock(result.start, result.timezone)
    day = f"{clock.at(0.0)}–{clock.at(figures.seconds)}"
    body = joined(
        (
            tag("p", text(about), class_="about") if about else NOTHING,
            tag("p", text(f"{file} · {result.site} · {day} ({result.timezone}) · seed {result.seed}"), class_="source"),
            _part("Expectations", _expectations(result.outcomes)),
            _part("Figures", _kpis(result, figures)),
            _part("What happened", _incidents(figures, clock)),
            _part("Where robots drove", *_maps(result, figures, site, clock)),
            _part("What each robot did", key_of(Activity), _marks(), _scroll(robots_over_time(figures, clock))),
            _part(
                "What the time went to",
                _scroll(time_spent(figures)),
                tag("h4", text("Waits by cause, all robots together")),
                _scroll(waits(figures)),
            ),
            _part("Lifts", *_lifts(figures, clock)),
            _part("Robots", _robots(figures.robots)),
            _part("Tasks", _tasks(result, clock)),
            tag("p", text(f"SHA-256 of the event log: {result.log_sha256}"), class_="source"),
        )
    )
    return Chapter(title=result.title or file, file=file, outcomes=result.outcomes, figures=figures, body=body)


def page(chapters: Sequence[Chapter]) -> str:
    """The whole file. The same scenarios and seeds give the same bytes."""
    single = len(chapters) == 1
    title = chapters[0].title if single else f"{len(chapters)} scenarios"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", text(f"{title} – WardFleet")),
        tag("style", Markup(_STYLE.read_text(encoding="utf-8"))),
    )
    heading = text("Scenario report" if single else f"Report of {len(chapters)} scenarios")
    sections = (
        tag("section", tag("h2", text(one.title), Markup(" "), _verdict(one.holds)), one.body, id=f"scenario-{number}")
        for number, one in enumerate(chapters, start=1)
    )
    body = tag("body", tag("h1", heading), _overview(chapters), *sections)
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"


# --- parts -----------------------------------------------------------------------------------------------------


def _part(title: str, *parts: Markup) -> Markup:
    return tag("div", tag("h3", text(title)), *parts, class_="part")


def _scroll(picture: Markup) -> Markup:
    """Pictures keep the size of their letters; in a narrow window they are moved."""
    return tag("div", picture, class_="scroll")


def _table(head: Iterable[str], rows: Iterable[Iterable[str]], marks: Sequence[Sequence[Markup]] = ()) -> Markup:
    """`marks` are the first cells of each row, when they are more than words."""
    titles = tag("tr", *(tag("th", text(title), scope="col") for title in head))
    firsts = marks or repeat(())
    lines = (
        tag("tr", *(tag("td", cell) for cell in (*first, *map(text, row))))
        for first, row in zip(firsts, rows, strict=False)
    )
    return _scroll(tag("table", tag("thead", titles), tag("tbody", *lines)))


def _verdict(holds: bool) -> Markup:
    return tag("span", text("✓ holds" if holds else "✗ fails"), class_="good" if holds else "bad")


def _overview(chapters: Sequence[Chapter]) -> Markup:
    head = ("scenario", "result", "expectations", "completed", "longest wait", "robots at work", "driven")
    rows = [
        (
            f"{one.held} of {len(one.outcomes)} hold",
            f"{one.figures.tasks.completed} of {one.figures.tasks.accepted}",
            long(one.figures.tasks.wait_max),
            share(one.figures.utilisation),
            far(one.figures.distance),
        )
        for one in chapters
    ]
    marks = [
        (tag("a", text(one.title), href=f"#scenario-{number}"), _verdict(one.holds))
        for number, one in enumerate(chapters, start=1)
    ]
    return _table(head, rows, marks)


def _expectations(outcomes: Iterable[Outcome]) -> Markup:
    lines = []
    for outcome in outcomes:
        sign = tag("span", text("✓" if outcome.holds else "✗"), class_="good" if outcome.holds else "bad")
        found = tag("span", text(f" – {outcome.found}"), class_="found") if outcome.found else NOTHING
        story = tag("pre", text("\n".join(outcome.story))) if outcome.story else NOTHING
        lines.append(tag("li", sign, text(f" {outcome.sentence}"), found, story))
    return tag("ul", *lines, class_="expectations")


def _kpis(result: ScenarioResult, figures: Figures) -> Markup:
    tasks = figures.tasks
    said = [
        ("deliveries asked for", str(tasks.accepted + tasks.refused)),
        ("completed", str(tasks.completed)),
        ("refused", str(tasks.refused)),
        ("on time", f"{tasks.on_time} of {tasks.due}" if tasks.due else "–"),
        ("completed per hour", f"{tasks.per_hour:.1f}"),
        ("median wait", long(tasks.wait_p50)),
        ("9 of 10 wait less than", long(tasks.wait_p90)),
        ("longest wait", long(tasks.wait_max)),
        ("driven", far(figures.distance)),
        ("robots at work", share(figures.utilisation)),
        ("energy", f"{figures.energy_wh:.0f} Wh"),
        ("lowest charge", share(figures.lowest_charge)),
        ("overlaps of robots", str(len(result.violations))),
        ("jams", str(len(result.jams))),
    ]
    cards = (tag("div", tag("dt", text(what)), tag("dd", text(value))) for what, value in said)
    return tag("dl", *cards, class_="kpis")


def _incidents(figures: Figures, clock: Clock) -> Markup:
    if not figures.incidents:
        return tag("p", text("Nothing but the deliveries."))
    lines = (
        tag(
            "li",
            tag("b", text(number), class_="number alert" if incident.alert else "number"),
            tag("time", text(clock.at(incident.time))),
            text(f" {'alert: ' if incident.alert else ''}{incident.text}"),
        )
        for number, incident in enumerate(figures.incidents, start=1)
    )
    listed = tag("ol", *lines, class_="incidents")
    return _folded(listed, count(len(figures.incidents), "incident"), len(figures.incidents))


def _folded(part: Markup, words: str, number: int) -> Markup:
    return part if number <= _MANY else tag("details", tag("summary", text(words)), part)


def _maps(result: ScenarioResult, figures: Figures, site: Site, clock: Clock) -> list[Markup]:
    used = levels_used(site, figures)
    if not used:
        return [tag("p", text("No robot drove."))]
    views = [asked.view for asked in result.tasks]
    wanted = {place for view in views for place in (view.pickup, view.dropoff)}
    maps = [
        tag(
            "figure",
            tag("figcaption", text(f"Level {level}")),
            _scroll(level_map(site, level, figures, clock, wanted)),
        )
        for level in used
    ]
    return [shades(site, figures), _zone_keys(site, used), *maps]


def _zone_keys(site: Site, levels: Collection[LevelId]) -> Markup:
    known = {zone.zone_class for zone in site.zones.values() if zone.level in levels}
    keys = [
        tag("span", tag("i", class_=f"swatch z-{kind}"), text(kind.replace("_", " ")), class_="key")
        for kind in ZoneClass
        if kind in known
    ]
    others = (("lift", "lift"), ("door", "automatic door"))
    keys += [tag("span", tag("i", class_=f"swatch s-{cls}"), text(words), class_="key") for cls, words in others]
    return tag("p", *keys, class_="keys")


def _marks() -> Markup:
    words = "▲ goods are loaded · ▼ goods are unloaded · numbers: what happened, see above (filled), and alerts (rings)"
    return tag("p", text(words), class_="keys")


def _lifts(figures: Figures, clock: Clock) -> list[Markup]:
    called = [lift for lift in figures.lifts if lift.spans]
    if not called:
        return [tag("p", text("No robot called a lift."))]
    keys = (
        tag("span", tag("i", class_=f"swatch {cls}"), text(words), class_="key")
        for cls, words in (("ride", "a robot's, who rides"), ("call", "called, and let go or given up"))
    )
    rows = [
        (
            lift.lift,
            str(lift.trips),
            share(lift.share),
            str(sum(not span.ridden for span in lift.spans)),
            long(max(span.end - span.start for span in lift.spans)),
        )
        for lift in called
    ]
    head = ("lift", "rides of robots", "in use by robots", "calls without a ride", "longest use")
    return [tag("p", *keys, class_="keys"), _scroll(lifts_over_time(figures, clock)), _table(head, rows)]


def _robots(robots: Iterable[RobotFigures]) -> Markup:
    head = ("robot", "fleet", "delivered", "driven", "at work", "driving", "waiting", "energy", "lowest charge")
    rows = [
        (
            robot.robot,
            robot.fleet,
            str(robot.delivered),
            far(robot.distance),
            share(robot.utilisation),
            long(robot.seconds[Activity.DRIVING]),
            long(_waiting(robot)),
            f"{robot.energy_wh:.0f} Wh",
            share(robot.lowest_charge),
        )
        for robot in robots
    ]
    return _table(head, rows)


def _waiting(robot: RobotFigures) -> float:
    calm = (*RESTS, Activity.DRIVING)
    return sum(seconds for activity, seconds in robot.seconds.items() if activity not in calm)


def _tasks(result: ScenarioResult, clock: Clock) -> Markup:
    head = ("task", "demand", "goods", "way", "priority", "carrier", "asked for", "loaded", "ended", "wait", "status")
    listed = _table(head, (_task(asked, clock) for asked in result.tasks))
    refused = tag("ul", *(tag("li", text(f"refused: {request.text}")) for request in result.refused))
    folded = _folded(listed, count(len(result.tasks), "task"), len(result.tasks))
    return joined((folded, refused if result.refused else NOTHING))


def _task(asked: Asked, clock: Clock) -> Iterable[str]:
    view = asked.view
    waited = (view.picked_up_at - view.requested_at).total_seconds() if view.picked_up_at is not None else None
    return (
        view.id,
        asked.group or "–",
        ", ".join(item.name for item in view.items),
        f"{view.pickup} → {view.dropoff}",
        view.priority,
        view.robot or "–",
        clock.time(view.requested_at),
        clock.time(view.picked_up_at),
        clock.time(view.ended_at),
        long(waited),
        view.outcome or view.status,
    )
