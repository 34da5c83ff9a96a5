"""Whether paths solve a multi-agent path finding problem, told from the files alone and without the planner's code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from itertools import pairwise
from pathlib import Path

Cell = tuple[int, int]
Path2D = Sequence[Cell]
"""An agent's (column, row) per step, from its start on; after the last one it stays."""


def violations(map_file: Path, scen_file: Path, paths: Sequence[Path2D]) -> list[str]:
    """What is wrong with the paths of the scenario's first agents, each fault in one line."""
    rows = map_file.read_text(encoding="utf-8").splitlines()[4:]
    free = {(x, y) for y, row in enumerate(rows) for x, terrain in enumerate(row) if terrain in ".GS"}
    tasks = [line.split()[4:8] for line in scen_file.read_text(encoding="utf-8").splitlines()[1:] if line.strip()]
    ends = [((int(sx), int(sy)), (int(gx), int(gy))) for sx, sy, gx, gy in tasks[: len(paths)]]
    return faults(paths, ends, free)


def faults(paths: Sequence[Path2D], ends: Sequence[tuple[Cell, Cell]], free: Set[Cell]) -> list[str]:
    """What is wrong with the paths of agents whose start and goal are `ends`."""
    found: list[str] = []
    for agent, (path, (start, goal)) in enumerate(zip(paths, ends, strict=True)):
        found += [f"agent {agent} {fault}" for fault in _alone(path, start, goal, free)]
    found += _together(paths)
    return found


def _alone(path: Path2D, start: Cell, goal: Cell, free: Set[Cell]) -> Iterator[str]:
    """What an agent does wrong by itself."""
    if not path:
        yield "has no path"
        return
    if path[0] != start:
        yield f"starts at {path[0]}, not at {start}"
    if path[-1] != goal:
        yield f"ends at {path[-1]}, not at {goal}"
    for step, cell in enumerate(path):
        if cell not in free:
            yield f"is in an obstacle at {cell} in step {step}"
    for step, ((x, y), (to_x, to_y)) in enumerate(pairwise(path)):
        if abs(to_x - x) + abs(to_y - y) > 1:
            yield f"jumps from {(x, y)} to {(to_x, to_y)} in step {step}"


def _together(paths: Sequence[Path2D]) -> Iterator[str]:
    """Two agents at one cell, or passing each other between two."""
    walked = [path for path in paths if path]
    for step in range(max((len(path) for path in walked), default=0)):
        now: dict[Cell, int] = {}
        moved: dict[tuple[Cell, Cell], int] = {}
        for agent, path in enumerate(walked):
            cell = path[min(step, len(path) - 1)]
            if cell in now:
                yield f"agents {now[cell]} and {agent} are both at {cell} in step {step}"
            now[cell] = agent
            before = path[min(step - 1, len(path) - 1)] if step else cell
            if before != cell:
                if (cell, before) in moved:
                    yield f"agents {moved[cell, before]} and {agent} pass each other at {cell} in step {step}"
                moved[before, cell] = agent
