"""WardFleet's own map format: a folder with `site.yaml` and one GeoJSON file per level.

`site.yaml` holds what belongs to the whole site: name, timezone, anchor, infection rules, levels, buildings, lifts,
fleets, item classes, dose presets and spray agents.
A level's file is a FeatureCollection in metres of the site frame, made to be edited in QGIS. What a feature
is stands in its property `feature`; the other properties are the fields of the model's class:

    waypoint  Point       with its roles: `charger` (W), `charger_fleets`, `holding` (waiting | parking),
                          `transfer` (kind), `decontamination` (true, or the seconds that an automatic bay takes),
                          `refill` (true, or the fleets whose tanks are filled there)
    lane      LineString  drawn from start to end, one feature per direction; the waypoints' places count
    door      LineString  from the hinge to the other end
    zone      Polygon
    furniture Polygon
    surface   Point       a high-touch surface
    wall      LineString
    floor     Polygon     with holes

Properties that are null or absent take their default. `load_site(save_site(site)) == site`, exactly.
"""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from maps.documents import read_json, read_yaml
from maps.errors import BrokenReferenceError, DuplicateIdError, MapContentError, MapError, MapReadError, MapWriteError
from maps.model import (
    Building,
    CollectionRules,
    Crossing,
    Door,
    DosePreset,
    Fleet,
    Furniture,
    GeoAnchor,
    InfectionRules,
    ItemClass,
    Lane,
    Level,
    LevelId,
    Lift,
    Point,
    Ring,
    ScreeningRules,
    Site,
    SprayAgent,
    SprayRules,
    Surface,
    VoiceRules,
    Waypoint,
    WaypointId,
    Zone,
    ZoneCare,
)
from maps.records import parse, plain, strict
from maps.references import COORDINATE_LIMIT, broken_references
from maps.roles import ROLE_PROPERTIES, read_roles, role_properties

SITE_FILE = "site.yaml"

_METRIC_CRS = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3857"}}
"""Makes editors treat the plane as metres rather than degrees; it says nothing about where the site lies."""


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class _LevelEntry:
    id: LevelId
    elevation: float
    file: str


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class _SiteFile:
    name: str
    timezone: str = "UTC"
    anchor: GeoAnchor | None = None
    quarantine: WaypointId | None = None
    screening: ScreeningRules = field(default_factory=ScreeningRules)
    spraying: SprayRules = field(default_factory=SprayRules)
    voices: VoiceRules = field(default_factory=VoiceRules)
    infection_rules: InfectionRules = field(default_factory=InfectionRules)
    collection: CollectionRules = field(default_factory=CollectionRules)
    levels: tuple[_LevelEntry, ...]


# --- loading -----------------------------------------------------------------------------------------------


def load_site(path: Path) -> Site:
    """The site stored in the folder `path` (or whose `site.yaml` is `path`).

    Raises MapError for whatever is missing, malformed or inconsistent.
    """
    file = path if path.name == SITE_FILE else path / SITE_FILE
    if not file.is_file():
        raise MapReadError(
            f"there is no {SITE_FILE}" if path.is_dir() else "no such site folder",
            file=path,
            remedy="Give the folder of a site, or import another format with `wardfleet map import`",
        )
    document = read_yaml(file)
    lists = {key: _records(document, key, kind, file) for key, kind in _LISTS.items()}
    head = parse(_SiteFile, document, file=file, feature="site")
    _check_timezone(head.timezone, file)
    levels = _LevelFiles()
    for entry in head.levels:
        if Path(entry.file).name != entry.file or entry.file.startswith("."):
            raise MapContentError(
                f"{entry.file!r} is not the name of a file beside {SITE_FILE}",
                file=file,
                feature=f"level {entry.id!r}",
                field="file",
            )
        levels.add(entry, file.parent / entry.file, file)
    site = Site(
        name=head.name,
        timezone=head.timezone,
        anchor=head.anchor,
        quarantine=head.quarantine,
        screening=head.screening,
        spraying=head.spraying,
        voices=head.voices,
        infection_rules=head.infection_rules,
        collection=head.collection,
        **lists,
        **levels.parts,
    )
    for broken in broken_references(site):
        raise BrokenReferenceError(
            broken.problem,
            file=file if broken.level is None else levels.files.get(broken.level, file),
            feature=broken.feature,
            field=broken.field,
            remedy="Add what is named, or correct the field",
        )
    return site


def _check_timezone(name: str, file: Path) -> None:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:
        raise MapContentError(
            f"{name!r} is not a time zone",
            file=file,
            feature="site",
            field="timezone",
            remedy="Use an IANA name such as Asia/Shanghai or Europe/Berlin",
        ) from error


_LISTS: dict[str, type[Any]] = {
    "buildings": Building,
    "lifts": Lift,
    "crossings": Crossing,
    "fleets": Fleet,
    "item_classes": ItemClass,
    "dose_presets": DosePreset,
    "spray_agents": SprayAgent,
    "zone_care": ZoneCare,
}
_TITLES: dict[type[Any], str] = {
    ItemClass: "item class",
    DosePreset: "dose preset",
    SprayAgent: "spray agent",
    ZoneCare: "zone care",
}
_LEFT_OUT = ("buildings", "crossings", "dose_presets", "spray_agents", "zone_care")
"""Lists that a site without such parts does not have."""


def _records(document: Any, key: str, kind: type[Any], file: Path) -> dict[Any, Any]:
    """Takes the list `key` out of `document` and checks its entries one by one, so that errors name the entry."""
    entries = (document.pop(key, None) or []) if isinstance(document, dict) else []
    if not isinstance(entries, list):
        raise MapContentError("a list is expected", file=file, feature="site", field=key)
    title = _TITLES.get(kind, kind.__name__.lower())
    records: dict[Any, Any] = {}
    for number, entry in enumerate(entries):
        name = repr(entry["id"]) if isinstance(entry, dict) and "id" in entry else str(number + 1)
        record = parse(kind, entry, file=file, feature=f"{title} {name}")
        _put(records, record.id, record, title, file)
    return records


def _put(table: dict[Any, Any], key: str, record: object, kind: str, file: Path) -> None:
    if key in table:
        raise DuplicateIdError(
            f"the id {key!r} is taken by another {kind}", file=file, feature=f"{kind} {key!r}", remedy="Rename one"
        )
    table[key] = record


@dataclass(slots=True)
class _LevelFiles:
    """Collects the features of all levels into the mappings of a Site."""

    parts: dict[str, dict[Any, Any]] = field(
        default_factory=lambda: {
            name: {}
            for name in (
                "levels",
                "waypoints",
                "lanes",
                "doors",
                "zones",
                "furniture",
                "surfaces",
                "chargers",
                "holding_points",
                "transfer_points",
                "decontamination_bays",
                "refill_points",
            )
        }
    )
    files: dict[LevelId, Path] = field(default_factory=dict)

    def add(self, entry: _LevelEntry, file: Path, site_file: Path) -> None:
        _put(self.parts["levels"], entry.id, Level(id=entry.id, elevation=entry.elevation), "level", site_file)
        self.files[entry.id] = file
        walls: list[Ring] = []
        floors: list[tuple[Ring, ...]] = []
        lanes: list[tuple[str, dict[str, Any]]] = []
        for number, feature in enumerate(_features(file)):
            read = _Feature.of(feature, number, file)
            match read.kind:
                case "waypoint":
                    self._waypoint(read, entry.id)
                case "lane":
                    lanes.append((read.title, read.properties))
                case "door":
                    start, end = read.line(exactly=2)
                    self._store("doors", Door, read, {"level": entry.id, "start": start, "end": end})
                case "zone":
                    self._store("zones", Zone, read, {"level": entry.id, "polygon": read.rings(exactly=1)[0]})
                case "furniture":
                    given = {"level": entry.id, "polygon": read.rings(exactly=1)[0]}
                    self._store("furniture", Furniture, read, given)
                case "surface":
                    x, y = read.point()
                    self._store("surfaces", Surface, read, {"level": entry.id, "x": x, "y": y})
                case "wall":
                    read.done()
                    walls.append(read.line())
                case "floor":
                    read.done()
                    floors.append(read.rings())
        for title, properties in lanes:
            self._lane(title, properties, file)
        self.parts["levels"][entry.id] = Level(
            id=entry.id, elevation=entry.elevation, walls=tuple(walls), floors=tuple(floors)
        )

    def _store(self, part: str, kind: type[Any], read: _Feature, given: Mapping[str, object]) -> None:
        record = parse(kind, {**read.properties, **given}, file=read.file, feature=read.title)
        _put(self.parts[part], record.id, record, read.kind, read.file)

    def _waypoint(self, read: _Feature, level: LevelId) -> None:
        roles = {name: read.properties.pop(name, None) for name in ROLE_PROPERTIES}
        x, y = read.point()
        self._store("waypoints", Waypoint, read, {"level": level, "x": x, "y": y})
        place = read.properties["id"]
        for part, record in read_roles(roles, place, file=read.file, feature=read.title):
            self.parts[part][place] = record

    def _lane(self, title: str, properties: dict[str, Any], file: Path) -> None:
        """Lanes come after the level's waypoints, whose places give their length."""
        start, end = (self.parts["waypoints"].get(str(properties.get(name))) for name in ("start", "end"))
        straight = math.dist(start.xy, end.xy) if start and end else 1.0
        for listed in ("fleets", "requires"):
            if isinstance(names := properties.get(listed), str):
                properties[listed] = [name.strip() for name in names.split(",") if name.strip()]
        lane = parse(Lane, {"length": straight} | properties, file=file, feature=title)
        _put(self.parts["lanes"], lane.id, lane, "lane", file)


def _features(file: Path) -> list[Any]:
    document = read_json(file)
    if not isinstance(document, dict) or document.get("type") != "FeatureCollection":
        raise MapReadError("not a GeoJSON FeatureCollection", file=file)
    features = document.get("features")
    if not isinstance(features, list):
        raise MapReadError("the FeatureCollection has no list of features", file=file, field="features")
    return features


_KINDS = ("waypoint", "lane", "door", "zone", "furniture", "surface", "wall", "floor")


@dataclass(slots=True)
class _Feature:
    """One GeoJSON feature, named for error messages, its geometry checked on demand."""

    kind: str
    title: str
    properties: dict[str, Any]
    geometry: Any
    file: Path

    @classmethod
    def of(cls, feature: Any, number: int, file: Path) -> _Feature:
        title = f"feature {number + 1}"
        if not isinstance(feature, dict) or not isinstance(properties := feature.get("properties"), dict):
            raise MapContentError("not a GeoJSON feature with properties", file=file, feature=title)
        given = {key: value for key, value in properties.items() if value is not None}
        if isinstance(given.get("id"), str):
            title = f"{title} ({given['id']!r})"
        kind = given.pop("feature", None)
        if kind not in _KINDS:
            raise MapContentError(
                f"{kind!r} is none of {', '.join(_KINDS)}" if kind else "missing",
                file=file,
                feature=title,
                field="feature",
                remedy="The property `feature` says what a feature is",
            )
        return cls(kind, title, given, feature.get("geometry"), file)

    def done(self) -> None:
        if self.properties:
            raise MapContentError(
                "no such field", file=self.file, feature=self.title, field=next(iter(self.properties))
            )

    def point(self) -> Point:
        return self._position(self._coordinates("Point"))

    def line(self, *, exactly: int | None = None) -> Ring:
        positions = self._coordinates("LineString")
        if not isinstance(positions, list) or len(positions) < 2 or (exactly and len(positions) != exactly):
            raise self._wrong(f"a {self.kind} is a line of {exactly or 'at least two'} points")
        return tuple(self._position(position) for position in positions)

    def rings(self, *, exactly: int | None = None) -> tuple[Ring, ...]:
        rings = self._coordinates("Polygon")
        if not isinstance(rings, list) or not rings or (exactly and len(rings) != exactly):
            raise self._wrong(f"a {self.kind} is a polygon" + (" without holes" if exactly else ""))
        return tuple(self._ring(ring) for ring in rings)

    def _ring(self, ring: Any) -> Ring:
        if not isinstance(ring, list) or len(ring) < 4 or ring[0] != ring[-1]:
            raise self._wrong("a ring has at least four points, the last equal to the first")
        return tuple(self._position(position) for position in ring[:-1])

    def _coordinates(self, kind: str) -> Any:
        if not isinstance(self.geometry, dict) or self.geometry.get("type") != kind:
            raise self._wrong(f"a {self.kind} is drawn as a {kind}")
        return self.geometry.get("coordinates")

    def _position(self, position: Any) -> Point:
        """A third coordinate, which some editors add, is passed over."""
        if not isinstance(position, list) or len(position) not in (2, 3):
            raise self._wrong("a position is [x, y]")
        x, y = position[0], position[1]
        if any(isinstance(c, bool) or not isinstance(c, int | float) for c in (x, y)):
            raise self._wrong(f"{position!r} are not two numbers")
        if not (abs(x) <= COORDINATE_LIMIT and abs(y) <= COORDINATE_LIMIT):
            raise self._wrong(f"[{x}, {y}] is more than {COORDINATE_LIMIT / 1000:.0f} km from the site's origin")
        return (float(x), float(y))

    def _wrong(self, problem: str) -> MapError:
        return MapContentError(problem, file=self.file, feature=self.title, field="geometry")


# --- saving ------------------------------------------------------------------------------------------------


def save_site(site: Site, path: Path) -> None:
    """Store `site` in the folder `path`, replacing the site there; other files in the folder are kept.

    The new folder is written aside and then put in place, so a reader never sees half a site. Raises
    MapWriteError where that is impossible, or where `path` holds something that is no site.
    """
    target = path.absolute()
    if target.exists() and not (target / SITE_FILE).is_file() and (not target.is_dir() or any(target.iterdir())):
        raise MapWriteError("exists and is not a site", file=path, remedy="Give a new or empty folder")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
        try:
            fresh.chmod(0o755)
            for name, text in _documents(site):
                (fresh / name).write_text(text, encoding="utf-8")
            _keep_other_files(target, fresh)
            _swap(fresh, target)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    except OSError as error:
        raise MapWriteError(f"cannot be written ({error.strerror or error})", file=path) from error


def _keep_other_files(old: Path, new: Path) -> None:
    for entry in old.iterdir() if old.is_dir() else ():
        if entry.name == SITE_FILE or entry.suffix == ".geojson":
            continue
        if entry.is_dir():
            shutil.copytree(entry, new / entry.name)
        else:
            shutil.copy2(entry, new / entry.name)


def _swap(fresh: Path, target: Path) -> None:
    if not target.exists():
        os.replace(fresh, target)
        return
    aside = fresh.with_name(f"{fresh.name}-old")
    os.replace(target, aside)
    try:
        os.replace(fresh, target)
    except OSError:
        os.replace(aside, target)
        raise
    shutil.rmtree(aside)


class _ExactDumper(yaml.SafeDumper):
    """Escapes texts with unprintable characters, among them line breaks that YAML would fold into spaces."""


def _represent_text(dumper: _ExactDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if text.isprintable() else '"')


_ExactDumper.add_representer(str, _represent_text)


def _documents(site: Site) -> Iterator[tuple[str, str]]:
    files: dict[LevelId, str] = {}
    for level_id in site.levels:
        stem = re.sub(r"[^\w-]", "_", level_id) or "level"
        while f"{stem}.geojson" in files.values():
            stem += "_"
        files[level_id] = f"{stem}.geojson"
    head = _SiteFile(
        name=site.name,
        timezone=site.timezone,
        anchor=site.anchor,
        quarantine=site.quarantine,
        screening=site.screening,
        spraying=site.spraying,
        voices=site.voices,
        infection_rules=site.infection_rules,
        collection=site.collection,
        levels=tuple(
            _LevelEntry(id=level.id, elevation=level.elevation, file=files[level.id]) for level in site.levels.values()
        ),
    )
    lists = {key: plain(list(getattr(site, key).values())) for key in _LISTS}
    document = plain(head) | {key: records for key, records in lists.items() if records or key not in _LEFT_OUT}
    yield SITE_FILE, yaml.dump(document, Dumper=_ExactDumper, sort_keys=False, allow_unicode=True, width=110)
    for level in site.levels.values():
        yield files[level.id], _geojson(site, level)


def _geojson(site: Site, level: Level) -> str:
    """One feature per line: a change of one waypoint is a change of one line."""
    lines = ",\n".join(json.dumps(feature, ensure_ascii=False) for feature in _level_features(site, level))
    crs = json.dumps(_METRIC_CRS)
    name = json.dumps(level.id, ensure_ascii=False)
    return f'{{"type": "FeatureCollection", "name": {name}, "crs": {crs}, "features": [\n{lines}\n]}}\n'


def _level_features(site: Site, level: Level) -> Iterator[dict[str, Any]]:
    for waypoint in site.waypoints.values():
        if waypoint.level == level.id:
            properties = _properties(waypoint, "level", "x", "y") | role_properties(site, waypoint.id)
            yield _feature("waypoint", properties, "Point", list(waypoint.xy))
    for lane in site.lanes.values():
        start, end = site.waypoints[lane.start], site.waypoints[lane.end]
        if start.level == level.id:
            properties = _properties(lane)
            if lane.length == math.dist(start.xy, end.xy):
                del properties["length"]
            yield _feature("lane", properties, "LineString", [list(start.xy), list(end.xy)])
    for door in site.doors.values():
        if door.level == level.id:
            line = [list(door.start), list(door.end)]
            yield _feature("door", _properties(door, "level", "start", "end"), "LineString", line)
    for zone in site.zones.values():
        if zone.level == level.id:
            yield _feature("zone", _properties(zone, "level", "polygon"), "Polygon", [_closed(zone.polygon)])
    for piece in site.furniture.values():
        if piece.level == level.id:
            yield _feature("furniture", _properties(piece, "level", "polygon"), "Polygon", [_closed(piece.polygon)])
    for surface in site.surfaces.values():
        if surface.level == level.id:
            yield _feature("surface", _properties(surface, "level", "x", "y"), "Point", list(surface.xy))
    for wall in level.walls:
        yield _feature("wall", {}, "LineString", [list(point) for point in wall])
    for floor in level.floors:
        yield _feature("floor", {}, "Polygon", [_closed(ring) for ring in floor])


def _properties(record: object, *drawn: str) -> dict[str, Any]:
    properties: dict[str, Any] = plain(record)
    return {key: value for key, value in properties.items() if key not in drawn}


def _closed(ring: Ring) -> list[list[float]]:
    return [list(point) for point in (*ring, ring[0])]


def _feature(kind: str, properties: dict[str, Any], geometry: str, coordinates: list[Any]) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {"feature": kind} | properties,
        "geometry": {"type": geometry, "coordinates": coordinates},
    }
