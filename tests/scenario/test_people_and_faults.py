"""What the people and the faults of a scenario do to the robots."""

from __future__ import annotations

from typing import Any

import pytest

from fleet_manager.domain.events import AlertRaised, RobotModeChanged, RobotTurnedAway, SessionStarted
from sim.scenario import Delivery, FleetPart, Scenario
from sim.scenario_faults import (
    DoorStuck,
    Fault,
    Fire,
    LaneObstructed,
    LiftSilent,
    LiftStuck,
    PutBack,
    RobotDead,
    RobotFailing,
    RobotSlow,
)
from sim.scenario_people import Bed, Crowd, LiftCalls, LiftPassengers, People, PressEstop, PushAside
from sim.scenario_run import ScenarioResult, run_scenario

ALONE = {
    fleet: FleetPart(robots=int(fleet == "delivery")) for fleet in ("delivery", "soiled_goods", "isolation", "porters")
}
WAY = ("pharmacy", "ward_1a")


def hour(*, people: tuple[People, ...] = (), faults: tuple[Fault, ...] = (), **parts: Any) -> ScenarioResult:
    """One robot, one delivery at 7:01."""
    delivery = Delivery(name="tea", at="07:01", pickup=WAY[0], dropoff=parts.pop("dropoff", WAY[1]))
    scenario = Scenario(
        site=parts.pop("site", "generated:1"),
        hours=0.75,
        fleets=parts.pop("fleets", ALONE),
        demand=(delivery,),
        people=people,
        faults=faults,
        **parts,
    )
    return run_scenario(scenario)


def minutes(result: ScenarioResult) -> float:
    """How long the delivery took."""
    view = result.tasks[0].view
    assert view.ended_at is not None
    return (view.ended_at - view.requested_at).total_seconds() / 60.0


def alerts(result: ScenarioResult) -> list[str]:
    return [recorded.event.alert.kind for recorded in result.log if isinstance(recorded.event, AlertRaised)]


@pytest.fixture(scope="module")
def undisturbed() -> ScenarioResult:
    return hour()


def test_nothing_happens_by_itself(undisturbed: ScenarioResult) -> None:
    assert undisturbed.holds, undisturbed.told()
    assert undisturbed.happenings == ()
    assert 2.0 < minutes(undisturbed) < 6.0


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (DoorStuck(at="07:01", door="L1_wing_a_entrance", minutes=8), None),
        (LaneObstructed(at="07:01", way=WAY, what="a scaffold", minutes=8), "blocked"),
        (RobotDead(at="07:02:20", robot="robot-1", minutes=8), "unreachable"),
        (RobotFailing(at="07:02:20", robot="robot-1", minutes=4), None),
        (RobotSlow(at="07:01", robot="robot-1", speed_share=0.2, minutes=20), None),
        (Fire(at="07:02:20", place="L1_ward_1a", minutes=10), "fire_alarm"),
    ],
    ids=lambda value: getattr(value, "kind", None),
)
def test_a_fault_delays_the_delivery_and_loses_nothing(
    fault: Any, kind: str | None, undisturbed: ScenarioResult
) -> None:
    result = hour(faults=(fault,))
    assert result.holds, result.told()
    assert minutes(result) > minutes(undisturbed) + 1.5
    assert kind is None or kind in alerts(result)
    assert len(result.happenings) == 1 + isinstance(fault, RobotDead)


def test_a_robot_that_is_put_back_goes_on_from_there() -> None:
    result = hour(faults=(PutBack(at="07:02", robot="robot-1", place="kitchen"),))
    assert result.holds, result.told()
    modes = [recorded.event for recorded in result.log if isinstance(recorded.event, RobotModeChanged)]
    assert [mode.mode for mode in modes] == ["manual", "automatic"]
    assert modes[-1].waypoint == "kitchen"


@pytest.mark.parametrize(
    "people",
    [
        Crowd(zone="L1_main_corridor", begin="07:00", until="07:40", speed_share=0.3, in_the_way=30),
        Bed(at="07:01", way=WAY, minutes=8),
        PressEstop(at="07:02:20", robot="robot-1", minutes=4),
        PushAside(at="07:02:20", robot="robot-1", metres=0.4, minutes=4),
    ],
    ids=lambda people: people.kind,
)
def test_people_delay_the_delivery_and_lose_nothing(people: Any, undisturbed: ScenarioResult) -> None:
    result = hour(people=(people,))
    assert result.holds, result.told()
    assert minutes(result) > minutes(undisturbed) + 0.4
    assert result.happenings


def test_a_crowd_that_is_gone_slows_nobody(undisturbed: ScenarioResult) -> None:
    early = Crowd(zone="L1_main_corridor", begin="07:00", until="07:00:30", speed_share=0.1, in_the_way=0)
    assert minutes(hour(people=(early,))) == pytest.approx(minutes(undisturbed), abs=0.2)


def upstairs(**parts: Any) -> ScenarioResult:
    return hour(site="generated:2", dropoff="ward_2b", **parts)


def test_passengers_fill_the_cars() -> None:
    waiting = tuple(
        LiftPassengers(at="07:00", lift=lift, level="L1", to="L2", times=2) for lift in ("lift_5", "lift_6")
    )
    result = upstairs(people=waiting)
    assert result.holds, result.told()
    assert [r for r in result.log if isinstance(r.event, RobotTurnedAway)]


def test_lifts_that_others_call_are_waited_for() -> None:
    calls = tuple(LiftCalls(lift=f"lift_{number}", per_hour=200) for number in range(1, 13))
    quiet, busy = upstairs(), upstairs(people=calls)
    assert quiet.holds
    assert busy.holds, busy.told()
    assert minutes(busy) > minutes(quiet)


@pytest.mark.parametrize("fault", [LiftStuck, LiftSilent])
def test_a_lift_that_is_out_is_told_of_and_others_are_used(fault: type[LiftStuck] | type[LiftSilent]) -> None:
    used = next(
        str(r.event.session.device)
        for r in upstairs().log
        if isinstance(r.event, SessionStarted) and r.event.session.level
    )
    result = upstairs(faults=(fault(at="07:00:30", lift=used, minutes=40),))
    assert result.holds, result.told()
    ridden = {
        r.event.session.device for r in result.log if isinstance(r.event, SessionStarted) and r.event.session.level
    }
    assert ridden - {used}


def test_a_slow_car_and_a_slow_door_take_longer() -> None:
    slow = upstairs(lifts={"all": {"speed": 0.2, "door_time": 10}}, doors={"all": {"travel_time": 10}})
    assert slow.holds, slow.told()
    assert minutes(slow) > minutes(upstairs()) + 0.5


def test_a_battery_that_is_low_at_the_beginning() -> None:
    fleets = {**ALONE, "delivery": FleetPart(robots=1, charge=0.4)}
    result = hour(
        fleets=fleets, expect=("no robot's battery falls below 50 %", "robot-1's battery never falls below 30 %")
    )
    (failed,) = result.failed
    assert failed.sentence == "no robot's battery falls below 50 %"
    assert "robot-1 at 07:0" in failed.found
