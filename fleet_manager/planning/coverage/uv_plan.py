"""A plan to disinfect a room with a UV-C lamp: stops, dwell times, and what cannot be reached."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fleet_manager.domain.errors import InvalidRequest
from fleet_manager.planning.coverage.driving import drive_time
from fleet_manager.planning.coverage.dwelling import least_time
from fleet_manager.planning.coverage.free_space import FreeSpace
from fleet_manager.planning.coverage.lamp import Floats
from fleet_manager.planning.coverage.room import Room, room_of
from fleet_manager.planning.coverage.targets import TargetKind, Targets, targets_of
from fleet_manager.planning.coverage.tour import ENTRY, Tours
from fleet_manager.planning.coverage.visibility import WALL, Illumination, Light
from fleet_manager.planning.coverage.warm_up import stay_for
from maps.model import Fleet, FleetId, Point, Site, UvLamp, Zone

DEFAULT_DOSE: Final = 1000.0
"""J/m²: reaches bacterial spores."""

_PARTS: Final = 1e6
"""Dwell times are rounded up to microseconds, so that a plan read from its file gives no less."""

_ENOUGH: Final = 1.0 - 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class UvStop:
    """Stand at (x, y) and shine as long as `dwell` seconds at full output.

    `stay` is how long that takes as planned: longer while the lamp warms up. `way` are the places from the stop
    before, or from the entry, straight between them.
    """

    x: float
    y: float
    dwell: float
    stay: float
    way: tuple[Point, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UvPlan:
    """How robots of `fleet` give `dose` (J/m²) to all that they can reach in `room`.

    `doses` (J/m²) are what each target gets at the stops; light on the way between them comes on top. `seen` says which
    targets some free cell shines on; `shadowed` why the others are not. `costs` are the seconds that each target adds
    to `bound`, the least dwell time with a stop on any free cell. `way_back` leads from the last stop to the entry.
    """

    room: Room
    fleet: Fleet
    lamp: UvLamp
    dose: float
    targets: Targets
    stops: tuple[UvStop, ...]
    way_back: tuple[Point, ...]
    doses: Floats
    seen: NDArray[np.bool_]
    shadowed: tuple[str | None, ...]
    costs: Floats
    bound: float
    drive: float

    @property
    def dwell(self) -> float:
        """Seconds at full output, over all stops."""
        return sum(stop.dwell for stop in self.stops)

    @property
    def duration(self) -> float:
        """Seconds from the entry back to the entry, warm-up and driving included."""
        return sum(stop.stay for stop in self.stops) + self.drive

    @property
    def covered_share(self) -> float:
        """Of the targets that are not shadowed, the share that gets the dose."""
        return float((self.doses[self.seen] >= _ENOUGH * self.dose).mean()) if self.seen.any() else 0.0

    @property
    def shadowed_share(self) -> float:
        return float(1.0 - self.seen.mean())

    @property
    def least_dose(self) -> float:
        """The least dose (J/m²) of a target that is not shadowed."""
        return float(self.doses[self.seen].min()) if self.seen.any() else 0.0


def uv_fleet(site: Site, name: str | None = None) -> Fleet:
    """The fleet called `name`, or the site's first with a lamp; raises InvalidRequest when it cannot disinfect."""
    with_lamp = [fleet.id for fleet in site.fleets.values() if fleet.lamp is not None]
    if name is None and not with_lamp:
        raise InvalidRequest(
            "no fleet of this site has a UV-C lamp",
            field="fleet",
            way_out="give a fleet its `lamp` in site.yaml",
        )
    fleet = site.fleets.get(FleetId(name) if name is not None else with_lamp[0])
    if fleet is None:
        raise InvalidRequest(
            f"no fleet is called {name!r} on this site",
            field="fleet",
            way_out=f"fleets with a UV-C lamp: {', '.join(with_lamp) or 'none'}",
        )
    if fleet.lamp is None:
        raise InvalidRequest(
            f"fleet {fleet.id!r} has no UV-C lamp",
            field="fleet",
            way_out=f"choose one that has: {', '.join(with_lamp) or 'give a fleet its `lamp` in site.yaml'}",
        )
    if fleet.lamp.irradiance is None:
        raise InvalidRequest(
            f"the lamp of fleet {fleet.id!r} has no calibration",
            field="fleet",
            way_out=f"set `lamp.irradiance` in site.yaml: W/m² at {fleet.lamp.distance:g} m, from its data sheet",
        )
    return fleet


def plan_uv(site: Site, zone: Zone, fleet: Fleet, dose: float = DEFAULT_DOSE) -> UvPlan:
    """Raises InvalidRequest, with the way out, for what cannot be planned at all."""
    if not 0.0 < dose < math.inf:
        raise InvalidRequest(
            f"a dose of {dose:g} J/m² disinfects nothing",
            field="dose",
            way_out=f"ask for more than 0 J/m², such as {DEFAULT_DOSE:g} against spores",
        )
    lamp = uv_fleet(site, fleet.id).lamp
    assert lamp is not None
    if zone.zone_class is not None and zone.zone_class not in fleet.zones:
        raise InvalidRequest(
            f"fleet {fleet.id!r} may not enter zone {zone.id!r}, which is {zone.zone_class}",
            field="zone",
            way_out="choose another fleet, or add the class to the fleet's `zones`",
        )
    room = room_of(site, zone, fleet)
    targets = targets_of(room)
    space = FreeSpace(room, fleet)
    if not len(space.cells):
        raise InvalidRequest(
            f"fleet {fleet.id!r} can stand nowhere in zone {zone.id!r}",
            field="zone",
            way_out="make room between furniture and walls, or correct the map",
        )
    illumination = Illumination(room, targets, lamp)
    lights = [illumination.light_at(space.place(cell)) for cell in range(len(space.cells))]
    irradiance = np.array([light.irradiance for light in lights])
    seen = np.array([light.seen for light in lights]).any(axis=0) & (targets.normal[:, 2] >= 0.0)
    tours = Tours(space)
    best = least_time(irradiance[:, seen], tours, dose)
    costs = np.zeros(len(targets))
    costs[seen] = best.costs * dose
    dwell = [math.ceil(dose * time * _PARTS) / _PARTS for time in best.dwell]
    ways = [space.way(start, end) for start, end in zip((ENTRY, *best.cells), (*best.cells, ENTRY), strict=True)]
    return UvPlan(
        room=room,
        fleet=fleet,
        lamp=lamp,
        dose=dose,
        targets=targets,
        stops=_stops(fleet, dwell, ways, lamp.warm_up),
        way_back=ways[-1],
        doses=np.array(dwell) @ irradiance[list(best.cells)],
        seen=seen,
        shadowed=tuple(
            None if seen[index] else _reason(room, targets, illumination, lights, index)
            for index in range(len(targets))
        ),
        costs=costs,
        bound=dose * best.bound,
        drive=sum(drive_time(way, fleet) for way in ways),
    )


def _stops(fleet: Fleet, dwell: list[float], ways: list[tuple[Point, ...]], warm_up: float) -> tuple[UvStop, ...]:
    """The lamp is switched on at the first stop and stays on until the last is done."""
    stops: list[UvStop] = []
    age = 0.0
    for seconds, way in zip(dwell, ways, strict=False):
        age += drive_time(way, fleet) if stops else 0.0
        stay = stay_for(seconds, age, warm_up)
        age += stay
        x, y = way[-1]
        stops.append(UvStop(x=x, y=y, dwell=seconds, stay=stay, way=way))
    return tuple(stops)


_BENEATH: Final = {TargetKind.FLOOR: "under", TargetKind.WALL: "behind", TargetKind.SURFACE: "inside"}


def _reason(room: Room, targets: Targets, illumination: Illumination, lights: list[Light], index: int) -> str:
    """Why no free cell shines on a target."""
    if targets.normal[index, 2] < 0.0:
        return "underside"
    for piece, inside in zip(room.furniture, illumination.inside, strict=True):
        if inside[index] and targets.height[index] < piece.height:
            return f"{_BENEATH[targets.kind[index]]} {piece.name or piece.id}"
    hiding = Counter(int(light.hidden_by[index]) for light in lights)
    del hiding[-1]
    if not hiding:
        return "faces away from every stop"
    most = min(hiding, key=lambda piece: (-hiding[piece], piece))
    if most == WALL:
        return "behind a wall"
    return f"behind {room.furniture[most].name or room.furniture[most].id}"
