"""The rules of infection control: kept with the site, checked, and what follows from them for a robot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import yaml
from msgspec.structs import replace as changed

from fleet_manager.domain import infection_control
from fleet_manager.domain.robots import Robot
from fleet_manager.domain.tasks import Item, ItemId
from maps.errors import BrokenReferenceError, MapContentError
from maps.exporters import nav2_route_graph
from maps.generator import generate
from maps.importers import read_any
from maps.model import (
    DecontaminationBay,
    Fleet,
    FleetId,
    InfectionRules,
    ItemClassId,
    RobotId,
    Site,
    WaypointId,
    ZoneClass,
)
from maps.site_files import load_site, save_site

_SHARED = FleetId("delivery")
_BAY = WaypointId("decontamination")
RULES = InfectionRules(
    leaving=frozenset({ZoneClass.ISOLATION}),
    shared_fleets=frozenset({_SHARED}),
    wipe_after=3,
    wipe_fleets=frozenset({_SHARED}),
    agent="peracetic acid 0.2 %",
    contact_time=300.0,
    confirmed_by=frozenset({"cleaner", "nurse"}),
)


@cache
def hospital() -> Site:
    site = generate(floors=2)
    bays = {**site.decontamination_bays, _BAY: DecontaminationBay(waypoint=_BAY, automatic=True, duration=90.0)}
    return replace(site, infection_rules=RULES, decontamination_bays=bays)


def test_rules_and_bays_are_kept_with_the_site(tmp_path: Path) -> None:
    save_site(hospital(), tmp_path / "site")
    assert load_site(tmp_path / "site") == hospital()


def test_rules_and_bays_are_kept_in_a_route_graph(tmp_path: Path) -> None:
    path = tmp_path / "graph.geojson"
    nav2_route_graph.write(hospital(), path)
    again = read_any(path)
    assert again.infection_rules == RULES
    assert again.decontamination_bays == hospital().decontamination_bays


def test_usual_rules_are_left_out_of_the_file(tmp_path: Path) -> None:
    save_site(generate(floors=1), tmp_path / "site")
    assert "infection_rules" not in yaml.safe_load((tmp_path / "site" / "site.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"shared_fleets": ["ghosts"]}, "ghosts"),
        ({"wipe_fleets": ["ghosts"]}, "ghosts"),
        ({"wipe_after": 0}, "wipe_after"),
        ({"contact_time": -1.0}, "contact_time"),
        ({"agent": " "}, "agent"),
    ],
)
def test_rules_that_cannot_be_are_refused(tmp_path: Path, rules: dict[str, object], said: str) -> None:
    save_site(generate(floors=1), tmp_path / "site")
    file = tmp_path / "site" / "site.yaml"
    document = yaml.safe_load(file.read_text(encoding="utf-8")) | {"infection_rules": rules}
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    with pytest.raises(BrokenReferenceError, match=said):
        load_site(tmp_path / "site")


def test_unknown_zone_class_is_refused(tmp_path: Path) -> None:
    save_site(generate(floors=1), tmp_path / "site")
    file = tmp_path / "site" / "site.yaml"
    document = yaml.safe_load(file.read_text(encoding="utf-8")) | {"infection_rules": {"leaving": ["dirty"]}}
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    with pytest.raises(MapContentError, match="leaving"):
        load_site(tmp_path / "site")


# --- decisions ---------------------------------------------------------------------------------------------


def _robot(**known: object) -> Robot:
    return changed(Robot(id=RobotId("amber"), fleet=_SHARED), **known)


def _goods(kind: str | None) -> Item:
    return Item(id=ItemId("i1"), name="goods", quantity=1, item_class=ItemClassId(kind) if kind else None)


def _fleet(site: Site, fleet: str = "delivery") -> Fleet:
    return site.fleets[FleetId(fleet)]


def _classes(**places: ZoneClass) -> Callable[[WaypointId], frozenset[ZoneClass]]:
    return lambda place: frozenset({places[place]} if place in places else ())


def _needed(robot: Robot, place: str, *items: Item, site: Site | None = None) -> str | None:
    site = site or hospital()
    places = _classes(ward=ZoneClass.CLEAN, room=ZoneClass.ISOLATION, hall=ZoneClass.CONTAMINATED)
    need = infection_control.decontamination_needed(
        robot, _fleet(site, robot.fleet), [WaypointId(place)], items, site, places
    )
    return need.because if need is not None else None


def test_exposed_robot_may_go_on_in_the_zone_and_nowhere_else() -> None:
    exposed = _robot(exposure=frozenset({ZoneClass.ISOLATION, ZoneClass.CLEAN}))
    assert _needed(exposed, "ward") == "has been in a zone of class isolation"
    assert _needed(exposed, "room") is None
    assert _needed(exposed, "isolation_window") is None, "transfer points are for both sides"
    assert _needed(_robot(exposure=frozenset({ZoneClass.CLEAN})), "ward") is None


def test_transitions_are_those_of_the_site() -> None:
    soiled = _robot(exposure=frozenset({ZoneClass.CONTAMINATED}))
    assert _needed(soiled, "ward") is None, "this site only asks for it after isolation"
    usual = replace(hospital(), infection_rules=InfectionRules(shared_fleets=frozenset({_SHARED})))
    assert _needed(soiled, "ward", site=usual) is not None


def test_waste_and_drugs_keep_apart_whichever_compartment() -> None:
    waste, drugs = (("main", "waste"),), (("cooled", "medicine"),)
    assert _needed(_robot(carried=waste), "ward", _goods("medicine")) == "has carried waste"
    assert _needed(_robot(carried=drugs), "ward", _goods("soiled_linen")) == "has carried medicine"
    assert _needed(_robot(carried=waste), "ward", _goods("waste")) is None
    assert _needed(_robot(carried=waste), "ward", _goods("document")) is None
    assert _needed(_robot(carried=drugs), "ward", _goods("meal")) is None
    assert _needed(_robot(carried=waste), "ward", _goods(None)) is None
    assert not infection_control.may_carry((), [_goods("waste"), _goods("meal")], hospital())


def test_robots_are_wiped_down_after_so_many_deliveries() -> None:
    site = hospital()
    assert _needed(_robot(deliveries=2), "ward") is None
    assert _needed(_robot(deliveries=3), "ward") == "has done 3 deliveries"
    other = changed(_robot(deliveries=9), fleet=FleetId("soiled_goods"))
    assert infection_control.wipe_down_due(other, _fleet(site, "soiled_goods"), site) is None


def test_dedicated_robots_and_persons_are_not_sent_out_to_be_decontaminated() -> None:
    site = hospital()
    everything = frozenset(ZoneClass)
    places = _classes(ward=ZoneClass.CLEAN, room=ZoneClass.ISOLATION)

    def due(fleet: str, home: str = "ward", **known: object) -> str | None:
        robot = changed(_robot(exposure=everything, **known), fleet=FleetId(fleet))
        need = infection_control.decontamination_due(robot, _fleet(site, fleet), WaypointId(home), site, places)
        return need.because if need is not None else None

    assert infection_control.stays_inside(_fleet(site, "isolation"), site)
    assert due("isolation") is None
    assert due("porters", deliveries=99) is None
    assert due("delivery") == "has been in a zone of class isolation"
    assert due("disinfection") == "has been in a zone of class isolation"
    assert due("disinfection", home="room") is None, "it lives there"
