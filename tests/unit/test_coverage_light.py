"""How much a lamp shines where, and what hides it: figures that can be checked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad

from fleet_manager.planning.coverage.lamp import Floats, irradiance
from fleet_manager.planning.coverage.room import room_of
from fleet_manager.planning.coverage.targets import TargetKind, Targets, targets_of
from fleet_manager.planning.coverage.visibility import WALL, Illumination
from maps.model import Facing, Point, Site, UvLamp
from tests.rooms import LAMP, LAMPS, ROOM, box, piece, room_site, surface


def _facing(lamp: UvLamp, r: float, height: float | None = None, *, lowest: float = 0.0) -> float:
    """On an upright surface that faces the lamp's axis."""
    h = lamp.height if height is None else height
    return _one(lamp, r, 1.0, 0.0, h, lowest)


def _one(lamp: UvLamp, r: float, towards: float, upwards: float, height: float, lowest: float = 0.0) -> float:
    given = (np.array([value]) for value in (r, towards, upwards, height, lowest))
    return float(irradiance(lamp, *given)[0])


def test_the_data_sheet_figure_is_met_where_it_was_measured() -> None:
    assert _facing(LAMP, 1.0) == pytest.approx(20.0)
    at_two = UvLamp(length=0.9, height=1.1, irradiance=5.0, distance=2.0)
    assert _facing(at_two, 2.0) == pytest.approx(5.0)


def test_far_away_it_falls_with_the_square_of_the_distance() -> None:
    assert _facing(LAMP, 20.0) / _facing(LAMP, 40.0) == pytest.approx(4.0, rel=0.01)


def test_close_to_a_long_lamp_it_falls_with_the_distance() -> None:
    long = UvLamp(length=100.0, height=50.0, irradiance=1.0)
    assert _facing(long, 0.1) / _facing(long, 0.2) == pytest.approx(2.0, rel=0.001)


def test_facing_the_middle_it_is_the_formula_of_keitz() -> None:
    """E = P (2a + sin 2a) / (2 pi² L r), with tan a = L / 2r."""

    def keitz(r: float) -> float:
        a = math.atan(LAMP.length / (2 * r))
        return (2 * a + math.sin(2 * a)) / r

    for r in (0.3, 0.7, 2.0, 5.0):
        assert _facing(LAMP, r) / _facing(LAMP, 1.0) == pytest.approx(keitz(r) / keitz(1.0))


@pytest.mark.parametrize("upwards", [0.0, 1.0, -1.0, 0.6])
@pytest.mark.parametrize(
    ("r", "height", "lowest"), [(0.4, 0.0, 0.0), (1.5, 0.7, 0.9), (3.0, 2.0, 0.0), (0.8, 1.2, 1.0)]
)
def test_the_closed_form_is_the_integral(r: float, height: float, lowest: float, upwards: float) -> None:
    towards = math.sqrt(1.0 - upwards**2)
    low, high = max(lowest, 0.4), 1.6

    def part(z: float) -> float:
        s = z - height
        return r * max(0.0, towards * r + upwards * s) / (r**2 + s**2) ** 2

    whole = quad(lambda s: 1.0 / (1.0 + s**2) ** 2, -0.6, 0.6)[0]
    expected = 20.0 * quad(part, low, high, points=[min(max(height, low), high)], limit=200)[0] / whole
    assert _one(LAMP, r, towards, upwards, height, lowest) == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_what_looks_away_gets_nothing() -> None:
    assert _one(LAMP, 1.0, -1.0, 0.0, 1.0) == 0.0
    assert _one(LAMP, 1.0, 0.0, -1.0, 0.3) == 0.0, "an underside below the lamp"
    assert _one(LAMP, 1.0, 0.0, 1.0, 1.7) == 0.0, "a top above the lamp"


# --- shadows ---------------------------------------------------------------------------------------------------


def _light(site: Site, place: Point) -> tuple[Targets, Floats, dict[str, float], dict[str, bool]]:
    """The targets, the light on them, and light and sight by the names of surfaces."""
    room = room_of(site, site.zones[ROOM], site.fleets[LAMPS])
    targets = targets_of(room)
    light = Illumination(room, targets, LAMP).light_at(place)
    named = [(index, name) for index, name in enumerate(targets.surface) if name is not None]
    return (
        targets,
        light.irradiance,
        {name: float(light.irradiance[index]) for index, name in named},
        {name: bool(light.seen[index]) for index, name in named},
    )


def test_a_room_is_looked_at_every_quarter_metre() -> None:
    targets, _, _, _ = _light(room_site(4.0, 5.0), (2.0, 2.0))
    assert targets.kind.count(TargetKind.FLOOR) == 16 * 20
    assert targets.kind.count(TargetKind.WALL) == 2 * (16 + 20), "the closed door is part of the wall"
    assert not targets.kind.count(TargetKind.SURFACE)


def test_an_open_side_of_a_room_is_no_wall_edge() -> None:
    """A room whose zone reaches over half of a hall: only three of its sides are walls."""
    half = box(0.0, 0.0, 2.0, 5.0)
    site = room_site(4.0, 5.0)
    zone = site.zones[ROOM]
    targets, _, _, _ = _light(
        Site(
            name="hall",
            levels=site.levels,
            waypoints=site.waypoints,
            lanes=site.lanes,
            doors=site.doors,
            zones={ROOM: type(zone)(id=ROOM, level=zone.level, polygon=half)},
            fleets=site.fleets,
        ),
        (1.0, 2.0),
    )
    assert targets.kind.count(TargetKind.WALL) == 8 + 20 + 8


def test_a_wall_casts_a_shadow_up_to_the_ceiling() -> None:
    screen = ((2.0, 1.0), (2.0, 3.0))
    behind = surface("behind", 3.0, 2.0, 1.5, math.pi)
    beside = surface("beside", 3.0, 4.5, 1.5, math.pi)
    site = room_site(walls=[screen], surfaces=[behind, beside])
    _, _, light, seen = _light(site, (1.0, 2.0))
    assert (seen["behind"], light["behind"]) == (False, 0.0)
    assert seen["beside"]


def test_a_lamp_close_to_a_wall_does_not_shine_through_it() -> None:
    screen = ((2.0, 0.5), (2.0, 4.5))
    surfaces = [surface(f"s{y}", 3.5, float(y), 1.0, math.pi) for y in range(1, 5)]
    _, _, light, _ = _light(room_site(walls=[screen], surfaces=surfaces), (1.99, 2.5))
    assert set(light.values()) == {0.0}


def test_an_l_shaped_room_has_a_dark_arm() -> None:
    outline = ((0.0, 0.0), (4.0, 0.0), (4.0, 2.0), (2.0, 2.0), (2.0, 5.0), (0.0, 5.0))
    surfaces = [surface("arm", 3.5, 1.9, 1.0, -math.pi / 2), surface("near", 0.0, 1.0, 1.0)]
    site = room_site(outline=outline, surfaces=surfaces)
    _, _, _, seen = _light(site, (1.0, 4.5))
    assert seen == {"arm": False, "near": True}
    room = room_of(site, site.zones[ROOM], site.fleets[LAMPS])
    area = Illumination(room, targets_of(room), LAMP).visible_from((1.0, 4.5))
    assert area.area < room.polygon.area - 1.0


def test_low_furniture_hides_the_lower_part_of_the_lamp() -> None:
    """Half a metre behind a table of 0.8 m, 2 m from the lamp: over the table's edge the line of sight from 0.75 m
    rises to 0.75 + 0.05 · 4 = 0.95 m at the lamp, so that its middle, at 1 m, is seen.
    """
    table = piece("table", box(2.0, 1.0, 3.0, 4.0), 0.8)
    here = (1.5, 2.5)
    at = [surface(f"at {height}", 3.5, 2.5, height, math.pi) for height in (0.3, 0.75, 1.2)]
    _, _, light, seen = _light(room_site(furniture=[table], surfaces=at), here)
    _, _, free, _ = _light(room_site(surfaces=at), here)
    assert seen == {"at 0.3": False, "at 0.75": True, "at 1.2": True}
    # Surfaces are looked at 5 mm before them.
    assert light["at 0.75"] == pytest.approx(_facing(LAMP, 1.995, 0.75, lowest=0.75 + 0.05 * 1.995 / 0.495))
    # From above, the far edge 1.5 m away hides what is below 1.2 - 0.4 / 0.75: a little of the lamp's end.
    assert light["at 1.2"] == pytest.approx(_facing(LAMP, 1.995, 1.2, lowest=1.2 - 0.4 / (1.495 / 1.995)))
    assert light["at 1.2"] < free["at 1.2"]


def test_the_top_of_furniture_is_lit_and_the_floor_under_it_is_not() -> None:
    table = piece("table", box(2.0, 1.0, 3.0, 3.0), 0.8)
    top = surface("top", 2.5, 2.0, 0.8, facing=Facing.UP)
    site = room_site(furniture=[table], surfaces=[top])
    targets, light, named, seen = _light(site, (1.0, 2.0))
    assert seen["top"]
    assert named["top"] > 0.0
    under = [
        i for i, (x, y) in enumerate(targets.xy) if 2 < x < 3 and 1 < y < 3 and targets.kind[i] is TargetKind.FLOOR
    ]
    assert len(under) == 32
    assert not light[under].any()


def test_a_corner_that_is_only_touched_hides_nothing() -> None:
    post = piece("post", box(2.0, 2.0, 3.0, 3.0), 2.0)
    mark = surface("mark", 1.0, 3.005, 1.0, -math.pi / 2)
    site = room_site(furniture=[post], surfaces=[mark])
    _, _, _, seen = _light(site, (3.0, 1.0))  # from (1, 3) to (3, 1) through the corner (2, 2)
    assert seen["mark"]


def test_the_robot_shadows_the_floor_around_it() -> None:
    targets, light, _, _ = _light(room_site(), (2.125, 2.125))
    distance = np.hypot(*(targets.xy - np.array([2.125, 2.125])).T)
    floor = np.array([kind is TargetKind.FLOOR for kind in targets.kind])
    assert not light[floor & (distance < 0.3)].any()
    assert light[floor & (distance > 0.4) & (distance < 0.6)].all()


def test_what_hides_a_target_is_known() -> None:
    table = piece("table", box(2.0, 1.0, 3.0, 4.0), 1.9)
    site = room_site(
        furniture=[table], surfaces=[surface("behind", 3.5, 2.5, 1.0, math.pi)], walls=[((0.5, 3.0), (1.5, 3.0))]
    )
    room = room_of(site, site.zones[ROOM], site.fleets[LAMPS])
    targets = targets_of(room)
    light = Illumination(room, targets, LAMP).light_at((1.0, 2.5))
    assert light.hidden_by[0] == 0
    beyond = next(i for i, (x, y) in enumerate(targets.xy) if x == 1.125 and y == 4.125)
    assert light.hidden_by[beyond] == WALL
