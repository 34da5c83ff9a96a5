"""Levels as occupancy grids for Nav2's `map_server`: `LEVEL.yaml` and `LEVEL.pgm` for each, in the site frame."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np
import yaml
from PIL import Image

from maps.grids import FREE, OCCUPIED, OccupancyGrid
from maps.level_grids import drawing_of, grid_of
from maps.model import LevelId, Site
from maps.storing import store

_FREE_SHADE: Final = 254
_OCCUPIED_SHADE: Final = 0
_UNKNOWN_SHADE: Final = 205

_THRESHOLDS: Final = {"occupied_thresh": 0.65, "free_thresh": 0.196}
"""Between the three shades; with a free_thresh of 0.25 the unknown would be free."""


def write(site: Site, folder: Path) -> None:
    """Store each level of `site` in `folder`, each file whole or not at all; raises MapWriteError."""
    for level, stem in _stems(site).items():
        grid = grid_of(drawing_of(site, level))
        store(folder / f"{stem}.pgm", picture(grid))
        store(folder / f"{stem}.yaml", description(grid, f"{stem}.pgm").encode())


def picture(grid: OccupancyGrid) -> bytes:
    """The grid as a PGM picture in the three shades of map_saver; what is neither free nor occupied is unknown."""
    shades = np.full(grid.cells.shape, _UNKNOWN_SHADE, dtype=np.uint8)
    shades[grid.cells == FREE] = _FREE_SHADE
    shades[grid.cells == OCCUPIED] = _OCCUPIED_SHADE
    file = BytesIO()
    Image.fromarray(np.flipud(shades)).save(file, format="PPM")
    return file.getvalue()


def description(grid: OccupancyGrid, image: str) -> str:
    origin = [round(grid.x, 6), round(grid.y, 6), round(grid.yaw, 9)]
    document = {"image": image, "mode": "trinary", "resolution": grid.resolution, "origin": origin, "negate": 0}
    return yaml.safe_dump(document | _THRESHOLDS, sort_keys=False, allow_unicode=True, default_flow_style=None)


def _stems(site: Site) -> dict[LevelId, str]:
    """A file name of its own for each level."""
    stems: dict[LevelId, str] = {}
    for level in site.levels:
        stem = re.sub(r"[^\w-]", "_", level) or "level"
        while stem in stems.values():
            stem += "_"
        stems[level] = stem
    return stems
