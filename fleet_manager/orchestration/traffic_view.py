"""The traffic as people and programs see it: claimed and allocated routes, waits, and circles of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import datetime

from fleet_manager.domain.robots import DeviceKind, Drive, Robot
from fleet_manager.domain.state import FleetState
from fleet_manager.orchestration.projection import robot_wait
from fleet_manager.orchestration.views import AllocationView, ClaimView, TrafficView, WaitingFor, WaitView
from maps.model import CarrierKind, Site, WaypointId


def traffic_view(state: FleetState, site: Site, now: datetime) -> TrafficView:
    robots = [r for r in state.robots.values() if site.fleets[r.fleet].carrier is not CarrierKind.PERSON]
    waits = tuple(_waits(state, site, robots))
    return TrafficView(
        seq=state.seq,
        time=now,
        claims=tuple(_claim(robot, robot.drive) for robot in robots if robot.drive is not None),
        allocations=tuple(_allocation(state, site, robot) for robot in robots if robot.waypoint is not None),
        waits=waits,
        cycles=circles({wait.robot: wait.held_by for wait in waits if wait.held_by is not None}),
    )


def _claim(robot: Robot, drive: Drive) -> ClaimView:
    return ClaimView(
        robot=robot.id,
        drive=drive.id,
        goal=drive.goal,
        waypoints=tuple(node.waypoint for node in drive.nodes),
        allocated=drive.allocated_to - drive.reached + 1,
        cleared=drive.cleared_to - drive.reached + 1,
    )


def _allocation(state: FleetState, site: Site, robot: Robot) -> AllocationView:
    drive = robot.drive
    held = drive.nodes[: drive.index(drive.allocated_to) + 1] if drive else ()
    waypoints: tuple[WaypointId | None, ...] = tuple(node.waypoint for node in held) or (robot.waypoint,)
    cars = [site.waypoints[w].lift for w in waypoints if w is not None]
    leases = [s.device for s in state.sessions.values() if s.robot == robot.id and s.kind is DeviceKind.LIFT]
    return AllocationView(
        robot=robot.id,
        waypoints=tuple(w for w in waypoints if w is not None),
        lanes=tuple(node.lane for node in held[1:] if node.lane is not None),
        lifts=tuple(dict.fromkeys(str(lift) for lift in (*cars, *leases) if lift is not None)),
    )


def _waits(state: FleetState, site: Site, robots: list[Robot]) -> Iterator[WaitView]:
    for robot in robots:
        wait = robot_wait(state, robot, site)
        if wait is not None:
            yield WaitView(robot=robot.id, **{f.name: getattr(wait, f.name) for f in fields(WaitingFor)})


def circles(holder_of: Mapping[str, str]) -> tuple[tuple[str, ...], ...]:
    """The circles in which robots wait for each other, each once and from its first robot by id."""
    found: dict[tuple[str, ...], None] = {}
    for start in holder_of:
        way = [start]
        while (holder := holder_of.get(way[-1])) is not None and holder not in way:
            way.append(holder)
        if holder == start:
            first = way.index(min(way))
            found[*way[first:], *way[:first]] = None
    return tuple(sorted(found))
