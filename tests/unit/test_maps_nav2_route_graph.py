"""Nav2 route graphs, written by us and by others."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import networkx as nx
import pytest

from maps.errors import MapError, MapFormatError, MapReadError
from maps.exporters import nav2_route_graph as exporter
from maps.generator import generate
from maps.graph import routing_graph
from maps.importers import read_any
from maps.importers.nav2_route_graph import read
from maps.model import DoorId, FleetId, LaneId, LiftId, Site, WaypointId
from tests.data import public_data


def _without_drawing(site: Site) -> Site:
    """What a route graph can hold of a site: no walls, no floors, no zones, nothing that stands in them."""
    levels = {level.id: replace(level, walls=(), floors=()) for level in site.levels.values()}
    return replace(site, levels=levels, zones={}, furniture={}, surfaces={})


def test_an_exported_hospital_comes_back(tmp_path: Path) -> None:
    hospital = generate(floors=2, seed=2)
    exporter.write(hospital, tmp_path / "hospital.geojson")
    assert read(tmp_path / "hospital.geojson") == _without_drawing(hospital)


def test_an_exported_clinic_comes_back_and_its_lifts_carry_robots(tmp_path: Path) -> None:
    clinic = read_any(public_data() / "rmf" / "clinic.building.yaml")
    exporter.write(clinic, tmp_path / "clinic.geojson")
    again = read_any(tmp_path / "clinic.geojson")
    assert again == _without_drawing(clinic)
    graph = routing_graph(again, again.fleets[FleetId("deliveryRobot")])
    home = again.fleets[FleetId("deliveryRobot")].robots[0].home
    assert home is not None
    assert nx.has_path(graph, home, WaypointId("L2_north_counter"))


def test_nav2_can_load_what_is_written(tmp_path: Path) -> None:
    """Its loader wants whole-number ids, known ends, and metadata of numbers, texts, truth values and lists."""
    hospital = generate(floors=2, seed=2)
    exporter.write(hospital, tmp_path / "hospital.geojson")
    document = json.loads((tmp_path / "hospital.geojson").read_text())
    nodes = [f["properties"] for f in document["features"] if f["geometry"]["type"] == "Point"]
    edges = [f["properties"] for f in document["features"] if f["geometry"]["type"] == "MultiLineString"]
    assert len(nodes) == len(hospital.waypoints)
    rides = [edge for edge in edges if "lift" in edge["metadata"]]
    assert len(edges) - len(rides) == len(hospital.lanes)
    assert len(rides) == 2 * len(hospital.lifts)
    ids = [feature["id"] for feature in (*nodes, *edges)]
    assert ids == list(range(len(ids)))
    assert {edge[end] for edge in edges for end in ("startid", "endid")} <= {node["id"] for node in nodes}
    for feature in (*nodes, *edges):
        for value in feature["metadata"].values():
            parts = value if isinstance(value, list) else [value]
            assert all(isinstance(part, bool | int | float | str) for part in parts)


def test_without_our_own_member_lifts_and_doors_are_drawn_anew(tmp_path: Path) -> None:
    hospital = generate(floors=2, seed=2)
    exporter.write(hospital, tmp_path / "hospital.geojson")
    document = json.loads((tmp_path / "hospital.geojson").read_text())
    del document["site"]
    (tmp_path / "bare.geojson").write_text(json.dumps(document))
    site = read(tmp_path / "bare.geojson")
    assert site.waypoints == hospital.waypoints
    assert site.lanes == hospital.lanes
    assert site.chargers == hospital.chargers
    assert {level.id: level.elevation for level in site.levels.values()} == {"L1": 0.0, "L2": 4.5}
    for lift in hospital.lifts.values():
        assert site.lifts[lift.id].cabins == lift.cabins
        assert (site.lifts[lift.id].x, site.lifts[lift.id].y) == pytest.approx((lift.x, lift.y))
    assert set(site.doors) == {lane.door for lane in hospital.lanes.values() if lane.door}
    assert list(routing_graph(site).edges) == list(routing_graph(hospital).edges)


def _node(number: int, x: float, y: float, **properties: object) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {"id": number, "frame": "map", **properties},
        "geometry": {"type": "Point", "coordinates": [x, y]},
    }


def _edge(number: int, start: int, end: int, **properties: object) -> dict[str, Any]:
    """As Nav2's own saver writes them: without coordinates."""
    return {
        "type": "Feature",
        "properties": {"id": number, "startid": start, "endid": end, "cost": 0.0, "overridable": True, **properties},
        "geometry": {"type": "MultiLineString"},
    }


def _graph() -> dict[str, Any]:
    return {
        "type": "FeatureCollection",
        "name": "warehouse",
        "features": [
            _node(0, 0.0, 0.0, metadata={"name": "inbound", "class": "dock"}),
            _node(1, 3.0, 4.0),
            _node(2, 3.0, 9.0, metadata={"name": "shelf"}),
            _node(7, 0.0, 9.0, metadata={"name": "shelf"}),
            _edge(10, 0, 1, metadata={"speed_limit": 0.85, "aisle": 14}),
            _edge(11, 1, 0, metadata={"abs_speed_limit": 0.4, "speed_limit": 80}),
            _edge(12, 1, 2, operations={"slow": {"type": "AdjustSpeedLimit", "metadata": {"speed_limit": 50}}}),
            _edge(13, 2, 7, operations=[{"type": "open", "trigger": "ON_ENTER", "metadata": {"door_id": 54}}]),
            _edge(14, 2, 7, speed_limit=0.2),
        ],
    }


def _write(tmp_path: Path, document: object) -> Path:
    file = tmp_path / "graph.geojson"
    file.write_text(json.dumps(document))
    return file


def test_a_graph_of_nav2s_own_kind(tmp_path: Path) -> None:
    site = read_any(_write(tmp_path, _graph()))
    assert site.name == "warehouse"
    assert list(site.levels) == ["L1"]
    assert [(place.id, place.name, place.xy) for place in site.waypoints.values()] == [
        ("inbound", "inbound", (0.0, 0.0)),
        ("1", None, (3.0, 4.0)),
        ("2", "shelf", (3.0, 9.0)),
        ("7", "shelf", (0.0, 9.0)),
    ]
    limits = {lane.id: lane.speed_limit for lane in site.lanes.values()}
    assert limits == {"inbound>1": 0.85, "1>inbound": 0.4, "1>2": 0.5, "2>7": None, "2>7#2": 0.2}
    assert site.lanes[LaneId("inbound>1")].length == 5.0
    assert site.lanes[LaneId("2>7")].door == "54"
    assert site.doors[DoorId("54")].start == pytest.approx((1.5, 9.6))
    assert list(site.fleets) == ["robots"]


def test_levels_lifts_and_fleets_from_metadata(tmp_path: Path) -> None:
    document = _graph()
    document["features"] = [
        _node(0, 0.0, 0.0, metadata={"level": "G", "elevation": 1.5}),
        _node(1, 2.0, 0.0, metadata={"level": "G"}),
        _node(2, 2.2, 0.0, metadata={"level": "U"}),
        _edge(3, 0, 1, metadata={"fleets": ["cart"]}),
        _edge(4, 1, 2, metadata={"lift": "A"}),
    ]
    site = read(_write(tmp_path, document))
    assert {level.id: level.elevation for level in site.levels.values()} == {"G": 1.5, "U": 0.0}
    assert site.lifts[LiftId("A")].cabins == {"G": ("1",), "U": ("2",)}
    assert site.waypoints[WaypointId("2")].lift == "A"
    assert list(site.fleets) == ["cart"]


def test_frames_are_levels_when_there_are_several(tmp_path: Path) -> None:
    document = {"features": [_node(0, 0.0, 0.0), _node(1, 1.0, 0.0) | {"properties": {"id": 1, "frame": "upstairs"}}]}
    assert list(read(_write(tmp_path, document)).levels) == ["map", "upstairs"]


def _feature(index: int, **properties: object) -> Callable[[dict[str, Any]], None]:
    return lambda document: document["features"][index]["properties"].update(properties)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_feature(1, id=0), ["node 0", "another node has this id"]),
        (_feature(1, id="one"), ["node one", "'id'", "whole number"]),
        (_feature(1, metadata={"id": "inbound"}), ["node 1", "another node is called 'inbound'"]),
        (_feature(1, metadata=[1]), ["node 1", "'metadata'"]),
        (_feature(1, metadata={"elevation": "high"}), ["node 1", "'elevation'"]),
        (_feature(1, metadata={"lift": ["a"]}), ["node 1", "'lift'"]),
        (_feature(4, startid=99), ["edge 10", "'startid'", "there is no node 99"]),
        (_feature(4, endid=None), ["edge 10", "'endid'", "missing"]),
        (_feature(4, endid=0), ["inbound>inbound", "ends where it starts"]),
        (_feature(4, metadata={"speed_limit": "fast"}), ["edge 10", "'speed_limit'", "fast"]),
        (_feature(4, metadata={"speed_limit": -1.0}), ["inbound>1", "'speed_limit'", "greater than 0"]),
        (_feature(2, metadata={"level": "U"}), ["edge 12", "another level", "lift"]),
        (lambda document: document["features"][0]["geometry"].update(coordinates=["a", 0]), ["node 0", "coordinates"]),
        (lambda document: document["features"][0].update(properties=None), ["feature 1", "no properties"]),
        (lambda document: document.update(features=[]), ["no Point features"]),
        (lambda document: document.update(features=3), ["FeatureCollection"]),
        (lambda document: document.update(site={"nam": "x"}), ["site", "'nam'"]),
    ],
)
def test_a_broken_graph_is_told_by_feature_and_field(
    tmp_path: Path, change: Callable[[dict[str, Any]], None], words: list[str]
) -> None:
    document = _graph()
    change(document)
    with pytest.raises(MapError) as caught:
        read(_write(tmp_path, document))
    message = str(caught.value)
    assert "graph.geojson" in message
    for word in words:
        assert word in message


def test_unknown_formats_and_missing_files(tmp_path: Path) -> None:
    (tmp_path / "plan.dwg").write_text("AC1032")
    with pytest.raises(MapFormatError, match="Known are: WardFleet site folder, Nav2 occupancy grid"):
        read_any(tmp_path / "plan.dwg")
    with pytest.raises(MapReadError, match="no such file"):
        read_any(tmp_path / "nowhere.yaml")


def test_an_export_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "hospital.geojson"
    target.mkdir()
    with pytest.raises(MapError, match="cannot be written"):
        exporter.write(generate(floors=1), target)
    assert [entry.name for entry in tmp_path.iterdir()] == ["hospital.geojson"]
