"""What a draft is measured by, in metres."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftSettings:
    """Lengths in metres, and why they are so.

    - `narrowest`: the least gap that is a way: a robot 0.5 m wide with a hand's breadth to either side.
    - `reach`: no floor shall be farther than this from a lane: half a robot and an arm's length beside a bed.
    - `straightness`: how far a lane may leave the middle of a passage to be straight.
    - `longest_lane`: longer ones get waypoints between, so that robots can follow each other on them.
    - `widest_lane`: a robot and a person beside it need no more.
    - `widest_door`: a wider opening is part of the room; hospital beds pass double doors of up to 2.2 m.
    - `turning`: the room at the end of a way, where a robot 0.7 m long turns round.
    - `door_stand`: from the middle of a doorway to where a robot stands before it, clear of the door.
    - `least_room`: a smaller closed space (m²) is a niche; a toilet is larger.
    """

    narrowest: float = 0.7
    reach: float = 1.5
    straightness: float = 0.2
    longest_lane: float = 8.0
    widest_lane: float = 2.0
    widest_door: float = 2.2
    turning: float = 0.5
    door_stand: float = 0.7
    least_room: float = 4.0
