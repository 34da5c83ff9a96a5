"""A site as a route graph for Nav2's route server (GeoJSON), all levels in one file.

Waypoints are numbered nodes, lanes are edges, and the rides of connected lifts are edges between levels, so the
route server plans across levels. What Nav2 has no word for stands in `metadata` (numbers, texts and lists, which
is what its loader accepts) and, for lifts, doors, crossings and fleets, in the collection's member `site`, so that
`maps.importers.nav2_route_graph` finds the same waypoints, lanes, lifts, doors and crossings again. Walls, floors,
zones and what stands in them are no part of a route graph.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from maps.graph import routing_graph
from maps.importers.nav2_route_graph import SiteMember
from maps.model import Site, WaypointId
from maps.records import plain
from maps.roles import role_properties
from maps.storing import store

FRAME = "map"
"""The frame of all nodes: the site frame, which a robot's map frame must coincide with to use the file as it is."""


def write(site: Site, path: Path) -> None:
    """Store the route graph of `site` at `path`, whole or not at all; raises MapWriteError."""
    store(path, json.dumps(_collection(site), ensure_ascii=False, indent=1).encode())


def _collection(site: Site) -> dict[str, Any]:
    member = SiteMember(
        name=site.name,
        timezone=site.timezone,
        anchor=site.anchor,
        quarantine=site.quarantine,
        screening=site.screening,
        spraying=site.spraying,
        voices=site.voices,
        infection_rules=site.infection_rules,
        collection=site.collection,
        levels=tuple(replace(level, walls=(), floors=()) for level in site.levels.values()),
        lifts=tuple(site.lifts.values()),
        doors=tuple(site.doors.values()),
        crossings=tuple(site.crossings.values()),
        buildings=tuple(site.buildings.values()),
        fleets=tuple(site.fleets.values()),
        item_classes=tuple(site.item_classes.values()),
        spray_agents=tuple(site.spray_agents.values()),
        dose_presets=tuple(site.dose_presets.values()),
        zone_care=tuple(site.zone_care.values()),
    )
    numbers = {waypoint: number for number, waypoint in enumerate(site.waypoints)}
    edges = enumerate((*_lanes(site), *_rides(site)), start=len(numbers))
    return {
        "type": "FeatureCollection",
        "name": site.name,
        "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3857"}},
        "site": plain(member),
        "features": [
            *(_node(site, waypoint, number) for waypoint, number in numbers.items()),
            *(_edge(site, number, start, end, numbers, metadata) for number, (start, end, metadata) in edges),
        ],
    }


def _node(site: Site, place: WaypointId, number: int) -> dict[str, Any]:
    waypoint = site.waypoints[place]
    fields = plain(waypoint)
    del fields["x"], fields["y"]
    metadata = fields | {"elevation": site.levels[waypoint.level].elevation} | role_properties(site, place)
    return {
        "type": "Feature",
        "properties": {"id": number, "frame": FRAME, "metadata": metadata},
        "geometry": {"type": "Point", "coordinates": list(waypoint.xy)},
    }


def _lanes(site: Site) -> Iterator[tuple[WaypointId, WaypointId, dict[str, Any]]]:
    for lane in site.lanes.values():
        metadata = plain(lane)
        del metadata["start"], metadata["end"]
        if "speed_limit" in metadata:
            metadata["abs_speed_limit"] = metadata.pop("speed_limit")
        if lane.length == math.dist(site.waypoints[lane.start].xy, site.waypoints[lane.end].xy):
            del metadata["length"]
        yield lane.start, lane.end, metadata


def _rides(site: Site) -> Iterator[tuple[WaypointId, WaypointId, dict[str, Any]]]:
    for start, end, attributes in routing_graph(site).edges(data=True):
        if "lift" in attributes:
            yield start, end, {"lift": attributes["lift"].id}


def _edge(
    site: Site,
    number: int,
    start: WaypointId,
    end: WaypointId,
    numbers: dict[WaypointId, int],
    metadata: dict[str, Any],
) -> dict[str, Any]:
    line = [list(site.waypoints[place].xy) for place in (start, end)]
    return {
        "type": "Feature",
        "properties": {"id": number, "startid": numbers[start], "endid": numbers[end], "metadata": metadata},
        "geometry": {"type": "MultiLineString", "coordinates": [line]},
    }
