"""Occupancy grids of Nav2's `map_server` as draft sites of one level, whose places a person has yet to name."""

from __future__ import annotations

from pathlib import Path

from maps.draft.site import draft_site
from maps.errors import MapContentError
from maps.importers.nav2_grid_file import read_grid
from maps.model import Site


def read(path: Path) -> Site:
    """A draft of the level that the YAML file `path` and its picture show; raises MapError."""
    grid = read_grid(path)
    try:
        return draft_site(grid, path.stem)
    except MapContentError as error:
        raise MapContentError(error.problem, file=path, remedy=error.remedy) from error
