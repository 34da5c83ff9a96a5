"""Why a robot seems to be far from every lane: said with the nearest lane, the distance and the likely cause.

A wrong level, map frame or scale puts all its places where no lane is. Each such mistake is tried the other way round:
the one after which the places lie on lanes is the likely cause.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from maps.frames import frame_of, to_map, to_site
from maps.geometry import distance_to_segment
from maps.graph import admits
from maps.model import Fleet, LaneId, LevelId, Point, Site

ON_LANE: Final = 0.5
"""A place so near (m) to a lane that it may be on it."""

BESIDE: Final = 2.0
"""A robot this near (m) to a lane was driven by hand or pushed aside; farther away, its position is wrong."""

_PIXELS: Final = (0.05, 0.1, 0.025, 0.02)
"""Usual resolutions of maps (m), with which places in pixels become metres."""

_MILLIMETRES: Final = 0.001


class Cause(StrEnum):
    """What is likely wrong."""

    LEVEL = "level"
    FRAME = "frame"
    SCALE = "scale"
    ASIDE = "aside"


@dataclass(frozen=True, slots=True, kw_only=True)
class OffGraph:
    """`lane` is the nearest one of the level that the fleet may use, `distance` (m) the latest place's from it.

    `text` is a line for people: both of them, and the likely cause with what to do.
    """

    lane: LaneId | None
    distance: float
    cause: Cause
    text: str


_Repair: TypeAlias = Callable[[Point], Point]


def off_graph(site: Site, fleet: Fleet, level: LevelId, places: Sequence[Point]) -> OffGraph | None:
    """Explain why a robot of `fleet`, seen at `places` (site frame, oldest first), is off the graph of `level`.

    None when the latest place is on a lane. More places, metres apart, make the cause surer. Raises ValueError
    without any place.
    """
    if not places:
        raise ValueError("no place to explain")
    lane, distance = nearest_lane(site, fleet, level, places[-1])
    if distance <= ON_LANE:
        return None
    cause, likely = _likely(site, fleet, level, places, distance)
    where = f"{distance:.1f} m from the nearest lane, {lane}" if lane else "on a level without a lane for it"
    x, y = places[-1]
    text = f"({x:.1f}, {y:.1f}) on {level} is {where}. {likely}"
    return OffGraph(lane=lane, distance=distance, cause=cause, text=text)


def nearest_lane(site: Site, fleet: Fleet, level: LevelId, place: Point) -> tuple[LaneId | None, float]:
    """The lane of `level` nearest to `place` that `fleet` may use, and its distance (m); None and inf without any."""
    best: tuple[float, LaneId | None] = (math.inf, None)
    for lane in site.lanes.values():
        start, end = site.waypoints[lane.start], site.waypoints[lane.end]
        if start.level == level and admits(lane, fleet):
            distance = distance_to_segment(place, (start.xy, end.xy))
            if distance < best[0]:
                best = (distance, lane.id)
    return best[1], best[0]


def _likely(site: Site, fleet: Fleet, level: LevelId, places: Sequence[Point], distance: float) -> tuple[Cause, str]:
    if distance <= BESIDE:
        return Cause.ASIDE, "Somebody drove or pushed it there, or its localisation drifts."
    other_levels = [
        other for other in site.levels if other != level and _on_lanes(site, fleet, other, places, lambda place: place)
    ]
    if other_levels:
        return Cause.LEVEL, f"On {' or '.join(other_levels)} it would be on a lane: the level is wrong."
    for repair, said in _frame_mistakes(fleet, level):
        if _on_lanes(site, fleet, level, places, repair):
            return Cause.FRAME, f"{said} Fit it with `wardfleet map align`."
    for factor, unit in (*((size, "pixels") for size in _PIXELS), (_MILLIMETRES, "millimetres")):
        if _on_lanes(site, fleet, level, places, lambda place, by=factor: (place[0] * by, place[1] * by)):  # type: ignore[misc]
            return Cause.SCALE, f"Times {factor:g} it would be on a lane: its map is in {unit}, not in metres."
    return Cause.FRAME, (
        "Either the robot is not localised, or its map frame does not fit the site: check its initial pose, then "
        "`wardfleet map align`."
    )


def _frame_mistakes(fleet: Fleet, level: LevelId) -> Iterator[tuple[_Repair, str]]:
    """What may have gone wrong with the map frame, and how to undo it."""
    frame = frame_of(fleet, level)
    if (frame.x, frame.y, frame.rotation) != (0.0, 0.0, 0.0):
        yield (lambda place: to_site(frame, place)), "Its map frame is not applied: these are places on its own map."
        yield (lambda place: to_map(frame, place)), "Its map is the site's own: it needs no map frame."
        yield (lambda place: to_map(frame, to_map(frame, place))), "Its map frame is given the wrong way round."
    yield (
        (lambda place: (place[0], -place[1])),
        "With y the other way round it would be on a lane: its map is mirrored.",
    )
    yield (lambda place: (place[1], place[0])), "With x and y exchanged it would be on a lane: its map is mirrored."
    for turn, said in ((1j, "a quarter to the left"), (-1, "half"), (-1j, "a quarter to the right")):
        yield _turned(turn), f"Turned {said} it would be on a lane: the rotation of its map frame is wrong."


def _turned(by: complex) -> _Repair:
    def turn(place: Point) -> Point:
        turned = complex(*place) * by
        return (turned.real, turned.imag)

    return turn


def _on_lanes(site: Site, fleet: Fleet, level: LevelId, places: Sequence[Point], repair: _Repair) -> bool:
    """Whether all of the places are on lanes of `level` after the repair, and do not all fall on one spot."""
    mended = [repair(place) for place in places]
    if len(places) > 1 and max(math.dist(mended[0], place) for place in mended) < ON_LANE:
        return False
    return all(nearest_lane(site, fleet, level, place)[1] <= ON_LANE for place in mended)
