"""The speed of a body along one straight lane: speed up, cruise, slow down (a trapezoid over time)."""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple


class Profile(NamedTuple):
    """Speed over time from 0 to `duration`.

    `rise` (m/s², negative when entered too fast) for `rise_time`, then `peak` speed for `cruise_time`, then `fall`
    (m/s², ≤ 0) for `fall_time` down to `exit`.
    """

    entry: float
    rise: float
    rise_time: float
    peak: float
    cruise_time: float
    fall: float
    fall_time: float
    exit: float
    duration: float

    def at(self, t: float) -> tuple[float, float]:
        """Distance and speed `t` seconds after the start; beyond the end they stay what they were at the end."""
        if t < self.rise_time:
            return (self.entry + 0.5 * self.rise * t) * t, self.entry + self.rise * t
        distance = 0.5 * (self.entry + self.peak) * self.rise_time
        t -= self.rise_time
        if t < self.cruise_time:
            return distance + self.peak * t, self.peak
        distance += self.peak * self.cruise_time
        t = min(t - self.cruise_time, self.fall_time)
        return distance + (self.peak + 0.5 * self.fall * t) * t, max(0.0, self.peak + self.fall * t)

    def phases(self) -> tuple[tuple[float, float, float], ...]:
        """(speed at its start, acceleration, duration) of each phase that lasts."""
        phases = (
            (self.entry, self.rise, self.rise_time),
            (self.peak, 0.0, self.cruise_time),
            (self.peak, self.fall, self.fall_time),
        )
        return tuple(phase for phase in phases if phase[2] > 0.0)


def lane_profile(distance: float, entry: float, exit_speed: float, limit: float, acceleration: float) -> Profile:
    """The fastest profile over `distance` (> 0) that is never faster than `limit` and ends with at most `exit_speed`.

    A stop (`exit_speed` 0) is always met, with more than `acceleration` if need be; a lower speed limit is met as
    far as braking with `acceleration` allows.
    """
    if entry == limit == exit_speed:
        time = distance / entry
        return Profile(entry, 0.0, 0.0, entry, time, 0.0, 0.0, entry, time)
    exit_speed = min(exit_speed, limit)
    slowest = entry * entry - 2.0 * acceleration * distance
    if slowest >= exit_speed * exit_speed and entry > 0.0:
        if exit_speed == 0.0:
            time = 2.0 * distance / entry
            return Profile(entry, 0.0, 0.0, entry, 0.0, -entry / time, time, 0.0, time)
        leaving = sqrt(slowest)
        time = (entry - leaving) / acceleration
        return Profile(entry, 0.0, 0.0, entry, 0.0, -acceleration, time, leaving, time)
    leaving = min(exit_speed, sqrt(entry * entry + 2.0 * acceleration * distance))
    if entry <= limit:
        rise = acceleration
        peak = max(
            entry, leaving, min(limit, sqrt(0.5 * (entry * entry + leaving * leaving) + acceleration * distance))
        )
    else:
        rise = -acceleration
        peak = limit
    rise_time = (peak - entry) / rise
    fall_time = (peak - leaving) / acceleration
    cruise = distance - 0.5 * (entry + peak) * rise_time - 0.5 * (peak + leaving) * fall_time
    cruise_time = cruise / peak if cruise > 0.0 else 0.0
    duration = rise_time + cruise_time + fall_time
    return Profile(entry, rise, rise_time, peak, cruise_time, -acceleration, fall_time, leaving, duration)


def brake_profile(entry: float, deceleration: float, distance: float) -> Profile:
    """Slow down at `deceleration` until standing or until `distance` is used up, whichever comes first."""
    leaving = sqrt(max(0.0, entry * entry - 2.0 * deceleration * distance))
    time = (entry - leaving) / deceleration
    return Profile(entry, 0.0, 0.0, entry, 0.0, -deceleration, time, leaving, time)
