"""Plane geometry of the site frame: segments, boxes and rings in metres."""

from __future__ import annotations

import math

from maps.model import Point, Ring

Segment = tuple[Point, Point]


def crossing(way: Segment, line: Segment) -> float | None:
    """Where `way` meets `line`, as a fraction of `way` from its start; None when it does not.

    Touching counts. Parallel segments do not meet.
    """
    (ax, ay), (bx, by) = way
    (cx, cy), (dx, dy) = line
    ux, uy, vx, vy = bx - ax, by - ay, dx - cx, dy - cy
    determinant = ux * vy - uy * vx
    if abs(determinant) <= 1e-9 * math.hypot(ux, uy) * math.hypot(vx, vy):
        return None
    along = ((cx - ax) * vy - (cy - ay) * vx) / determinant
    across = ((cx - ax) * uy - (cy - ay) * ux) / determinant
    return along if 0.0 <= along <= 1.0 and 0.0 <= across <= 1.0 else None


def distance_to_segment(point: Point, segment: Segment) -> float:
    (ax, ay), (bx, by) = segment
    ux, uy = bx - ax, by - ay
    squared = ux * ux + uy * uy
    along = ((point[0] - ax) * ux + (point[1] - ay) * uy) / squared if squared > 0.0 else 0.0
    along = min(1.0, max(0.0, along))
    return math.dist(point, (ax + along * ux, ay + along * uy))


def inside_box(point: Point, centre: Point, yaw: float, width: float, depth: float) -> bool:
    """Whether `point` lies in a box turned by `yaw`, `width` along its x axis and `depth` along its y axis."""
    dx, dy = point[0] - centre[0], point[1] - centre[1]
    along = dx * math.cos(yaw) + dy * math.sin(yaw)
    across = dy * math.cos(yaw) - dx * math.sin(yaw)
    return abs(along) <= width / 2 and abs(across) <= depth / 2


def body_width(footprint: Ring) -> float:
    """The width that the body needs to drive straight on, to both sides of its turning centre alike."""
    return 2 * max(abs(y) for _, y in footprint)


def circumscribed_radius(footprint: Ring) -> float:
    """Radius of the smallest disc around the turning centre that holds the body however it turns."""
    return max(math.hypot(x, y) for x, y in footprint)
