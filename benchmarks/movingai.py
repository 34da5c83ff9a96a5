"""Grid maps and scenarios of the MovingAI multi-agent path finding benchmarks.

Format: https://movingai.com/benchmarks/formats.html. Cells are (column, row) from the top left; in this project's
problems agents move to one of the four cells beside theirs. A scenario's optimal lengths are of diagonal moves, and not
read.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from fleet_manager.planning.mapf import Problem
from fleet_manager.planning.unit_graph import Ints, UnitGraph
from maps.errors import MapContentError, MapReadError

Cell = tuple[int, int]

_FREE: Final = ".GS"
_BLOCKED: Final = "@OTW"
_HEADER: Final = ("type octile", "height H", "width W", "map")
_COLUMNS: Final = 8
"""Columns of a scenario that are read: bucket, map, width, height, start and goal."""


@dataclass(frozen=True, slots=True)
class Grid:
    """A map. Vertex v of the graph is the free cell `cells[v]`; `vertices[row, column]` is -1 where there is none.

    `parts[row, column]` is the same number for all cells between which there is a way.
    """

    file: Path
    graph: UnitGraph
    cells: Ints
    vertices: Ints
    parts: Ints

    @property
    def width(self) -> int:
        return int(self.vertices.shape[1])

    @property
    def height(self) -> int:
        return int(self.vertices.shape[0])


def read_grid(path: Path) -> Grid:
    """Raises MapError."""
    lines = _lines(path)
    height, width = _size(path, lines)
    rows = lines[4 : 4 + height]
    extra = next((n for n, line in enumerate(lines[4 + height :], start=5 + height) if line), None)
    if len(rows) < height or extra is not None:
        found = len(rows) if extra is None else "more"
        raise _bad(path, extra or len(lines), f"height is {height}, but {found} rows follow", "Correct line 2")
    free = np.zeros((height, width), dtype=np.bool_)
    for number, row in enumerate(rows, start=5):
        if len(row) != width:
            raise _bad(path, number, f"the row has {len(row)} cells, not {width}", "Correct the row or line 3")
        strange = next((c for c in row if c not in _FREE + _BLOCKED), None)
        if strange is not None:
            raise _bad(path, number, f"unknown terrain {strange!r}", f"Use {_FREE} for free and {_BLOCKED} for blocked")
        free[number - 5] = [c in _FREE for c in row]
    return grid_of(path, free)


def _size(path: Path, lines: list[str]) -> tuple[int, int]:
    """Height and width as the header says."""
    sizes = {"height": 0, "width": 0}
    remedy = f"A map begins with the lines {', '.join(repr(line) for line in _HEADER)}"
    for number, wanted in enumerate(_HEADER, start=1):
        said = lines[number - 1].split() if number <= len(lines) else []
        key = wanted.split()[0]
        if key in sizes:
            if len(said) != 2 or said[0] != key or not said[1].isdecimal() or int(said[1]) == 0:
                raise _bad(path, number, f"this is no {key}", remedy)
            sizes[key] = int(said[1])
        elif said != wanted.split():
            raise _bad(path, number, f"not {wanted!r}", remedy)
    return sizes["height"], sizes["width"]


def grid_of(file: Path, free: NDArray[np.bool_]) -> Grid:
    """The grid whose cells `free[row, column]` are free."""
    count = int(free.sum())
    vertices = np.full(free.shape, -1, dtype=np.int32)
    vertices[free] = np.arange(count, dtype=np.int32)
    rows, columns = np.nonzero(free)
    to_the_right = _edges(vertices[:, :-1], vertices[:, 1:])
    downwards = _edges(vertices[:-1], vertices[1:])
    edges = np.concatenate([to_the_right, to_the_right[:, ::-1], downwards, downwards[:, ::-1]])
    edges = edges[np.lexsort((edges[:, 1], edges[:, 0]))]
    offsets = np.searchsorted(edges[:, 0], np.arange(count + 1)).astype(np.int32)
    graph = UnitGraph(offsets, np.ascontiguousarray(edges[:, 1]))
    parts, _ = ndimage.label(free)
    return Grid(file, graph, np.stack([columns, rows], axis=1).astype(np.int32), vertices, parts.astype(np.int32))


def _edges(one: Ints, other: Ints) -> Ints:
    """Pairs of vertices that lie at the same place of the two arrays."""
    both = (one >= 0) & (other >= 0)
    return np.stack([one[both], other[both]], axis=1)


@dataclass(frozen=True, slots=True)
class Scenario:
    """The first agents of a scenario file: where they start and where they shall be."""

    starts: tuple[Cell, ...]
    goals: tuple[Cell, ...]


def read_scenario(path: Path, grid: Grid, agents: int) -> Scenario:
    """The first `agents` lines. Raises MapError, also when the scenario does not fit the grid."""
    lines = _lines(path)
    if not lines or lines[0].split()[:1] != ["version"]:
        raise _bad(path, 1, "not 'version 1'", "Name a MovingAI scenario, a file that ends in .scen")
    tasks = [(number, line.split()) for number, line in enumerate(lines[1:], start=2) if line]
    if len(tasks) < agents:
        raise _bad(path, len(lines), f"there are {len(tasks)} agents, not {agents}", f"Ask for {len(tasks)} at most")
    starts: dict[Cell, int] = {}
    goals: dict[Cell, int] = {}
    for number, words in tasks[:agents]:
        start, goal = _task(path, number, words, grid)
        for cell, known, what in ((start, starts, "start"), (goal, goals, "goal")):
            if cell in known:
                raise _bad(path, number, f"{what} {cell} is that of line {known[cell]} too", "Give each agent its own")
            known[cell] = number
    return Scenario(tuple(starts), tuple(goals))


def _task(path: Path, number: int, words: list[str], grid: Grid) -> tuple[Cell, Cell]:
    if len(words) < _COLUMNS or not all(word.isdecimal() for word in words[2:_COLUMNS]):
        remedy = "Columns are bucket, map, width, height, start x, start y, goal x, goal y, length"
        raise _bad(path, number, "this is no agent", remedy)
    made_for = Path(words[1])
    width, height, *numbers = (int(word) for word in words[2:_COLUMNS])
    if made_for.stem.lower() != grid.file.stem.lower() or (width, height) != (grid.width, grid.height):
        this, that = f"{made_for.name}, {width} x {height}", f"{grid.file.name}, {grid.width} x {grid.height}"
        raise _bad(
            path, number, f"made for another map ({this}, not {that})", "Name the map and scenario of one problem"
        )
    ends = (numbers[0], numbers[1]), (numbers[2], numbers[3])
    for what, (x, y) in zip(("start", "goal"), ends, strict=True):
        if x >= width or y >= height:
            raise _bad(path, number, f"{what} {(x, y)} is outside the map of {width} x {height} cells", "Correct it")
        if grid.vertices[y, x] < 0:
            raise _bad(path, number, f"{what} {(x, y)} is an obstacle of {grid.file.name}", "Choose a free cell")
    start, goal = ends
    if grid.parts[start[1], start[0]] != grid.parts[goal[1], goal[0]]:
        raise _bad(
            path, number, f"{grid.file.name} has no way from {start} to {goal}", "Choose cells that are connected"
        )
    return ends


def problem_of(grid: Grid, scenario: Scenario) -> Problem:
    """The problem for the planner, distance tables included."""
    starts = np.array([grid.vertices[y, x] for x, y in scenario.starts], dtype=np.int32)
    goals = np.array([grid.vertices[y, x] for x, y in scenario.goals], dtype=np.int32)
    return Problem.of(grid.graph, starts, goals)


def _lines(path: Path) -> list[str]:
    try:
        return [line.rstrip() for line in path.read_text(encoding="utf-8").splitlines()]
    except OSError as error:
        remedy = "Name a file of https://movingai.com/benchmarks/mapf.html"
        raise MapReadError(error.strerror or str(error), file=path, remedy=remedy) from error
    except UnicodeDecodeError as error:
        raise MapReadError("this is no text", file=path, remedy="Name a .map or .scen file, unpacked") from error


def _bad(path: Path, line: int, problem: str, remedy: str) -> MapContentError:
    return MapContentError(problem, file=path, feature=f"line {max(line, 1)}", remedy=remedy)
