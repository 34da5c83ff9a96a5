"""Between the site frame and a fleet's map frame (`map` of REP-105): a rigid transform per level."""

from __future__ import annotations

import math

from maps.model import Fleet, FrameTransform, LevelId, Point


def frame_of(fleet: Fleet, level: LevelId) -> FrameTransform:
    """The fleet's map frame on `level`; without one it is the site frame."""
    return fleet.frames.get(level, FrameTransform())


def to_map(frame: FrameTransform, place: Point) -> Point:
    """A place of the site frame in the map frame."""
    cos, sin = math.cos(frame.rotation), math.sin(frame.rotation)
    return (place[0] * cos - place[1] * sin + frame.x, place[0] * sin + place[1] * cos + frame.y)


def to_site(frame: FrameTransform, place: Point) -> Point:
    """A place of the map frame in the site frame."""
    cos, sin = math.cos(frame.rotation), math.sin(frame.rotation)
    dx, dy = place[0] - frame.x, place[1] - frame.y
    return (dx * cos + dy * sin, dy * cos - dx * sin)
