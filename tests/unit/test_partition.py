"""Checkpoints shared among robots."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fleet_manager.planning.partition import shares
from maps.model import WaypointId


def _time(start: WaypointId, goal: WaypointId) -> float | None:
    """Seconds on a line, where a place's name is where it lies; nobody comes to negative ones from others."""
    x, y = float(start), float(goal)
    return None if (x < 0.0) != (y < 0.0) else abs(x - y)


_PLACES = st.lists(st.integers(-20, 200).map(lambda x: WaypointId(str(x))), min_size=1, max_size=12)


@given(_PLACES, st.data())
def test_each_place_is_visited_by_one_robot_and_each_robot_visits_something(
    places: list[WaypointId], data: st.DataObject
) -> None:
    robots = data.draw(st.integers(1, len(places)))
    parts = shares(places, robots, _time)
    assert sorted(index for part in parts for index in part) == list(range(len(places)))
    assert len(parts) == robots
    assert all(parts)


def test_one_robot_keeps_the_order_and_several_take_what_lies_together() -> None:
    places = [WaypointId(name) for name in ("0", "100", "10", "110")]
    assert shares(places, 1, _time) == [[0, 1, 2, 3]]
    assert shares(places, 2, _time) == [[0, 2], [1, 3]]
    assert shares(places, 3, _time) in ([[0], [2], [1, 3]], [[0, 2], [1], [3]])
