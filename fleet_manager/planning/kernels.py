"""Load the compiled kernels before they are needed; the first time on a machine they are compiled, which takes long.

`python -m fleet_manager.planning.kernels` does it as a step of the installation.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from fleet_manager.planning.conflicts import Conflicts
from fleet_manager.planning.coverage.tour_kernel import nearest_first, short_tour
from fleet_manager.planning.random_kernel import seeded
from fleet_manager.planning.routes import Routes
from fleet_manager.planning.traffic import Traffic
from maps.model import Fleet, FleetId, Lane, LaneId, Level, LevelId, Robot, RobotId, Site, Waypoint, WaypointId


def load_kernels() -> None:
    """Plan for two robots on a handful of places, each kernel once."""
    site = _site()
    fleet = next(iter(site.fleets.values()))
    routes = Routes(site)
    traffic = Traffic(routes, Conflicts(site, routes.zones))
    one, other = (robot.id for robot in fleet.robots)
    at = {one: WaypointId("a"), other: WaypointId("d")}
    for robot, place in at.items():
        traffic.place(robot, fleet.id, place, 0.0)
    first = traffic.claim(one, WaypointId("b"), rest=at[one], claim=1, now=0.0, dwell=10.0)
    assert first is not None
    traffic.untangle(LevelId("L1"), {one: at[one], other: None}, {one: 2, other: 1}, {}, 0.0)
    apart = np.ones((4, 4), dtype=np.float32)
    short_tour(nearest_first(0, apart), apart, seeded(1), 0)


def _site() -> Site:
    level, fleet = LevelId("L1"), FleetId("carts")
    places = [Waypoint(id=WaypointId(name), level=level, x=4.0 * i, y=0.0, name=name) for i, name in enumerate("abcd")]
    lanes = [
        Lane(id=LaneId(f"{p.id}{q.id}"), start=p.id, end=q.id, length=4.0)
        for a, b in pairwise(places)
        for p, q in ((a, b), (b, a))
    ]
    robots = (Robot(id=RobotId("cart-1"), home=WaypointId("a")), Robot(id=RobotId("cart-2"), home=WaypointId("d")))
    return Site(
        name="four places",
        levels={level: Level(id=level, elevation=0.0)},
        waypoints={place.id: place for place in places},
        lanes={lane.id: lane for lane in lanes},
        fleets={fleet: Fleet(id=fleet, robots=robots)},
    )


if __name__ == "__main__":
    load_kernels()
