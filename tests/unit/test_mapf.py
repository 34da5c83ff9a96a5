"""Path finding for many agents: MovingAI files and what can be wrong with them, corridors, crowds, and the checker."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from benchmarks.mapf import run_mapf, warm_up
from benchmarks.mapf_check import faults, violations
from benchmarks.movingai import Grid, problem_of, read_grid, read_scenario
from fleet_manager.planning.lacam import FirstSolution, lacam
from fleet_manager.planning.lns import lns
from fleet_manager.planning.mapf import arrivals
from fleet_manager.planning.stop import Deadline, Iterations
from maps.errors import MapError

ROOMS = ["...@...", "...@...", ".......", "...@..."]


def write_map(folder: Path, rows: list[str], name: str = "rooms.map") -> Path:
    file = folder / name
    file.write_text(f"type octile\nheight {len(rows)}\nwidth {len(rows[0])}\nmap\n" + "\n".join(rows) + "\n")
    return file


def write_scen(folder: Path, rows: list[str], *ends: tuple[int, int, int, int], name: str = "rooms.map") -> Path:
    file = folder / "rooms.scen"
    size = f"{len(rows[0])}\t{len(rows)}"
    lines = [f"0\t{name}\t{size}\t{x}\t{y}\t{to_x}\t{to_y}\t1.5" for x, y, to_x, to_y in ends]
    file.write_text("\n".join(["version 1", *lines]) + "\n")
    return file


def solve(folder: Path, rows: list[str], *ends: tuple[int, int, int, int]) -> FirstSolution:
    grid = read_grid(write_map(folder, rows))
    scenario = read_scenario(write_scen(folder, rows, *ends), grid, len(ends))
    return lacam(problem_of(grid, scenario), seed=1, stop=Iterations(100_000))


# --- files -----------------------------------------------------------------------------------------------------


def test_a_map_becomes_a_graph_of_its_free_cells(tmp_path: Path) -> None:
    grid = read_grid(write_map(tmp_path, [".T.", "GS@"]))
    assert grid.cells.tolist() == [[0, 0], [2, 0], [0, 1], [1, 1]]
    assert [
        grid.graph.neighbours[grid.graph.offsets[v] : grid.graph.offsets[v + 1]].tolist() for v in range(4)
    ] == [[2], [], [0, 3], [2]]  # fmt: skip
    assert (grid.width, grid.height, grid.graph.size, grid.graph.degree) == (3, 2, 4, 2)


def test_the_first_lines_of_a_scenario_are_the_agents(tmp_path: Path) -> None:
    grid = read_grid(write_map(tmp_path, ROOMS))
    scenario = read_scenario(write_scen(tmp_path, ROOMS, (0, 0, 6, 3), (1, 0, 5, 1), (2, 0, 4, 0)), grid, 2)
    assert (scenario.starts, scenario.goals) == (((0, 0), (1, 0)), ((6, 3), (5, 1)))
    assert problem_of(grid, scenario).distances.tolist() == [9, 7]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "rooms.map: line 1: not 'type octile'. A map begins with the lines 'type octile', 'height H'"),
        ("version 1\n", "rooms.map: line 1: not 'type octile'"),
        ("type octile\nheight two\nwidth 3\nmap\n...\n...\n", "rooms.map: line 2: this is no height"),
        ("type octile\nheight 2\nwidth 0\nmap\n...\n...\n", "rooms.map: line 3: this is no width"),
        ("type octile\nheight 2\nwidth 3\n...\n...\n", "rooms.map: line 4: not 'map'"),
        ("type octile\nheight 2\nwidth 3\nmap\n...\n", "rooms.map: line 5: height is 2, but 1 rows follow"),
        ("type octile\nheight 1\nwidth 3\nmap\n...\n...\n", "rooms.map: line 6: height is 1, but more rows follow"),
        ("type octile\nheight 2\nwidth 3\nmap\n...\n..\n", "rooms.map: line 6: the row has 2 cells, not 3"),
        ("type octile\nheight 2\nwidth 3\nmap\n.?.\n...\n", "rooms.map: line 5: unknown terrain '?'. Use .GS for free"),
    ],
)
def test_a_bad_map_is_told_with_its_line_and_the_way_out(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "rooms.map").write_text(text)
    with pytest.raises(MapError) as told:
        read_grid(tmp_path / "rooms.map")
    assert words in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("", "rooms.scen: line 1: not 'version 1'. Name a MovingAI scenario"),
        ("type octile\nheight 4\n", "rooms.scen: line 1: not 'version 1'"),
        ("version 1\n0\trooms.map\t7\t4\t0\t0\t1\t1\t1\n", "line 2: there are 1 agents, not 2. Ask for 1 at most"),
        ("version 1\n0\trooms.map\t7\t4\t0\t0\t1\n{}", "line 2: this is no agent. Columns are bucket, map, width"),
        ("version 1\n0\trooms.map\t7\t4\t0\t0\tx\t1\t1\n{}", "line 2: this is no agent"),
        ("version 1\n{}0\trooms.map\t7\t4\t3\t0\t1\t1\t1\n", "line 3: start (3, 0) is an obstacle of rooms.map"),
        ("version 1\n{}0\trooms.map\t7\t4\t4\t0\t3\t1\t1\n", "line 3: goal (3, 1) is an obstacle of rooms.map"),
        ("version 1\n{}0\trooms.map\t7\t4\t4\t0\t7\t1\t1\n", "line 3: goal (7, 1) is outside the map of 7 x 4 cells"),
        ("version 1\n{}0\trooms.map\t8\t4\t4\t0\t1\t1\t1\n", "line 3: made for another map (rooms.map, 8 x 4, not"),
        ("version 1\n{}0\tmaze.map\t7\t4\t4\t0\t1\t1\t1\n", "not rooms.map, 7 x 4). Name the map and scenario of one"),
        ("version 1\n{}0\trooms.map\t7\t4\t2\t2\t1\t1\t1\n", "line 3: start (2, 2) is that of line 2 too. Give each"),
        ("version 1\n{}0\trooms.map\t7\t4\t1\t1\t4\t3\t1\n", "line 3: goal (4, 3) is that of line 2 too"),
        ("version 1\n{}0\trooms.map\t7\t4\t0\t0\t6\t0\t1\n", "line 3: rooms.map has no way from (0, 0) to (6, 0)"),
    ],
)
def test_a_bad_scenario_is_told_with_its_line_and_the_way_out(tmp_path: Path, lines: str, words: str) -> None:
    grid = read_grid(write_map(tmp_path, ["...@.@.", "...@.@.", ".....@.", "...@.@."]))
    (tmp_path / "rooms.scen").write_text(lines.replace("{}", "0\trooms.map\t7\t4\t2\t2\t4\t3\t1\n"))
    with pytest.raises(MapError) as told:
        read_scenario(tmp_path / "rooms.scen", grid, 2)
    assert words in str(told.value)
    assert "\n" not in str(told.value)


def test_a_file_that_is_not_there_or_no_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(MapError, match=r"nowhere.map: No such file or directory"):
        read_grid(tmp_path / "nowhere.map")
    (tmp_path / "rooms.map").write_bytes(b"\x1f\x8b\x08\xff")
    with pytest.raises(MapError, match=r"rooms.map: this is no text. Name a .map or .scen file, unpacked"):
        read_grid(tmp_path / "rooms.map")


# --- planning --------------------------------------------------------------------------------------------------


def test_two_meet_in_a_corridor_and_one_waits_in_the_bay(tmp_path: Path) -> None:
    found = solve(tmp_path, [".......", "@@@.@@@"], (0, 0, 6, 0), (6, 0, 0, 0))
    assert found.steps is not None
    bay = 7
    assert bay in found.steps


def test_a_bay_behind_one_of_them_makes_both_drive_back(tmp_path: Path) -> None:
    found = solve(tmp_path, [".......", "@.@@@@@"], (2, 0, 6, 0), (5, 0, 0, 0))
    assert found.steps is not None


def test_without_a_bay_there_is_no_way_and_the_search_says_so(tmp_path: Path) -> None:
    found = solve(tmp_path, ["......."], (0, 0, 6, 0), (6, 0, 0, 0))
    assert found.steps is None
    assert found.exhausted


def test_a_ring_full_of_agents_turns(tmp_path: Path) -> None:
    found = solve(tmp_path, ["..", ".."], (0, 0, 1, 0), (1, 0, 1, 1), (1, 1, 0, 1), (0, 1, 0, 0))
    assert found.steps is not None
    assert len(found.steps) == 2


def crowd(tmp_path: Path, agents: int) -> tuple[Grid, list[tuple[int, int, int, int]]]:
    """A 16 x 16 grid with pillars, and agents anywhere."""
    rows = ["".join("@" if x % 4 == y % 3 == 1 else "." for x in range(16)) for y in range(16)]
    grid = read_grid(write_map(tmp_path, rows))
    rng = random.Random(7)
    cells = [tuple(cell) for cell in grid.cells.tolist()]
    ends = [(*s, *g) for s, g in zip(rng.sample(cells, agents), rng.sample(cells, agents), strict=True)]
    write_scen(tmp_path, rows, *ends)
    return grid, ends


def test_a_crowd_arrives_and_hurries_when_there_is_time(tmp_path: Path) -> None:
    warm_up()
    crowd(tmp_path, 100)
    quick, _ = run_mapf(tmp_path / "rooms.map", tmp_path / "rooms.scen", agents=100, time_limit=0.3, seed=1)
    assert quick.solved
    assert quick.first_seconds is not None
    assert quick.first_seconds < quick.seconds < 1.0
    assert quick.sum_of_costs is not None
    assert quick.first_sum_of_costs is not None
    assert quick.sum_of_costs_lower_bound < quick.sum_of_costs < quick.first_sum_of_costs
    assert quick.makespan is not None
    assert quick.makespan >= quick.makespan_lower_bound
    assert quick.violations == 0


def test_a_search_that_needs_more_memory_gets_it(tmp_path: Path) -> None:
    grid, ends = crowd(tmp_path, 60)
    problem = problem_of(grid, read_scenario(tmp_path / "rooms.scen", grid, len(ends)))
    small = lacam(problem, seed=3, stop=Iterations(2000), room=1)
    large = lacam(problem, seed=3, stop=Iterations(2000), room=4000)
    assert small.steps is not None
    assert large.steps is not None
    assert small.steps.tolist() == large.steps.tolist()


def test_improving_stops_when_nobody_is_late(tmp_path: Path) -> None:
    grid, _ = crowd(tmp_path, 1)
    problem = problem_of(grid, read_scenario(tmp_path / "rooms.scen", grid, 1))
    first = lacam(problem, seed=1, stop=Iterations(1000))
    assert first.steps is not None
    better = lns(problem, first.steps, seed=1, stop=Iterations(1000))
    assert (better.iterations, arrivals(problem, better.steps).tolist()) == (0, problem.distances.tolist())


def test_a_deadline_asks_the_clock_more_rarely_the_faster_the_search_is() -> None:
    now = 0.0
    stop = Deadline(1.0, lambda: now)
    chunks, done = [], 0
    while more := stop.more(done):
        chunks.append(more)
        done += more
        now += more * 0.0001
    assert chunks[0] == 1
    assert max(chunks) == 20
    assert done == pytest.approx(10_000, abs=20)


# --- the checker -----------------------------------------------------------------------------------------------

FREE = {(x, 0) for x in range(5)}


@pytest.mark.parametrize(
    ("paths", "words"),
    [
        ([[(0, 0), (1, 0)], [(3, 0), (4, 0)]], []),
        ([[(0, 0), (1, 0)], []], ["agent 1 has no path"]),
        ([[(1, 0)], [(3, 0), (4, 0)]], ["agent 0 starts at (1, 0), not at (0, 0)"]),
        ([[(0, 0), (1, 0)], [(3, 0)]], ["agent 1 ends at (3, 0), not at (4, 0)"]),
        ([[(0, 0), (1, 0)], [(3, 0), (3, 1), (3, 0), (4, 0)]], ["agent 1 is in an obstacle at (3, 1) in step 1"]),
        ([[(0, 0), (2, 0), (1, 0)], [(3, 0), (4, 0)]], ["agent 0 jumps from (0, 0) to (2, 0) in step 0"]),
        (
            [[(0, 0), (1, 0)], [(3, 0), (2, 0), (1, 0), (2, 0), (3, 0), (4, 0)]],
            ["agents 0 and 1 are both at (1, 0) in step 2"],
        ),
        (
            [[(0, 0), (1, 0), (2, 0), (1, 0)], [(3, 0), (2, 0), (1, 0), (2, 0), (3, 0), (4, 0)]],
            [
                "agents 0 and 1 pass each other at (1, 0) in step 2",
                "agents 0 and 1 pass each other at (2, 0) in step 3",
            ],
        ),
    ],
)
def test_the_checker_finds_each_fault(paths: list[list[tuple[int, int]]], words: list[str]) -> None:
    assert faults(paths, [((0, 0), (1, 0)), ((3, 0), (4, 0))], FREE) == words


def test_the_checker_reads_the_files_itself(tmp_path: Path) -> None:
    map_file, scen_file = write_map(tmp_path, ROOMS), write_scen(tmp_path, ROOMS, (0, 0, 1, 0), (4, 0, 5, 0))
    assert violations(map_file, scen_file, [[(0, 0), (1, 0)]]) == []
    assert violations(map_file, scen_file, [[(0, 0), (1, 0)], [(4, 0), (3, 0), (4, 0), (5, 0)]]) == [
        "agent 1 is in an obstacle at (3, 0) in step 1"
    ]
