"""What of an area is covered so far, by where robots were with the sprayer on: an interrupted job goes on from here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import shapely

from fleet_manager.planning.coverage.finishing import swept, without
from fleet_manager.planning.coverage.free_area import FreeArea
from fleet_manager.planning.coverage.spray_plan import CoveragePath, coverage_path
from maps.model import Point


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageMap:
    """`covered` is the ground that was wet, also what the plan did not ask for."""

    free: FreeArea
    covered: shapely.Geometry = field(default_factory=shapely.Polygon)

    @property
    def share(self) -> float:
        """Of what the swath can reach."""
        return float(1.0 - shapely.area(self.left) / self.free.reachable.area)

    @property
    def left(self) -> shapely.Geometry:
        return without(self.free.reachable, self.covered)

    def with_sprayed(self, *tracks: Sequence[Point]) -> CoverageMap:
        """After the swath's centre went along each of `tracks` with the sprayer on."""
        wet = [swept(track, self.free.radius) for track in tracks if track]
        return replace(self, covered=shapely.union_all([self.covered, *wet]))

    def rest(self, seed: int = 1) -> CoveragePath:
        """The path that covers what is left; it has no points when nothing worth a drive is left."""
        return coverage_path(self.free, done=self.covered, seed=seed)


def tracks(poses: Iterable[tuple[Point, bool]]) -> list[list[Point]]:
    """Robot poses with whether the sprayer was on, in the order of time, as tracks along which it sprayed.

    The sprayer is on from a pose that says so until the next one.
    """
    found: list[list[Point]] = []
    spraying = False
    for place, on in poses:
        if spraying:
            found[-1].append(place)
        elif on:
            found.append([place])
        spraying = on
    return found
