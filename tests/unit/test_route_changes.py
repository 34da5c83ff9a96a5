"""What a change of the map does to the routes between its places."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from fleet_manager.cli.map import app
from fleet_manager.planning.route_changes import ChangeKind, RouteChanges, route_changes
from fleet_manager.planning.routes import Routes
from maps.differences import Difference, Happened, differences
from maps.model import FleetId, Lane, LaneId, Site, WaypointId, ZoneClass, ZoneId
from maps.places import public_places
from maps.site_files import save_site
from tests.small_hospital import small_hospital

DELIVERY = FleetId("carriers")


def _with_lanes(site: Site, change: Callable[[Lane], Lane | None]) -> Site:
    """Each lane as `change` has it, or without it."""
    lanes = [changed for lane in site.lanes.values() if (changed := change(lane)) is not None]
    return replace(site, lanes={lane.id: lane for lane in lanes})


def _without(site: Site, *ends: str) -> Site:
    """A wall is built between two waypoints."""
    return _with_lanes(site, lambda lane: None if {lane.start, lane.end} == set(ends) else lane)


def _all(old: Site, new: Site) -> RouteChanges:
    return route_changes(old, new, public_places(old))


def _kinds(changes: RouteChanges) -> dict[tuple[str, str], ChangeKind]:
    return {(change.start, change.goal): change.kind for change in changes.changes}


def test_the_same_map_changes_no_route() -> None:
    site = small_hospital()
    found = _all(site, small_hospital())
    places = len(public_places(site))
    assert (found.changes, found.pairs) == ((), places * (places - 1))
    assert differences(site, small_hospital()) == ()


def test_a_wall_in_front_of_the_pharmacy_loses_all_its_routes_and_a_door_finds_them_again() -> None:
    site = small_hospital()
    walled = _without(site, "pharmacy_door", "pharmacy")
    kinds = _kinds(_all(site, walled))
    assert set(kinds.values()) == {ChangeKind.LOST}
    assert all("pharmacy" in pair for pair in kinds)
    others = set(public_places(site)) - {"pharmacy", "isolation_2c"}
    assert len(kinds) == 2 * len(others), "nobody ever drove to the isolation room"
    assert _kinds(_all(walled, site)) == dict.fromkeys(kinds, ChangeKind.FOUND)


def test_a_slow_lane_makes_routes_longer_in_time_not_in_metres() -> None:
    site = small_hospital()
    slow = _with_lanes(site, lambda lane: replace(lane, speed_limit=0.3) if lane.end == "laboratory" else lane)
    found = _all(site, slow)
    assert {change.goal for change in found.changes} == {"laboratory"}
    assert {change.kind for change in found.changes} == {ChangeKind.LONGER}
    assert all(change.metres == 0.0 and change.seconds > 1.0 for change in found.changes)
    assert found.count(ChangeKind.LONGER) == len(found.changes) > 0


def test_without_its_lift_no_robot_comes_to_the_other_level() -> None:
    site = small_hospital()
    lift = next(iter(site.lifts.values()))
    found = _all(site, replace(site, lifts={lift.id: replace(lift, connected=False)}))
    levels = {place: site.waypoints[place].level for place in public_places(site)}
    assert {(change.start, change.goal) for change in found.changes} == {
        (one, other)
        for one in levels
        for other in levels
        if levels[one] != levels[other] and "isolation_2c" not in (one, other)
    }
    assert all(change.before is not None and change.before.lifts == (lift.id,) for change in found.changes)


def test_a_new_zone_on_the_way_is_told_although_the_way_is_as_long() -> None:
    site = small_hospital()
    theatre = site.zones[ZoneId("zone_theatre")]
    renamed = replace(theatre, id=ZoneId("zone_theatre_new"))
    zones = {zone.id: zone for zone in (*site.zones.values(), renamed) if zone.id != theatre.id}
    found = _all(site, replace(site, zones=zones))
    assert {change.kind for change in found.changes} == {ChangeKind.OTHERWISE}
    one = found.changes[0]
    assert one.before is not None
    assert one.after is not None
    assert one.after.zones - one.before.zones == {"zone_theatre_new"}


def test_the_worst_comes_first() -> None:
    site = small_hospital()

    def change(lane: Lane) -> Lane | None:
        if {lane.start, lane.end} == {"stores_door", "stores"}:
            return None
        return replace(lane, speed_limit={"cssd": 0.2, "laboratory": 0.6}.get(lane.end))

    found = _all(site, _with_lanes(site, change))
    lost = found.count(ChangeKind.LOST)
    assert [change.kind for change in found.changes[:lost]] == [ChangeKind.LOST] * lost
    seconds = [change.seconds for change in found.changes[lost:]]
    assert seconds == sorted(seconds, reverse=True)
    assert found.changes[lost].goal == "cssd"


def test_each_journey_is_the_route_that_the_fleet_manager_plans() -> None:
    site = small_hospital()
    tables = Routes(site).of(DELIVERY)
    walled = _with_lanes(site, lambda lane: None)
    for change in _all(site, walled).changes:
        route = tables.route(change.start, change.goal)
        assert route is not None
        assert change.before is not None
        assert change.before.length == pytest.approx(route.length)
        assert change.before.duration == pytest.approx(route.duration)
        assert change.before.lifts == tuple(leg.lift for leg in route.legs if leg.lift is not None)
        touched = {zone.id for leg in route.legs for zone in Routes(site).zones.of[leg.waypoint]}
        assert touched <= change.before.zones


def test_what_differs_is_named_with_its_fields() -> None:
    site = small_hospital()
    lane = next(iter(site.lanes.values()))
    changed = replace(lane, width=0.9, speed_limit=0.4)
    isolated = replace(site.zones[ZoneId("zone_theatre")], zone_class=ZoneClass.ISOLATION)
    gone = LaneId("theatre_door-theatre")
    new = replace(
        site,
        lanes={name: changed if name == lane.id else known for name, known in site.lanes.items() if name != gone},
        zones={**site.zones, isolated.id: isolated},
    )
    assert differences(site, new) == (
        Difference(kind="lanes", id=gone, happened=Happened.REMOVED),
        Difference(kind="lanes", id=lane.id, happened=Happened.CHANGED, fields=("width", "speed_limit")),
        Difference(kind="zones", id=isolated.id, happened=Happened.CHANGED, fields=("zone_class",)),
    )


# --- as typed in a terminal ------------------------------------------------------------------------------------


@pytest.fixture
def maps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`old` and `walled`, a map without a way to the pharmacy."""
    monkeypatch.chdir(tmp_path)
    save_site(small_hospital(), Path("old"))
    save_site(_without(small_hospital(), "pharmacy_door", "pharmacy"), Path("walled"))
    return tmp_path


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["diff", *arguments], env={"COLUMNS": "160"})


def test_the_same_maps_end_with_0(maps: Path) -> None:
    told = _run("old", "old")
    assert told.exit_code == 0, told.output
    assert told.stdout.splitlines() == ["The maps are the same.", "Routes: none changes, of 56 compared"]


def test_lost_routes_end_with_1_and_all_of_it_as_json(maps: Path) -> None:
    told = _run("old", "walled", "--json", "diff.json")
    assert told.exit_code == 1, told.output
    assert "lanes: 2 removed (pharmacy_door-pharmacy, pharmacy-pharmacy_door)" in told.stdout
    assert "pharmacy → theatre" in told.stdout
    assert told.stdout.splitlines()[-1] == "Routes: 12 lost, of 56 compared"
    document = json.loads((maps / "diff.json").read_text(encoding="utf-8"))
    assert (document["pairs"], document["counts"]["lost"], len(document["routes"])) == (56, 12, 12)
    assert document["routes"][0]["after"] is None
    assert document["routes"][0]["before"]["fleet"] == "carriers"


def test_only_the_named_places_are_compared(maps: Path) -> None:
    told = _run("old", "walled", "stores", "ward_2a", "--fleet", "carriers")
    assert told.exit_code == 0, told.output
    assert told.stdout.splitlines()[-1] == "Routes: none changes, of 2 compared"


def test_a_public_place_that_is_gone_ends_with_1(maps: Path) -> None:
    site = _without(small_hospital(), "pharmacy_door", "pharmacy")
    waypoints = {name: place for name, place in site.waypoints.items() if name != WaypointId("pharmacy")}
    save_site(replace(site, waypoints=waypoints), Path("gone"))
    told = _run("walled", "gone")
    assert told.exit_code == 1, told.output
    assert "No more: pharmacy" in told.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["old", "nowhere"], "nowhere: no such file or folder"),
        (["old", "walled", "--fleet", "porters"], "no fleet porters of robots; it has carriers"),
        (["old", "walled", "stores"], "name at least two places"),
        (["old", "walled", "stores", "ward_2x"], "no place is called 'ward_2x' on this site; did you mean ward_2"),
    ],
)
def test_what_cant_be_compared_is_one_clear_line(maps: Path, arguments: list[str], words: str) -> None:
    told = _run(*arguments)
    assert told.exit_code == 2
    assert words in told.stderr
    assert len(told.stderr.strip().splitlines()) == 1
