"""From the coordinates of an Open-RMF building to metres of the site frame (x east or right, y north or up).

Three coordinate systems are in use (field `coordinate_system`; the traffic editor's own conventions):

- `reference_image` (also when absent): pixels of a drawing per level, y down. `measurements` give the scale;
  other levels are laid over the reference level by fiducials of equal names.
- `cartesian_meters`: metres, y up, `offset_x, offset_y` being the site's origin.
- `wgs84`: x is longitude, y latitude in degrees; `generate_crs` names the metric grid and
  `suggested_offset_x, suggested_offset_y` the origin on it.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Iterable, Mapping
from statistics import fmean
from typing import TypeAlias

import numpy as np
from pyproj import CRS, Geod, Transformer
from pyproj.exceptions import ProjError

from maps.errors import MapContentError
from maps.importers.open_rmf_file import Building, Drawing
from maps.model import GeoAnchor, Point

Transform: TypeAlias = Callable[[float, float], Point]

_WGS84 = Geod(ellps="WGS84")


def site_frame(building: Building) -> tuple[Mapping[str, Transform], GeoAnchor | None]:
    """For each level the transform from drawing to site frame, and where the site's origin lies on Earth.

    Raises MapContentError for an unknown coordinate system or grid, and for places off the globe.
    """
    match building.coordinate_system:
        case "reference_image":
            return _align_drawings(building), None
        case "cartesian_meters":
            return _shift_metres(building)
        case "wgs84":
            return _project_degrees(building)
        case other:
            raise MapContentError(
                f"{other!r} is not supported",
                file=building.file,
                feature="building",
                field="coordinate_system",
                remedy="Convert the map to reference_image, cartesian_meters or wgs84 in the traffic editor",
            )


# --- drawings ----------------------------------------------------------------------------------------------


def _align_drawings(building: Building) -> Mapping[str, Transform]:
    scales = {name: scale for name, level in building.levels.items() if (scale := _scale(building, level))}
    reference = building.levels[building.reference_level]
    # A drawing without any measurement is taken at a pixel per metre, as Open-RMF does.
    scale = scales.get(reference.name) or (fmean(scales.values()) if scales else 1.0)
    return {
        name: _similarity(complex(scale), 0j)
        if level is reference
        else _overlay(reference, level, scale, scales.get(name))
        for name, level in building.levels.items()
    }


def _scale(building: Building, level: Drawing) -> float | None:
    """Metres per pixel, the mean over the level's measurements; None without any."""
    ratios = []
    for number, measurement in enumerate(level.measurements):
        start, end = level.vertices[measurement.start], level.vertices[measurement.end]
        pixels = math.hypot(end.x - start.x, end.y - start.y)
        metres = measurement.params.get("distance")
        if isinstance(metres, bool) or not isinstance(metres, int | float) or metres <= 0.0 or pixels == 0.0:
            raise MapContentError(
                "a measurement needs two places and a distance greater than 0",
                file=building.file,
                feature=f"level {level.name}, measurement {number}",
                field="distance",
            )
        ratios.append(metres / pixels)
    return fmean(ratios) if ratios else None


def _overlay(reference: Drawing, level: Drawing, scale: float, own_scale: float | None) -> Transform:
    """Lays `level` over `reference` so that fiducials of equal names meet (least squares over a similarity)."""
    names = [name for name in reference.fiducials if name in level.fiducials]
    here = np.array([_upright(level.fiducials[name]) for name in names])
    there = np.array([_upright(reference.fiducials[name]) for name in names])
    if not names:
        return _similarity(complex(own_scale or scale), 0j)
    here_centre, there_centre = complex(here.mean()), complex(there.mean())
    spread = here - here_centre
    extent = float(np.vdot(spread, spread).real)
    # A single pair, or pairs on one spot, fix the position only.
    turn = complex(np.vdot(spread, there - there_centre)) / extent if extent > 1e-9 else 0j
    factor = turn * scale if abs(turn) > 1e-9 else complex(own_scale or scale)
    return _similarity(factor, there_centre * scale - here_centre * factor)


def _upright(point: Point) -> complex:
    """Pixels of an image (y down) as a complex number of the plane (y up)."""
    return complex(point[0], -point[1])


def _similarity(factor: complex, offset: complex) -> Transform:
    def transform(x: float, y: float) -> Point:
        place = _upright((x, y)) * factor + offset
        return (place.real, place.imag)

    return transform


# --- maps on the globe -------------------------------------------------------------------------------------


def _shift_metres(building: Building) -> tuple[Mapping[str, Transform], GeoAnchor | None]:
    places = [(vertex.x, vertex.y) for level in building.levels.values() for vertex in level.vertices]
    x0, y0 = _origin(building, "offset", _centre(places), default=(0.0, 0.0))
    name = building.params.get("generate_crs")
    anchor = _anchor(_grid(building, str(name)), (x0, y0)) if name else None
    return dict.fromkeys(building.levels, lambda x, y: (x - x0, y - y0)), anchor


def _project_degrees(building: Building) -> tuple[Mapping[str, Transform], GeoAnchor | None]:
    centre = _centre(list(_degrees(building)))
    name = building.params.get("generate_crs")
    grid = _grid(building, str(name)) if name else None
    if grid is None or not _metric(grid, centre):
        grid, (x0, y0) = _local_grid(centre), (0.0, 0.0)
    else:
        middle = grid.transform(*centre)
        x0, y0 = _origin(building, "suggested_offset", middle, default=middle)

    def transform(longitude: float, latitude: float) -> Point:
        x, y = grid.transform(longitude, latitude)
        return (x - x0, y - y0)

    return dict.fromkeys(building.levels, transform), _anchor(grid, (x0, y0))


FAR = 100_000.0
"""An origin farther than this (m) from its own map is no origin of the map: its centre is taken instead."""


def _origin(building: Building, name: str, middle: Point, default: Point) -> Point:
    given = [_offset(building, f"{name}_{axis}") for axis in "xy"]
    origin = tuple(value if value is not None else other for value, other in zip(given, default, strict=True))
    near = math.dist(origin, middle) <= FAR
    x, y = origin if near else middle
    return (x, y) if near and None not in given else (float(round(x)), float(round(y)))


def _centre(places: list[Point]) -> Point:
    return (fmean(x for x, _ in places), fmean(y for _, y in places)) if places else (0.0, 0.0)


def _degrees(building: Building) -> Iterable[Point]:
    for level in building.levels.values():
        for number, vertex in enumerate(level.vertices):
            if not (abs(vertex.x) <= 180.0 and abs(vertex.y) <= 90.0):
                raise MapContentError(
                    f"({vertex.x}, {vertex.y}) is no longitude and latitude in degrees",
                    file=building.file,
                    feature=f"level {level.name}, vertex {number}",
                    remedy="Correct it, or set coordinate_system to what the map is drawn in",
                )
            yield (vertex.x, vertex.y)


def _offset(building: Building, name: str) -> float | None:
    value = building.params.get(name)
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    raise MapContentError(
        f"a number is expected, not {value!r}", file=building.file, feature="building", field=f"parameters.{name}"
    )


def _grid(building: Building, name: str) -> Transformer:
    """From longitude and latitude (degrees) to easting and northing."""
    try:
        return Transformer.from_crs("EPSG:4326", CRS.from_user_input(name), always_xy=True)
    except ProjError as error:
        raise MapContentError(
            f"{name!r} is not a coordinate reference system",
            file=building.file,
            feature="building",
            field="parameters.generate_crs",
            remedy="Use an EPSG code such as EPSG:3414",
        ) from error


def _local_grid(centre: Point) -> Transformer:
    """A transverse Mercator plane touching the Earth at `centre` (longitude, latitude)."""
    crs = CRS.from_proj4(f"+proj=tmerc +lon_0={centre[0]} +lat_0={centre[1]} +k=1 +ellps=WGS84 +units=m")
    return Transformer.from_crs("EPSG:4326", crs, always_xy=True)


def _metric(grid: Transformer, place: Point) -> bool:
    """Whether a metre on the grid is a metre on the ground (to 0.2 %); Web Mercator's is not, nor a foot."""
    x, y = grid.transform(*place)
    if not (math.isfinite(x) and math.isfinite(y)):
        return False
    longitudes, latitudes = grid.transform([x, x + 100.0, x], [y, y, y + 100.0], direction="INVERSE")
    east, north = (_WGS84.inv(longitudes[0], latitudes[0], longitudes[i], latitudes[i])[2] for i in (1, 2))
    return bool(abs(east - 100.0) < 0.2 and abs(north - 100.0) < 0.2)


def _anchor(grid: Transformer, origin: Point) -> GeoAnchor:
    (x, y) = origin
    (longitude, east_longitude), (latitude, east_latitude) = grid.transform([x, x + 100.0], [y, y], direction="INVERSE")
    azimuth_deg, _, _ = _WGS84.inv(longitude, latitude, east_longitude, east_latitude)
    heading = cmath.phase(cmath.rect(1.0, math.radians(90.0 - azimuth_deg)))
    return GeoAnchor(latitude_deg=latitude, longitude_deg=longitude, rotation=heading)
