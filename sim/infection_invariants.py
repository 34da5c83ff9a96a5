"""What infection control demands after every event: of robots that leave soiling zones, of goods, and of lamps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from shapely.geometry import Point, Polygon

from fleet_manager.domain import events as e
from fleet_manager.domain.disinfection import DisinfectionRules, RoomNews
from fleet_manager.domain.events import Recorded
from fleet_manager.domain.state import Changed
from maps.model import CarrierKind, Flow, ItemClassId, RobotId, Site, WaypointId, ZoneId
from sim.scene import Invariant, Scene

_OLDEST: Final = DisinfectionRules().confirmation_age.total_seconds()


class CleanPlacesStayClean(Invariant):
    """No robot comes out of a soiling zone and serves a clean place before it is decontaminated.

    It goes by the way that the robot was reported on, not by what the manager thinks of its exposure.
    """

    name = "no exposed robot serves a clean place"

    def __init__(self) -> None:
        self._exposed: dict[RobotId, WaypointId] = {}

    def each(self, scene: Scene, recorded: Recorded) -> str | None:
        event, site = recorded.event, scene.site
        if isinstance(event, e.NodePassed | e.RobotModeChanged):
            if event.waypoint is not None and self._soils(site, event.waypoint):
                self._exposed[event.robot] = event.waypoint
        elif isinstance(event, e.RobotDecontaminated):
            self._exposed.pop(event.robot, None)
            if scene.before is not None and scene.before.docked:
                return f"{event.robot} was decontaminated while it charged"
        elif isinstance(event, e.ItemsHandedOver) and event.robot in self._exposed:
            fleet = site.fleets[scene.state.robots[event.robot].fleet]
            exempt = event.place in site.transfer_points or event.place == site.quarantine
            if fleet.carrier is not CarrierKind.PERSON and not exempt and not self._soils(site, event.place):
                return f"{event.robot} was at {self._exposed[event.robot]} and serves {event.place} as it is"
        return None

    @staticmethod
    def _soils(site: Site, place: WaypointId) -> bool:
        here = site.waypoints[place]
        leaving = site.infection_rules.leaving
        zones = (z for z in site.zones.values() if z.level == here.level and z.zone_class in leaving)
        return any(Polygon(zone.polygon).covers(Point(here.xy)) for zone in zones)


class SoiledBesideClean(Invariant):
    """Soiled goods, and food, drugs or sterile goods, share no robot without decontamination in between."""

    name = "no soiled goods beside clean goods"

    def __init__(self) -> None:
        self._carried: dict[RobotId, dict[ItemClassId, str]] = {}

    def each(self, scene: Scene, recorded: Recorded) -> str | None:
        event, site = recorded.event, scene.site
        if isinstance(event, e.RobotDecontaminated):
            self._carried.pop(event.robot, None)
        if not isinstance(event, e.ItemsHandedOver):
            return None
        if site.fleets[scene.state.robots[event.robot].fleet].carrier is CarrierKind.PERSON:
            return None
        carried = self._carried.setdefault(event.robot, {})
        on_board = {item for item, _ in event.loads}
        for item in scene.state.tasks[event.task].items:
            if item.id in on_board and item.item_class is not None and item.item_class in site.item_classes:
                carried[item.item_class] = item.name
        soiled = [name for kind, name in carried.items() if site.item_classes[kind].flow is Flow.SOILED]
        clean = [name for kind, name in carried.items() if kind in site.infection_rules.protected_goods]
        return f"{event.robot} carries {soiled[0]} and {clean[0]}" if soiled and clean else None


class LampShinesOnNobody(Invariant):
    """No lamp is on with a person in the room, or with its door open, or came on without a fresh word of a person.

    People and doors are those of the true world. The word has to be newer than what was last told of a person or an
    open door in the room, and no older than the rule's age. A sprayer goes off and on again on its path while its robot
    sees to it that nobody comes: for that the word holds as long as a cordon does.
    """

    name = "no lamp shines on anybody"

    def __init__(self) -> None:
        self._confirmed: dict[ZoneId, list[float]] = {}
        self._disturbed: dict[ZoneId, float] = {}

    def each(self, scene: Scene, recorded: Recorded) -> str | None:
        event, now = recorded.event, scene.world.loop.time()
        if isinstance(event, e.RoomReported) and event.news is RoomNews.VACATED:
            self._confirmed.setdefault(event.room.zone, []).append(now)
        elif isinstance(event, e.RoomReported) and event.news in (RoomNews.PERSON, RoomNews.DOOR_OPENED):
            self._disturbed[event.room.zone] = now
        return None

    def settled(self, scene: Scene, events: Sequence[Recorded], changed: Changed) -> str | None:
        rooms = scene.world.rooms
        for robot in scene.ground:
            since = scene.world.on_since(robot)
            if since is None:
                continue
            for zone in rooms.watched_by(robot):
                if rooms.people(zone):
                    return f"{robot} shines on somebody in {zone}"
                if rooms.door_open(zone):
                    return f"{robot} shines in {zone}, whose door is open"
                sprays = scene.site.fleets[scene.state.robots[robot].fleet].sprayer is not None
                found = self._unconfirmed(zone, since, scene.site.spraying.cordon_age if sprays else _OLDEST)
                if found is not None:
                    return f"{robot} shines in {zone}, {found}"
        return None

    def _unconfirmed(self, zone: ZoneId, since: float, oldest: float) -> str | None:
        """Why the lamp should not have come on at `since`."""
        confirmed = max((time for time in self._confirmed.get(zone, ()) if time <= since), default=None)
        if confirmed is None:
            return "which nobody had confirmed as vacated"
        if confirmed < self._disturbed.get(zone, confirmed) < since:
            return "which nobody had confirmed anew"
        age = since - confirmed
        return f"on a word {age:.0f} s old" if age > oldest else None
