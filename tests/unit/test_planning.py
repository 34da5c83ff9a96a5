"""Routes, assignment, loading, estimates and the steps of a mission, against plain references."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import networkx as nx
import pytest

from fleet_manager.domain.missions import Mission, MissionId, MissionKind, StepKind, StepStatus
from fleet_manager.domain.tasks import (
    FLEET_MANAGER,
    DeliveryTask,
    Item,
    ItemId,
    ItemState,
    Priority,
    Stop,
    StopKind,
    TaskId,
)
from fleet_manager.orchestration.advance import DriveTo, Finish, OfferHandover, Signal, advance
from fleet_manager.planning.assignment import hungarian
from fleet_manager.planning.conflicts import Conflicts, lane_part, waypoint_part
from fleet_manager.planning.costs import DEFAULT_LANE_COSTS, ride_time, zones_at
from fleet_manager.planning.estimates import estimate
from fleet_manager.planning.loading import load
from fleet_manager.planning.routes import Routes, levels_of
from fleet_manager.planning.steps import delivery_steps
from maps.generator import generate
from maps.graph import routing_graph
from maps.model import Compartment, FleetId, ItemClass, ItemClassId, LaneId, RobotId, Site, WaypointId
from tests.builders import FLEET, corridor_site, lanes_both_ways, site_of, waypoint


@pytest.fixture(scope="module")
def hospital() -> Site:
    return generate(floors=2, seed=5, robots=2)


def test_a_robot_keeps_to_lanes_that_are_wide_enough_and_that_it_can_drive() -> None:
    site = corridor_site()
    wide = Routes(site).of(FLEET)
    assert wide.route(WaypointId("a"), WaypointId("b")) is not None
    lane = site.lanes[LaneId("a-b")]
    for change in ({"width": 0.55}, {"requires": frozenset({"ramp"})}):
        narrow = replace(site, lanes={**site.lanes, lane.id: replace(lane, **change)})
        tables = Routes(narrow).of(FLEET)
        assert tables.route(WaypointId("a"), WaypointId("b")) is None
        assert tables.route(WaypointId("b"), WaypointId("a")) is not None
    fit = replace(site, lanes={**site.lanes, lane.id: replace(lane, width=0.6)})
    assert Routes(fit).of(FLEET).route(WaypointId("a"), WaypointId("b")) is not None


def _reference(site: Site, fleet_id: FleetId) -> nx.DiGraph[WaypointId]:
    """The same costs on a networkx graph, one search per question."""
    fleet, zones = site.fleets[fleet_id], zones_at(site)
    graph: nx.DiGraph[WaypointId] = nx.DiGraph()
    for start, end, found in routing_graph(site, fleet).edges(data=True):
        if "lift" in found:
            rise = site.levels[site.waypoints[end].level].elevation - site.levels[site.waypoints[start].level].elevation
            seconds = ride_time(found["lift"], rise, fleet)
        else:
            parts = [cost(found["lane"], fleet, site, zones) for cost in DEFAULT_LANE_COSTS]
            seconds = None if None in parts else sum(p for p in parts if p is not None)
        if seconds is not None:
            graph.add_edge(start, end, seconds=seconds)
    return graph


def test_tables_agree_with_a_plain_search(hospital: Site) -> None:
    fleet = FleetId("delivery")
    tables, graph = Routes(hospital).of(fleet), _reference(hospital, fleet)
    places = [w.id for w in hospital.waypoints.values() if w.name is not None][::9]
    for goal in places[::4]:
        for start in places:
            route = tables.route(start, goal)
            if start not in graph or goal not in graph or not nx.has_path(graph, start, goal):
                assert route is None or start == goal
                continue
            expected = nx.shortest_path_length(graph, start, goal, weight="seconds")
            assert route is not None
            assert route.duration == pytest.approx(expected, abs=1e-3)
            assert route.goal == goal


def test_a_closed_lane_is_driven_round_or_there_is_no_route() -> None:
    site = corridor_site()
    tables = Routes(site).of(FLEET)
    assert tables.route(WaypointId("home-1"), WaypointId("b")) is not None
    assert tables.route(WaypointId("home-1"), WaypointId("b"), frozenset({LaneId("a-b")})) is None


def test_a_route_between_levels_names_its_lift_and_levels() -> None:
    site = corridor_site()
    route = Routes(site).of(FLEET).route(WaypointId("b"), WaypointId("ward"))
    assert route is not None
    assert [leg.lift for leg in route.legs if leg.lift] == ["lift"]
    assert levels_of(site, route) == ("L1", "L2")


def test_close_waypoints_and_crossing_lanes_exclude_each_other() -> None:
    site = corridor_site()
    conflicts = Conflicts(site, zones_at(site))
    footprint = conflicts.classes[0]
    table = conflicts.between(footprint, footprint)
    a_b = lane_part(site.lanes[LaneId("a-b")])
    assert a_b in table[waypoint_part(WaypointId("a"))]
    assert waypoint_part(WaypointId("lobby-1")) not in table[a_b]
    assert conflicts.standing(WaypointId("cabin-1"))[1:] == ("lift:lift",)
    for part, others in table.items():
        assert part in others
        assert all(part in table[other] for other in others)


def test_robots_pass_each_other_where_their_bodies_fit_even_if_they_could_not_turn_there() -> None:
    for apart, exclusive in ((0.56, False), (0.54, True)):
        one = [waypoint("a1", 0, 0), waypoint("a2", 4, 0)]
        other = [waypoint("b1", 1.5, apart), waypoint("b2", 2.5, apart)]
        site = site_of([*one, *other], [*lanes_both_ways(one), *lanes_both_ways(other)])
        conflicts = Conflicts(site, zones_at(site))
        footprint = conflicts.classes[0]
        near = conflicts.between(footprint, footprint)[lane_part(site.lanes[LaneId("a1-a2")])]
        assert (lane_part(site.lanes[LaneId("b1-b2")]) in near) is exclusive
        assert waypoint_part(WaypointId("b1")) in near


def test_the_assignment_serves_as_many_as_possible_at_the_least_cost() -> None:
    assert hungarian([]) == []
    assert hungarian([[None, None]]) == []
    assert hungarian([[5.0, 1.0], [2.0, None]]) == [(0, 1), (1, 0)]
    assert hungarian([[3.0], [1.0]]) == [(1, 0)]


def _item(name: str, item_class: str | None = None, state: ItemState = ItemState.WAITING) -> Item:
    known = ItemClassId(item_class) if item_class else None
    return Item(id=ItemId(name), name=name, quantity=1, item_class=known, state=state)


def test_special_goods_get_the_special_compartment() -> None:
    blood = ItemClass(id=ItemClassId("blood"), name="blood", needs=frozenset({"cooled"}), volume=5.0)
    cooled = Compartment(id="cooled", volume=6.0, features=frozenset({"cooled"}))
    plain = Compartment(id="plain", volume=6.0)
    classes = {blood.id: blood}
    assert load([_item("gloves"), _item("b", "blood")], [cooled, plain], classes) == {"gloves": "plain", "b": "cooled"}
    assert load([_item("b", "blood"), _item("c", "blood")], [cooled, plain], classes) is None


def _task(*items: Item) -> DeliveryTask:
    ids = tuple(item.id for item in items)
    return DeliveryTask(
        id=TaskId("T1"),
        stops=(
            Stop(place=WaypointId("b"), kind=StopKind.PICK_UP, items=ids),
            Stop(place=WaypointId("ward"), kind=StopKind.DROP_OFF, items=ids),
        ),
        items=items,
        priority=Priority.ROUTINE,
        requested_at=datetime(2025, 1, 6, tzinfo=UTC),
        requested_by=FLEET_MANAGER,
    )


def test_the_steps_follow_from_custody() -> None:
    first = delivery_steps(MissionId("M1"), _task(_item("x")))
    assert [(s.kind, s.place) for s in first] == [
        (StepKind.GO_TO, "b"),
        (StepKind.PICK_UP, "b"),
        (StepKind.GO_TO, "ward"),
        (StepKind.DROP_OFF, "ward"),
    ]
    stranded = _task(_item("x", state=ItemState.ON_BOARD))
    rescue = delivery_steps(MissionId("M2"), stranded, retrieve_at=WaypointId("c"))
    assert [(s.kind, s.place) for s in rescue][:2] == [(StepKind.GO_TO, "c"), (StepKind.PICK_UP, "c")]
    assert [s.place for s in rescue if s.kind is StepKind.DROP_OFF] == ["ward"]


def test_an_estimate_counts_driving_hand_overs_and_the_way_to_the_charger() -> None:
    site = corridor_site()
    tables, fleet = Routes(site).of(FLEET), site.fleets[FLEET]
    steps = delivery_steps(MissionId("M1"), _task(_item("x")))
    full = estimate(tables, fleet, start=WaypointId("home-1"), charge=1.0, steps=steps, then=WaypointId("home-1"))
    empty = estimate(tables, fleet, start=WaypointId("home-1"), charge=0.15, steps=steps, then=WaypointId("home-1"))
    assert full is not None
    assert empty is not None
    assert 0 < full.to_first_stop < full.duration
    assert (full.enough, empty.enough) == (True, False)
    assert full.charge_left < 1.0


def test_a_signal_that_does_not_fit_means_nothing() -> None:
    steps = delivery_steps(MissionId("M1"), _task(_item("x")))
    mission = Mission(id=MissionId("M1"), kind=MissionKind.DELIVER, robot=RobotId("robot-1"), steps=steps)
    assert advance(mission, Signal.CLOSED, None) == ([], None)
    events, wish = advance(mission, Signal.BEGIN, WaypointId("home-1"))
    assert len(events) == 1
    assert wish == DriveTo(WaypointId("b"))
    _, at_the_place = advance(mission, Signal.BEGIN, WaypointId("b"))
    assert at_the_place == OfferHandover(steps[1])
    last = replace(steps[-1], status=StepStatus.CLOSING)
    ending = replace(mission, current=3, steps=(*steps[:3], last))
    assert advance(ending, Signal.CLOSED, WaypointId("ward"))[1] == Finish()
