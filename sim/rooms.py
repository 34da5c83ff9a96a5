"""Rooms of the simulated building as a robot in them senses them: is a person there, does the door stand open?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from shapely.geometry import LineString, Polygon

from maps.model import DoorId, RobotId, Site, ZoneId
from sim.port import BodyEvent, DoorState, RoomSensed

_IN_THE_WALL: Final = 0.4
"""How far (m) a door may lie from the edge of a room whose door it is."""


@dataclass(slots=True)
class _Room:
    people: int = 0
    by_hand: bool = False
    open_doors: dict[DoorId, None] = field(default_factory=dict)
    watchers: dict[RobotId, None] = field(default_factory=dict)

    @property
    def door_open(self) -> bool:
        return self.by_hand or bool(self.open_doors)


class Rooms:
    """Who is in which zone, and whether its doors are open; a door that is moved by hand is shut at first."""

    def __init__(self, site: Site, loop: asyncio.AbstractEventLoop, tell: Callable[[RobotId, BodyEvent], None]) -> None:
        self._site = site
        self._loop = loop
        self._tell = tell
        self._rooms: dict[ZoneId, _Room] = {}
        self._zones_of: dict[DoorId, list[ZoneId]] | None = None

    def enter(self, zone: ZoneId, people: int = 1) -> None:
        """People go in; a negative number leaves."""
        room = self._room(zone)
        room.people = max(0, room.people + people)
        self._told(zone, room)

    def empty(self, zone: ZoneId) -> None:
        """Everybody leaves, and shuts the door."""
        room = self._room(zone)
        room.people, room.by_hand = 0, False
        self._told(zone, room)

    def move_door(self, zone: ZoneId, *, opened: bool) -> None:
        """Somebody opens or shuts a door of the room by hand."""
        room = self._room(zone)
        room.by_hand = opened
        self._told(zone, room)

    def door_moved(self, state: DoorState) -> None:
        """A door that moves by itself, which robots open too."""
        if not any(room.watchers for room in self._rooms.values()):
            return
        for zone in self._of_door(state.door):
            room = self._room(zone)
            if state.closed:
                room.open_doors.pop(state.door, None)
            else:
                room.open_doors[state.door] = None
            self._told(zone, room)

    def watch(self, robot: RobotId, zone: ZoneId, watched: bool) -> None:
        room = self._room(zone)
        if not watched:
            room.watchers.pop(robot, None)
            return
        room.watchers[robot] = None
        self._tell(robot, self._sensed(zone, room))

    def watched_by(self, robot: RobotId) -> list[ZoneId]:
        """The zones whose people and doors a robot senses now."""
        return [zone for zone, room in self._rooms.items() if robot in room.watchers]

    def people(self, zone: ZoneId) -> int:
        return self._room(zone).people

    def door_open(self, zone: ZoneId) -> bool:
        return self._room(zone).door_open

    def _room(self, zone: ZoneId) -> _Room:
        if zone not in self._site.zones:
            raise LookupError(f"the world has no zone {zone}")
        return self._rooms.setdefault(zone, _Room())

    def _of_door(self, door: DoorId) -> list[ZoneId]:
        """The zones in whose edge a door lies."""
        if self._zones_of is None:
            self._zones_of = {}
            edges = {z.id: (z.level, Polygon(z.polygon).exterior) for z in self._site.zones.values()}
            for other in self._site.doors.values():
                if other.automatic:
                    line = LineString([other.start, other.end])
                    self._zones_of[other.id] = [
                        zone
                        for zone, (level, edge) in edges.items()
                        if level == other.level and edge.distance(line.centroid) <= _IN_THE_WALL
                    ]
        return self._zones_of.get(door, [])

    def _told(self, zone: ZoneId, room: _Room) -> None:
        for robot in tuple(room.watchers):
            self._tell(robot, self._sensed(zone, room))

    def _sensed(self, zone: ZoneId, room: _Room) -> RoomSensed:
        return RoomSensed(zone, room.people > 0, room.door_open, self._loop.time())
