"""Scenario files as people write them: what is read, and one clear line for what can't be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from maps.generator import DELIVERY_FLEET, generate
from maps.site_files import save_site
from sim.demand import requests_of
from sim.scenario import Delivery, Demand, RandomDemand, Round, Scenario, UsualDemand
from sim.scenario_file import ScenarioError, check, read_scenario, scenarios_in
from sim.scenario_schema import SCHEMA_FILE, schema_text
from sim.scenario_site import site_of

HEAD = "site: generated:1\nfleets: {delivery: {robots: 2}}\n"


def read(folder: Path, text: str, head: str = HEAD) -> Scenario:
    file = folder / "night.scenario.yaml"
    file.write_text(head + text, encoding="utf-8")
    return read_scenario(file)


def test_a_whole_scenario(tmp_path: Path) -> None:
    scenario = read(
        tmp_path,
        """
begin: 22:30
hours: 8
hand_over: 90
doors: {all: {travel_time: 6}, L1_pharmacy_door: {travel_time: 12}}
demand:
  - {kind: delivery, at: 23:15, pickup: pharmacy, dropoff: ward_1a, item_class: medicine, priority: urgent}
  - {kind: round, at: ["06:00"], pickup: kitchen, dropoff: [ward_1a, icu]}
  - {kind: random, per_hour: 3, curve: day, pickup: [ward_1a, icu], dropoff: laboratory}
people:
  - {kind: crowd, zone: L1_main_corridor}
  - {kind: press_estop, at: "01:00", robot: robot-2, minutes: 4}
faults:
  - {kind: lane_obstructed, at: 02:00, way: [pharmacy, icu], what: a scaffold, minutes: 10}
expect:
  - all urgent tasks are completed
""",
    )
    assert scenario.begin == "22:30", "times need no quotation marks"
    site = site_of(scenario)
    times = {str(door.id): door.travel_time for door in site.doors.values()}
    assert {times.pop("L1_pharmacy_door"), *times.values()} == {12.0, 6.0}
    assert [robot.id for robot in site.fleets[DELIVERY_FLEET].robots] == ["robot-1", "robot-2"]
    (urgent,) = [r for r in requests_of(scenario, site) if r.submit.priority == "urgent"]
    assert urgent.at == 45 * 60
    assert [r.at for r in requests_of(scenario, site) if r.words.startswith("kitchen →")] == [7.5 * 3600] * 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("robots: 3", "night.scenario.yaml:3: robots: there is no such field; known are title, site, begin"),
        ("demands: []", "demands: there is no such field; did you mean demand"),
        ("hours: long", "night.scenario.yaml:3: hours: Input should be a valid number"),
        ("begin: soon", "begin: 'soon' is no time of day; write it as \"HH:MM\""),
        ("demand:\n  - {kind: rond}", ":4: demand.0.kind: there is no kind 'rond'; did you mean round"),
        ("demand:\n  - {at: '07:05'}", ":4: demand.0: say which kind it is, such as kind: delivery"),
        (
            "demand:\n  - kind: delivery\n    at: '07:05'\n    pickup: pharmasy\n    dropoff: icu",
            ":6: demand.0.pickup: no place is called 'pharmasy' on this site; did you mean pharmacy",
        ),
        (
            "demand:\n  - {kind: delivery, at: '07:05', pickup: icu, dropof: icu}",
            "demand.0.dropof: there is no such field; did you mean dropoff?",
        ),
        ("demand:\n  - {kind: delivery, at: '07:05', pickup: icu, dropoff: icu}", "are the same place"),
        ("demand:\n  - {kind: round, pickup: icu, dropoff: cssd}", "say either at which times"),
        ("demand:\n  - {kind: linen}", "no place for linen by its usual name; say which it is in the field base"),
        ("demand:\n  - {kind: meals, wards: kitchen}", ":4: demand.0: kitchen is both base and ward"),
        ("demand:\n  - {kind: meals, at: ['12:00'], per_hour: 2}", "say either at which times, or how many per hour"),
        ("fleets: {deliverie: {}}", "no fleet is called 'deliverie' on this site; did you mean delivery?"),
        ("fleets: {delivery: {robots: 400}}", "has room for"),
        ("lifts: {lift_1: {speed: 1}}", "no lift is called 'lift_1' on this site; there are none"),
        ("doors: {L1_pharmacy: {travel_time: 1}}", "did you mean L1_pharmacy_door"),
        ("people:\n  - {kind: crowd, zone: L1_main_coridor}", ":4: people.0.zone: no zone is called"),
        ("people:\n  - {kind: bed, at: '07:30', minutes: 3}", ":4: people.0: name either a lane, or a way"),
        ("faults:\n  - {kind: robot_dead, at: '07:30', robot: robot-7}", "did you mean robot-2, robot-1"),
        ("faults:\n  - {kind: robots_dead, at: '07:30', robot: robot-1}", "did you mean robot_dead"),
        (
            "faults:\n  - {kind: robot_dead, at: '06:00', robot: robot-1}",
            "faults.0.at: 06:00 is too late: the scenario lasts 1 h from 07:00 on",
        ),
        ("expect: [a robot arrives at icu before 06:50]", "expect.0: 06:50 is not within the scenario"),
        ("expect: [no jam]", "expect.0: 'no jam' is no expectation; nearest are: no jams"),
        ("expect:\n  - somebody is alerted: blocked", "put quotation marks around one with a colon"),
        ("expect: [somebody is alerted of blocke]", "no alert is called 'blocke' here; did you mean blocked?"),
        ("expect: [lunch is delivered before 12:00]", "no priority or item class is called 'lunch' here"),
        ("expect: [route pharmacy → icu avoids isolatio]", "did you mean isolation"),
    ],
)
def test_what_is_wrong_is_said_with_line_field_and_way_out(tmp_path: Path, text: str, words: str) -> None:
    head = "site: generated:1\n" if text.startswith("fleets") else HEAD
    with pytest.raises(ScenarioError) as refused:
        read(tmp_path, text, head)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("site", "words"),
    [
        ("general_hospitel", "did you mean general_hospital?"),
        ("generated:many", "not a number of floors. Write for example generated:2"),
        ("generated:0", "0 floors cannot be generated"),
    ],
)
def test_a_site_that_is_none(tmp_path: Path, site: str, words: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        read(tmp_path, "", f"site: {site}\n")
    assert "night.scenario.yaml:1: site: " in str(refused.value)
    assert words in str(refused.value)


def test_a_site_beside_the_scenario(tmp_path: Path) -> None:
    save_site(generate(floors=1, robots=1), tmp_path / "maps" / "mine")
    assert read(tmp_path, "", "site: maps/mine\n").site == "maps/mine"


def test_more_than_one_problem_is_counted(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"\(and 1 more problem\)"):
        read(tmp_path, "robots: 3\nhours: no")


def test_scenarios_of_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="wardfleet sim init writes a first one"):
        scenarios_in([tmp_path])
    for name in ("b.scenario.yaml", "a.scenario.yaml", "site.yaml"):
        (tmp_path / name).touch()
    assert [path.name for path in scenarios_in([tmp_path])] == ["a.scenario.yaml", "b.scenario.yaml"]


def test_the_schema_that_editors_read_is_the_present_one() -> None:
    assert SCHEMA_FILE.read_text(encoding="utf-8") == schema_text(), "wardfleet sim schema > sim/scenario.schema.json"
    schema = json.loads(schema_text())
    assert schema["$defs"]["DoorStuck"]["required"] == ["kind", "at", "door", "minutes"]


def test_a_scenario_made_in_python_is_checked_too() -> None:
    delivery = Delivery(at="07:05", pickup="pharmasy", dropoff="icu")
    with pytest.raises(ScenarioError, match="did you mean pharmacy"):
        check(Scenario(site="generated:1", demand=(delivery,)))


# --- demand ----------------------------------------------------------------------------------------------------


def requests(*demand: Demand, seed: int = 1, hours: float = 24.0) -> list[str]:
    scenario = Scenario(site="generated:1", begin="00:00", hours=hours, seed=seed, demand=demand)
    return [f"{r.at / 3600:05.2f} {r.words}".replace(" → ", " ") for r in requests_of(scenario, site_of(scenario))]


def test_a_round_goes_to_every_place_each_time() -> None:
    tea = Round(pickup="kitchen", dropoff=("icu", "ward_1a"), every=90, begin="14:00", until="16:00")
    assert requests(tea) == [
        "14.00 kitchen icu",
        "14.00 kitchen ward_1a",
        "15.50 kitchen icu",
        "15.50 kitchen ward_1a",
    ]


def test_a_round_comes_again_on_the_next_day() -> None:
    assert requests(Round(pickup="cssd", dropoff="icu", at=("09:00",)), hours=48) == [
        "09.00 cssd icu",
        "33.00 cssd icu",
    ]


def test_random_demand_follows_the_hours_of_the_day() -> None:
    curve = tuple(float(hour in (6, 7)) for hour in range(24))
    tubes = RandomDemand(pickup=("icu", "ward_1a"), dropoff="laboratory", per_hour=200, curve=curve)
    asked = requests(tubes)
    assert 320 < len(asked) < 480
    assert all(6.0 <= float(line[:5]) <= 8.0 for line in asked)
    assert {line.split()[1] for line in asked} == {"icu", "ward_1a"}


def test_the_seed_decides_what_is_random() -> None:
    tubes = UsualDemand(kind="specimens")
    assert requests(tubes) == requests(tubes) != requests(tubes, seed=2)


@pytest.mark.parametrize(
    ("demand", "some"),
    [
        (UsualDemand(kind="medication_rounds"), "08.00 pharmacy ward_1a"),
        (UsualDemand(kind="meals", at=("11:30",)), "11.50 kitchen ward_1a"),
        (UsualDemand(kind="linen", base="cssd"), "09.00 cssd ward_1a"),
        (UsualDemand(kind="waste"), "10.00 ward_1a waste_room"),
        (UsualDemand(kind="specimens", wards="icu"), " icu laboratory"),
        (UsualDemand(kind="specimens", at=("07:30",)), "07.50 ward_1a laboratory"),
        (UsualDemand(kind="stat_calls"), " blood_bank theatre_"),
    ],
    ids=lambda value: value.kind if isinstance(value, UsualDemand) else "",
)
def test_what_hospitals_usually_ask_for(demand: UsualDemand, some: str) -> None:
    assert some in " | ".join(requests(demand))
