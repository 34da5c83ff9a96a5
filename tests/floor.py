"""A floor without a simulator: robots that follow what the traffic allocates, and whose state is kept beside it.

Each robot's drive and retreat are stored as the fleet's state stores them, from what `Traffic` answers. A history is
any order of the calls below; `check` says what must hold after each of them.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import networkx as nx
import shapely
from msgspec.structs import replace as changed
from shapely.affinity import rotate, translate
from shapely.geometry import MultiPoint, Point, Polygon

from fleet_manager.domain.robots import Drive, Precedence, RouteNode, Yield
from fleet_manager.planning.conflicts import CLEARANCE, Conflicts
from fleet_manager.planning.courses import Timetable
from fleet_manager.planning.itinerary_kernel import FOREVER
from fleet_manager.planning.parking import Parking
from fleet_manager.planning.routes import Routes
from fleet_manager.planning.traffic import Claim, Movable, Traffic
from maps.model import Fleet, FleetId, LaneId, LevelId, RobotId, Site, WaypointId, ZoneKind

DELAY = 30.0
"""Seconds after which a robot that can't move now is expected to move again."""

Event = tuple[RobotId, int, int]
"""A node being passed: robot, sequence, claim."""


@dataclass
class Body:
    """A robot as the fleet's state knows it."""

    id: RobotId
    fleet: Fleet
    home: WaypointId
    at: WaypointId
    drive: Drive | None = None
    retreat: tuple[RouteNode, ...] = ()
    next_sequence: int = 1
    next_claim: int = 1
    able: bool = True
    stuck: bool = False

    @property
    def nodes(self) -> tuple[RouteNode, ...]:
        """All that lies ahead, the last passed node first where there is one."""
        return (*(self.drive.nodes if self.drive else ()), *self.retreat)

    @property
    def held(self) -> tuple[RouteNode, ...]:
        """From the node passed last to the end of what is allocated."""
        if self.drive is None:
            return (RouteNode(sequence=0, waypoint=self.at),)
        return self.drive.nodes[: self.drive.index(self.drive.allocated_to) + 1]

    @property
    def stand(self) -> WaypointId:
        return self.held[-1].waypoint


class Floor:
    def __init__(self, site: Site) -> None:
        self.site = site
        self.now = 0.0
        self.routes = Routes(site)
        self.conflicts = Conflicts(site, self.routes.zones)
        self.parking = Parking(site, self.routes, self.conflicts)
        self.traffic = Traffic(self.routes, self.conflicts)
        self.robots: dict[RobotId, Body] = {}
        self._reordered = True
        self._shapes: dict[tuple[FleetId, WaypointId, WaypointId], tuple[LevelId, Polygon]] = {}
        self._known: dict[RobotId, tuple[WaypointId, ...]] = {}
        self._areas: dict[RobotId, dict[LevelId, shapely.Geometry]] = {}
        for fleet in site.fleets.values():
            for robot in fleet.robots:
                assert robot.home is not None
                self.robots[robot.id] = Body(robot.id, fleet, robot.home, robot.home)
                self.traffic.place(robot.id, fleet.id, robot.home, self.now)

    # --- calls -----------------------------------------------------------------------------------------

    def claim(
        self,
        robot: RobotId,
        goal: WaypointId,
        *,
        rest: WaypointId | None = None,
        closed: frozenset[LaneId] = frozenset(),
        before: float = FOREVER,
        dwell: float = 30.0,
        movable: Collection[RobotId] = (),
    ) -> bool:
        """Plan and claim as the fleet manager does; False when there is no way. `movable` are less urgent."""
        body = self.robots[robot]
        first = None
        if body.drive is None:
            first = RouteNode(sequence=body.next_sequence, waypoint=body.at, claim=body.next_claim)
        claim = self.traffic.claim(
            robot,
            goal,
            rest=rest or body.home,
            claim=body.next_claim,
            now=self.now,
            dwell=dwell,
            first=first,
            closed=closed,
            before=before,
            weight=10.0,
            movable={
                other: Movable(claim=self.robots[other].next_claim, weight=1.0, closed=frozenset())
                for other in movable
                if other != robot and self.robots[other].able and self.robots[other].drive is not None
            },
        )
        if claim is None:
            return False
        self._take(body, goal, claim, first)
        for other, its in claim.others.items():
            drive = self.robots[other].drive
            assert drive is not None
            self._take(self.robots[other], drive.goal, its, None)
        return True

    def _take(self, body: Body, goal: WaypointId, claim: Claim, first: RouteNode | None) -> None:
        old = body.drive
        if old is None:
            assert first is not None
            kept: tuple[RouteNode, ...] = (first,)
            reached = allocated = first.sequence
        else:
            kept = old.nodes[: old.index(old.allocated_to) + 1]
            reached, allocated = old.reached, old.allocated_to
        drive = Drive(
            id=f"{body.id}-{body.next_claim}",
            goal=goal,
            nodes=kept + claim.nodes,
            reached=reached,
            allocated_to=allocated,
            cleared_to=allocated,
        )
        self._claimed(body, drive, claim.retreat)
        for waiting in claim.yields:
            self._wait_for(waiting)

    def _claimed(self, body: Body, drive: Drive, retreat: tuple[RouteNode, ...]) -> None:
        body.drive, body.retreat = drive, retreat
        self._reordered = True
        body.next_sequence = drive.end + 1
        body.next_claim += 1

    def _wait_for(self, waiting: Yield) -> None:
        body = self.robots[waiting.robot]

        def extended(nodes: tuple[RouteNode, ...]) -> tuple[RouteNode, ...]:
            return tuple(
                changed(n, after=(*n.after, waiting.after)) if n.sequence == waiting.sequence else n for n in nodes
            )

        if body.drive is not None and waiting.sequence <= body.drive.end:
            body.drive = changed(body.drive, nodes=extended(body.drive.nodes))
        else:
            body.retreat = extended(body.retreat)

    def drive_retreat(self, robot: RobotId) -> bool:
        """Drive the retreat as it was planned; False when there is none, or the robot is on its way."""
        body = self.robots[robot]
        if body.drive is not None:
            return False
        nodes = self.traffic.retreat(robot)
        if not nodes:
            return False
        first = nodes[0].sequence
        drive = Drive(
            id=f"{robot}-{body.next_claim}",
            goal=nodes[-1].waypoint,
            nodes=nodes,
            reached=first,
            allocated_to=first,
            cleared_to=first,
        )
        self._claimed(body, drive, ())
        return True

    def extend(self, robot: RobotId) -> bool:
        """Allocate one more stretch; False when something is in the way."""
        body = self.robots[robot]
        assert body.drive is not None
        if self.traffic.extend(robot) is not None:
            return False
        to = self.traffic.allocated(robot)
        body.drive = changed(body.drive, allocated_to=to, cleared_to=to)
        return True

    def move(self, robot: RobotId) -> bool:
        """Drive to the next node of what is allocated; False at its end. At the drive's end the drive is over."""
        body = self.robots[robot]
        drive = body.drive
        assert drive is not None
        if drive.reached < drive.allocated_to:
            node = drive.nodes[drive.index(drive.reached) + 1]
            body.drive = changed(drive, reached=node.sequence, nodes=drive.nodes[drive.index(node.sequence) :])
            body.at = node.waypoint
            self.traffic.passed(robot, node.sequence, self.now)
            return True
        if drive.arrived:
            body.drive = None
            return True
        return False

    def withdraw(self, robot: RobotId, to: int) -> None:
        """Give back what is allocated behind node `to`."""
        body = self.robots[robot]
        assert body.drive is not None
        body.drive = changed(body.drive, allocated_to=to, cleared_to=to)
        self.traffic.withdraw(robot, to)
        self._reordered = True

    def pause(self, robot: RobotId) -> None:
        self.robots[robot].able = False
        self.traffic.mobile(robot, able=False)

    def resume(self, robot: RobotId) -> None:
        self.robots[robot].able, self.robots[robot].stuck = True, False
        self._reordered = True
        self.traffic.mobile(robot, able=True)

    def give_up(self, robot: RobotId) -> None:
        """The robot will not move for long: what it only claims is void, and the others are planned round it."""
        body = self.robots[robot]
        body.stuck = True
        body.retreat = ()
        drive = body.drive
        if drive is not None and drive.allocated_to < drive.end:
            kept = body.held
            body.drive = changed(drive, id=f"{robot}-{body.next_claim}", goal=kept[-1].waypoint, nodes=kept)
            body.next_claim += 1
        self.traffic.give_up(robot, stuck=True)
        self._reordered = True
        self.plan_round()

    def plan_round(self) -> None:
        progress = True
        while progress:
            progress = False
            self.traffic.retime(self.now)
            for body in self.robots.values():
                if body.drive is not None and body.able and self.traffic.is_blocked(body.id, self.now):
                    found = self.claim_any(body.id, body.drive.goal)
                    found = found or (body.drive.goal != body.home and self.claim_any(body.id, body.home))
                    progress = found or progress

    def claim_any(self, robot: RobotId, goal: WaypointId, *, dwell: float = 30.0) -> bool:
        """Claim a route that ends at home, or else in another bay."""
        bays = (self.robots[robot].home, *self._bays(robot, ())[:3])
        return any(self.claim(robot, goal, rest=rest, dwell=dwell) for rest in bays)

    def _bays(self, robot: RobotId, way: Collection[WaypointId]) -> list[WaypointId]:
        """Bays that nobody needs, off a way; the nearest first."""
        body = self.robots[robot]
        others = [r for r in self.robots.values() if r is not body]
        taken = {r.home for r in others if not r.stuck} | {r.stand for r in others}
        taken |= {r.drive.goal for r in others if r.drive}
        return self.parking.nearest(body.fleet.id, body.stand, taken | set(way), frozenset())

    def make_room(self, robot: RobotId, goal: WaypointId) -> bool:
        """Send those elsewhere that rest on the way to a goal; False when nobody could go."""
        body = self.robots[robot]
        others, way = self.traffic.in_the_way(robot, goal, body.home, self.now)
        for other in others:
            if self.robots[other].able and self.robots[other].drive is None:
                for bay in self._bays(other, way)[:3]:
                    if bay != self.robots[other].at and self.claim(other, bay, rest=bay):
                        return True
        return False

    def step_aside(self, robot: RobotId) -> bool:
        """Go and stay in the nearest free bay; False when there is no way to any."""
        return any(self.claim(robot, bay, rest=bay) for bay in self._bays(robot, (self.robots[robot].stand,)))

    def untangle(self, goals: Mapping[RobotId, WaypointId | None]) -> bool:
        """Move robots of a level all together, those with a goal to it; False when that leads nowhere."""
        level = self.site.waypoints[self.robots[next(iter(goals))].stand].level
        bodies = [self.robots[robot] for robot in goals]
        firsts = {
            body.id: RouteNode(sequence=body.next_sequence, waypoint=body.at, claim=body.next_claim)
            for body in bodies
            if body.drive is None
        }
        claims = {body.id: body.next_claim for body in bodies}
        found = self.traffic.untangle(level, goals, claims, firsts, self.now)
        for robot, claim in found.items():
            self._take(self.robots[robot], claim.nodes[-1].waypoint, claim, firsts.get(robot))
        return bool(found)

    def restart(self) -> None:
        """Build the traffic anew from what is stored."""
        self.traffic = self._restored()
        self._reordered = True

    def _restored(self) -> Traffic:
        traffic = Traffic(self.routes, self.conflicts)
        for body in self.robots.values():
            traffic.restore(body.id, body.fleet.id, body.at, body.drive, body.retreat, self.now)
        traffic.settle(self.now)
        for body in self.robots.values():
            traffic.mobile(body.id, able=body.able)
            if body.stuck:
                traffic.give_up(body.id, stuck=True)
        return traffic

    # --- what must hold --------------------------------------------------------------------------------

    def check(self) -> None:
        self.check_bodies()
        self.check_wholes()
        self.check_order()

    def check_bodies(self) -> None:
        """No two robots are allocated ways on which their bodies could touch."""
        for body in self.robots.values():
            way = tuple(node.waypoint for node in body.held)
            if self._known.get(body.id) == way:
                continue
            self._known[body.id] = way
            area = self._areas[body.id] = self._swept(body.fleet, way)
            for other, known in self._areas.items():
                if other != body.id and area.keys() & known.keys():
                    for level in area.keys() & known.keys():
                        touching = shapely.area(shapely.intersection(area[level], known[level])) > 1e-6
                        assert not touching, f"{body.id} on {way} and {other} on {self._known[other]} may touch"

    def _swept(self, fleet: Fleet, way: tuple[WaypointId, ...]) -> dict[LevelId, shapely.Geometry]:
        """Where the body may be, by level: turning at each place of a way, and straight between them."""
        pieces: dict[LevelId, list[Polygon]] = {}
        for before, after in pairwise((way[0], *way)):
            level, shape = self._turning(fleet, after)
            pieces.setdefault(level, []).append(shape)
            if before != after and self.site.waypoints[before].level == level:
                pieces[level].append(self._driving(fleet, before, after))
        return {level: shapely.union_all(shapes) for level, shapes in pieces.items()}

    def _turning(self, fleet: Fleet, at: WaypointId) -> tuple[LevelId, Polygon]:
        place = self.site.waypoints[at]
        found = self._shapes.get((fleet.id, at, at))
        if found is None:
            radius = max(math.hypot(x, y) for x, y in fleet.footprint)
            found = self._shapes[fleet.id, at, at] = (place.level, Point(place.xy).buffer(radius))
        return found

    def _driving(self, fleet: Fleet, before: WaypointId, after: WaypointId) -> Polygon:
        a, b = self.site.waypoints[before], self.site.waypoints[after]
        found = self._shapes.get((fleet.id, before, after))
        if found is None:
            yaw = math.atan2(b.y - a.y, b.x - a.x)
            turned = rotate(Polygon(fleet.footprint), yaw, origin=(0, 0), use_radians=True)
            corners = [c for p in (a, b) for c in translate(turned, p.x, p.y).exterior.coords]
            hull = MultiPoint(corners).convex_hull
            assert isinstance(hull, Polygon)
            found = self._shapes[fleet.id, before, after] = (a.level, hull)
        return found[1]

    def check_wholes(self) -> None:
        """One robot at most holds each car, buffer room and mutex group."""
        holders: dict[str, RobotId] = {}
        for body in self.robots.values():
            for whole in self._wholes(body):
                other = holders.setdefault(whole, body.id)
                assert other == body.id, f"{whole} is held by {other} and {body.id}"

    def _wholes(self, body: Body) -> Iterator[str]:
        for node in body.held:
            place = self.site.waypoints[node.waypoint]
            if place.lift is not None:
                yield place.lift
            for zone in self.site.zones.values():
                inside = zone.level == place.level and shapely.intersects(Polygon(zone.polygon), Point(place.xy))
                if zone.kind is ZoneKind.BUFFER_ROOM and inside:
                    yield zone.id
        for node in body.held[1:]:
            mutex = self.site.lanes[node.lane].mutex if node.lane else None
            if mutex is not None:
                yield f"mutex {mutex}"

    def order(self) -> nx.DiGraph[Event]:
        """What has to come before what: each robot's own nodes in turn, and those they wait for."""
        graph: nx.DiGraph[Event] = nx.DiGraph()
        ahead = {e for body in self.robots.values() for e in self._ahead(body)}
        for body in self.robots.values():
            events = list(self._ahead(body))
            graph.add_nodes_from(events)
            graph.add_edges_from(pairwise(events))
            allocated = body.drive.allocated_to if body.drive else 0
            for node in body.nodes:
                event = (body.id, node.sequence, node.claim)
                if event in ahead and node.sequence > allocated:
                    graph.add_edges_from((e, event) for e in map(_event, node.after) if e in ahead)
        return graph

    def _ahead(self, body: Body) -> Iterator[Event]:
        """What the robot has yet to pass; of one that is stuck only what it holds."""
        reached = body.drive.reached if body.drive else 0
        last = (body.drive.allocated_to if body.drive else 0) if body.stuck else math.inf
        for node in body.nodes:
            if reached < node.sequence <= last:
                yield (body.id, node.sequence, node.claim)

    def check_order(self) -> None:
        if not self._reordered:
            return
        self._reordered = False
        graph = self.order()
        if not nx.is_directed_acyclic_graph(graph):
            raise AssertionError(f"a circle of precedences: {nx.find_cycle(graph)}")

    def check_restart(self) -> None:
        """What is stored is enough: the same robots go first after a restart."""
        known = self.who_goes_first(self.traffic.retime(self.now))
        anew = self.who_goes_first(self._restored().retime(self.now))
        assert known == anew, f"lost {sorted(known - anew)}, new {sorted(anew - known)}"

    def blocked(self) -> dict[RobotId, None]:
        """Robots that are dead, and those that these keep from getting home, in turn."""
        found = {body.id: None for body in self.robots.values() if body.stuck}
        progress = bool(found)
        while progress:
            more = {
                b.id: None for b in self.robots.values() if b.id not in found and not self.clear(b.id, b.home, found)
            }
            found.update(more)
            progress = bool(more)
        return found

    def clear(self, robot: RobotId, goal: WaypointId, blocked: Collection[RobotId]) -> bool:
        """Whether there is a way to a goal and on to the robot's home that touches nobody of `blocked`."""
        body = self.robots[robot]
        areas = [area for other in blocked for area in self._areas[other].items() if other != robot]
        wholes = {whole for other in blocked if other != robot for whole in self._wholes(self.robots[other])}
        graph: nx.DiGraph[WaypointId] = nx.DiGraph()
        for move in self.routes.of(body.fleet.id).moves():
            way = (move.start, move.end)
            swept = self._swept(body.fleet, way)
            near = any(
                level in swept and shapely.distance(swept[level], area) < 1.1 * CLEARANCE for level, area in areas
            )
            needs = {self.site.waypoints[place].lift for place in way} | {
                f"mutex {move.lane.mutex}" if move.lane else ""
            }
            if not near and not needs & wholes:
                graph.add_edge(*way)
        legs = ((body.stand, goal), (goal, body.home))
        return all(a == b or (a in graph and b in graph and nx.has_path(graph, a, b)) for a, b in legs)

    def who_goes_first(self, table: Timetable) -> set[tuple[RobotId, int, RobotId, int]]:
        """(waiting robot, first node of its stretch, robot that goes first, node it has to pass) of a timetable."""
        found = set()
        holders: dict[int, list[int]] = {}
        for hold, resource in enumerate(table.hold_resource.tolist()):
            holders.setdefault(resource, []).append(hold)
        for s, robot in enumerate(table.robot.tolist()):
            if table.given[s]:
                continue
            for resource in table.near[table.near_ptr[s] : table.near_ptr[s + 1]].tolist():
                for hold in holders.get(resource, ()):
                    other = int(table.hold_robot[hold])
                    release, since = int(table.hold_release[hold]), int(table.hold_stretch[hold])
                    if other != robot and release >= 0 and (since < 0 or table.start[since] < table.start[s]):
                        waits, leads = table.robots[robot], table.robots[other]
                        first = self._sequence(waits, int(table.first[s] - table.node_base[robot]))
                        found.add((waits, first, leads, self._sequence(leads, release - int(table.node_base[other]))))
        return found

    def _sequence(self, robot: RobotId, index: int) -> int:
        body = self.robots[robot]
        if body.drive is not None:
            return body.drive.reached + index
        return body.retreat[0].sequence - 1 + index if body.retreat else index


def _event(before: Precedence) -> Event:
    return (before.robot, before.sequence, before.claim)
