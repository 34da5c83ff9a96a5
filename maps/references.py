"""Whether everything a site names exists and every measure is possible: what types alone cannot say.

`broken_references` is what loading a site refuses; whether a consistent site is also a *good* one is the
question of `maps.validation`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass

from maps.model import (
    Building,
    Crossing,
    Fleet,
    FleetId,
    Furniture,
    Lane,
    LevelId,
    Lift,
    Point,
    Site,
    Surface,
    UvLamp,
    Waypoint,
    WaypointId,
    ZoneCare,
)

COORDINATE_LIMIT = 1e6
"""Metres from the site's origin; beyond lies a map in other units, such as pixels or Web Mercator."""


SPOKEN = frozenset({"en", "zh"})
"""The languages that robots have words of their own in."""


@dataclass(frozen=True, slots=True)
class BrokenLink:
    """`feature` names in `field` what the site does not have, or holds an impossible measure.

    `level` is None for features that belong to the whole site.
    """

    level: LevelId | None
    feature: str
    field: str
    problem: str


def broken_references(site: Site) -> Iterator[BrokenLink]:
    """Every broken link of the site, in the order of the site."""
    for waypoint in site.waypoints.values():
        yield from _waypoint(site, waypoint)
    for lane in site.lanes.values():
        yield from _lane(site, lane)
    for door in site.doors.values():
        yield from _known_level(site, f"door {door.id!r}", door.level)
        yield from _within_limit(door.level, f"door {door.id!r}", door.start, door.end)
        yield from _positive(door.level, f"door {door.id!r}", {"travel_time": door.travel_time})
    for zone in site.zones.values():
        yield from _known_level(site, f"zone {zone.id!r}", zone.level)
        yield from _within_limit(zone.level, f"zone {zone.id!r}", *zone.polygon)
    for piece in site.furniture.values():
        yield from _furniture(site, piece)
    for surface in site.surfaces.values():
        yield from _surface(site, surface)
    for preset in site.dose_presets.values():
        yield from _positive(None, f"dose preset {preset.id!r}", {"dose": preset.dose})
    for care in site.zone_care.values():
        yield from _zone_care(site, care)
    yield from _positive(
        None,
        "spraying",
        {"resume_within": site.spraying.resume_within, "cordon_age": site.spraying.cordon_age},
    )
    for agent in site.spray_agents.values():
        figures = {"concentration": agent.concentration, "rate": agent.rate}
        yield from _positive(None, f"spray agent {agent.id!r}", figures)
    rules = asdict(site.screening)
    yield from _positive(
        None, "screening", {name: rules[name] for name in ("temperature", "distance", "retention_days")}
    )
    yield from _voices(site)
    for building in site.buildings.values():
        yield from _building(site, building)
    for lift in site.lifts.values():
        yield from _lift(site, lift)
    for crossing in site.crossings.values():
        yield from _crossing(crossing)
    yield from _roles(site)
    yield from _infection_rules(site)
    yield from _positive(None, "collection", {"tolerance": site.collection.tolerance})
    yield from _fleets(site)
    yield from _item_classes(site)
    if site.quarantine is not None and site.quarantine not in site.waypoints:
        yield BrokenLink(None, "site", "quarantine", _nowhere("waypoint", site.quarantine))


def _voices(site: Site) -> Iterator[BrokenLink]:
    for hours in site.voices.quiet_hours:
        for field, clock in (("begin", hours.begin), ("until", hours.until)):
            if re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", clock) is None:
                yield BrokenLink(None, "voices", "quiet_hours", f"{field} must be a time such as 22:00, not {clock!r}")
        if hours.begin == hours.until:
            yield BrokenLink(None, "voices", "quiet_hours", f"begin and until are both {hours.begin!r}")
    if not site.voices.languages:
        yield BrokenLink(None, "voices", "languages", "must name at least one language")
    for language in site.voices.languages:
        if language not in SPOKEN:
            known = ", ".join(sorted(SPOKEN))
            yield BrokenLink(None, "voices", "languages", f"robots have no words in {language!r}, but in {known}")


def _zone_care(site: Site, care: ZoneCare) -> Iterator[BrokenLink]:
    name = f"zone care {care.id!r}"
    if care.id not in site.zones:
        yield BrokenLink(None, name, "id", _nowhere("zone", care.id))
    yield from _positive(None, name, {"dose": care.dose, "every": care.every})
    for kind in sorted(care.after_goods):
        if kind not in site.item_classes:
            yield BrokenLink(None, name, "after_goods", _nowhere("item class", kind))


def _item_classes(site: Site) -> Iterator[BrokenLink]:
    for known in site.item_classes.values():
        name = f"item class {known.id!r}"
        yield from _positive(None, name, {"maximum_carry_time": known.maximum_carry_time})
        if known.signatures not in (1, 2):
            yield BrokenLink(None, name, "signatures", f"must be 1 or 2, not {known.signatures}")


def _nowhere(kind: str, name: str) -> str:
    return f"there is no {kind} {name!r}"


def _known_level(site: Site, feature: str, level: LevelId) -> Iterator[BrokenLink]:
    if level not in site.levels:
        yield BrokenLink(None, feature, "level", _nowhere("level", level))


def _positive(level: LevelId | None, feature: str, values: Mapping[str, float | None]) -> Iterator[BrokenLink]:
    for field, value in values.items():
        if value is not None and not (math.isfinite(value) and value > 0.0):
            yield BrokenLink(level, feature, field, f"must be greater than 0, not {value}")


def _within_limit(level: LevelId | None, feature: str, *points: Point) -> Iterator[BrokenLink]:
    for point in points:
        if not all(abs(coordinate) <= COORDINATE_LIMIT for coordinate in point):
            yield BrokenLink(level, feature, "geometry", f"{point} is too far from the site's origin")


def _known_fleets(
    site: Site, level: LevelId | None, feature: str, field: str, fleets: Iterable[FleetId] | None
) -> Iterator[BrokenLink]:
    for fleet in sorted(fleets or ()):
        if fleet not in site.fleets:
            yield BrokenLink(level, feature, field, _nowhere("fleet", fleet))


def _waypoint(site: Site, waypoint: Waypoint) -> Iterator[BrokenLink]:
    feature = f"waypoint {waypoint.id!r}"
    yield from _known_level(site, feature, waypoint.level)
    yield from _within_limit(waypoint.level, feature, waypoint.xy)
    if waypoint.lift is None:
        return
    lift = site.lifts.get(waypoint.lift)
    if lift is None:
        yield BrokenLink(waypoint.level, feature, "lift", _nowhere("lift", waypoint.lift))
    elif waypoint.id not in lift.cabins.get(waypoint.level, ()):
        yield BrokenLink(
            waypoint.level, feature, "lift", f"lift {lift.id!r} does not list it in its cabins of {waypoint.level!r}"
        )


def _lane(site: Site, lane: Lane) -> Iterator[BrokenLink]:
    feature = f"lane {lane.id!r}"
    start, end = site.waypoints.get(lane.start), site.waypoints.get(lane.end)
    level = start.level if start else end.level if end else None
    if start is None:
        yield BrokenLink(level, feature, "start", _nowhere("waypoint", lane.start))
    if end is None:
        yield BrokenLink(level, feature, "end", _nowhere("waypoint", lane.end))
    if start and end and start.level != end.level:
        yield BrokenLink(level, feature, "end", f"it leads from level {start.level!r} to {end.level!r}; only lifts do")
    if lane.start == lane.end:
        yield BrokenLink(level, feature, "end", "it ends where it starts")
    if lane.door is not None:
        door = site.doors.get(lane.door)
        if door is None:
            yield BrokenLink(level, feature, "door", _nowhere("door", lane.door))
        elif door.level != level:
            yield BrokenLink(level, feature, "door", f"door {door.id!r} is on level {door.level!r}")
    if lane.crossing is not None:
        yield from _crosses(site, lane, level)
    yield from _known_fleets(site, level, feature, "fleets", lane.fleets)
    yield from _positive(level, feature, {"length": lane.length, "width": lane.width, "speed_limit": lane.speed_limit})


def _crosses(site: Site, lane: Lane, level: LevelId | None) -> Iterator[BrokenLink]:
    """A lane over a street leads from kerb to kerb in one go: no robot stops in between."""
    feature = f"lane {lane.id!r}"
    if lane.crossing not in site.crossings:
        yield BrokenLink(level, feature, "crossing", _nowhere("crossing", str(lane.crossing)))
    for other in site.lanes.values():
        if other.crossing == lane.crossing and other.start == lane.end and other.end != lane.start:
            yield BrokenLink(level, feature, "end", f"lane {other.id!r} crosses on from here; lead one lane over all")


def _crossing(crossing: Crossing) -> Iterator[BrokenLink]:
    feature = f"crossing {crossing.id!r}"
    times = {"green": crossing.green, "red": crossing.red, "clearance": crossing.clearance}
    yield from _positive(None, feature, {**times, "reaction": crossing.reaction})
    if crossing.clearance >= crossing.green:
        yield BrokenLink(None, feature, "clearance", f"must be shorter than the green, {crossing.green:g} s")


def _furniture(site: Site, piece: Furniture) -> Iterator[BrokenLink]:
    feature = f"furniture {piece.id!r}"
    yield from _known_level(site, feature, piece.level)
    if len(piece.polygon) < 3:
        yield BrokenLink(piece.level, feature, "polygon", "an outline has at least three points")
    yield from _within_limit(piece.level, feature, *piece.polygon)
    yield from _positive(piece.level, feature, {"height": piece.height})


def _surface(site: Site, surface: Surface) -> Iterator[BrokenLink]:
    feature = f"surface {surface.id!r}"
    yield from _known_level(site, feature, surface.level)
    yield from _within_limit(surface.level, feature, surface.xy)
    zone = site.zones.get(surface.zone)
    if zone is None:
        yield BrokenLink(surface.level, feature, "zone", _nowhere("zone", surface.zone))
    elif zone.level != surface.level:
        yield BrokenLink(surface.level, feature, "zone", f"zone {zone.id!r} is on level {zone.level!r}")
    if not 0.0 <= surface.height <= COORDINATE_LIMIT:
        yield BrokenLink(surface.level, feature, "height", f"must be 0 or greater, not {surface.height}")


def _building(site: Site, building: Building) -> Iterator[BrokenLink]:
    feature = f"building {building.id!r}"
    for level in building.levels:
        if level not in site.levels:
            yield BrokenLink(None, feature, "levels", _nowhere("level", level))
    if building.polygon is None:
        return
    if len(building.polygon) < 3:
        yield BrokenLink(None, feature, "polygon", "an outline has at least three points")
    yield from _within_limit(None, feature, *building.polygon)


def _lift(site: Site, lift: Lift) -> Iterator[BrokenLink]:
    feature = f"lift {lift.id!r}"
    yield from _within_limit(None, feature, (lift.x, lift.y))
    for level in lift.levels:
        if level not in site.levels:
            yield BrokenLink(None, feature, "levels", _nowhere("level", level))
    if lift.initial_level not in lift.levels:
        yield BrokenLink(None, feature, "initial_level", f"the lift does not serve level {lift.initial_level!r}")
    for level, cabins in lift.cabins.items():
        if level not in lift.levels:
            yield BrokenLink(None, feature, "cabins", f"the lift does not serve level {level!r}")
        for cabin in cabins:
            waypoint = site.waypoints.get(cabin)
            if waypoint is None:
                yield BrokenLink(None, feature, "cabins", _nowhere("waypoint", cabin))
            elif waypoint.level != level:
                yield BrokenLink(None, feature, "cabins", f"waypoint {cabin!r} is on level {waypoint.level!r}")
            elif waypoint.lift != lift.id:
                yield BrokenLink(None, feature, "cabins", f"waypoint {cabin!r} does not name this lift")
    yield from _positive(
        None,
        feature,
        {"width": lift.width, "depth": lift.depth, "speed": lift.speed, "door_time": lift.door_time},
    )


def _roles(site: Site) -> Iterator[BrokenLink]:
    roles: tuple[tuple[str, Iterable[WaypointId]], ...] = (
        ("charger", site.chargers),
        ("holding", site.holding_points),
        ("transfer", site.transfer_points),
        ("decontamination", site.decontamination_bays),
        ("refill", site.refill_points),
    )
    for field, places in roles:
        for place in places:
            if place not in site.waypoints:
                yield BrokenLink(None, f"waypoint {place!r}", field, _nowhere("waypoint", place))
    for bay in site.decontamination_bays.values():
        yield from _positive(None, f"waypoint {bay.waypoint!r}", {"decontamination": bay.duration})
    for point in site.refill_points.values():
        yield from _known_fleets(site, None, f"waypoint {point.waypoint!r}", "refill", point.fleets)
    for charger in site.chargers.values():
        level = site.waypoints[charger.waypoint].level if charger.waypoint in site.waypoints else None
        feature = f"waypoint {charger.waypoint!r}"
        yield from _known_fleets(site, level, feature, "charger_fleets", charger.fleets)
        yield from _positive(level, feature, {"charger": charger.power})


def _infection_rules(site: Site) -> Iterator[BrokenLink]:
    rules = site.infection_rules
    for field in ("shared_fleets", "wipe_fleets"):
        yield from _known_fleets(site, None, "infection_rules", field, getattr(rules, field))
    if rules.wipe_after is not None and rules.wipe_after < 1:
        yield BrokenLink(None, "infection_rules", "wipe_after", f"must be 1 or more, not {rules.wipe_after}")
    if not rules.agent.strip():
        yield BrokenLink(None, "infection_rules", "agent", "names nothing to wipe with")
    if not 0.0 <= rules.contact_time < math.inf:
        yield BrokenLink(None, "infection_rules", "contact_time", f"must be 0 or greater, not {rules.contact_time}")


def _fleets(site: Site) -> Iterator[BrokenLink]:
    owners: dict[str, FleetId] = {}
    for fleet in site.fleets.values():
        feature = f"fleet {fleet.id!r}"
        for robot in fleet.robots:
            if robot.id in owners:
                yield BrokenLink(None, feature, "robots", f"robot {robot.id!r} is in fleet {owners[robot.id]!r} too")
            owners[robot.id] = fleet.id
            if robot.home is not None and robot.home not in site.waypoints:
                yield BrokenLink(None, f"robot {robot.id!r}", "home", _nowhere("waypoint", robot.home))
        for level in fleet.frames:
            if level not in site.levels:
                yield BrokenLink(None, feature, "frames", _nowhere("level", level))
        yield from _body(feature, fleet)


def _body(feature: str, fleet: Fleet) -> Iterator[BrokenLink]:
    if len(fleet.footprint) < 3:
        yield BrokenLink(None, feature, "footprint", "an outline has at least three points")
    measures = {name: getattr(fleet, name) for name in ("speed", "acceleration", "turn_speed", "payload")}
    yield from _positive(None, feature, measures | {"battery.capacity": fleet.battery.capacity})
    if fleet.sprayer is not None:
        yield from _positive(None, f"{feature}, sprayer", asdict(fleet.sprayer))
    for compartment in fleet.compartments:
        yield from _positive(None, f"{feature}, compartment {compartment.id!r}", {"volume": compartment.volume})
    if fleet.lamp is not None:
        yield from _lamp(feature, fleet.lamp)


def _lamp(feature: str, lamp: UvLamp) -> Iterator[BrokenLink]:
    names = ("length", "height", "irradiance", "distance", "rated_hours")
    yield from _positive(None, feature, {f"lamp.{name}": getattr(lamp, name) for name in names})
    for name in ("warm_up", "body_radius"):
        if not 0.0 <= (value := getattr(lamp, name)) < math.inf:
            yield BrokenLink(None, feature, f"lamp.{name}", f"must be 0 or greater, not {value}")
    if lamp.height < lamp.length / 2:
        yield BrokenLink(None, feature, "lamp.height", "the lamp would reach below the floor; it is that of its middle")
