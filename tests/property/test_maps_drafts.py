"""Whatever a robot maps: its draft can be driven on, reaches the floor, and has nothing the check calls an error."""

from __future__ import annotations

import random

import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st

from maps.draft.floor import Floor
from maps.draft.site import draft_site
from maps.graph import routing_graph
from maps.validation import Severity, check
from tests.floor_plans import random_floor_plan
from tests.reach import share_within_reach


@settings(max_examples=15, deadline=None)
@given(st.integers(min_value=0, max_value=2**32 - 1), st.floats(min_value=-3.0, max_value=3.0))
def test_drafts_of_random_wards(seed: int, yaw: float) -> None:
    plan = random_floor_plan(random.Random(seed))
    grid = plan.grid(x=-7.0, y=12.0, yaw=yaw)
    site = draft_site(grid, "ward")
    assert share_within_reach(site, grid) >= 0.95
    assert nx.is_strongly_connected(routing_graph(site))
    assert [finding.message for finding in check(site) if finding.severity is Severity.ERROR] == []
    floor = Floor.of(grid, 0.7)
    for lane in site.lanes.values():
        start, end = (grid.from_map([site.waypoints[place].xy])[0].tolist() for place in (lane.start, lane.end))
        assert floor.room_along(start, end) >= floor.least_room - grid.resolution
        assert f"{lane.end}>{lane.start}" in site.lanes
