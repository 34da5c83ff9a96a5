"""Map formats that can be read: one module each with `read(path) -> Site`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from maps.errors import MapFormatError, MapReadError
from maps.importers import nav2_grid, nav2_grid_file, nav2_route_graph, open_rmf
from maps.model import Site
from maps.site_files import SITE_FILE, load_site


@dataclass(frozen=True, slots=True)
class MapFormat:
    """A format, the files it claims, and its reader."""

    title: str
    claims: Callable[[Path], bool]
    read: Callable[[Path], Site]


FORMATS = (
    MapFormat("WardFleet site folder", lambda path: path.is_dir() or path.name == SITE_FILE, load_site),
    MapFormat("Nav2 occupancy grid (*.yaml and its picture)", nav2_grid_file.is_grid, nav2_grid.read),
    MapFormat("Open-RMF building (*.yaml)", lambda path: path.suffix in (".yaml", ".yml"), open_rmf.read),
    MapFormat("Nav2 route graph (*.geojson)", lambda path: path.suffix in (".geojson", ".json"), nav2_route_graph.read),
)
"""The first format that claims a path reads it."""


def read_any(path: Path) -> Site:
    """The site at `path` in whichever known format; raises MapError."""
    if not path.exists():
        raise MapReadError("no such file or folder", file=path)
    for known in FORMATS:
        if known.claims(path):
            return known.read(path)
    raise MapFormatError(
        "not a known map format", file=path, remedy=f"Known are: {', '.join(known.title for known in FORMATS)}"
    )
