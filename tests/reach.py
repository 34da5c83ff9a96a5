"""How much of a grid's floor lies within reach of a site's lanes."""

from __future__ import annotations

import numpy as np
from shapely import STRtree, points
from shapely.geometry import LineString

from maps.draft.floor import Floor
from maps.grids import OccupancyGrid
from maps.model import Site

REACH = 1.5


def share_within_reach(site: Site, grid: OccupancyGrid) -> float:
    """The share of the free cells of the grid's largest part within 1.5 m of a lane, counted cell by cell."""
    rows, columns = np.nonzero(Floor.of(grid, 0.7).free)
    places = grid.to_map((np.column_stack([columns, rows]) + 0.5) * grid.resolution)
    lanes = [LineString([site.waypoints[lane.start].xy, site.waypoints[lane.end].xy]) for lane in site.lanes.values()]
    near, _ = STRtree(lanes).query(points(places), predicate="dwithin", distance=REACH)
    return len(np.unique(near)) / len(places)
