"""Furniture and high-touch surfaces of the isolation ward's rooms.

Every room is drawn from the corner beside its door: `u` runs along the wall with the door, `v` into the room, so that
rooms on both sides of a junction are each other's mirror image.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from maps.generator.plan import Box, Plan
from maps.model import Facing, Point


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A room called `name` whose corner lies at `corner`; `along` and `inward` are 1 or -1, along x and y.

    `width` is that of the wall with the door.
    """

    plan: Plan
    name: str
    corner: Point
    along: int
    inward: int
    width: float = 4.5

    def point(self, u: float, v: float) -> Point:
        return (round(self.corner[0] + self.along * u, 3), round(self.corner[1] + self.inward * v, 3))

    def furniture(self, name: str, u0: float, v0: float, u1: float, v1: float, height: float) -> None:
        (ax, ay), (bx, by) = self.point(u0, v0), self.point(u1, v1)
        box = Box(min(ax, bx), min(ay, by), max(ax, bx), max(ay, by))
        self.plan.put(self.name, name, box, height)

    def surface(self, name: str, u: float, v: float, height: float, *, du: int = 0, dv: int = 0) -> None:
        """A surface that looks along u or along v."""
        normal = math.atan2(dv * self.inward, du * self.along)
        self.plan.surface(self.name, name, self.point(u, v), height, normal=normal)

    def flat(self, name: str, u: float, v: float, height: float, facing: Facing = Facing.UP) -> None:
        self.plan.surface(self.name, name, self.point(u, v), height, facing=facing)

    def entrance(self) -> None:
        """What hands touch on the way in."""
        self.surface("door_handle", 1.3, 0.0, 1.05, dv=1)
        self.surface("light_switch", 1.6, 0.0, 1.1, dv=1)


def patient_room(room: Room) -> None:
    """A bed with its head to the far wall, a locker beside it, wardrobe, washbasin and a visitor's chair."""
    room.entrance()
    wall = room.width
    room.furniture("bed", wall - 2.15, 2.4, wall, 3.4, 0.65)
    room.surface("bed_rail_1", wall - 1.1, 2.4, 0.6, dv=-1)
    room.surface("bed_rail_2", wall - 1.1, 3.4, 0.6, dv=1)
    room.surface("bed_foot", wall - 2.15, 2.9, 0.6, du=-1)
    room.flat("mattress", wall - 1.1, 2.9, 0.65)
    room.flat("bed_underside", wall - 1.1, 2.9, 0.35, Facing.DOWN)
    room.surface("call_button", wall, 2.65, 1.2, du=-1)
    room.furniture("locker", wall - 0.55, 1.55, wall, 2.05, 0.85)
    room.flat("locker_top", wall - 0.28, 1.8, 0.85)
    room.surface("locker_handle", wall - 0.55, 1.8, 0.6, du=-1)
    room.furniture("wardrobe", wall - 0.6, 5.1, wall, 6.0, 1.9)
    room.surface("wardrobe_handle", wall - 0.6, 5.3, 1.0, du=-1)
    room.furniture("chair", 2.2, 5.5, 2.7, 6.0, 0.45)
    room.flat("chair_seat", 2.45, 5.75, 0.45)
    room.furniture("washbasin", 0.0, 3.4, 0.45, 4.0, 0.85)
    room.surface("tap", 0.2, 3.7, 0.95, du=1)


def store_room(room: Room) -> None:
    """Shelves along the far wall, as high as a person reaches."""
    room.entrance()
    room.furniture("shelves", room.width - 0.5, 1.0, room.width, 6.0, 1.9)
    room.surface("shelf_edge", room.width - 0.5, 3.0, 1.2, du=-1)


def nurse_room(room: Room) -> None:
    """A desk with keyboard and telephone, and its chair."""
    room.entrance()
    room.furniture("desk", room.width - 0.8, 2.6, room.width, 4.4, 0.74)
    room.flat("keyboard", room.width - 0.55, 3.3, 0.76)
    room.flat("telephone", room.width - 0.55, 4.0, 0.8)
    room.furniture("chair", room.width - 1.4, 3.1, room.width - 0.9, 3.6, 0.48)
    room.flat("chair_seat", room.width - 1.15, 3.35, 0.48)


def waste_room(room: Room) -> None:
    """Bins along the wall opposite the door."""
    room.entrance()
    for number in (1, 2, 3):
        left = room.width - 0.6 * number
        room.furniture(f"bin_{number}", left, 5.4, left + 0.6, 6.0, 1.0)
        room.surface(f"bin_{number}_handle", left + 0.3, 5.4, 0.9, dv=-1)


def anteroom(room: Room) -> None:
    """A washbasin and a shelf for protective clothing."""
    room.entrance()
    room.furniture("washbasin", room.width - 0.45, 0.4, room.width, 1.0, 0.85)
    room.surface("tap", room.width - 0.2, 0.7, 0.95, du=-1)
    room.furniture("gown_shelf", room.width - 1.4, 2.1, room.width, 2.4, 1.6)
    room.surface("gown_shelf_edge", room.width - 0.7, 2.1, 1.1, dv=-1)


def bare_room(room: Room) -> None:
    """Nothing but what hands touch on the way in."""
    room.entrance()
