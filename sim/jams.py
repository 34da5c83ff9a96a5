"""The independent judge of traffic: does the fleet ever stand in its own way?

A *jam* is a wait-for cycle lasting more than 30 s, or no progress for more than 5 min whose root cause is no fault,
person, lift service or closure. Progress is a node passed. While the root cause is one of those, the 5 min stand still;
they begin anew only with progress, not with a new route.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain
from typing import Final

from fleet_manager.domain.events import Recorded
from maps.model import RobotId, Site
from sim.causes import Cause, Causes, Spell

CYCLE: Final = timedelta(seconds=30)
STANDSTILL: Final = timedelta(minutes=5)

_GAP: Final = timedelta(seconds=1)
"""A circle that opens for no longer than this, as while a route is planned again, did not open."""

_TRAFFIC: Final = (Cause.TRAFFIC, Cause.DRIVING)


@dataclass(frozen=True, slots=True)
class Jam:
    """`robots` stand from `start` to `end`, or until the end of the record; they wait for each other in `cycle`, or
    `root` is the robot that all of them wait for."""

    robots: tuple[RobotId, ...]
    start: datetime
    end: datetime
    root: RobotId
    cycle: tuple[RobotId, ...] = ()

    def __str__(self) -> str:
        if self.cycle:
            why = f"in a circle {' → '.join((*self.cycle, self.cycle[0]))}"
        else:
            why = "by itself" if self.robots == (self.root,) else f"behind {self.root}"
        return f"{self.start:%H:%M:%S}–{self.end:%H:%M:%S} {', '.join(self.robots)} {why}"


@dataclass(slots=True)
class _Stand:
    """How long nothing but the traffic has held a robot up since it last got on."""

    number: int
    start: datetime
    held_up: timedelta = timedelta()
    longest: Spell | None = None
    end: datetime | None = None

    def add(self, spell: Spell) -> None:
        self.held_up += spell.end - spell.start
        self.end = spell.end
        if self.longest is None or spell.end - spell.start > self.longest.end - self.longest.start:
            self.longest = spell

    @property
    def jam(self) -> Jam | None:
        """Told by what held the robot up for longest."""
        if self.held_up <= STANDSTILL or self.longest is None or self.end is None:
            return None
        circle, way = self.longest.cycle, self.longest.chain
        return Jam(way, self.start, self.end, circle[0] if circle else way[-1], circle)


class Jams:
    """Give `saw` every event of the log, as it comes; `found` may be asked at any time."""

    def __init__(self, site: Site) -> None:
        self._causes = Causes(site, self._spell)
        self._stands: dict[RobotId, _Stand] = {}
        self._standstills: list[Jam] = []
        self._circles: dict[tuple[RobotId, ...], list[tuple[datetime, datetime]]] = {}
        self._spent = dict.fromkeys(Cause, 0.0)

    def saw(self, recorded: Recorded) -> None:
        self._causes.saw(recorded)

    def fault(self, robot: RobotId, at: datetime, *, over: bool) -> None:
        """A fault that the log does not tell of: while it lasts it excuses this robot and all that wait for it."""
        self._causes.fault(robot, at, over=over)

    def found(self, until: datetime) -> list[Jam]:
        """Every jam so far, in order of time; one for each root and interval."""
        self._causes.up_to(until)
        circles = [
            Jam(circle, start, end, circle[0], circle)
            for circle, spans in self._circles.items()
            for start, end in spans
            if end - start > CYCLE
        ]
        stands = (stand.jam for stand in self._stands.values() if stand.jam is not None)
        return _joined(chain(circles, self._standstills, stands))

    def time_spent(self, until: datetime) -> dict[Cause, float]:
        """Seconds of all robots together, by their cause."""
        self._causes.up_to(until)
        return dict(self._spent)

    def _spell(self, spell: Spell) -> None:
        self._spent[spell.cause] += (spell.end - spell.start).total_seconds()
        if spell.cycle and spell.robot == spell.cycle[0]:
            self._turn(spell)
        stand = self._stands.get(spell.robot)
        if stand is None or stand.number != spell.stand:
            if stand is not None and stand.jam is not None:
                self._standstills.append(stand.jam)
            stand = self._stands[spell.robot] = _Stand(spell.stand, spell.start)
        if spell.cause in _TRAFFIC:
            stand.add(spell)

    def _turn(self, spell: Spell) -> None:
        """A circle goes on, or closes again."""
        spans = self._circles.setdefault(spell.cycle, [])
        if spans and spell.start - spans[-1][1] <= _GAP:
            spans[-1] = (spans[-1][0], spell.end)
            return
        if spans and spans[-1][1] - spans[-1][0] <= CYCLE:
            spans.pop()
        spans.append((spell.start, spell.end))


def jams(site: Site, events: Iterable[Recorded], until: datetime) -> list[Jam]:
    """Every jam that a whole log tells of."""
    judge = Jams(site)
    for recorded in events:
        judge.saw(recorded)
    return judge.found(until)


def _joined(found: Iterable[Jam]) -> list[Jam]:
    """One jam for those of one root at one time."""
    joined: dict[tuple[RobotId, ...], list[Jam]] = {}
    for jam in sorted(found, key=lambda jam: (jam.start, jam.end, jam.robots)):
        known = joined.setdefault(jam.cycle or (jam.root,), [])
        if known and jam.start <= known[-1].end:
            last = known.pop()
            robots = tuple(dict.fromkeys((*last.robots, *jam.robots)))
            known.append(replace(last, robots=robots, end=max(last.end, jam.end)))
        else:
            known.append(jam)
    return sorted((jam for jams in joined.values() for jam in jams), key=lambda jam: (jam.start, jam.robots))
