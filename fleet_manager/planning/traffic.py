"""Who holds which part of the routing graph, and which allocation is safe to give.

Two rules keep robots apart and moving:

- *Exclusive*: a part is allocated only while no conflicting part is held by another robot.
- *Safe* (the banker's algorithm, Dijkstra 1965, on routes): after the allocation there still is an order in which all
  robots, one after the other, can drive to where they are going and then home, past the others standing where their
  allocated parts end. On a well-formed site (Čáp, Novák, Kleiner, Selecký 2015: nobody's home lies in another's way)
  the first robot of that order can always go on, so no set of robots ever waits in a circle.

A robot that has not been allocated any part of its new route is bound only by its way home; from its first allocated
part on, its whole route counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from fleet_manager.domain.robots import Drive, RouteNode
from fleet_manager.planning.conflicts import Conflicts, Part, waypoint_part
from fleet_manager.planning.routes import Routes
from maps.model import FleetId, RobotId, WaypointId


@dataclass(slots=True, kw_only=True)
class _Holding:
    """What one robot holds. `stand` is where it ends up when it has driven all of it, up to node `to` of its drive.

    `ways` caches, per node of the drive, the bit set of the way from there to the goal and home.
    """

    fleet: FleetId
    home: WaypointId | None
    parts: dict[Part, None] = field(default_factory=dict)
    stand: WaypointId
    drive: Drive | None = None
    to: int = 0
    ways: dict[int, int | None] = field(default_factory=dict)
    committed: bool = False
    can_move: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """Why a part can't be allocated now: `held_by` holds `part`, or would be shut in (`unsafe`)."""

    part: str
    held_by: RobotId
    unsafe: bool = False


class Traffic:
    """The allocation table of all ground robots. It decides and remembers; it sends nothing.

    It is derived from the robots' drives and can be rebuilt from them at any time.
    """

    def __init__(self, routes: Routes, conflicts: Conflicts) -> None:
        self._routes = routes
        self._conflicts = conflicts
        self._robots: dict[RobotId, _Holding] = {}
        self._holders: dict[Part, dict[RobotId, float]] = {}
        self._bits = {w: 1 << i for i, w in enumerate(routes.site.waypoints)}
        self._home_masks: dict[tuple[FleetId, WaypointId], dict[WaypointId, int | None]] = {}
        self._part_masks: dict[tuple[float, Part], int] = {}
        self._stuck_now: dict[RobotId, None] | None = None

    # --- holding ---------------------------------------------------------------------------------------

    def place(self, robot: RobotId, fleet: FleetId, home: WaypointId | None, at: WaypointId) -> None:
        """A robot stands at a waypoint and holds only that."""
        self.remove(robot)
        self._stuck_now = None
        self._robots[robot] = _Holding(fleet=fleet, home=home, stand=at)
        self._take(robot, self._conflicts.standing(at))

    def restore(self, robot: RobotId, fleet: FleetId, home: WaypointId | None, drive: Drive) -> None:
        """Take up a drive as it was stored, with all it had allocated."""
        self.place(robot, fleet, home, drive.nodes[drive.index(drive.reached)].waypoint)
        holding = self._robots[robot]
        holding.drive = drive
        holding.committed = drive.allocated_to > drive.reached
        holding.to = drive.allocated_to
        self._take(robot, self._parts_between(drive, drive.reached, drive.allocated_to))
        holding.stand = drive.allocated_end

    def remove(self, robot: RobotId) -> None:
        """Forget a robot: it was carried off the floor."""
        holding = self._robots.pop(robot, None)
        self._stuck_now = None
        if holding is not None:
            self._drop(robot, holding, list(holding.parts))

    def knows(self, robot: RobotId) -> bool:
        return robot in self._robots

    def claim(self, robot: RobotId, drive: Drive) -> bool:
        """Announce a new route; it starts with the part that the robot holds already.

        False, and nothing changes, when giving up the old route here would shut somebody in: then the robot has to
        drive the old one to its end first.
        """
        holding = self._robots[robot]
        known = (holding.drive, holding.to, holding.ways, holding.committed)
        before = self._stuck_before()
        holding.drive, holding.to, holding.ways, holding.committed = drive, drive.allocated_to, {}, False
        if self._is_worse(before):
            holding.drive, holding.to, holding.ways, holding.committed = known
            return False
        return True

    def arrive(self, robot: RobotId, at: WaypointId) -> None:
        """The drive is over: only the place itself is held."""
        holding = self._robots[robot]
        holding.drive = None
        holding.committed = False
        holding.stand = at
        self._stuck_now = None
        self._keep(robot, holding, self._conflicts.standing(at))

    def passed(self, robot: RobotId, drive: Drive) -> None:
        """Release what lies behind the reached node."""
        holding = self._robots[robot]
        holding.drive = drive
        at = drive.nodes[drive.index(drive.reached)].waypoint
        needed = dict.fromkeys(self._conflicts.standing(at))
        needed.update(dict.fromkeys(self._parts_between(drive, drive.reached, holding.to)))
        self._keep(robot, holding, needed)

    def rehome(self, robot: RobotId, home: WaypointId | None) -> bool:
        """The robot shall rest elsewhere from now on; False, and nothing changes, when that would shut somebody in."""
        holding = self._robots[robot]
        known = (holding.home, holding.ways)
        before = self._stuck_before()
        holding.home, holding.ways = home, {}
        if self._is_worse(before):
            holding.home, holding.ways = known
            return False
        return True

    def immobile(self, robot: RobotId, *, can_move: bool) -> None:
        """A robot that can't move keeps its place blocked; the others' safety no longer counts on it."""
        self._robots[robot].can_move = can_move
        self._stuck_now = None

    def is_committed(self, robot: RobotId) -> bool:
        """Whether it has begun its route: then the others' allocations count on it driving on, not turning back."""
        return self._robots[robot].committed

    # --- allocating ------------------------------------------------------------------------------------

    def extend(self, robot: RobotId, to: int) -> Obstacle | None:
        """Allocate the claimed route up to node `to`, or say what is in the way and change nothing."""
        holding = self._robots[robot]
        drive = holding.drive
        assert drive is not None, f"{robot} has no route"
        parts = self._parts_between(drive, holding.to, to)
        for part in parts:
            blocker = self._blocker(robot, part)
            if blocker is not None:
                return Obstacle(part=part, held_by=blocker)
        trapped = self._trapped_by(robot, drive, to)
        if trapped is not None:
            return Obstacle(part=waypoint_part(drive.nodes[drive.index(to)].waypoint), held_by=trapped, unsafe=True)
        self._take(robot, parts)
        holding.stand = drive.nodes[drive.index(to)].waypoint
        holding.to = to
        holding.committed = True
        self._stuck_now = None
        return None

    def _blocker(self, robot: RobotId, part: Part) -> RobotId | None:
        own = self._conflicts.radius_of(self._robots[robot].fleet)
        if not part.startswith(("w:", "l:")):
            return next((holder for holder in self._holders.get(part, ()) if holder != robot), None)
        for other_radius in self._conflicts.radii():
            for near in self._conflicts.between(own, other_radius)[part]:
                for holder, holder_radius in self._holders.get(near, {}).items():
                    if holder != robot and holder_radius == other_radius:
                        return holder
        return None

    def _parts_between(self, drive: Drive, after: int, to: int) -> list[Part]:
        parts: dict[Part, None] = {}
        nodes = drive.nodes[drive.index(after) : drive.index(to) + 1]
        for before, node in pairwise(nodes):
            parts.update(dict.fromkeys(self._conflicts.moving(before.waypoint, node)))
        return list(parts)

    def _take(self, robot: RobotId, parts: Iterable[Part]) -> None:
        holding = self._robots[robot]
        own = self._conflicts.radius_of(holding.fleet)
        for part in parts:
            holding.parts[part] = None
            self._holders.setdefault(part, {})[robot] = own

    def _keep(self, robot: RobotId, holding: _Holding, needed: Iterable[Part]) -> None:
        keep = set(needed)
        self._drop(robot, holding, [part for part in holding.parts if part not in keep])
        self._take(robot, (part for part in needed if part not in holding.parts))

    def _drop(self, robot: RobotId, holding: _Holding, parts: Sequence[Part]) -> None:
        for part in parts:
            del holding.parts[part]
            holders = self._holders[part]
            del holders[robot]
            if not holders:
                del self._holders[part]

    # --- safety ----------------------------------------------------------------------------------------

    def _trapped_by(self, robot: RobotId, drive: Drive, to: int) -> RobotId | None:
        """A robot that could get home before this allocation and could not after it, or None."""
        before = self._stuck_before()
        holding = self._robots[robot]
        known = (holding.stand, holding.to, holding.committed)
        holding.stand, holding.to, holding.committed = drive.nodes[drive.index(to)].waypoint, to, True
        after = self._stuck()
        holding.stand, holding.to, holding.committed = known
        worse = [r for r in after if r not in before]
        if not worse and robot in after and not holding.committed:
            worse = [robot]
        return next((r for r in worse if r != robot), worse[0]) if worse else None

    def _stuck_before(self) -> dict[RobotId, None]:
        if self._stuck_now is None:
            self._stuck_now = self._stuck()
        return self._stuck_now

    def _is_worse(self, before: dict[RobotId, None]) -> bool:
        """Whether a change shuts in a robot that was free before it; remembers the new state when not."""
        after = self._stuck()
        if any(robot not in before for robot in after):
            return True
        self._stuck_now = after
        return False

    def _stuck(self) -> dict[RobotId, None]:
        """The robots that find no turn to finish, when each in turn drives its whole way and the others stand."""
        occupied = 0
        waiting: list[tuple[RobotId, int, int | None, int]] = []
        for robot, holding in self._robots.items():
            bit = self._bits[holding.stand]
            occupied |= bit
            if holding.can_move:
                home = self._bits[holding.home] if holding.home else bit
                waiting.append((robot, bit, self._way(holding), home))
        going = True
        while going and waiting:
            going = False
            left = []
            for entry in waiting:
                _, bit, way, home = entry
                if way is not None and not way & occupied & ~bit:
                    occupied = (occupied & ~bit) | home
                    going = True
                else:
                    left.append(entry)
            waiting = left
        return {robot: None for robot, _, _, _ in waiting}

    def _way(self, holding: _Holding) -> int | None:
        """The waypoints where a standing robot would block this one's way to its end and home, as a bit set."""
        drive = holding.drive
        if drive is None or not holding.committed:
            return self._way_home(holding, holding.stand)
        if holding.to not in holding.ways:
            way = self._way_home(holding, drive.goal)
            holding.ways[drive.end] = way
            for before, node in reversed(tuple(pairwise(drive.nodes))):
                way = None if way is None else way | self._leg_mask(holding.fleet, before.waypoint, node)
                holding.ways[before.sequence] = way
        return holding.ways[holding.to]

    def _leg_mask(self, fleet: FleetId, before: WaypointId, node: RouteNode) -> int:
        mask = 0
        for part in self._conflicts.moving(before, node):
            mask |= self._part_mask(fleet, part)
        return mask

    def _part_mask(self, fleet: FleetId, part: Part) -> int:
        own = self._conflicts.radius_of(fleet)
        mask = self._part_masks.get((own, part))
        if mask is None:
            mask = 0
            if part.startswith(("w:", "l:")):
                widest = self._conflicts.radii()[-1]
                for near in self._conflicts.between(own, widest)[part]:
                    if near.startswith("w:"):
                        mask |= self._bits[WaypointId(near[2:])]
            self._part_masks[own, part] = mask
        return mask

    def _way_home(self, holding: _Holding, start: WaypointId) -> int | None:
        if holding.home is None:
            return 0
        masks = self._home_masks.setdefault((holding.fleet, holding.home), {holding.home: 0})
        if start not in masks:
            route = self._routes.of(holding.fleet).route(start, holding.home)
            if route is None:
                masks[start] = None
            else:
                mask, before = 0, route.start
                for leg in route.legs:
                    node = RouteNode(sequence=0, waypoint=leg.waypoint, lane=leg.lane, lift=leg.lift)
                    mask |= self._leg_mask(holding.fleet, before, node)
                    before = leg.waypoint
                masks[start] = mask
        return masks[start]
