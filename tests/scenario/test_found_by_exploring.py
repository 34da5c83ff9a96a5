"""What exploring found, as little of it as broke something; each is mended."""

from __future__ import annotations

from typing import Any

from sim.explore import EXPECT, failure_of
from sim.scenario import Scenario


def _asked(at: str, pickup: str, dropoff: str, item_class: str | None = None, priority: str = "stat") -> dict[str, Any]:
    return {
        "kind": "delivery",
        "at": f"07:{at}",
        "pickup": pickup,
        "dropoff": dropoff,
        "item_class": item_class,
        "priority": priority,
    }


def _run(site: str, demand: list[dict[str, Any]], faults: list[dict[str, Any]], **more: Any) -> None:
    scenario = {"title": "found", "site": site, "hours": 0.2, "overtime": 90.0, "fleets": {"carts": {}}}
    expect = [*EXPECT, "jams are allowed"]
    found = failure_of(
        Scenario.model_validate({**scenario, **more, "demand": demand, "faults": faults, "expect": expect})
    )
    assert found is None, str(found)


def test_robots_that_want_each_others_places_rest_where_only_a_porter_stands_or_lives() -> None:
    _run(
        "random:6052",
        [
            _asked("01:59", "L1bay00", "L2bay00", "blood", "urgent"),
            _asked("02:02", "L1bay10", "L2bay10", None, "urgent"),
            _asked("02:16", "L2bay00", "L1bay10", None, "urgent"),
            _asked("03:00", "L2bay10", "L1bay10", "blood", "background"),
            _asked("05:20", "L2bay00", "L1bay10"),
            _asked("06:26", "L2bay00", "L2bay10", "specimen", "urgent"),
            _asked("07:58", "L2bay10", "L1bay00", "blood", "routine"),
        ],
        [{"kind": "porter_sent", "at": "07:00", "task": 6, "event": 6}],
        seed=205,
    )


def test_a_robot_that_turns_back_gives_its_second_ride_in_the_same_lift_back() -> None:
    _run(
        "random:7634",
        [
            _asked("01:13", "L2bay21", "L2bay01", "specimen"),
            _asked("04:06", "L1bay11", "L1bay10", None, "routine"),
            _asked("04:26", "L2bay11", "L1bay20", "specimen"),
            _asked("05:18", "L1bay21", "L1bay01", "specimen"),
            _asked("05:21", "L2bay20", "L2bay10", "blood"),
            _asked("06:59", "L1bay21", "L2bay11", None, "routine"),
            _asked("07:12", "L1bay01", "L2bay21"),
        ],
        [
            {"kind": "wrong_compartment", "at": "07:03:34", "robot": "robot-2", "compartment": "upper", "minutes": 1.0},
            {"kind": "network_rough", "at": "07:05:13", "robot": "robot-4", "late_seconds": 3.0, "minutes": 0.52},
            {"kind": "fire", "at": "07:07:17", "place": "L2", "minutes": 2.44},
            {
                "kind": "localisation_lost",
                "at": "07:09:06",
                "robot": "robot-1",
                "dx": 0.3,
                "dy": 0.8,
                "minutes": 0.68,
            },
        ],
        seed=247,
        latency=0.1,
    )
