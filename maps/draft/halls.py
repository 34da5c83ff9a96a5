"""Halls: floors so wide that a lane along their middle leaves the sides out of reach.

There the middle counts as an island, and the axes run round it: a lane along each wall, as robots that meet need.
"""

from __future__ import annotations

import networkx as nx
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from maps.draft.coverage import Samples
from maps.draft.floor import Floor
from maps.draft.settings import DraftSettings

_ROUNDING = 0.1
"""Islands are as smooth as if drawn with a pen of this radius (m); less wide ones are walls' unevenness."""

_OUT_OF_REACH = 0.05
"""Where the axes leave more than this share of the floor out of reach, it is a hall."""

_LEAST_LEFT = 1.5
"""... and at least so much floor (m²), a robot's and a bed's."""


def islands(axes: nx.Graph[int], floor: Floor, rooms: NDArray[np.int32], settings: DraftSettings) -> NDArray[np.bool_]:
    """The cells in the middle of halls, as far as `axes` do not serve them well enough."""
    wide = floor.clearance > settings.reach + _ROUNDING
    wide = ndimage.distance_transform_edt(~wide) * floor.resolution <= _ROUNDING
    middles, count = ndimage.label(wide, np.ones((3, 3), dtype=np.int8))
    if count == 0:
        return np.zeros_like(floor.free)
    away, nearest = ndimage.distance_transform_edt(middles == 0, return_indices=True)
    around = np.where(away * floor.resolution <= settings.reach + _ROUNDING, middles[tuple(nearest)], 0)
    samples = Samples.of(floor, rooms)
    spots = np.array([data["at"] for _, data in axes.nodes(data=True)])
    near = np.zeros(len(samples.places), dtype=np.bool_)
    for those in samples.within(spots, rooms[floor.cell(spots)], settings.reach):
        near[those] = True
    hall = around[floor.cell(samples.places)]
    total = np.bincount(hall, minlength=count + 1) * samples.area
    left = np.bincount(hall[~near], minlength=count + 1) * samples.area
    served = (left < _LEAST_LEFT) | (left < _OUT_OF_REACH * total)
    served[0] = True
    kept: NDArray[np.bool_] = ~served[middles]
    return kept
