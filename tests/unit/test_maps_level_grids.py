"""Levels as occupancy grids, and the way there and back."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from shapely import Polygon
from typer.testing import CliRunner

from fleet_manager.cli.map import app
from maps.draft.floor import Floor
from maps.draft.site import draft_site
from maps.exporters import nav2_grid
from maps.generator import generate
from maps.grids import OccupancyGrid, cells_inside
from maps.importers.nav2_grid_file import read_grid
from maps.level_grids import LevelDrawing, drawing_of, grid_of
from maps.model import LevelId, Point
from tests.builders import site_of, waypoint
from tests.floor_plans import random_floor_plan
from tests.random_sites import both_ways

_WARD = Path(__file__).resolve().parents[2] / "maps" / "sites" / "infectious_ward"


def _at(grid: OccupancyGrid, *places: Point) -> list[int]:
    x, y = grid.from_map(places).T / grid.resolution
    return [int(cell) for cell in grid.cells[np.floor(y).astype(int), np.floor(x).astype(int)]]


def test_floors_are_free_walls_occupied_and_outside_is_unknown() -> None:
    room = ((0.0, 0.0), (6.0, 0.0), (6.0, 4.0), (0.0, 4.0))
    pillar = ((4.0, 1.0), (5.0, 1.0), (5.0, 2.0), (4.0, 2.0))
    drawing = LevelDrawing(
        floors=((room, pillar),),
        walls=((*room, room[0]), ((3.0, 0.0), (3.0, 4.0))),
        doors=(((3.0, 2.0), (3.0, 3.0)),),
    )
    grid = grid_of(drawing)
    assert _at(grid, (1.0, 1.0), (4.5, 1.5), (-0.5, 2.0)) == [0, -1, -1]
    assert _at(grid, (3.01, 1.0), (3.01, 2.5), (3.01, 3.5)) == [100, 0, 100], "a wall with an open door"
    assert _at(grid, (0.01, 2.0), (-0.02, 2.0)) == [0, 100], "the floor is free up to its edge"
    assert grid.free.sum() * 0.05**2 == pytest.approx(6 * 4 - 1 - 3.0 * 0.1, abs=0.1)


def test_without_floors_the_lanes_are_the_floor() -> None:
    a, b = waypoint("a", 0.0, 0.0), waypoint("b", 10.0, 0.0)
    site = site_of([a, b], [replace(lane, width=1.2) for lane in both_ways(a, b)])
    grid = grid_of(drawing_of(site, a.level))
    assert _at(grid, (5.0, 0.5), (5.0, 0.7)) == [0, -1]


def test_robots_find_their_way_along_every_lane_of_a_hospital() -> None:
    """Through doors and into lifts too."""
    hospital = generate(floors=2, seed=3)
    for level in hospital.levels:
        grid = grid_of(drawing_of(hospital, level))
        for lane in hospital.lanes.values():
            start, end = hospital.waypoints[lane.start], hospital.waypoints[lane.end]
            if start.level == level:
                assert 100 not in _at(grid, *map(tuple, np.linspace(start.xy, end.xy, 60).tolist())), lane.id


def test_the_loader_reads_back_what_was_written(tmp_path: Path) -> None:
    hospital = generate(floors=2, seed=2)
    nav2_grid.write(hospital, tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["L1.pgm", "L1.yaml", "L2.pgm", "L2.yaml"]
    for level in hospital.levels:
        drawn, loaded = grid_of(drawing_of(hospital, level)), read_grid(tmp_path / f"{level}.yaml")
        assert np.array_equal(drawn.cells, loaded.cells)
        assert (loaded.x, loaded.y, loaded.resolution) == pytest.approx((drawn.x, drawn.y, drawn.resolution))


@pytest.mark.parametrize("seed", range(4))
def test_a_mapped_floor_comes_back_through_a_draft(seed: int) -> None:
    """Grid to site to grid: the same floor, but for the corners that the outline cuts."""
    plan = random_floor_plan(random.Random(seed))
    grid = plan.grid(x=3.0, y=-2.0)
    again = grid_of(drawing_of(draft_site(grid, "ward"), LevelId("L1")), grid.resolution)
    free = Floor.of(grid, 0.7).free
    rows, columns = np.nonzero(free)
    places = grid.to_map((np.column_stack([columns, rows]) + 0.5) * grid.resolution)
    kept = np.array(_at(again, *map(tuple, places.tolist()))) == 0
    assert kept.mean() > 0.99
    assert abs(int(again.free.sum()) - int(free.sum())) < 0.015 * free.sum()


def test_cells_are_inside_by_their_centres() -> None:
    square = Polygon(
        [(0.0, 0.0), (3.0, 0.0), (3.0, 2.0), (0.0, 2.0)], [[(1.0, 0.0), (2.0, 0.0), (2.0, 1.0), (1.0, 1.0)]]
    )
    assert cells_inside(square, (3, 4), 1.0).astype(int).tolist() == [[1, 0, 1, 0], [1, 1, 1, 0], [0, 0, 0, 0]]
    assert cells_inside(square, (1, 2), 1.0, x=-1.0, y=1.0).tolist() == [[False, True]]
    turned = Polygon([(2.0, 0.0), (4.0, 2.0), (2.0, 4.0), (0.0, 2.0)])
    assert cells_inside(turned, (40, 40), 0.1).sum() == pytest.approx(800, abs=40)


def test_on_the_command_line(tmp_path: Path) -> None:
    told = CliRunner().invoke(app, ["export", str(_WARD), "--format", "nav2-grid", "-o", str(tmp_path / "out")])
    assert told.exit_code == 0, told.output
    assert told.stdout.strip().endswith("out: 1 levels")
    drafted = CliRunner().invoke(app, ["import", str(tmp_path / "out" / "L1.yaml"), "-o", str(tmp_path / "draft")])
    assert drafted.exit_code == 0, drafted.output
    assert CliRunner().invoke(app, ["check", str(tmp_path / "draft")]).exit_code == 0
