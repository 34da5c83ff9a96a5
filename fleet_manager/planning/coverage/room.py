"""A room as light and robots meet it: outline, what stops light up to the ceiling, furniture, and where robots come in.

Doors count as closed: nobody may be in the room while a lamp is on.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise

import shapely
from shapely.geometry.base import BaseGeometry

from fleet_manager.domain.errors import InvalidRequest
from maps.geometry import Segment
from maps.graph import admits
from maps.model import Fleet, Furniture, Point, Site, Surface, Zone

_FRAME = 0.2
"""Walls and doors this near (m) to a room's outline are the room's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """`opaque` are walls and closed doors, `entries` the waypoints of lanes that lead into the room."""

    zone: Zone
    polygon: shapely.Polygon
    opaque: tuple[Segment, ...]
    furniture: tuple[Furniture, ...]
    surfaces: tuple[Surface, ...]
    entries: tuple[Point, ...]


def zone_called(site: Site, name: str) -> Zone:
    """The zone whose id or name is `name`; raises InvalidRequest for any other, with what to do."""
    found = [zone for zone in site.zones.values() if name in (zone.id, zone.name)]
    if len(found) > 1:
        raise InvalidRequest(
            f"{len(found)} zones are called {name!r}",
            field="zone",
            way_out=f"say which one: {', '.join(zone.id for zone in found)}",
        )
    if found:
        return found[0]
    if any(name in (waypoint.id, waypoint.name) for waypoint in site.waypoints.values()):
        raise InvalidRequest(
            f"{name!r} is a place without a zone around it",
            field="zone",
            way_out="draw the room as a zone with a polygon in the level's file, and give it that name",
        )
    known = [zone.name or zone.id for zone in site.zones.values()]
    close = get_close_matches(name, [*known, *site.zones], n=3, cutoff=0.5)
    raise InvalidRequest(
        f"no zone is called {name!r} on this site",
        field="zone",
        way_out=f"did you mean {', '.join(dict.fromkeys(close))}?"
        if close
        else "the site's level files hold the zones",
    )


def room_of(site: Site, zone: Zone, fleet: Fleet) -> Room:
    """The room for robots of `fleet`; raises InvalidRequest when the zone has no polygon, or no lane leads in."""
    polygon = shapely.Polygon(zone.polygon) if len(zone.polygon) >= 3 else shapely.Polygon()
    if not polygon.is_valid or polygon.area <= 0.0:
        raise InvalidRequest(
            f"zone {zone.id!r} has no polygon that encloses a floor",
            field="zone",
            way_out="draw its outline in the level's file, without crossing itself",
        )
    level = site.levels[zone.level]
    near = polygon.buffer(_FRAME)
    walls = [(a, b) for wall in level.walls for a, b in pairwise(wall) if a != b]
    doors = [(door.start, door.end) for door in site.doors.values() if door.level == zone.level]
    entries = _entries(site, zone, polygon, fleet)
    if not entries:
        raise InvalidRequest(
            f"no lane of fleet {fleet.id!r} leads into zone {zone.id!r}",
            field="zone",
            way_out="draw a waypoint in it and lanes to it, or choose another fleet",
        )
    return Room(
        zone=zone,
        polygon=polygon,
        opaque=tuple(line for line in (*walls, *doors) if _meets(near, line)),
        furniture=tuple(
            piece
            for piece in site.furniture.values()
            if piece.level == zone.level and polygon.intersection(shapely.Polygon(piece.polygon)).area > 0.0
        ),
        surfaces=tuple(surface for surface in site.surfaces.values() if surface.zone == zone.id),
        entries=entries,
    )


def _meets(area: BaseGeometry, line: Segment) -> bool:
    return bool(area.intersects(shapely.LineString(line)))


def _entries(site: Site, zone: Zone, polygon: shapely.Polygon, fleet: Fleet) -> tuple[Point, ...]:
    reached = {lane.end for lane in site.lanes.values() if admits(lane, fleet)}
    return tuple(
        waypoint.xy
        for waypoint in site.waypoints.values()
        if waypoint.level == zone.level and waypoint.id in reached and polygon.contains(shapely.Point(waypoint.xy))
    )
