"""The routing graph: which lanes and lift rides a fleet has."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from maps.graph import able_to_reach, admits, largest_component, reachable_from, routing_graph
from maps.model import (
    CarrierKind,
    Fleet,
    FleetId,
    Lane,
    LaneId,
    Level,
    LevelId,
    Lift,
    LiftId,
    Site,
    Waypoint,
    WaypointId,
)

CART, DRONE = FleetId("cart"), FleetId("drone")
LOW, HIGH = LevelId("low"), LevelId("high")


def _place(name: str, level: LevelId, x: float, *, lift: str | None = None) -> Waypoint:
    return Waypoint(id=WaypointId(name), level=level, x=x, y=0.0, lift=LiftId(lift) if lift else None)


def _lane(start: str, end: str, *, fleets: frozenset[FleetId] | None = None) -> Lane:
    return Lane(id=LaneId(f"{start}>{end}"), start=WaypointId(start), end=WaypointId(end), length=2.0, fleets=fleets)


def _tower(*, connected: bool = True) -> Site:
    """Two levels, one lift with a cabin waypoint for each of two fleets per level."""
    both = frozenset({CART}), frozenset({DRONE})
    places = [_place("door", LOW, 0), _place("roof", HIGH, 0), _place("attic", HIGH, 9)]
    lanes = [_lane("roof", "attic")]
    for name, fleets in zip(("cart", "drone"), both, strict=True):
        for level, landing in ((LOW, "door"), (HIGH, "roof")):
            places.append(_place(f"{name}_{level}", level, 2, lift="lift"))
            lanes += [
                _lane(landing, f"{name}_{level}", fleets=fleets),
                _lane(f"{name}_{level}", landing, fleets=fleets),
            ]
    cabins = {level: (WaypointId(f"cart_{level}"), WaypointId(f"drone_{level}")) for level in (LOW, HIGH)}
    lift = Lift(
        id=LiftId("lift"), x=2, y=0, yaw=0, width=2, depth=2, levels=(LOW, HIGH), cabins=cabins, initial_level=LOW,
        connected=connected,
    )  # fmt: skip
    return Site(
        name="tower",
        levels={LOW: Level(id=LOW, elevation=0), HIGH: Level(id=HIGH, elevation=4)},
        waypoints={place.id: place for place in places},
        lanes={lane.id: lane for lane in lanes},
        lifts={lift.id: lift},
        fleets={CART: Fleet(id=CART), DRONE: Fleet(id=DRONE)},
    )


def test_a_fleet_drives_its_own_lanes_and_rides_from_its_own_cabins() -> None:
    site = _tower()
    graph = routing_graph(site, site.fleets[CART])
    assert set(graph.edges) == {
        ("roof", "attic"),
        ("door", "cart_low"),
        ("cart_low", "door"),
        ("cart_low", "cart_high"),
        ("roof", "cart_high"),
        ("cart_high", "roof"),
        ("cart_high", "cart_low"),
    }
    lane = graph.edges[WaypointId("door"), WaypointId("cart_low")]
    ride = graph.edges[WaypointId("cart_low"), WaypointId("cart_high")]
    assert (lane["lane"].id, lane["length"]) == ("door>cart_low", 2.0)
    assert (ride["lift"].id, ride["length"]) == ("lift", 0.0)


def test_a_lane_may_ask_for_what_a_fleet_can_do_but_not_of_people() -> None:
    ramp = replace(_lane("a", "b"), requires=frozenset({"ramp", "outdoor"}))
    rover = Fleet(id=CART, capabilities=frozenset({"ramp", "outdoor", "delivery"}))
    assert admits(ramp, rover)
    assert not admits(ramp, replace(rover, capabilities=frozenset({"ramp"})))
    assert admits(ramp, Fleet(id=CART, carrier=CarrierKind.PERSON))
    assert admits(ramp, None)


def test_without_a_fleet_all_lanes_count_but_no_ride_joins_strangers() -> None:
    graph = routing_graph(_tower())
    rides = {(start, end) for start, end, edge in graph.edges(data=True) if "lift" in edge}
    assert rides == {
        ("cart_low", "cart_high"),
        ("cart_high", "cart_low"),
        ("drone_low", "drone_high"),
        ("drone_high", "drone_low"),
    }


def test_a_lift_without_interface_carries_nobody() -> None:
    graph = routing_graph(_tower(connected=False))
    assert not any("lift" in edge for _, _, edge in graph.edges(data=True))


def test_reachability_knows_one_way_lanes() -> None:
    site = _tower()
    graph = routing_graph(site, site.fleets[CART])
    door, attic = WaypointId("door"), WaypointId("attic")
    assert reachable_from(graph, [door]) == set(graph)
    assert able_to_reach(graph, [attic]) == set(graph)
    assert reachable_from(graph, [attic]) == {attic}
    assert reachable_from(graph, [WaypointId("elsewhere")]) == set()
    assert largest_component(graph) == set(graph) - {attic}
    assert largest_component(routing_graph(replace(site, lanes={}))) == set()


def test_of_two_lanes_between_the_same_places_the_first_counts() -> None:
    site = _tower()
    slow = replace(site.lanes[LaneId("roof>attic")], id=LaneId("slow"), length=50.0)
    graph = routing_graph(replace(site, lanes={**site.lanes, slow.id: slow}))
    assert graph.edges[WaypointId("roof"), WaypointId("attic")]["length"] == 2.0


def test_the_order_is_that_of_the_site() -> None:
    graphs = [routing_graph(_tower()) for _ in range(3)]
    for one, other in pairwise(graphs):
        assert list(one.nodes) == list(other.nodes)
        assert list(one.edges) == list(other.edges)
