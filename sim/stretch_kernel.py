"""How a body drives from node to node, compiled for many nodes in one go. `bodies.Body` is the plain reference."""

from __future__ import annotations

from math import pi, sqrt, tau
from typing import Final, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sim.profile import lane_profile

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

LENGTH, ALONG_X, ALONG_Y, HEADING, ALONE, WAY = range(6)
"""Columns of ways, see `routes.Way`; a way into a lift or to another level is driven `ALONE` (1.0), never in a stretch.
`WAY` is how many there are.
"""

END, ENTRY, EXIT, LIMIT, TURN, TURN_TIME, LEAVING, LEG = range(8)
"""Columns of legs: the moment of the end; speed at the start, highest speed wanted at the end and on the way; the turn
before it (rad) and its time; speed at the end. `LEG` is how many there are.
"""

AIMED: Final = 1e-3
"""A smaller turn is not made (rad)."""

_profile = njit(cache=True, nogil=True)(lane_profile)


@njit(cache=True, nogil=True)
def plan_stretch(
    ways: Floats,
    rows: Ints,
    limits: Floats,
    first: int,
    cleared: int,
    shut: int,
    unknown: int,
    drive: tuple[float, float, float, float, float],
    start: tuple[float, float, float],
    empty_at: float,
    legs: Floats,
) -> int:
    """Fill `legs` with the legs to the nodes from `first` on; returns how many of them there are.

    `rows[i]` is the way to node i in `ways`, `limits[i]` the speed limit there. `drive` are acceleration, speed, share
    of it, turn speed and straight-on cosine; `start` the time, speed and yaw at the node before `first`. The stretch
    ends with what is `cleared`, before node `shut`, whose gate is closed, before a leg that can't be planned without
    looking at a way that is driven alone or at the one to node `unknown`, before one at whose end the battery is empty,
    and when `legs` is full.
    """
    acceleration, top, slow, turn_speed, straight_on = drive
    time, speed, yaw = start
    double = 2.0 * acceleration
    number = 0
    for index in range(first, min(cleared + 1, first + len(legs))):
        way = ways[rows[index]]
        if way[ALONE] != 0.0 or index in (shut, unknown):
            break
        turn = turn_time = 0.0
        if speed == 0.0:
            turn = way[HEADING] - yaw
            if turn > pi:
                turn -= tau
            elif turn < -pi:
                turn += tau
            turn_time = abs(turn) / turn_speed if abs(turn) > AIMED else 0.0
        limit = min(limits[index], top) * slow
        leaving = limit
        along_x, along_y = way[ALONG_X], way[ALONG_Y]
        distance = 0.0
        ahead = index
        alone = False
        while double * distance < leaving * leaving:
            if ahead >= cleared or ahead + 1 == shut:
                leaving = sqrt(double * distance)
                break
            ahead += 1
            beyond = ways[rows[ahead]]
            if beyond[ALONE] != 0.0 or ahead == unknown:
                alone = True
                break
            if beyond[ALONG_X] * along_x + beyond[ALONG_Y] * along_y < straight_on:
                leaving = sqrt(double * distance)
                break
            along_x, along_y = beyond[ALONG_X], beyond[ALONG_Y]
            further = min(limits[ahead], top) * slow
            if further < leaving and further * further + double * distance < leaving * leaving:
                leaving = sqrt(further * further + double * distance)
            distance += beyond[LENGTH]
        if alone:
            break
        profile = _profile(way[LENGTH], speed, leaving, limit, acceleration)
        end = time + turn_time + profile.duration
        if end >= empty_at:
            break
        leg = legs[number]
        leg[END], leg[ENTRY], leg[EXIT] = end, speed, leaving
        leg[LIMIT], leg[TURN], leg[TURN_TIME] = limit, turn, turn_time
        leg[LEAVING] = profile.exit
        number += 1
        time, speed, yaw = end, profile.exit, way[HEADING]
    return number
