"""A hospital's yard with sprayers: the smallest site on which spraying can be told."""

from __future__ import annotations

from dataclasses import replace

from maps.model import (
    Charger,
    FleetId,
    LevelId,
    RefillPoint,
    Robot,
    RobotId,
    Site,
    SprayRules,
    WaypointId,
    Zone,
    ZoneId,
    ZoneKind,
)
from maps.spraying import CHLORINE, WOXIAOBAI
from tests.builders import L1, lanes_both_ways, site_of, waypoint

YARD, HALL = ZoneId("yard"), ZoneId("hall")
SPRAYERS = FleetId("spraying")
SPRAYER_1, SPRAYER_2 = RobotId("sprayer-1"), RobotId("sprayer-2")
REFILL = WaypointId("refill")


def yard_site(*, outdoors: bool = True, robots: int = 1, width: float = 30.0, depth: float = 30.0) -> Site:
    """A yard of `width` × `depth` with its gate at the origin's side, and a hall of 8 × 6 m.

    ```
    dock-1(-20,0) ── dock-2(-20,5)       gate(1,0.9) lies in the yard (0,0)-(width,depth)
         └── crossing(-10,0) ── gate
                 ├── refill(-10,6)
                 └── hall(-10,-8) lies in the hall (-14,-12)-(-6,-6)
    ```
    """
    dock_1, dock_2 = waypoint("dock-1", -20.0, 0.0), waypoint("dock-2", -20.0, 5.0)
    crossing, gate = waypoint("crossing", -10.0, 0.0), waypoint("gate", 1.0, 0.9)
    refill, hall = waypoint("refill", -10.0, 6.0), waypoint("hall-door", -10.0, -8.0)
    homes = (Robot(id=SPRAYER_1, home=dock_1.id), Robot(id=SPRAYER_2, home=dock_2.id))
    site = site_of(
        [dock_1, dock_2, crossing, gate, refill, hall],
        [
            *lanes_both_ways([dock_1, crossing, gate]),
            *lanes_both_ways([dock_2, crossing]),
            *lanes_both_ways([crossing, refill]),
            *lanes_both_ways([crossing, hall]),
        ],
        fleets=[replace(WOXIAOBAI, robots=homes[:robots])],
        chargers=[Charger(waypoint=dock_1.id, power=1200.0), Charger(waypoint=dock_2.id, power=1200.0)],
    )
    yard = _zone(YARD, L1, (0.0, 0.0, width, depth), ZoneKind.OUTDOOR)
    room = _zone(HALL, L1, (-14.0, -12.0, -6.0, -6.0), ZoneKind.ROOM)
    return replace(
        site,
        zones={YARD: yard, HALL: room},
        refill_points={REFILL: RefillPoint(waypoint=REFILL)},
        spray_agents={CHLORINE.id: CHLORINE},
        spraying=SprayRules(outdoors=outdoors),
    )


def _zone(name: ZoneId, level: LevelId, box: tuple[float, float, float, float], kind: ZoneKind) -> Zone:
    left, bottom, right, top = box
    corners = ((left, bottom), (right, bottom), (right, top), (left, top))
    return Zone(id=name, level=level, polygon=corners, kind=kind)
