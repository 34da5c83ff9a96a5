"""An area drawn as a GeoJSON polygon with holes, in metres of the site frame."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Final

from shapely import LinearRing, Polygon

from maps.documents import read_json
from maps.errors import MapContentError, MapReadError
from maps.model import Point

_DEGREES: Final = 0.5
"""What is not longer than this, and lies where longitudes and latitudes are, is taken for degrees: 50 km, or 50 cm."""

_METRES: Final = "Convert it to metres of the site frame, for instance in QGIS by saving it in the zone's UTM system"


def read_area(path: Path) -> Polygon:
    """The one polygon of the file: a geometry, a feature, or a collection that holds just it.

    Raises MapError for whatever is no polygon, and for coordinates that look like degrees. Whether the polygon is
    valid is not checked.
    """
    document = read_json(path)
    _check_crs(document, path)
    rings = _rings(_geometry(document, path), path)
    outline, *holes = [[_position(position, path) for position in _ring(ring, path)] for ring in rings]
    xs, ys = [x for x, _ in outline], [y for _, y in outline]
    extent = max(max(xs) - min(xs), max(ys) - min(ys))
    if 0.0 < extent < _DEGREES and max(map(abs, xs)) <= 180.0 and max(map(abs, ys)) <= 90.0:
        raise MapContentError(
            f"the coordinates look like degrees: the polygon is {extent:g} long, near ({xs[0]:g}, {ys[0]:g})",
            file=path,
            remedy=_METRES,
        )
    return Polygon(LinearRing(outline), [LinearRing(hole) for hole in holes])


def _check_crs(document: Any, path: Path) -> None:
    crs = document.get("crs") if isinstance(document, dict) else None
    if crs is not None and any(name in str(crs) for name in ("CRS84", "4326", "4490")):
        raise MapContentError("the coordinates are in degrees", file=path, field="crs", remedy=_METRES)


def _geometry(document: Any, path: Path) -> dict[str, Any]:
    kind = document.get("type") if isinstance(document, dict) else None
    match kind:
        case "Polygon" | "MultiPolygon":
            return dict(document)
        case "Feature":
            return _geometry(document.get("geometry"), path)
        case "FeatureCollection":
            features = document.get("features")
            if isinstance(features, list) and len(features) == 1:
                return _geometry(features[0], path)
            count = len(features) if isinstance(features, list) else 0
            raise MapContentError(
                f"the collection has {count} features", file=path, field="features", remedy="Keep the one polygon alone"
            )
        case str():
            raise MapContentError(
                f"{kind} is no polygon",
                file=path,
                field="type",
                remedy="Draw the area as a Polygon, obstacles as holes",
            )
        case _:
            raise MapReadError("not GeoJSON", file=path, remedy="Save the area as a GeoJSON Polygon")


def _rings(geometry: dict[str, Any], path: Path) -> list[Any]:
    rings = geometry.get("coordinates")
    if geometry["type"] == "MultiPolygon":
        if not isinstance(rings, list) or len(rings) != 1:
            count = len(rings) if isinstance(rings, list) else 0
            raise MapContentError(
                f"a MultiPolygon of {count} polygons", file=path, field="coordinates", remedy="Plan for one at a time"
            )
        rings = rings[0]
    if not isinstance(rings, list) or not rings:
        raise MapContentError(
            "the polygon is empty", file=path, field="coordinates", remedy="Draw an outline, and holes in it if any"
        )
    return rings


def _ring(ring: Any, path: Path) -> list[Any]:
    if not isinstance(ring, list) or len(ring) < 4 or ring[0] != ring[-1]:
        raise MapContentError(
            "a ring has at least four points, the last equal to the first",
            file=path,
            field="coordinates",
            remedy="Close the ring",
        )
    return ring


def _position(position: Any, path: Path) -> Point:
    """A third coordinate, which some editors add, is passed over."""
    numbers = position if isinstance(position, list) and len(position) in (2, 3) else []
    if not numbers or any(isinstance(c, bool) or not isinstance(c, int | float) for c in numbers[:2]):
        raise MapContentError(
            f"{str(position)[:40]} is no position", file=path, field="coordinates", remedy="Write [x, y] in metres"
        )
    x, y = float(numbers[0]), float(numbers[1])
    if not (math.isfinite(x) and math.isfinite(y)):
        raise MapContentError("a coordinate is not finite", file=path, field="coordinates", remedy="Write a number")
    return x, y
