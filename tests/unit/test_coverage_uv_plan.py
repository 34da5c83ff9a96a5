"""Plans to disinfect rooms: everything that can be reached gets the dose, in little more than the least time."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import shapely
from scipy.optimize import linprog
from shapely.geometry.base import BaseGeometry

from fleet_manager.domain.errors import InvalidRequest
from fleet_manager.planning.coverage.dose import (
    LONGEST_GAP,
    DoseRecord,
    LampReport,
    executed_dose,
    reports_as_planned,
)
from fleet_manager.planning.coverage.room import zone_called
from fleet_manager.planning.coverage.targets import TargetKind
from fleet_manager.planning.coverage.uv_plan import UvPlan, plan_uv, uv_fleet
from fleet_manager.planning.coverage.visibility import Illumination
from fleet_manager.planning.coverage.warm_up import full_output_time, stay_for
from maps.generator import generate
from maps.geometry import circumscribed_radius
from maps.model import Facing, Site, Zone, ZoneClass, ZoneId, ZoneKind
from tests.independent_dose import BruteForce
from tests.rooms import LAMP, LAMPS, ROOM, box, piece, room_site, surface

HOSPITAL = generate()
WARD = shapely.Polygon(next(zone for zone in HOSPITAL.zones.values() if zone.name == "isolation_ward").polygon)
ROOMS = [
    zone.name or zone.id
    for zone in HOSPITAL.zones.values()
    if zone.level == "L2"
    and zone.kind in (ZoneKind.ROOM, ZoneKind.BUFFER_ROOM)
    and WARD.covers(shapely.Polygon(zone.polygon))
]
"""All rooms of the isolation ward, the anterooms and the buffer room of the patients among them."""


@cache
def planned(name: str) -> UvPlan:
    return plan_uv(HOSPITAL, zone_called(HOSPITAL, name), uv_fleet(HOSPITAL), 1000.0)


def _plan(site: Site, dose: float = 1000.0) -> UvPlan:
    return plan_uv(site, site.zones[ROOM], site.fleets[LAMPS], dose)


def _solid(plan: UvPlan) -> BaseGeometry:
    """Walls, doors and furniture."""
    walls = shapely.MultiLineString([list(line) for line in plan.room.opaque])
    return walls.union(shapely.MultiPolygon([shapely.Polygon(one.polygon) for one in plan.room.furniture]))


# --- the isolation ward ----------------------------------------------------------------------------------------


def test_the_ward_has_its_rooms() -> None:
    assert {f"isolation_{kind}_{n:02d}" for kind in ("room", "anteroom") for n in range(1, 7)} < set(ROOMS)
    assert len(ROOMS) >= 18


@pytest.mark.parametrize("name", ROOMS)
def test_every_room_of_the_isolation_ward_is_planned(name: str) -> None:
    plan = planned(name)
    assert plan.covered_share == 1.0
    assert plan.least_dose >= 1000.0
    assert plan.bound - 1e-6 <= plan.dwell <= 1.05 * plan.bound
    assert 0.0 <= plan.shadowed_share < 0.2
    assert all((reason is None) == seen for reason, seen in zip(plan.shadowed, plan.seen.tolist(), strict=True))
    assert plan.costs.sum() == pytest.approx(plan.bound)


@pytest.mark.parametrize("name", ROOMS)
def test_robots_stop_and_drive_clear_of_walls_and_furniture(name: str) -> None:
    plan = planned(name)
    obstacles = _solid(plan)
    ways = [*(stop.way for stop in plan.stops), plan.way_back]
    for way, stop in zip(ways, plan.stops, strict=False):
        assert way[-1] == (stop.x, stop.y)
    for way in ways:
        assert obstacles.distance(shapely.LineString(way)) >= circumscribed_radius(plan.fleet.footprint)


@pytest.mark.parametrize(
    "name", ["isolation_room_01", "isolation_room_06", "isolation_anteroom_01", "isolation_nurse_station"]
)
def test_another_way_to_count_confirms_the_dose(name: str) -> None:
    """Of the way as executed, warm-up and driving included: within 3 % on each target."""
    plan = planned(name)
    reports = list(reports_as_planned(plan))
    ours = executed_dose(plan, reports)
    points = np.column_stack([plan.targets.xy, plan.targets.height])
    brute = BruteForce(HOSPITAL, plan.room.zone.level, plan.lamp, points, plan.targets.normal)
    theirs = brute.dose([(report.time, report.x, report.y, report.on) for report in reports])
    assert np.abs(ours[plan.seen] / theirs[plan.seen] - 1.0).max() < 0.03
    assert theirs[plan.seen].min() >= 1000.0


def test_the_bound_is_the_linear_program_over_all_free_cells() -> None:
    plan = planned("isolation_anteroom_02")
    solid = _solid(plan)
    left, low, right, high = plan.room.polygon.bounds
    cells = [
        (x, y)
        for y in np.arange(low + 0.125, high, 0.25)
        for x in np.arange(left + 0.125, right, 0.25)
        if solid.distance(shapely.Point(x, y)) > circumscribed_radius(plan.fleet.footprint) + 0.05
    ]
    light = Illumination(plan.room, plan.targets, plan.lamp)
    lights = [light.light_at(cell) for cell in cells]
    seen = np.any([one.seen for one in lights], axis=0)
    assert (seen == plan.seen).all()
    shine = np.array([one.irradiance for one in lights])[:, seen]
    least = linprog(np.ones(len(cells)), A_ub=-shine.T, b_ub=np.full(seen.sum(), -1000.0), method="highs")
    assert plan.bound == pytest.approx(least.fun, rel=1e-6)


def test_the_same_room_gives_the_same_plan() -> None:
    one, other = (_plan(room_site(3.0, 4.0, furniture=[piece("bed", box(1.5, 2.5, 3.0, 3.5))])) for _ in range(2))
    assert one.stops == other.stops


# --- what is told ----------------------------------------------------------------------------------------------


def test_the_plan_says_what_stays_untreated_and_why() -> None:
    site = room_site(
        furniture=[piece("bed", box(2.0, 2.0, 4.0, 3.0), 0.6), piece("locker", box(3.0, 4.0, 4.0, 5.0), 1.9)],
        surfaces=[
            surface("rail", 3.0, 2.0, 0.5, -math.pi / 2),
            surface("underside", 3.0, 2.5, 0.3, facing=Facing.DOWN),
            surface("drawer", 3.5, 4.5, 1.0),
            surface("back", 4.0, 4.5, 1.0, math.pi),
            surface("locker top", 3.5, 4.5, 1.9, facing=Facing.UP),
        ],
    )
    plan = _plan(site)
    told = {name: plan.shadowed[index] for index, name in enumerate(plan.targets.surface) if name is not None}
    assert told == {
        "rail": None,
        "underside": "underside",
        "drawer": "inside locker",
        "back": "inside locker",
        "locker top": "faces away from every stop",
    }
    reasons = {
        (kind, reason) for kind, reason in zip(plan.targets.kind, plan.shadowed, strict=True) if reason is not None
    }
    assert {(TargetKind.FLOOR, "under bed"), (TargetKind.WALL, "behind locker")} <= reasons
    assert plan.shadowed_share == pytest.approx(1.0 - plan.seen.mean())


def test_a_place_that_no_stop_shines_on_lies_behind_something() -> None:
    site = room_site(
        furniture=[piece("screen", box(1.0, 4.0, 3.9, 4.1), 1.9)],
        surfaces=[surface("socket", 2.5, 5.0, 0.3, -math.pi / 2)],
        walls=[((0.0, 4.0), (1.0, 4.0))],
    )
    assert _plan(site).shadowed[0] == "behind screen"


def test_what_is_behind_a_wall_is_not_reached() -> None:
    site = room_site(walls=[((0.0, 4.0), (4.0, 4.0))], surfaces=[surface("beyond", 2.0, 5.0, 1.0, -math.pi / 2)])
    plan = _plan(site)
    assert plan.shadowed[0] == "behind a wall"
    assert plan.covered_share == 1.0
    assert all(stop.y < 4.0 for stop in plan.stops)


# --- warm-up and the dose as executed --------------------------------------------------------------------------


def test_a_warming_lamp_gives_half_in_its_first_minute() -> None:
    assert full_output_time(0.0, 60.0, 60.0) == pytest.approx(30.0)
    assert full_output_time(0.0, 30.0, 60.0) == pytest.approx(7.5)
    assert full_output_time(60.0, 30.0, 60.0) == pytest.approx(30.0)
    assert full_output_time(0.0, 30.0, 0.0) == 30.0
    assert stay_for(100.0, 0.0, 60.0) == pytest.approx(130.0)
    assert stay_for(7.5, 0.0, 60.0) == pytest.approx(30.0)
    assert stay_for(100.0, 200.0, 60.0) == pytest.approx(100.0)
    assert stay_for(100.0, 0.0, 0.0) == 100.0


def test_the_lamp_warms_up_at_the_first_stop() -> None:
    plan = _plan(room_site(3.0, 4.0, lamp=replace(LAMP, warm_up=4.0)))
    first, *others = plan.stops
    assert first.dwell > 4.0
    assert first.stay == pytest.approx(first.dwell + 2.0)
    assert all(stop.stay == pytest.approx(stop.dwell) for stop in others)
    assert plan.duration == pytest.approx(plan.dwell + 2.0 + plan.drive)


def test_a_slow_lamp_warms_up_over_several_stops() -> None:
    plan = _plan(room_site(3.0, 4.0, lamp=replace(LAMP, warm_up=600.0)), dose=100.0)
    assert sum(stop.stay > 1.1 * stop.dwell for stop in plan.stops) > 1
    executed = executed_dose(plan, reports_as_planned(plan))
    assert executed[plan.seen].min() >= 100.0 - 1e-6


def _recorded(plan: UvPlan, *reports: LampReport) -> float:
    return float(executed_dose(plan, reports)[0])


def test_the_dose_follows_the_reports() -> None:
    """A mark 1 m from the lamp, level with its middle: 20 W/m²."""
    plan = _plan(room_site(surfaces=[surface("mark", 0.0, 2.5, 1.0)]))

    def at(time: float, x: float = 1.005, on: bool = True) -> LampReport:
        return LampReport(time=time, x=x, y=2.5, on=on)

    assert _recorded(plan, at(0.0), at(160.0)) == pytest.approx(20.0 * 130.0)
    assert _recorded(plan, at(0.0), at(60.0), at(110.0), at(160.0)) == pytest.approx(20.0 * 130.0)
    assert _recorded(plan, at(0.0), at(160.0), at(160.0, on=False)) == pytest.approx(20.0 * 130.0)
    assert _recorded(plan, at(0.0, on=False), at(160.0)) == 0.0, "nobody knows when it went on"
    assert _recorded(plan, at(0.0), at(160.0, on=False)) == 0.0, "nobody knows when it went off"
    cold = (at(0.0), at(100.0), at(100.0, on=False), at(200.0), at(300.0))
    assert _recorded(plan, *cold) == pytest.approx(20.0 * 2 * 70.0), "after a break it is cold again"


def test_a_long_gap_in_the_reports_of_a_moving_robot_does_not_count() -> None:
    plan = _plan(room_site(surfaces=[surface("mark", 0.0, 2.5, 1.0)]))
    start, warm = (LampReport(time=time, x=1.0, y=2.5, on=True) for time in (0.0, 60.0))
    before = _recorded(plan, start, warm)
    near = LampReport(time=60.0 + LONGEST_GAP, x=3.0, y=2.5, on=True)
    assert _recorded(plan, start, warm, near) > before
    assert _recorded(plan, start, warm, replace(near, time=near.time + 1.0)) == before


def test_reports_come_in_order() -> None:
    plan = _plan(room_site())
    record = DoseRecord(plan.room, plan.targets, plan.lamp)
    record.add(LampReport(time=5.0, x=1.0, y=1.0, on=True))
    with pytest.raises(ValueError, match="came after"):
        record.add(LampReport(time=4.0, x=1.0, y=1.0, on=True))


# --- refusals --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dose", [0.0, -1.0, math.nan, math.inf])
def test_a_dose_that_disinfects_nothing_is_refused(dose: float) -> None:
    with pytest.raises(InvalidRequest, match="J/m²") as refused:
        _plan(room_site(), dose)
    assert "more than 0" in str(refused.value.way_out)


def _refused(site: Site) -> tuple[str, str]:
    with pytest.raises(InvalidRequest) as refused:
        _plan(site)
    return str(refused.value), str(refused.value.way_out)


def test_lamps_that_cannot_be_planned_with_are_refused() -> None:
    assert _refused(room_site(lamp=None))[0] == "fleet 'lamps' has no UV-C lamp"
    problem, way_out = _refused(room_site(lamp=replace(LAMP, irradiance=None)))
    assert problem == "the lamp of fleet 'lamps' has no calibration"
    assert "`lamp.irradiance`" in way_out
    with pytest.raises(InvalidRequest, match="no fleet of this site has a UV-C lamp"):
        uv_fleet(room_site(lamp=None))
    with pytest.raises(InvalidRequest, match="no fleet is called 'moon'"):
        uv_fleet(room_site(), "moon")


def test_zones_that_cannot_be_planned_are_refused() -> None:
    site = room_site()
    zone = site.zones[ROOM]

    def with_zone(changed: Zone) -> Site:
        return replace(site, zones={ROOM: changed})

    for polygon in ((), ((0.0, 0.0), (4.0, 0.0)), ((0.0, 0.0), (4.0, 5.0), (4.0, 0.0), (0.0, 5.0))):
        problem, way_out = _refused(with_zone(replace(zone, polygon=polygon)))
        assert "no polygon" in problem
        assert "draw its outline" in way_out
    clean_only = replace(site.fleets[LAMPS], zones=frozenset({ZoneClass.CLEAN}))
    assert "may not enter" in _refused(replace(site, fleets={LAMPS: clean_only}))[0]
    assert "no lane of fleet" in _refused(replace(site, lanes={}))[0]
    crowd = piece("pallets", box(0.2, 1.6, 3.8, 4.8))
    crowded = replace(site, furniture={crowd.id: crowd})
    assert _plan(crowded).stops
    full = piece("more", box(0.2, 0.5, 3.8, 4.8))
    assert "can stand nowhere" in _refused(replace(site, furniture={full.id: full}))[0]


def test_zones_are_called_by_id_or_name() -> None:
    site = room_site()
    assert zone_called(site, "room") is zone_called(site, "room 1")
    twin = replace(site.zones[ROOM], id=ZoneId("twin"))
    for name, words in (("rom", "did you mean"), ("inside", "draw the room as a zone"), ("qqq", "level files")):
        with pytest.raises(InvalidRequest) as refused:
            zone_called(site, name)
        assert words in str(refused.value.way_out)
    with pytest.raises(InvalidRequest, match="2 zones are called 'room 1'"):
        zone_called(replace(site, zones={**site.zones, twin.id: twin}), "room 1")
