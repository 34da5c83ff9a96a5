"""What holds for every map: exact storage, sound hospitals, and errors that are never tracebacks."""

from __future__ import annotations

import copy
import json
import math
import tempfile
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maps.errors import MapError
from maps.exporters import nav2_route_graph
from maps.generator import generate
from maps.geometry import crossing, distance_to_segment, inside_box
from maps.importers import read_any
from maps.model import (
    Building,
    BuildingId,
    Charger,
    Fleet,
    FleetId,
    HoldingPoint,
    Lane,
    LaneId,
    Level,
    LevelId,
    Orientation,
    Robot,
    RobotId,
    Site,
    Waypoint,
    WaypointId,
    Zone,
    ZoneClass,
    ZoneId,
    ZoneKind,
)
from maps.site_files import load_site, save_site
from maps.validation import check

coordinates = st.floats(-1e6, 1e6)
points = st.tuples(coordinates, coordinates)
rings = st.lists(points, min_size=3, max_size=6).map(tuple)
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)


@st.composite
def buildings(draw: st.DrawFn, levels: list[LevelId]) -> list[Building]:
    names = draw(st.lists(texts, max_size=2, unique=True))
    return [
        Building(
            id=BuildingId(name),
            name=draw(texts),
            levels=tuple(draw(st.lists(st.sampled_from(levels), max_size=2))),
            polygon=draw(st.none() | rings),
        )
        for name in names
    ]


@st.composite
def sites(draw: st.DrawFn) -> Site:
    """Consistent but otherwise arbitrary sites."""
    levels = [LevelId(name) for name in draw(st.lists(texts, min_size=1, max_size=3, unique=True))]
    fleets = [FleetId(name) for name in draw(st.lists(texts, min_size=1, max_size=2, unique=True))]
    names = draw(st.lists(texts, min_size=2, max_size=8, unique=True))
    waypoints = {
        WaypointId(name): Waypoint(
            id=WaypointId(name),
            level=draw(st.sampled_from(levels)),
            x=draw(coordinates),
            y=draw(coordinates),
            name=draw(st.none() | texts),
            heading=draw(st.none() | st.floats(-math.pi, math.pi)),
            stop=draw(st.booleans()),
        )
        for name in names
    }
    lanes = {}
    for start in waypoints.values():
        for end in waypoints.values():
            if start.id != end.id and start.level == end.level and draw(st.booleans()):
                lane = LaneId(f"{start.id}>{end.id}")
                lanes[lane] = Lane(
                    id=lane,
                    start=start.id,
                    end=end.id,
                    length=draw(st.floats(0.001, 1e6)),
                    speed_limit=draw(st.none() | st.floats(0.01, 5.0)),
                    fleets=draw(st.none() | st.frozensets(st.sampled_from(fleets))),
                    orientation=draw(st.none() | st.sampled_from(Orientation)),
                    requires=draw(st.frozensets(texts, max_size=2)),
                )
    zone = Zone(
        id=ZoneId("zone"),
        level=levels[0],
        polygon=draw(rings),
        kind=draw(st.sampled_from(ZoneKind)),
        zone_class=draw(st.none() | st.sampled_from(ZoneClass)),
    )
    home = WaypointId(draw(st.sampled_from(names)))
    return Site(
        name=draw(texts),
        levels={
            level: Level(
                id=level,
                elevation=draw(coordinates),
                walls=tuple(draw(st.lists(st.tuples(points, points), max_size=2))),
                floors=tuple(draw(st.lists(st.tuples(rings, rings), max_size=1))),
            )
            for level in levels
        },
        waypoints=waypoints,
        lanes=lanes,
        zones={zone.id: zone},
        buildings={building.id: building for building in draw(buildings(levels))},
        chargers={home: Charger(waypoint=home, power=draw(st.floats(1.0, 1e4)), fleets=frozenset(fleets))},
        holding_points={home: HoldingPoint(waypoint=home, parking=draw(st.booleans()))},
        fleets={fleet: Fleet(id=fleet, robots=(Robot(id=RobotId(f"{fleet}-1"), home=home),)) for fleet in fleets},
        quarantine=draw(st.none() | st.just(home)),
    )


@settings(max_examples=60, deadline=None)
@given(sites())
def test_any_site_is_stored_exactly(site: Site) -> None:
    with tempfile.TemporaryDirectory() as folder:
        save_site(site, Path(folder) / "site")
        assert load_site(Path(folder) / "site") == site


@settings(max_examples=40, deadline=None)
@given(sites())
def test_any_graph_survives_nav2s_format(site: Site) -> None:
    with tempfile.TemporaryDirectory() as folder:
        nav2_route_graph.write(site, Path(folder) / "site.geojson")
        again = read_any(Path(folder) / "site.geojson")
    for part in ("waypoints", "lanes", "chargers", "holding_points", "fleets", "lifts", "doors"):
        assert getattr(again, part) == getattr(site, part)


@settings(max_examples=60, deadline=None)
@given(sites())
def test_any_site_can_be_checked(site: Site) -> None:
    for finding in check(site):
        assert finding.message
        assert finding.remedy


@settings(max_examples=8, deadline=None)
@given(st.integers(1, 10), st.integers(0, 2**32), st.integers(0, 40))
def test_every_generated_hospital_is_sound(floors: int, seed: int, robots: int) -> None:
    site = generate(floors=floors, seed=seed, robots=robots)
    assert check(site) == []
    assert len(site.fleets[FleetId("delivery")].robots) == robots


# --- broken files ------------------------------------------------------------------------------------------

junk = st.sampled_from([None, -1, 0, 7, 1e9, 10**30, "x", "", [], {}, [1], [1, 2, 3], {"a": 1}, True, [[1]], "L1"])

BUILDING: dict[str, Any] = {
    "name": "cottage",
    "coordinate_system": "reference_image",
    "parameters": {"generate_crs": [1, "EPSG:3414"], "suggested_offset_x": [3, 2.0]},
    "graphs": {0: {"name": "carts"}},
    "levels": {
        name: {
            "elevation": height,
            "measurements": [[0, 1, {"distance": [3, 10.0]}]],
            "fiducials": [[0, 0, "west"], [200, 0, "east"]],
            "vertices": [
                [0, 0, 0, "a", {"is_charger": [4, True], "spawn_robot_name": [1, "r"], "spawn_robot_type": [1, "T"]}],
                [200, 0, 0, "b", {"is_parking_spot": [4, True]}],
                [100, 80, 0, "", {"lift_cabin": [1, "lift"], "is_passthrough_point": [4, True]}],
            ],
            "lanes": [
                [0, 1, {"bidirectional": [4, True], "graph_idx": [2, 0], "speed_limit": [3, 0.5], "mutex": [1, "m"]}],
                [1, 2, {"bidirectional": [4, True], "graph_idx": [2, 0], "orientation": [1, "forward"]}],
            ],
            "doors": [[0, 2, {"name": [1, "gate"], "type": [1, "hinged"], "motion_degrees": [3, 90.0]}]],
            "walls": [[0, 2, {}]],
            "floors": [{"vertices": [0, 1, 2]}],
            "holes": [{"vertices": [0, 1, 2]}],
        }
        for name, height in (("L1", 0.0), ("L2", 3.0))
    },
    "lifts": {
        "lift": {
            "x": 100,
            "y": 80,
            "yaw": 0.5,
            "width": 2.0,
            "depth": 1.5,
            "initial_floor_name": "L1",
            "reference_floor_name": "L1",
            "level_doors": {"L1": ["d"], "L2": ["d"]},
            "plugins": True,
        }
    },
}


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(longer for key, item in items for longer in _paths(item, (*path, key)))]


def _damaged(draw: st.DrawFn, document: Any) -> Any:
    """`document` with a few values removed or replaced by something else."""
    document = copy.deepcopy(document)
    for path in draw(st.lists(st.sampled_from(_paths(document)[1:]), min_size=1, max_size=3)):
        at = document
        try:
            for key in path[:-1]:
                at = at[key]
            if draw(st.booleans()):
                del at[path[-1]]
            else:
                at[path[-1]] = draw(junk)
        except (KeyError, IndexError, TypeError):
            continue
    return document


def _read_or_explain(path: Path) -> None:
    """A readable map can be checked and stored; an unreadable one has a one-line message that names the file."""
    message = _complaint(path)
    if message is not None:
        assert "\n" not in message
        assert str(path.parent) in message
        return
    site = read_any(path)
    check(site)
    save_site(site, path.parent / "saved")
    assert load_site(path.parent / "saved") == site


def _complaint(path: Path) -> str | None:
    try:
        read_any(path)
    except MapError as error:
        return str(error)
    return None


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_damaged_building_is_read_or_explained(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "cottage.building.yaml"
        file.write_text(yaml.safe_dump(data.draw(st.composite(_damaged)(BUILDING))))
        _read_or_explain(file)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_damaged_route_graph_is_read_or_explained(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "cottage.building.yaml").write_text(yaml.safe_dump(BUILDING))
        file = Path(folder) / "graph.geojson"
        nav2_route_graph.write(read_any(Path(folder) / "cottage.building.yaml"), file)
        file.write_text(json.dumps(data.draw(st.composite(_damaged)(json.loads(file.read_text())))))
        _read_or_explain(file)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_damaged_site_is_read_or_explained(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "cottage.building.yaml").write_text(yaml.safe_dump(BUILDING))
        save_site(read_any(Path(folder) / "cottage.building.yaml"), Path(folder) / "site")
        site_file, level_file = Path(folder) / "site" / "site.yaml", Path(folder) / "site" / "L1.geojson"
        if data.draw(st.booleans()):
            document = yaml.safe_load(site_file.read_text())
            site_file.write_text(yaml.safe_dump(data.draw(st.composite(_damaged)(document))))
        else:
            document = json.loads(level_file.read_text())
            level_file.write_text(json.dumps(data.draw(st.composite(_damaged)(document))))
        _read_or_explain(site_file)


# --- geometry ----------------------------------------------------------------------------------------------

small = st.tuples(st.floats(-100, 100), st.floats(-100, 100))


@given(small, small, small, small)
def test_a_crossing_lies_on_both_segments(a: tuple[float, float], b: tuple[float, float], c: Any, d: Any) -> None:
    where = crossing((a, b), (c, d))
    if where is not None:
        place = (a[0] + where * (b[0] - a[0]), a[1] + where * (b[1] - a[1]))
        assert distance_to_segment(place, (c, d)) < 1e-5


@given(small, small, st.floats(-math.pi, math.pi), st.floats(0.1, 20), st.floats(0.1, 20))
def test_a_box_holds_its_centre_and_nothing_beyond_its_corners(
    point: tuple[float, float], centre: tuple[float, float], yaw: float, width: float, depth: float
) -> None:
    assert inside_box(centre, centre, yaw, width, depth)
    if math.dist(point, centre) > math.hypot(width, depth) / 2 + 1e-9:
        assert not inside_box(point, centre, yaw, width, depth)
    if math.dist(point, centre) < min(width, depth) / 2 - 1e-9:
        assert inside_box(point, centre, yaw, width, depth)
