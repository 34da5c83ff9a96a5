"""The report of a run: its figures add up, and the page that shows them needs nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from fleet_manager.domain.events import AlertRaised, ItemsHandedOver, NodePassed
from maps.model import RobotId, Site
from sim.report.activities import WAITS, Activity
from sim.report.figures import Figures, figures_of
from sim.report.html import chapter, page
from sim.scenario import Delivery, FleetPart, Round, Scenario
from sim.scenario_faults import LiftStuck
from sim.scenario_people import Bed, PressEstop
from sim.scenario_run import ScenarioResult, run_scenario
from sim.scenario_site import site_of

TITLE = "Tea & <b>biscuits</b>"

SCENARIO = Scenario(
    title=TITLE,
    site="generated:2",
    begin="10:00",
    hours=0.3,
    fleets={"delivery": FleetPart(robots=2)},
    demand=(
        Round(name="tea", pickup="kitchen", dropoff=("ward_1a", "ward_2b"), at=("10:01",), item="<script>tea</script>"),
        Delivery(name="blood", at="10:04", pickup="pharmacy", dropoff="icu", item_class="medicine"),
    ),
    people=(Bed(at="10:01", way=("kitchen", "ward_1a"), minutes=2), PressEstop(at="10:05", robot="robot-1", minutes=2)),
    faults=(LiftStuck(at="10:02", lift="lift_5", minutes=5),),
    expect=("tea is delivered within 2 min", "blood is delivered before 10:30"),
)


@dataclass(frozen=True)
class Told:
    result: ScenarioResult
    site: Site
    figures: Figures


@pytest.fixture(scope="module")
def told() -> Told:
    return _tell()


def _tell() -> Told:
    result, site = run_scenario(SCENARIO), site_of(SCENARIO)
    return Told(result, site, figures_of(result, site))


def _page(told: Told) -> str:
    return page([chapter(told.result, told.figures, told.site, file="tea.scenario.yaml", about="Tea & trouble.")])


# --- figures ---------------------------------------------------------------------------------------------------


def test_each_robots_activities_fill_its_whole_time(told: Told) -> None:
    whole = (told.result.end - told.result.start).total_seconds()
    for robot in told.figures.robots:
        assert sum(robot.seconds.values()) == pytest.approx(whole)
        assert robot.spans[0].start == 0.0
        assert robot.spans[-1].end == pytest.approx(whole)
        assert all(one.end == pytest.approx(next_.start) for one, next_ in pairwise(robot.spans))
    assert sum(told.figures.time_spent.values()) == pytest.approx(whole * len(told.figures.robots))


def test_passages_are_the_nodes_that_robots_passed(told: Told) -> None:
    passed = [r.event for r in told.result.log if isinstance(r.event, NodePassed)]
    counted = sum(lane.passages for lane in told.figures.lanes) + sum(lift.trips for lift in told.figures.lifts)
    assert counted == len(passed) > 50
    driven = sum(told.site.lanes[lane.lane].length * lane.passages for lane in told.figures.lanes)
    assert told.figures.distance == pytest.approx(driven, rel=0.05)


def test_tasks_are_counted_as_they_ended(told: Told) -> None:
    tasks = told.figures.tasks
    assert (tasks.accepted, tasks.completed, tasks.refused) == (3, 3, 0)
    assert (tasks.due, tasks.on_time) == (3, 1), "two teas are late, the blood is not"
    assert tasks.wait_max == told.result.longest_wait
    assert sum(robot.delivered for robot in told.figures.robots) == 3
    handed_over = sum(isinstance(r.event, ItemsHandedOver) for r in told.result.log)
    assert sum(len(robot.hand_overs) for robot in told.figures.robots) == handed_over == 6


def test_a_robot_that_was_stopped_stood_for_a_fault(told: Told) -> None:
    stopped = next(robot for robot in told.figures.robots if robot.robot == RobotId("robot-1"))
    assert stopped.seconds[Activity.FAULT] == pytest.approx(120.0, abs=20.0)
    assert told.figures.time_spent[Activity.HAND_OVER] > 60.0
    assert 0.0 < stopped.utilisation < 1.0
    assert stopped.energy_wh > 0.0
    assert stopped.lowest_charge is not None
    assert stopped.lowest_charge < 1.0


def test_a_lift_is_in_use_from_the_call_to_the_way_out(told: Told) -> None:
    ridden = [lift for lift in told.figures.lifts if lift.trips]
    assert ridden
    for lift in ridden:
        assert sum(span.ridden for span in lift.spans) == lift.trips
        assert 0.0 < lift.share < 1.0


def test_what_people_did_and_alerts_have_their_place(told: Told) -> None:
    alerts = sum(isinstance(r.event, AlertRaised) for r in told.result.log)
    assert len(told.figures.incidents) == len(told.result.happenings) + alerts
    bed = next(incident for incident in told.figures.incidents if incident.text.startswith("a bed"))
    assert (bed.level, bed.x is not None) == ("L1", True)
    stop = next(incident for incident in told.figures.incidents if "e-stop" in incident.text)
    assert (stop.robot, stop.level is not None) == ("robot-1", True)


# --- the page --------------------------------------------------------------------------------------------------


class _Reader(HTMLParser):
    """Follows the tags: each is closed in its turn, and nothing is fetched from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []
        self.names: set[str] = set()
        self.references: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.references += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href", "data")]
        self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def _read(text: str) -> _Reader:
    reader = _Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    return reader


def test_the_page_needs_no_other_file(told: Told) -> None:
    text = _page(told)
    reader = _read(text)
    assert all(reference.startswith("#") for reference in reader.references)
    assert reader.names.isdisjoint({"script", "link", "img", "iframe"})
    assert re.search(r"url\(|@import|https?://", text) is None


def test_the_page_tells_of_every_robot_task_and_expectation(told: Told) -> None:
    words = "\n".join(_read(_page(told)).words)
    assert TITLE in words
    assert "Tea & trouble." in words
    assert "<script>tea</script>" in words
    for robot in told.figures.robots:
        assert words.count(robot.robot) >= 2
    for asked in told.result.tasks:
        assert asked.view.id in words
    for outcome in told.result.outcomes:
        assert outcome.sentence in words
        assert all(line in words for line in outcome.story)
    assert any(outcome.story for outcome in told.result.outcomes)
    assert {f"Level {level}" for level in ("L1", "L2")} <= set(words.splitlines())
    assert any(told.figures.time_spent[cause] > 0.0 for cause in WAITS)


def test_the_same_seed_gives_the_same_bytes(told: Told) -> None:
    assert _page(told) == _page(_tell())


def test_a_scenario_in_which_nothing_happens_has_a_page_as_well() -> None:
    quiet = Scenario(site="generated:1", hours=0.05, expect=("no jams",))
    result, site = run_scenario(quiet), site_of(quiet)
    figures = figures_of(result, site)
    assert (figures.distance, figures.tasks.wait_max, figures.lanes) == (0.0, None, ())
    words = _read(page([chapter(result, figures, site, file="quiet.scenario.yaml", about="")])).words
    assert "No robot drove." in words
