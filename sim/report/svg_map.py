"""The map of a level: where robots drove and how often, and what happened where."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from maps.model import LevelId, Lift, Point, Site, WaypointId, Zone, ZoneKind
from sim.report.axis import WIDTH, svg
from sim.report.figures import Figures, Incident
from sim.report.markup import Markup, points, tag, text, tip
from sim.report.timeline import pill
from sim.report.words import Clock, count, long

_MARGIN: Final = 5.0
"""Metres around what is shown."""

_NARROWEST: Final = 26.0
"""What is shown is at least so wide and high (m), or the whole building."""

_LARGEST: Final = 24.0
_HIGHEST: Final = 900.0
"""A small site is not drawn at more px per metre, and no map is higher (px)."""

_LETTER: Final = 6.7
_BOLD: Final = 7.6
_LINE: Final = 14.0
_SHADES: Final = 5
_HATCHED: Final = (ZoneKind.NO_SIGNAL, ZoneKind.ESCAPE_ROUTE, ZoneKind.BUFFER_ROOM, ZoneKind.STREET_CROSSING)

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class _Sheet:
    """Where a place of the site lies in the picture."""

    left: float
    top: float
    scale: float
    width: float
    height: float

    def at(self, place: Point) -> Point:
        return (place[0] - self.left) * self.scale, (self.top - place[1]) * self.scale

    def all_at(self, places: Iterable[Point]) -> list[Point]:
        return [self.at(place) for place in places]


@dataclass(frozen=True, slots=True)
class Corridor:
    """Both directions between two waypoints: how often robots drove there, and how long it took together (s)."""

    one: WaypointId
    other: WaypointId
    passages: int
    seconds: float


def corridors(site: Site, figures: Figures) -> list[Corridor]:
    """Those that were driven, the busiest last."""
    passages: dict[tuple[WaypointId, WaypointId], tuple[int, float]] = {}
    for known in figures.lanes:
        lane = site.lanes[known.lane]
        ends = (min(lane.start, lane.end), max(lane.start, lane.end))
        number, seconds = passages.get(ends, (0, 0.0))
        passages[ends] = (number + known.passages, seconds + known.seconds)
    found = [Corridor(*ends, *known) for ends, known in passages.items()]
    return sorted(found, key=lambda corridor: (corridor.passages, corridor.one, corridor.other))


def levels_used(site: Site, figures: Figures) -> list[LevelId]:
    """Levels on which robots drove or something happened, in the site's order."""
    used = {site.waypoints[corridor.one].level for corridor in corridors(site, figures)}
    used |= {incident.level for incident in figures.incidents if incident.level is not None}
    return [level for level in site.levels if level in used]


def level_map(site: Site, level: LevelId, figures: Figures, clock: Clock, wanted: Collection[str]) -> Markup:
    """The part of a level where something happened; `wanted` are the places whose names matter most."""
    known = corridors(site, figures)
    sheet = _sheet(site, known, figures.incidents, wanted)
    most = max((corridor.passages for corridor in known), default=0)
    here = [corridor for corridor in known if site.waypoints[corridor.one].level == level]
    spots = list(_spots(figures.incidents, level, sheet))
    taken = [_around(at, len(label)) for label, at, _ in spots]
    parts = [
        *_floors(site, level, sheet),
        *_zones(site, level, sheet),
        tag("path", class_="lane", d=_lines(_lanes(site, level), sheet)),
        tag("path", class_="wall", d=_lines(site.levels[level].walls, sheet)),
        *(_heat(site, corridor, most, sheet) for corridor in here),
        *_doors(site, level, sheet),
        *_lifts(site, level, sheet, taken),
        *_names(site, level, sheet, taken, wanted),
        *(
            pill(label, *at, _told(group, clock), alert=all(one.alert for _, one in group))
            for label, at, group in spots
        ),
    ]
    return svg(sheet.height, f"Map of level {level}", *parts, width=sheet.width)


def shades(site: Site, figures: Figures) -> Markup:
    """Which shade stands for how many passages."""
    most = max((corridor.passages for corridor in corridors(site, figures)), default=0)
    steps = sorted({most * shade // _SHADES for shade in range(1, _SHADES + 1)} - {0})
    low, keys = 1, []
    for high in steps:
        words = str(high) if low == high else f"{low}–{high}"
        keys.append(tag("span", tag("i", class_=f"swatch heat-{_shade(high, most)}"), text(words), class_="key"))
        low = high + 1
    return tag("p", text("passages of robots, both ways: "), *keys, class_="keys")


def _shade(passages: int, most: int) -> int:
    return math.ceil(passages * _SHADES / most)


def _sheet(site: Site, driven: Iterable[Corridor], incidents: Iterable[Incident], wanted: Iterable[str]) -> _Sheet:
    """One for all levels, so that a place has the same spot on each of them: where robots drove and were wanted."""
    shown = [site.waypoints[end].xy for corridor in driven for end in (corridor.one, corridor.other)]
    shown += [waypoint.xy for name in wanted if (waypoint := site.waypoints.get(WaypointId(name))) is not None]
    shown += [(one.x, one.y) for one in incidents if one.x is not None and one.y is not None]
    house = [waypoint.xy for waypoint in site.waypoints.values()]
    house += [place for level in site.levels.values() for wall in level.walls for place in wall]
    house += [place for level in site.levels.values() for floor in level.floors for place in floor[0]]
    left, right = _span([x for x, _ in shown], [x for x, _ in house])
    bottom, top = _span([y for _, y in shown], [y for _, y in house])
    scale = min(_LARGEST, WIDTH / (right - left), _HIGHEST / (top - bottom))
    return _Sheet(left, top, scale, (right - left) * scale, (top - bottom) * scale)


def _span(shown: Sequence[float], house: Sequence[float]) -> tuple[float, float]:
    """From where to where, along one axis: not much more than is shown, and not beyond the building."""
    low, high = min(shown) - _MARGIN, max(shown) + _MARGIN
    lacking = max(0.0, _NARROWEST - (high - low)) / 2.0
    return max(low - lacking, min(house) - _MARGIN), min(high + lacking, max(house) + _MARGIN)


# --- the building ----------------------------------------------------------------------------------------------


def _lines(lines: Iterable[Sequence[Point]], sheet: _Sheet) -> str:
    """Polylines as one path."""
    return "".join(f"M{points(sheet.all_at(line))}" for line in lines)


def _lanes(site: Site, level: LevelId) -> Iterator[tuple[Point, Point]]:
    pairs = {(min(lane.start, lane.end), max(lane.start, lane.end)): None for lane in site.lanes.values()}
    for one, other in pairs:
        if site.waypoints[one].level == level:
            yield site.waypoints[one].xy, site.waypoints[other].xy


def _floors(site: Site, level: LevelId, sheet: _Sheet) -> Iterator[Markup]:
    for floor in site.levels[level].floors:
        yield tag("path", class_="floor", fill_rule="evenodd", d=_lines(floor, sheet) + "Z")


def _zones(site: Site, level: LevelId, sheet: _Sheet) -> Iterator[Markup]:
    zones = [zone for zone in site.zones.values() if zone.level == level and zone.kind not in _HATCHED]
    for zone in sorted(zones, key=lambda zone: (-_size(zone), zone.id)):
        said = zone.zone_class or ("outdoor" if zone.kind is ZoneKind.OUTDOOR else "plain")
        words = f"{zone.name or zone.id}" + (f" ({zone.zone_class.replace('_', ' ')})" if zone.zone_class else "")
        yield tag("polygon", tip(words), class_=f"zone z-{said}", points=points(sheet.all_at(zone.polygon)))


def _size(zone: Zone) -> float:
    """Of the zone's box (m²): large ones are drawn first."""
    xs, ys = [x for x, _ in zone.polygon], [y for _, y in zone.polygon]
    return (max(xs) - min(xs)) * (max(ys) - min(ys))


def _doors(site: Site, level: LevelId, sheet: _Sheet) -> Iterator[Markup]:
    for door in site.doors.values():
        if door.level == level:
            (x1, y1), (x2, y2) = sheet.at(door.start), sheet.at(door.end)
            kind = "door automatic" if door.automatic else "door"
            yield tag("line", tip(f"door {door.id}"), class_=kind, x1=x1, y1=y1, x2=x2, y2=y2)


def _lifts(site: Site, level: LevelId, sheet: _Sheet, taken: list[Box]) -> Iterator[Markup]:
    for lift in site.lifts.values():
        if level in lift.levels:
            x, y = sheet.at((lift.x, lift.y))
            yield tag("polygon", tip(f"lift {lift.id}"), class_="lift", points=points(sheet.all_at(_car(lift))))
            box = _around((x, y), len(lift.id))
            if not any(_overlap(box, other) for other in taken):
                taken.append(box)
                yield tag("text", text(lift.id), class_="place", x=x, y=y + 4.0, text_anchor="middle")


def _car(lift: Lift) -> list[Point]:
    cos, sin = math.cos(lift.yaw), math.sin(lift.yaw)
    corners = [(i * lift.width / 2.0, j * lift.depth / 2.0) for i, j in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    return [(lift.x + x * cos - y * sin, lift.y + x * sin + y * cos) for x, y in corners]


def _names(site: Site, level: LevelId, sheet: _Sheet, taken: list[Box], wanted: Collection[str]) -> Iterator[Markup]:
    """Names beside their places; one that would lie on another moves around its place, or is left out."""
    resting = {*site.holding_points, *site.chargers} - set(wanted)
    places = [w for w in site.waypoints.values() if w.level == level and w.name is not None and w.id not in resting]
    taken += [(x - 3.0, y - 3.0, x + 3.0, y + 3.0) for x, y in (sheet.at(place.xy) for place in places)]
    for place in sorted(places, key=lambda place: (place.id not in wanted, place.id)):
        words, matters = place.name or place.id, place.id in wanted
        x, y = sheet.at(place.xy)
        size, kind = (4.0, "stop wanted") if matters else (2.0, "stop")
        yield tag("circle", tip(words), class_=kind, cx=x, cy=y, r=size)
        spot = _free(x, y, (_BOLD if matters else _LETTER) * len(words), sheet, taken)
        if spot is not None:
            taken.append(spot)
            kind = "place wanted" if matters else "place"
            yield tag("text", text(words), class_=kind, x=spot[0], y=spot[3] - 3.0)


def _free(x: float, y: float, wide: float, sheet: _Sheet, taken: Sequence[Box]) -> Box | None:
    """Room for a name right of, left of, above or below its place; None when there is none."""
    for left, base in (
        (x + 6.0, y + 4.0),
        (x - 8.0 - wide, y + 4.0),
        (x - wide / 2.0, y - 8.0),
        (x - wide / 2.0, y + 17.0),
    ):
        box = (left, base - _LINE + 3.0, left + wide, base + 3.0)
        inside = left >= 0.0 and box[2] <= sheet.width and box[1] >= 0.0 and box[3] <= sheet.height
        if inside and not any(_overlap(box, other) for other in taken):
            return box
    return None


def _around(at: Point, letters: int) -> Box:
    half = max(9.0, (8.0 + _LETTER * letters) / 2.0)
    return at[0] - half, at[1] - 9.0, at[0] + half, at[1] + 9.0


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


# --- what happened there ---------------------------------------------------------------------------------------


def _heat(site: Site, corridor: Corridor, most: int, sheet: _Sheet) -> Markup:
    one, other = site.waypoints[corridor.one], site.waypoints[corridor.other]
    (x1, y1), (x2, y2) = sheet.at(one.xy), sheet.at(other.xy)
    words = (
        f"{corridor.one} – {corridor.other}: {count(corridor.passages, 'passage')}, "
        f"{long(corridor.seconds / corridor.passages)} each with waits"
    )
    return tag("line", tip(words), class_=f"heat heat-{_shade(corridor.passages, most)}", x1=x1, y1=y1, x2=x2, y2=y2)


def _spots(
    incidents: Sequence[Incident], level: LevelId, sheet: _Sheet
) -> Iterator[tuple[str, Point, list[tuple[int, Incident]]]]:
    """Incidents of this level with their numbers; those at nearly the same place share a mark."""
    groups: list[tuple[Point, list[tuple[int, Incident]]]] = []
    for number, incident in enumerate(incidents, start=1):
        if incident.x is None or incident.y is None or incident.level not in (None, level):
            continue
        at = sheet.at((incident.x, incident.y))
        near = next((group for place, group in groups if math.dist(place, at) < 20.0), None)
        if near is None:
            groups.append((at, [(number, incident)]))
        else:
            near.append((number, incident))
    for at, group in groups:
        yield _numbers([number for number, _ in group]), at, group


def _numbers(numbers: Sequence[int]) -> str:
    """As short as it gets: `2, 4–6`, or the first ones when there are many."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][-1] + 1:
            spans[-1].append(number)
        else:
            spans.append([number])
    words = [str(span[0]) if len(span) == 1 else f"{span[0]}–{span[-1]}" for span in spans]
    return ", ".join(words[:3]) + (" …" if len(words) > 3 else "")


def _told(group: Iterable[tuple[int, Incident]], clock: Clock) -> str:
    return "\n".join(f"{number} {clock.at(one.time)} {one.text}" for number, one in group)
