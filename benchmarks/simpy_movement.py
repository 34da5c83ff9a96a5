"""The rules of `sim.bodies` written down as a plain simpy model: one process for each robot, one for each door.

A robot turns on the spot towards the next place where the direction changes by `STRAIGHT_ON` or more, passes all others
at speed, brakes for closed doors and slower lanes ahead, and is interrupted when a door that it drives towards opens or
closes. A door does not close on a robot that is in it or can no longer stop. Batteries, pauses and modes are left out.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from math import atan2, cos, hypot, remainder, sin, sqrt, tau
from statistics import median
from typing import Final, TypeAlias

import simpy

from benchmarks.movement import DOOR_HELD, DOOR_PERIOD, DWELL, Passing, Tours, drive_bodies, tours
from maps.model import Door, Fleet, Site, WaypointId
from sim.bodies import STRAIGHT_ON
from sim.port import Node
from sim.profile import Profile, lane_profile

Process: TypeAlias = "Generator[simpy.Event, object, None]"

_AIMED: Final = 1e-3


class PlainDoor:
    """Held open for `DOOR_HELD` seconds of each `DOOR_PERIOD`."""

    def __init__(self, env: simpy.Environment, door: Door) -> None:
        self.env = env
        self.travel_time = door.travel_time
        self.open = False
        self.near: list[PlainRobot] = []
        self.changed = env.event()
        self.freed = env.event()
        env.process(self.run())

    def run(self) -> Process:
        opens = 0.0
        while True:
            yield self.env.timeout(self.travel_time)
            self.set(True)
            yield self.env.timeout(opens + DOOR_HELD - self.env.now)
            while any(robot.committed_to(self) for robot in self.near):
                yield self.freed
            self.set(False)
            opens += DOOR_PERIOD
            yield self.env.timeout(opens - self.env.now)

    def set(self, opened: bool) -> None:
        self.open = opened
        self.changed.succeed()
        self.changed = self.env.event()
        for robot in self.near:
            robot.interrupt()

    def leave(self, robot: PlainRobot) -> None:
        self.near.remove(robot)
        self.freed.succeed()
        self.freed = self.env.event()


class PlainRobot:
    def __init__(
        self,
        env: simpy.Environment,
        name: str,
        fleet: Fleet,
        tour: Sequence[Sequence[Node]],
        doors: dict[tuple[WaypointId, WaypointId], PlainDoor],
        passed: list[Passing],
    ) -> None:
        self.env = env
        self.name = name
        self.fleet = fleet
        self.doors = doors
        self.passed = passed
        self.x, self.y, self.yaw = tour[0][0].x, tour[0][0].y, 0.0
        self.nodes: Sequence[Node] = ()
        self.next = 0
        self.speed = 0.0
        self.driving = False
        self.leg: tuple[float, Profile] | None = None
        self.watched: dict[PlainDoor, int] = {}
        self.process = env.process(self.run(tour))

    def run(self, tour: Sequence[Sequence[Node]]) -> Process:
        for nodes in tour:
            self.nodes = nodes
            self.arrive(0)
            while self.next < len(nodes):
                yield from self.go()
            yield self.env.timeout(DWELL)

    def go(self) -> Process:
        """From standing: wait for the door, turn, drive until standing again."""
        door = self.door(self.next)
        if door is not None:
            self.watch(door, self.next)
            while not door.open:
                yield door.changed
        ahead = heading(self.nodes[self.next - 1], self.nodes[self.next])
        turn = abs(remainder(ahead - self.yaw, tau))
        self.driving = True
        if turn > _AIMED:
            yield self.env.timeout(turn / self.fleet.turn_speed)
        self.yaw = ahead
        while True:
            yield from self.lane()
            if self.speed == 0.0:
                break
        self.driving = False

    def lane(self) -> Process:
        """Drive to the next node."""
        node = self.nodes[self.next]
        along = heading(self.nodes[self.next - 1], node)
        while True:
            way = hypot(node.x - self.x, node.y - self.y)
            profile = lane_profile(way, self.speed, self.exit_speed(), self.limit(node), self.fleet.acceleration)
            self.leg = (self.env.now, profile)
            try:
                yield self.env.timeout(profile.duration)
                break
            except simpy.Interrupt:
                distance, self.speed = profile.at(self.env.now - self.leg[0])
                self.x += distance * cos(along)
                self.y += distance * sin(along)
        self.leg = None
        self.yaw = along
        self.speed = profile.exit
        self.arrive(self.next)

    def arrive(self, index: int) -> None:
        node = self.nodes[index]
        self.x, self.y = node.x, node.y
        self.next = index + 1
        self.passed.append((self.name, node.sequence, self.env.now))
        for door in [door for door, behind in self.watched.items() if behind < self.next]:
            del self.watched[door]
            door.leave(self)

    def exit_speed(self) -> float:
        """The highest speed at the next node with which every stop and limit farther on can still be met."""
        double = 2.0 * self.fleet.acceleration
        index = self.next
        speed = self.limit(self.nodes[index])
        way = heading(self.nodes[index - 1], self.nodes[index])
        distance = 0.0
        while double * distance < speed * speed:
            if index == len(self.nodes) - 1:
                return sqrt(double * distance)
            index += 1
            door = self.door(index)
            if door is not None:
                self.watch(door, index)
                if not door.open:
                    return sqrt(double * distance)
            before, node = self.nodes[index - 1], self.nodes[index]
            ahead = heading(before, node)
            if abs(remainder(ahead - way, tau)) > STRAIGHT_ON:
                return sqrt(double * distance)
            way = ahead
            speed = min(speed, sqrt(self.limit(node) ** 2 + double * distance))
            distance += hypot(node.x - before.x, node.y - before.y)
        return speed

    def limit(self, node: Node) -> float:
        return self.fleet.speed if node.speed_limit is None else min(self.fleet.speed, node.speed_limit)

    # --- doors ------------------------------------------------------------------------------------------------

    def door(self, index: int) -> PlainDoor | None:
        """On the way to a node."""
        return self.doors.get((self.nodes[index - 1].waypoint, self.nodes[index].waypoint))

    def watch(self, door: PlainDoor, index: int) -> None:
        if door not in self.watched:
            door.near.append(self)
        self.watched[door] = index

    def interrupt(self) -> None:
        if self.leg is not None:
            self.process.interrupt()

    def committed_to(self, door: PlainDoor) -> bool:
        index = self.watched[door]
        if self.driving and index == self.next:
            return True
        if self.leg is None:
            return False
        gone, speed = self.leg[1].at(self.env.now - self.leg[0])
        distance = hypot(self.nodes[self.next].x - self.x, self.nodes[self.next].y - self.y) - gone
        for number in range(self.next + 1, index):
            before, node = self.nodes[number - 1], self.nodes[number]
            distance += hypot(node.x - before.x, node.y - before.y)
        return speed * speed > 2.0 * self.fleet.acceleration * distance


def heading(start: Node, end: Node) -> float:
    return atan2(end.y - start.y, end.x - start.x)


def drive_simpy(tours: Tours, seconds: float) -> tuple[list[Passing], float]:
    """What is passed within the seconds, and the wall seconds that it took."""
    passed: list[Passing] = []
    began = time.perf_counter()
    env = simpy.Environment()
    opened = {door.id: PlainDoor(env, door) for door in tours.doors.values()}
    doors = {way: opened[door.id] for way, door in tours.doors.items()}
    for name, tour in tours.ways.items():
        PlainRobot(env, name, tours.fleet, tour, doors, passed)
    env.run(until=seconds)
    return passed, time.perf_counter() - began


@dataclass(frozen=True, slots=True)
class MovementFigures:
    """Medians of several runs of the same tours: bodies, bodies that tell each node at once, and the simpy model."""

    robot_seconds_per_second: float
    told_robot_seconds_per_second: float
    simpy_robot_seconds_per_second: float
    simpy_ratio: float


def compare(
    site: Site,
    *,
    robots: int,
    seconds: float,
    seed: int,
    runs: int = 3,
) -> MovementFigures:
    """Let the models drive the same tours in turn, after a short run of each that is not measured."""
    found = tours(site, robots, seconds, seed)
    models: tuple[Callable[[float], float], ...] = (
        lambda span: drive_bodies(found, span)[1],
        lambda span: drive_bodies(found, span, listened=True)[1],
        lambda span: drive_simpy(found, span)[1],
    )
    for model in models:
        model(min(seconds, 60.0))
    walls: list[list[float]] = [[] for _ in models]
    # The tours are millions of objects that live on: the garbage collector shall not look at them in any model's time.
    gc.collect()
    gc.freeze()
    for _ in range(runs):
        for model, times in zip(models, walls, strict=True):
            times.append(model(seconds))
            gc.collect()
    gc.unfreeze()
    ours, told, theirs = (median(times) for times in walls)
    return MovementFigures(
        robot_seconds_per_second=robots * seconds / ours,
        told_robot_seconds_per_second=robots * seconds / told,
        simpy_robot_seconds_per_second=robots * seconds / theirs,
        simpy_ratio=theirs / ours,
    )
