"""The medial axes of a floor: the lines that keep as far from the walls on both sides as they can.

They are the ridges of the Voronoi diagram of the walls' cells whose two nearest walls lie at least the narrowest way
apart: the λ-medial axis (Chazal and Lieutier, "The λ-medial axis", Graphical Models 67(4), 2005), which is connected
wherever a body of that width can pass, and which small bumps of the walls don't disturb.
"""

from __future__ import annotations

import math
from typing import Final

import networkx as nx
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import Voronoi

from maps.draft.floor import Floor, steps_between
from maps.model import Point

_STEP: Final = 0.1
"""Distance (m) of the nodes along an axis, at most."""


def medial_axes(floor: Floor, islands: NDArray[np.bool_] | None = None) -> nx.Graph[int]:
    """The axes as a graph: nodes have `at` (Point) and `room` (clearance, m), edges `walls` (two points beside them).

    `islands` are cells that count as walls. Only the largest connected part is returned.
    """
    ground = floor.free if islands is None else floor.free & ~islands
    walls = _walls_around(ground) * floor.resolution
    diagram = Voronoi(walls)
    inside = _inside(floor, ground, diagram.vertices)
    ends = np.asarray(diagram.ridge_vertices)
    beside = walls[np.asarray(diagram.ridge_points)]
    gaps = np.linalg.norm(beside[:, 0] - beside[:, 1], axis=1) - floor.resolution
    kept = (ends >= 0).all(axis=1) & (gaps >= floor.narrowest)
    kept[kept] = inside[ends[kept]].all(axis=1)
    places: list[Point] = [(x, y) for x, y in diagram.vertices.tolist()]
    graph: nx.Graph[int] = nx.Graph()
    for (one, other), between in zip(ends[kept].tolist(), beside[kept].tolist(), strict=True):
        if one == other:
            continue
        stops = [one]
        for x, y in steps_between(places[one], places[other], _STEP)[1:-1].tolist():
            stops.append(len(places))
            places.append((x, y))
        nx.add_path(graph, [*stops, other], walls=(tuple(between[0]), tuple(between[1])))
    for node, edges in graph.adjacency():
        (wall, _) = next(iter(edges.values()))["walls"]
        graph.nodes[node].update(at=places[node], room=math.dist(wall, places[node]) - floor.resolution / 2)
    return largest_part(graph)


def largest_part(graph: nx.Graph[int]) -> nx.Graph[int]:
    parts = [sorted(part) for part in nx.connected_components(graph)]
    return nx.Graph(graph.subgraph(max(parts, key=lambda part: (len(part), -part[0]), default=[])))


def _walls_around(ground: NDArray[np.bool_]) -> NDArray[np.floating]:
    """The centres (x, y in cells) of all cells beside the ground, also those just beyond the picture."""
    padded = np.pad(ground, 1)
    rows, columns = np.nonzero(ndimage.binary_dilation(padded, np.ones((3, 3), dtype=np.bool_)) & ~padded)
    return np.column_stack([columns, rows]) - 0.5


def _inside(floor: Floor, ground: NDArray[np.bool_], points: NDArray[np.float64]) -> NDArray[np.bool_]:
    height, width = (size * floor.resolution for size in ground.shape)
    within = (points >= 0.0).all(axis=1) & (points[:, 0] < width) & (points[:, 1] < height)
    there: NDArray[np.bool_] = within & ground[floor.cell(np.where(within[:, None], points, 0.0))]
    return there
