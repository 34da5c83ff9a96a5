"""What a scenario expects: each sentence where it holds and where it does not, and the story of what led to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fleet_manager.domain.events import ItemsHandedOver
from fleet_manager.domain.tasks import Priority
from maps.generator import generate
from maps.model import LevelId, RobotId
from sim.expectations import GRAMMAR, ExpectationError, InvariantsHold, NoJams, NoOverlaps, Traced, must_hold, parse
from sim.jams import Jam
from sim.judgement import Evidence, Outcome, judge
from sim.scenario import Delivery, FleetPart, Scenario
from sim.scenario_faults import DoorStuck, RobotDead, RobotSlow
from sim.scenario_people import Bed, PressEstop
from sim.scenario_rooms import LampCheck
from sim.scenario_run import ScenarioResult, run_scenario
from sim.scenario_tasks import Disinfection, MealRound, TimedDelivery
from sim.scene import Broken
from sim.violations import Motion, Violation

ALONE = {
    fleet: FleetPart(robots=int(fleet == "delivery")) for fleet in ("delivery", "soiled_goods", "isolation", "porters")
}
HEPARIN = Delivery(
    name="heparin",
    at="07:01",
    pickup="pharmacy",
    dropoff="icu",
    item="heparin",
    item_class="medicine",
    priority=Priority.STAT,
)
CHARTS = Delivery(name="charts", at="07:12", pickup="icu", dropoff="ward_1a", item_class="document")
BEYOND_REACH = Delivery(name="beyond_reach", at="07:02", pickup="pharmacy", dropoff="isolation_room_01")

HOLD = (
    "robot-1 arrives at pharmacy",
    "robot-1 arrives at pharmacy before 07:04",
    "robot-1 arrives at icu within 10 min",
    "a robot arrives at ward_1a before 07:25",
    "heparin is delivered",
    "heparin is delivered before 07:08",
    "heparin is delivered within 7 min",
    "heparin is done within 7 min",
    "every stat task is delivered within 7 min",
    "every document task is delivered within 12 min",
    "all tasks are completed",
    "all medicine tasks are completed",
    "at least 2 tasks are completed",
    "at least 1 stat task is completed before 07:10",
    "no task waits over 10 min",
    "no stat task waits over 4 min",
    "route pharmacy → icu avoids isolation",
    "route pharmacy -> icu uses L1_main_corridor",
    "route pharmacy to icu takes under 3 min",
    "route pharmacy → icu is under 100 m",
    "no robot's battery falls below 80 %",
    "robot-1's battery never falls below 50%",
    "robot-1 never enters isolation",
    "no robot enters L1_theatre_1",
    "nobody is alerted of blocked",
    "somebody is alerted of not_automatic",
    "somebody is alerted of not_automatic within 15 min",
    "at least 2 items are delivered",
    "at least 1 document item is delivered",
    "every item can be traced without a gap",
    "at least 1 robots complete tasks",
    "no robot drives faster than 3.7 km/h",
    "all tasks end",
    "no invariant is broken",
    "no jams",
    "no overlaps",
    "no refusals",
)
FAIL = {
    "robot-1 arrives at cssd": "robot-1 never came there",
    "robot-1 arrives at pharmacy before 07:01": "robot-1 came at 07:0",
    "a robot arrives at cssd within 5 min": "no robot came there",
    "heparin is delivered before 07:02": "1 of 1 tasks; T00001 was delivered at 07:0",
    "every document task is delivered within 2 min": "1 of 1 tasks; T00002 was delivered at 07:",
    "every blood task is delivered within 20 min": "nobody asked for blood tasks",
    "all blood tasks are completed": "nobody asked for blood tasks",
    "at least 3 tasks are completed": "2 of 2 tasks",
    "at least 2 tasks are completed before 07:10": "1 of 2 tasks",
    "no task waits over 1 min": "the longest wait is ",
    "no urgent task waits over 1 min": "nobody asked for urgent tasks",
    "heparin is refused": "1 accepted",
    "route pharmacy → icu avoids L1_main_corridor": "pharmacy → ",
    "route pharmacy → icu uses isolation": " m, ",
    "route pharmacy → icu takes under 0.5 min": " min: pharmacy → ",
    "route pharmacy → icu is under 20 m": " m, ",
    "no robot's battery falls below 100 %": "robot-1 at 07:0",
    "robot-1 never enters L1_main_corridor": "robot-1 was in L1_main_corridor at 07:01",
    "no robot enters clean": "robot-1 was in ",
    "at least 2 items are delivered before 07:10": "1 items",
    "at least 2 robots complete tasks": "1 robots: robot-1",
    "no robot drives faster than 3 km/h": "robot-1 drove 3.6 km/h",
    "nobody is alerted": "1 alerts; not_automatic at 07:14:00: robot-1 is in estop mode",
    "somebody is alerted of not_automatic before 07:10": "at 07:14:00",
    "somebody is alerted of blocked": "no such alert, but not_automatic",
}


@pytest.fixture(scope="module")
def morning() -> dict[str, Outcome]:
    """A stat delivery without trouble, and a routine one whose robot is stopped on the way for four minutes."""
    scenario = Scenario(
        site="generated:1",
        hours=0.5,
        fleets=ALONE,
        demand=(HEPARIN, CHARTS),
        people=(PressEstop(at="07:14", robot="robot-1", minutes=4),),
        expect=(*HOLD, *FAIL),
    )
    return {outcome.sentence: outcome for outcome in run_scenario(scenario).outcomes}


@pytest.mark.parametrize("sentence", HOLD)
def test_what_holds(sentence: str, morning: dict[str, Outcome]) -> None:
    assert morning[sentence].holds, morning[sentence]
    assert morning[sentence].story == ()


@pytest.mark.parametrize("sentence", FAIL)
def test_what_does_not_hold(sentence: str, morning: dict[str, Outcome]) -> None:
    assert not morning[sentence].holds, morning[sentence]
    assert FAIL[sentence] in morning[sentence].found


def test_every_sentence_of_the_grammar_is_tried_both_ways() -> None:
    tried = {type(parse(sentence)) for sentence in HOLD}, {type(parse(sentence)) for sentence in FAIL}
    kinds = {type(parse(sentence)).__name__ for sentence in (*HOLD, *FAIL)}
    of_sprayers = {"Refills", "SpraysUpTo", "ChargeCovers", "ChargeLasts"}
    of_voices = {"DoneByFleet", "Silent"}
    elsewhere = {"Allowed", "DoneBy", "Certified", "KeepsTimes", "ProvenBy", *of_sprayers, *of_voices}
    assert len(kinds | elsewhere) == len({type(form) for form in map(_any_of, GRAMMAR)})
    alone = {kind.__name__ for kind in tried[0] ^ tried[1]}
    told_below = {"NoJams", "NoOverlaps", "NoRefusals", "Refused", "AllEnd", "InvariantsHold", "Traced"}
    assert alone == told_below, "these have stories of their own below"


def _any_of(form: str) -> object:
    """One sentence of a form: without what is in brackets."""
    words = form.partition(" (")[0].replace("[stat] ", "")
    while "[" in words:
        before, _, rest = words.partition(" [")
        words = before + rest.partition("]")[2]
    return parse(words)


def test_a_sentence_that_is_none_names_the_nearest() -> None:
    with pytest.raises(ExpectationError, match="nearest are: all \\[stat\\] tasks are completed"):
        parse("all tasks get completed")
    with pytest.raises(ExpectationError, match="they read: robot-2 arrives at ward_3b"):
        parse("?")


def test_jams_overlaps_and_refusals_are_looked_for_unless_allowed() -> None:
    assert [sentence for sentence, _ in must_hold(())] == ["no overlaps", "no jams", "no refusals"]
    assert [sentence for sentence, _ in must_hold(("jams are allowed", "no overlaps"))] == [
        "no overlaps",
        "no refusals",
    ]


def test_which_fleet_did_the_work_and_when_nobody_spoke() -> None:
    rooms = ("ward_1a_room_01", "ward_1a_room_02")
    hold = (
        "lunch is done by the fleet delivery",
        "no robot speaks between 12:00 and 13:00",
        "lunch is done within 30 min",
    )
    fail = {
        "lunch is done by the fleet soiled_goods": "T00001 was done by robot-1",
        "no robot speaks between 11:40 and 12:00": "robot-1 says '1床李，您的餐到了，请取餐。' at 11:4",
    }
    scenario = Scenario(
        site="generated:1",
        begin="11:40",
        hours=0.5,
        fleets={"delivery": FleetPart(robots=1, capabilities=("meals",), compartments=2)},
        demand=(MealRound(name="lunch", at="11:41", pickup="kitchen", places=rooms),),
        expect=(*hold, *fail),
    )
    outcomes = {outcome.sentence: outcome for outcome in run_scenario(scenario).outcomes}
    for sentence in hold:
        assert outcomes[sentence].holds, outcomes[sentence]
    for sentence, found in fail.items():
        assert not outcomes[sentence].holds
        assert found in outcomes[sentence].found


def test_who_did_the_work_and_what_the_certificate_says() -> None:
    disinfection = Disinfection(name="room", at="07:01", zone="L2_isolation_room_01", dose=100.0)
    hold = ("room is done within 30 min", "room is done by disinfection-1", "the certificate of room covers 99 %")
    fail = {
        "heparin is done by disinfection-1": "T00001 was done by robot-1",
        "the certificate of heparin covers 50%": "T00001 has no certificate",
    }
    scenario = Scenario(
        site="general_hospital",
        hours=0.5,
        fleets={**ALONE, "disinfection": FleetPart(robots=1)},
        demand=(disinfection, HEPARIN.model_copy(update={"at": "07:00:30", "dropoff": "ward_3a"})),
        people=(LampCheck(at="07:00"),),
        expect=(*hold, *fail),
    )
    outcomes = {outcome.sentence: outcome for outcome in run_scenario(scenario).outcomes}
    assert [outcomes[sentence].found for sentence in hold if not outcomes[sentence].holds] == []
    assert {sentence: outcomes[sentence].found for sentence in fail} == fail
    assert not any(outcomes[sentence].holds for sentence in fail)


def test_set_times_proofs_and_gaps_in_the_custody() -> None:
    stops = ({"place": "ward_1a", "not_before": "07:10", "not_after": "07:20"}, {"place": "icu", "not_after": "07:40"})
    kits = TimedDelivery.model_validate({"name": "kits", "at": "07:01", "pickup": "pharmacy", "stops": stops})
    tight = TimedDelivery.model_validate(
        {
            "name": "tight",
            "at": "07:01",
            "pickup": "pharmacy",
            "stops": [{"place": "ward_1a_2", "not_before": "07:30", "not_after": "07:30:05"}],
            "by_code": False,
        }
    )
    hold = ("kits keeps its set times", "kits is handed over by qr", "every item can be traced without a gap")
    fail = {
        "tight keeps its set times": "T00002 was served at ward_1a_2 at 07:3",
        "tight is handed over by qr": "T00002 at ward_1a_2 was handed over by none",
        "heparin keeps its set times": "no stop of heparin has a set time",
    }
    scenario = Scenario(
        site="generated:1",
        hours=0.75,
        fleets={"delivery": FleetPart(robots=2)},
        demand=(kits, tight, HEPARIN.model_copy(update={"at": "07:41"})),
        expect=(*hold, *fail),
    )
    result = run_scenario(scenario)
    outcomes = {outcome.sentence: outcome for outcome in result.outcomes}
    assert [outcomes[sentence].found for sentence in hold if not outcomes[sentence].holds] == []
    assert [s for s, found in fail.items() if outcomes[s].holds or found not in outcomes[s].found] == []
    loaded = next(r for r in result.log if isinstance(r.event, ItemsHandedOver))
    unseen = replace(_nothing(), log=tuple(r for r in result.log if r is not loaded))
    broken = judge("every item can be traced without a gap", Traced(), unseen)
    assert not broken.holds
    assert "gave it at" in broken.found


def test_a_task_that_never_ends_is_a_failure() -> None:
    dead = RobotDead(at="07:00:10", robot="robot-1")
    result = one_robot("all tasks end", demand=(HEPARIN,), faults=(dead,), hours=0.5, overtime=0)
    (failed,) = result.failed
    assert failed.found.startswith("1 of 1; T00001 is queued: ")


def _nothing() -> Evidence:
    """An hour in which nothing happened."""
    start = datetime(2025, 1, 6, 7, tzinfo=UTC)
    return Evidence(
        site=generate(floors=1, robots=2),
        zone=UTC,
        begin="07:00",
        start=start,
        end=start + timedelta(hours=1),
        log=(),
        motion=Motion(),
        happenings=(),
        tasks=(),
        refused=(),
        violations=(),
        jams=(),
        charges={},
        routes={},
        certificates={},
    )


def test_jams_overlaps_and_broken_invariants_are_failures() -> None:
    nothing = _nothing()
    start = nothing.start
    jam = Jam((RobotId("robot-1"),), start, start + timedelta(minutes=6), RobotId("robot-1"))
    overlap = Violation(RobotId("robot-1"), RobotId("robot-2"), LevelId("L1"), 60.0, 61.0)
    assert judge("no jams", NoJams(), nothing).holds
    jammed = judge("no jams", NoJams(), replace(nothing, jams=(jam,)))
    assert (jammed.holds, jammed.found) == (False, "1; the first: robot-1 at 07:00:00–07:06:00")
    assert judge("no overlaps", NoOverlaps(), nothing).holds
    assert judge("no invariant is broken", InvariantsHold(), nothing).holds
    lost = Broken("no report is lost", "report 9 of robot-1 follows on report 7", 40, 60.0)
    broken = judge("no invariant is broken", InvariantsHold(), replace(nothing, broken=lost))
    assert (broken.holds, broken.found) == (False, str(lost))
    touching = judge("no overlaps", NoOverlaps(), replace(nothing, violations=(overlap,)))
    assert (touching.holds, touching.found) == (False, "1; the first: robot-1 and robot-2 at 07:01:00")


# --- stories ---------------------------------------------------------------------------------------------------


def one_robot(*expect: str, **parts: object) -> ScenarioResult:
    known = {"site": "generated:1", "fleets": ALONE, "expect": expect}
    return run_scenario(Scenario.model_validate({**known, **parts}))


def test_a_refusal_is_a_failure_or_what_is_expected() -> None:
    parts = {"demand": (BEYOND_REACH,), "hours": 0.2}
    failed = one_robot(**parts)
    assert [outcome.sentence for outcome in failed.failed] == ["no refusals"]
    assert "pharmacy → isolation_room_01" in failed.failed[0].found
    assert one_robot("beyond_reach is refused", "refusals are allowed", **parts).holds
    assert not one_robot("beyond_reach is delivered", "refusals are allowed", **parts).holds


def test_the_story_ends_with_what_the_robot_waited_for() -> None:
    stuck = DoorStuck(at="07:01", door="L1_wing_b_entrance", minutes=20)
    result = one_robot("heparin is delivered before 07:15", demand=(HEPARIN,), faults=(stuck,))
    (failed,) = result.failed
    assert failed.found.startswith("1 of 1 tasks; T00001 was delivered at 07:2")
    assert failed.story[0] == "07:01:00 door L1_wing_b_entrance is stuck for 20 min"
    assert failed.story[1] == "07:01:00 nurse-1 asks for heparin, pharmacy → icu (stat): T00001"
    assert any("robot-1 waits" in line and "door L1_wing_b_entrance" in line for line in failed.story)
    assert failed.story[-2] == "07:15:00 T00001 is underway with robot-1"
    assert "waits for L1_wing_b_entrance: door L1_wing_b_entrance" in failed.story[-1]


def test_the_story_of_a_task_that_nobody_could_take() -> None:
    dead = RobotDead(at="07:00:10", robot="robot-1")
    result = one_robot("heparin is delivered", demand=(HEPARIN,), faults=(dead,), hours=0.5, overtime=0)
    (failed,) = result.failed
    assert "T00001 is queued" in failed.found
    assert "07:00:10 robot-1 breaks down" in failed.story
    assert failed.story[-1].startswith("07:30:00 T00001 is queued and waits for a robot: ")


def test_a_long_story_keeps_its_beginning_and_its_end() -> None:
    tea = {"kind": "round", "name": "tea", "pickup": "kitchen", "dropoff": "icu", "every": 5}
    result = one_robot("robot-1 arrives at cssd", demand=(tea,), hours=1)
    (failed,) = result.failed
    assert len(failed.story) < 45
    assert any("lines left out" in line for line in failed.story)


def test_what_people_and_faults_did_is_part_of_the_story() -> None:
    result = one_robot(
        "heparin is delivered before 07:02",
        demand=(HEPARIN,),
        people=(Bed(at="07:00:30", way=("pharmacy", "icu"), minutes=1),),
        faults=(RobotSlow(at="07:00:40", robot="robot-1", speed_share=0.5, minutes=5),),
    )
    (failed,) = result.failed
    assert [line for line in failed.story if "bed" in line or "speed" in line] == list(failed.story[:2])
    assert [happening.subjects for happening in result.happenings][1:] == [("robot-1",)]
    assert failed.sentence in result.told()
    assert failed.story[-1] in result.told()
