"""Maps of Nav2's `map_server`: a YAML file that describes a picture, and the picture, as an occupancy grid.

The picture's shades become cells in one of three ways (`mode`), as `map_server` does it:

- `trinary` (the default): darker than `occupied_thresh` is occupied, lighter than `free_thresh` free, all else unknown;
- `scale`: the same, but shades between are 0 … 100, and what is transparent is unknown;
- `raw`: the shade itself, 0 … 100; brighter ones are unknown.

`negate` turns dark and light round, except in `raw`. One deviation is on purpose. `map_saver` paints what it does not
know in the grey 205, whose occupancy is 0.196, and long wrote `free_thresh: 0.25` beside it, so that read to the letter
the unknown is free. In a picture that has no other shades than map_saver's three, 205 is always unknown.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, NoReturn

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from maps.documents import read_yaml
from maps.errors import MapContentError, MapError, MapReadError
from maps.grids import FREE, OCCUPIED, UNKNOWN, OccupancyGrid

MAXIMUM_CELLS: Final = 50_000_000
"""A square of 350 m at 5 cm per cell; drafting needs about 50 bytes for each cell."""

_UNKNOWN_SHADE: Final = 205
_SAVED_SHADES: Final = (0, _UNKNOWN_SHADE, 254, 255)
"""What map_saver paints in trinary mode: occupied, unknown, free (254; other tools take 255)."""


class Mode(StrEnum):
    TRINARY = "trinary"
    SCALE = "scale"
    RAW = "raw"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Description:
    image: Path
    mode: Mode
    resolution: float
    origin: tuple[float, float, float]
    negate: bool
    occupied_thresh: float
    free_thresh: float


def is_grid(path: Path) -> bool:
    """Whether `path` is a YAML file that describes a picture of a map, as far as one can tell without an error."""
    if path.suffix not in (".yaml", ".yml"):
        return False
    try:
        document = read_yaml(path)
    except MapError:
        return False
    return isinstance(document, dict) and "levels" not in document and len({"image", "resolution"} & set(document)) > 0


def read_grid(path: Path) -> OccupancyGrid:
    """The grid that the YAML file `path` describes; raises MapError naming the file, the key and the way out."""
    description = _Reading(path, read_yaml(path)).description()
    cells = _cells(description, _picture(description.image))
    x, y, yaw = description.origin
    return OccupancyGrid(cells=np.flipud(cells).copy(), resolution=description.resolution, x=x, y=y, yaw=yaw)


@dataclass(frozen=True, slots=True)
class _Reading:
    """The YAML document, its keys checked one by one."""

    file: Path
    document: Any

    def description(self) -> _Description:
        if not isinstance(self.document, dict):
            raise MapReadError(
                "not the description of a map: a mapping with `image` and `resolution` is expected", file=self.file
            )
        free, occupied = self._threshold("free_thresh", 0.25), self._threshold("occupied_thresh", 0.65)
        if free > occupied:
            self._fail("free_thresh", f"{free} is above occupied_thresh, {occupied}", "Exchange the two")
        return _Description(
            image=self._image(),
            mode=self._mode(),
            resolution=self._resolution(),
            origin=self._origin(),
            negate=self._negate(),
            occupied_thresh=occupied,
            free_thresh=free,
        )

    def _image(self) -> Path:
        name = self._value("image", "Name the picture, such as `image: hospital.pgm`")
        if not isinstance(name, str) or not name:
            self._fail(
                "image", f"the name of a picture is expected, not {name!r}", "Write such as `image: hospital.pgm`"
            )
        image = self.file.parent / name
        if not image.is_file():
            self._fail(
                "image", f"there is no file {image}", "Put the picture beside the YAML file, or correct its name"
            )
        return image

    def _mode(self) -> Mode:
        mode = self.document.get("mode", Mode.TRINARY)
        if mode not in set(Mode):
            self._fail("mode", f"{mode!r} is no mode", f"Use {', '.join(Mode)}")
        return Mode(mode)

    def _resolution(self) -> float:
        resolution = self._number("resolution", "Give the metres per pixel, such as `resolution: 0.05`")
        if not 0.001 <= resolution <= 1.0:
            self._fail(
                "resolution", f"{resolution} m per pixel is no map for robots", "Give metres per pixel, such as 0.05"
            )
        return resolution

    def _origin(self) -> tuple[float, float, float]:
        remedy = "Give x, y (m) and yaw (rad) of the lower left corner, such as `origin: [-10.0, -5.0, 0.0]`"
        origin = self._value("origin", remedy)
        if not isinstance(origin, list) or len(origin) != 3 or not all(_is_finite(part) for part in origin):
            self._fail("origin", f"three finite numbers are expected, not {origin!r}", remedy)
        x, y, yaw = (float(part) for part in origin)
        return x, y, yaw

    def _negate(self) -> bool:
        negate = self.document.get("negate", 0)
        if negate not in (0, 1):
            self._fail(
                "negate", f"0 or 1 is expected, not {negate!r}", "1 when dark is free and light is occupied, else 0"
            )
        return bool(negate)

    def _threshold(self, key: str, default: float) -> float:
        if key not in self.document:
            return default
        value = self._number(key, "Give a share from 0 to 1")
        if not 0.0 <= value <= 1.0:
            self._fail(key, f"{value} is no share from 0 to 1", "map_saver writes 0.65 for occupied and 0.196 for free")
        return value

    def _number(self, key: str, remedy: str) -> float:
        value = self._value(key, remedy)
        if not _is_finite(value):
            self._fail(key, f"a finite number is expected, not {value!r}", remedy)
        return float(value)

    def _value(self, key: str, remedy: str) -> Any:
        value = self.document.get(key)
        if value is None:
            self._fail(key, "missing", remedy)
        return value

    def _fail(self, key: str, problem: str, remedy: str) -> NoReturn:
        raise MapContentError(problem, file=self.file, field=key, remedy=remedy)


def _is_finite(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


@dataclass(frozen=True, slots=True)
class _Picture:
    """The mean of each pixel's colours, and how opaque it is, both 0–1; `opacity` is None for plain pictures."""

    brightness: NDArray[np.float64]
    opacity: NDArray[np.float64] | None = None


def _picture(image: Path) -> _Picture:
    try:
        with Image.open(image) as opened:
            if opened.width * opened.height > MAXIMUM_CELLS:
                raise MapReadError(
                    f"{opened.width} × {opened.height} pixels are more than {MAXIMUM_CELLS:,}",
                    file=image,
                    remedy="Save it with fewer pixels per metre, or split it by building",
                )
            if opened.mode.startswith("I"):
                return _Picture(np.clip(np.asarray(opened, dtype=float) / 65535.0, 0.0, 1.0))
            transparent = opened.has_transparency_data
            grey = opened.mode in ("1", "L") and not transparent
            pixels = np.asarray(opened.convert("L" if grey else "RGBA" if transparent else "RGB"), dtype=float) / 255.0
    except (UnidentifiedImageError, Image.DecompressionBombError, SyntaxError, ValueError, EOFError) as error:
        raise MapReadError(
            f"no picture that can be read ({error})", file=image, remedy="Save it as PGM or PNG"
        ) from error
    except OSError as error:
        raise MapReadError(
            f"the picture cannot be read ({error.strerror or error})", file=image, remedy="Save it again as PGM or PNG"
        ) from error
    if pixels.ndim == 2:
        return _Picture(pixels)
    return _Picture(pixels[:, :, :3].mean(axis=2), pixels[:, :, 3] if transparent else None)


def _cells(description: _Description, picture: _Picture) -> NDArray[np.int8]:
    shades = picture.brightness
    if description.mode is Mode.TRINARY and picture.opacity is not None:
        shades = (3.0 * shades + picture.opacity) / 4.0  # as map_server does: opacity is one more channel
    occupancy = shades if description.negate else 1.0 - shades
    occupied, free = occupancy > description.occupied_thresh, occupancy < description.free_thresh
    steps = np.rint(shades * 255.0)
    match description.mode:
        case Mode.TRINARY:
            if not description.negate and np.isin(steps, _SAVED_SHADES).all():
                free &= steps != _UNKNOWN_SHADE
            cells = np.where(occupied, OCCUPIED, np.where(free, FREE, UNKNOWN))
        case Mode.SCALE:
            span = max(description.occupied_thresh - description.free_thresh, 1e-9)
            between = np.clip(np.rint((occupancy - description.free_thresh) / span * 100.0), FREE, OCCUPIED)
            cells = np.where(occupied, OCCUPIED, np.where(free, FREE, between))
            if picture.opacity is not None:
                cells = np.where(picture.opacity < 1.0, UNKNOWN, cells)
        case Mode.RAW:
            cells = np.where(steps <= OCCUPIED, steps, UNKNOWN)
    return cells.astype(np.int8)
