"""Robots get homes of their own, out of the way, or a clear refusal."""

from __future__ import annotations

import math
from itertools import combinations

import pytest

from maps.errors import BrokenReferenceError, NoRoomError
from maps.fleets import with_robots
from maps.generator import generate
from maps.geometry import circumscribed_radius
from maps.importers import read_any
from maps.model import FleetId, Site, WaypointId
from maps.validation import Severity, check
from tests.data import public_data


def _homes(site: Site, fleet: FleetId) -> list[WaypointId]:
    return [robot.home for robot in site.fleets[fleet].robots if robot.home is not None]


@pytest.mark.parametrize("fleet", [FleetId("deliveryRobot"), FleetId("tinyRobot")])
def test_six_robots_in_the_clinic(fleet: FleetId) -> None:
    clinic = read_any(public_data() / "rmf" / "clinic.building.yaml")
    site = with_robots(clinic, fleet, 6)
    robots = site.fleets[fleet].robots
    assert robots[:2] == clinic.fleets[fleet].robots
    assert [robot.id for robot in robots[2:]] == [f"{fleet}_{n}" for n in (3, 4, 5, 6)]
    homes = _homes(site, fleet)
    radius = circumscribed_radius(site.fleets[fleet].footprint)
    for one, other in combinations(homes, 2):
        a, b = site.waypoints[one], site.waypoints[other]
        assert a.level != b.level or math.dist(a.xy, b.xy) >= max(1.0, 2 * radius)
    # Counters and treatment rooms stay free for deliveries.
    assert not [home for home in homes if "counter" in home or "nurse" in home or "treatment" in home]
    worse = {"shared-home", "home-in-the-way", "home-too-near-lane", "home-out-of-reach", "no-charger"}
    assert not [finding for finding in check(site) if finding.code in worse or finding.severity is Severity.ERROR]


@pytest.mark.parametrize(("name", "robots"), [("office", 6), ("triple_H", 8)])
def test_other_public_buildings_hold_a_small_fleet(name: str, robots: int) -> None:
    site = read_any(public_data() / "rmf" / f"{name}.building.yaml")
    homes = _homes(with_robots(site, FleetId("tinyRobot"), robots), FleetId("tinyRobot"))
    assert len(set(homes)) == robots


def test_two_fleets_never_share_a_home() -> None:
    clinic = read_any(public_data() / "rmf" / "clinic.building.yaml")
    site = with_robots(with_robots(clinic, FleetId("deliveryRobot"), 6), FleetId("tinyRobot"), 6)
    homes = _homes(site, FleetId("deliveryRobot")) + _homes(site, FleetId("tinyRobot"))
    assert len(set(homes)) == 12


def test_a_smaller_fleet_keeps_its_first_robots() -> None:
    site = generate(floors=1, robots=5)
    fleet = FleetId("delivery")
    assert with_robots(site, fleet, 2).fleets[fleet].robots == site.fleets[fleet].robots[:2]
    assert with_robots(with_robots(site, fleet, 2), fleet, 5) == site


def test_names_continue_and_a_stem_may_be_given() -> None:
    site = generate(floors=1, robots=1)
    assert [r.id for r in with_robots(site, FleetId("delivery"), 3).fleets[FleetId("delivery")].robots] == [
        "robot-1",
        "robot-2",
        "robot-3",
    ]
    nobody = with_robots(site, FleetId("delivery"), 0)
    assert with_robots(nobody, FleetId("delivery"), 1).fleets[FleetId("delivery")].robots[0].id == "delivery-1"
    assert with_robots(nobody, FleetId("delivery"), 1, stem="r").fleets[FleetId("delivery")].robots[0].id == "r1"


def test_people_need_no_docks() -> None:
    site = with_robots(generate(floors=1), FleetId("porters"), 4)
    assert [porter.id for porter in site.fleets[FleetId("porters")].robots][2:] == ["porter-3", "porter-4"]
    assert len(_homes(site, FleetId("porters"))) == 2


def test_refusals() -> None:
    site = generate(floors=1)
    with pytest.raises(NoRoomError, match=r"has room for \d+ robots of fleet 'delivery', not 1000"):
        with_robots(site, FleetId("delivery"), 1000)
    with pytest.raises(NoRoomError, match="Ask for 0 or more"):
        with_robots(site, FleetId("delivery"), -1)
    with pytest.raises(BrokenReferenceError, match=r"no fleet 'cats'\. Its fleets are delivery"):
        with_robots(site, FleetId("cats"), 1)
