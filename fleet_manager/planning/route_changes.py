"""Which routes a change of the map changes: the quickest route of every pair of places, before and after.

The routes to one goal are a tree (`RouteTables`), so each is its first move and the rest of another: all pairs of
places cost little more than the tables themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from fleet_manager.planning.routes import Routes, RouteTables
from maps.model import CarrierKind, FleetId, LiftId, Site, WaypointId, ZoneId

SAME: Final = 0.05
"""Metres, and seconds, by which a route may differ and still count as the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """The quickest route of the first fleet that has one: `length` (m), `duration` (s), lifts in their order."""

    fleet: FleetId
    length: float
    duration: float
    lifts: tuple[LiftId, ...]
    zones: frozenset[ZoneId]


class ChangeKind(StrEnum):
    """`otherwise`: neither longer nor shorter, but by other lifts, through other zones, or with another fleet."""

    LOST = "lost"
    FOUND = "found"
    LONGER = "longer"
    SHORTER = "shorter"
    OTHERWISE = "otherwise"


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteChange:
    """The route from `start` to `goal` as it was and as it is; None where no robot may drive there."""

    start: WaypointId
    goal: WaypointId
    kind: ChangeKind
    before: Journey | None
    after: Journey | None

    @property
    def metres(self) -> float:
        """How much longer it is; 0 when it was lost or found."""
        return self.after.length - self.before.length if self.before is not None and self.after is not None else 0.0

    @property
    def seconds(self) -> float:
        return self.after.duration - self.before.duration if self.before is not None and self.after is not None else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteChanges:
    """`changes` are sorted by how much they are felt; `pairs` were compared."""

    pairs: int
    changes: tuple[RouteChange, ...]

    def count(self, kind: ChangeKind) -> int:
        return sum(change.kind is kind for change in self.changes)


def fleets_of(site: Site) -> list[FleetId]:
    """Fleets of robots, porters left out, in the site's order: the first that has a route drives it."""
    return [fleet.id for fleet in site.fleets.values() if fleet.carrier is not CarrierKind.PERSON]


def route_changes(
    old: Site,
    new: Site,
    places: Sequence[WaypointId],
    fleet: FleetId | None = None,
    progress: Callable[[float], None] = lambda _: None,
) -> RouteChanges:
    """Compare the routes between all pairs of `places`, which both sites know; of `fleet` alone when one is named.

    `progress` gets the share of the goals that is done.
    """
    before, after = (_Journeys(site, [fleet] if fleet is not None else fleets_of(site)) for site in (old, new))
    changes: list[RouteChange] = []
    for number, goal in enumerate(places, start=1):
        was, now = before.to(goal, places), after.to(goal, places)
        for start, one, other in zip(places, was, now, strict=True):
            kind = _kind(one, other)
            if start != goal and kind is not None:
                changes.append(RouteChange(start=start, goal=goal, kind=kind, before=one, after=other))
        progress(number / len(places))
    return RouteChanges(pairs=len(places) * (len(places) - 1), changes=tuple(sorted(changes, key=_felt)))


def _kind(before: Journey | None, after: Journey | None) -> ChangeKind | None:
    """None when the route is the same."""
    if before is None or after is None:
        return None if before is after else ChangeKind.FOUND if before is None else ChangeKind.LOST
    for change in (after.duration - before.duration, after.length - before.length):
        if abs(change) > SAME:
            return ChangeKind.LONGER if change > 0.0 else ChangeKind.SHORTER
    same = (before.fleet, before.lifts, before.zones) == (after.fleet, after.lifts, after.zones)
    return None if same else ChangeKind.OTHERWISE


def _felt(change: RouteChange) -> tuple[int, float, float, WaypointId, WaypointId]:
    """Lost ones first, then found ones, then by seconds and metres."""
    rank = {ChangeKind.LOST: 0, ChangeKind.FOUND: 1}.get(change.kind, 2)
    return rank, -abs(change.seconds), -abs(change.metres), change.start, change.goal


@dataclass(frozen=True, slots=True)
class _Rest:
    """What lies ahead: `zones` is a set of bits, by the order of the site's zones."""

    length: float
    lifts: tuple[LiftId, ...]
    zones: int


class _Journeys:
    """The quickest routes of a site's fleets."""

    def __init__(self, site: Site, fleets: Iterable[FleetId]) -> None:
        routes = Routes(site)
        self._tables = [(fleet, routes.of(fleet)) for fleet in fleets]
        self._zones = tuple(site.zones)
        bits = {zone: 1 << number for number, zone in enumerate(self._zones)}
        self._bits = {place: sum(bits[zone.id] for zone in zones) for place, zones in routes.zones.of.items()}
        self._sets: dict[int, frozenset[ZoneId]] = {}

    def to(self, goal: WaypointId, starts: Iterable[WaypointId]) -> list[Journey | None]:
        """From each start to the goal; None where no fleet has a way."""
        found: dict[WaypointId, Journey] = {}
        missing = list(dict.fromkeys(starts))
        for fleet, tables in self._tables:
            rests = {goal: _Rest(0.0, (), self._bits[goal])}
            for start in missing:
                duration = tables.time(start, goal)
                if duration is not None:
                    rest = self._rest(tables, start, goal, rests)
                    found[start] = Journey(
                        fleet=fleet,
                        length=rest.length,
                        duration=duration,
                        lifts=rest.lifts,
                        zones=self._set(rest.zones),
                    )
            missing = [start for start in missing if start not in found]
            if not missing:
                break
        return [found.get(start) for start in starts]

    def _rest(self, tables: RouteTables, start: WaypointId, goal: WaypointId, rests: dict[WaypointId, _Rest]) -> _Rest:
        """Follow the route until what lies ahead is known, then come back."""
        way = []
        here = start
        while here not in rests:
            move = tables.first_move(here, goal)
            way.append(move)
            here = move.end
        for move in reversed(way):
            ahead = rests[move.end]
            rests[move.start] = _Rest(
                ahead.length + (move.lane.length if move.lane is not None else 0.0),
                ahead.lifts if move.lift is None else (move.lift.id, *ahead.lifts),
                ahead.zones | self._bits[move.start],
            )
        return rests[start]

    def _set(self, bits: int) -> frozenset[ZoneId]:
        known = self._sets.get(bits)
        if known is None:
            zones = (zone for number, zone in enumerate(self._zones) if bits >> number & 1)
            known = self._sets[bits] = frozenset(zones)
        return known
