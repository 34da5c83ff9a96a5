"""The traffic without a simulator: thousands of histories of claims, allocations, delays, pauses and failures.

After each step bodies can't touch, nothing has two holders, and the precedences have no circle. In the end everybody
whose way is clear of dead robots has arrived. Where robots' homes are no bays nobody breaks down for long: two that
stop in each other's way could not always get out of it.
"""

from __future__ import annotations

import random

import pytest

from maps.model import RobotId, Site, WaypointId
from tests.floor import Floor
from tests.random_sites import corridor_with_sidings, grid_with_bays, scattered, two_levels, with_buffer_room

STEPS = 120
MOST_TANGLES = 10
KINDS = ("pause", "resume", "replan", "goal", "withdraw", "restart", "time")


class History:
    """One random history. `weights` say how often each robot gets a turn: some are slow."""

    def __init__(self, site: Site, rng: random.Random, *, well_formed: bool) -> None:
        self.floor = Floor(site)
        self.rng = rng
        self.well_formed = well_formed
        homes = {body.home for body in self.floor.robots.values()}
        places = [w.id for w in site.waypoints.values() if w.id.startswith(("bay", "L1bay", "L2bay", "p")) and w.stop]
        free = [place for place in places if place not in homes] or places
        crowd = rng.random() < 0.4
        self.goals = {
            robot: [
                rng.choice(free[:1] if crowd else free if well_formed else places) for _ in range(rng.randint(1, 3))
            ]
            for robot in self.floor.robots
        }
        self.exchanges: dict[RobotId, WaypointId] = {}
        if well_formed and not crowd and rng.random() < 0.3:
            self._exchange()
        self.dead: dict[RobotId, None] = {}
        self.rooms: dict[RobotId, int] = {}
        self.tangles = 0
        self.weights = {robot: rng.choice([1, 3, 10]) for robot in self.floor.robots}

    def _exchange(self) -> None:
        """Everybody first goes to where another one stands."""
        robots = list(self.goals)
        for robot, other in zip(robots, [*robots[1:], robots[0]], strict=True):
            self.exchanges[robot] = self.floor.robots[other].home
            self.goals[robot].insert(0, self.exchanges[robot])

    def turn(self, robot: RobotId) -> bool:
        """Let the robot do the next thing it can do; False when there is none."""
        floor, body = self.floor, self.floor.robots[robot]
        if not body.able:
            return False
        if body.drive is None:
            return self._set_out(robot)
        to = body.drive.allocated_to
        if to != body.drive.end and (body.drive.reached == to or self.rng.random() < 0.5) and floor.extend(robot):
            return True
        goal = body.drive.goal
        moved = floor.move(robot)
        if moved and body.drive is None and self.goals[robot][:1] == [goal]:
            self.goals[robot].pop(0)
        return moved

    def _set_out(self, robot: RobotId) -> bool:
        floor, body = self.floor, self.floor.robots[robot]
        goals = self.goals[robot]
        if goals and goals[0] == body.at:
            goals.pop(0)
        if goals and floor.claim_any(robot, goals[0], dwell=self.rng.choice([0.0, 30.0, 600.0])):
            return True
        if (body.at != body.home or body.retreat) and (floor.claim(robot, body.home) or floor.drive_retreat(robot)):
            return True
        if goals and self.rooms.get(robot, 0) < 6 and floor.make_room(robot, goals[0]):
            self.rooms[robot] = self.rooms.get(robot, 0) + 1
            return True
        return False

    def _step_aside(self, robot: RobotId) -> bool:
        """Who can't get on, and may be in somebody's way, goes to another bay: a few times at most."""
        body = self.floor.robots[robot]
        waits = body.drive is not None or bool(self.goals[robot]) or body.at != body.home
        if not body.able or not waits or self.rooms.get(robot, 0) >= 6:
            return False
        self.rooms[robot] = self.rooms.get(robot, 0) + 1
        return self.floor.step_aside(robot)

    def _untangle(self) -> bool:
        """Where nobody finds a way one after the other, all of a level move together: a few times at most."""
        floor = self.floor
        blocked = floor.blocked()
        for level in floor.site.levels:
            wanted: dict[RobotId, WaypointId | None] = {}
            for body in floor.robots.values():
                if body.able and floor.site.waypoints[body.stand].level == level:
                    goal = body.drive.goal if body.drive is not None else next(iter(self.goals[body.id]), None)
                    there = goal is not None and floor.site.waypoints[goal].level == level
                    wanted[body.id] = goal if there and goal and floor.clear(body.id, goal, blocked) else None
            if any(wanted.values()) and self.tangles < MOST_TANGLES and floor.untangle(wanted):
                self.tangles += 1
                return True
        return False

    def disturb(self) -> None:
        """Something else happens: a pause or its end, another goal, a better way, a withdrawal, a restart."""
        rng, floor = self.rng, self.floor
        body = floor.robots[rng.choice(list(floor.robots))]
        what = rng.choice(KINDS)
        if what == "pause":
            floor.pause(body.id)
            if self.well_formed and rng.random() < 0.3:
                floor.give_up(body.id)
                self.dead.update({body.id: None} if rng.random() < 0.3 else {})
        elif what == "resume" and body.id not in self.dead:
            floor.resume(body.id)
        elif body.stuck and what in ("replan", "goal", "withdraw"):
            return
        elif what == "replan" and body.drive is not None:
            floor.traffic.retime(floor.now)
            floor.claim(body.id, body.drive.goal, before=floor.traffic.arrival(body.id) - 10.0)
        elif what == "goal" and body.drive is not None:
            movable = [robot for robot in floor.robots if rng.random() < 0.7]
            floor.claim(body.id, rng.choice([body.home, *self.goals[body.id][:1]]), movable=movable)
        elif what == "withdraw" and body.drive is not None:
            floor.withdraw(body.id, rng.randint(body.drive.reached, body.drive.allocated_to))
            floor.claim(body.id, body.stand) or floor.claim(body.id, body.drive.goal)
        elif what == "restart":
            floor.check_restart()
            floor.restart()
        elif what == "time":
            floor.now += rng.expovariate(0.02)

    def steps(self, count: int) -> None:
        floor, rng = self.floor, self.rng
        robots = list(floor.robots)
        for _ in range(count):
            floor.now += rng.expovariate(0.3)
            if rng.random() < 0.1:
                self.disturb()
            else:
                self.turn(rng.choices(robots, [self.weights[r] for r in robots])[0])
            floor.check()

    def run(self) -> None:
        self.steps(STEPS)
        floor = self.floor
        for body in floor.robots.values():
            if body.id not in self.dead:
                floor.resume(body.id)
        self.finish()

    def finish(self) -> None:
        """Nothing happens to anybody any more: all go on as far as they can."""
        floor = self.floor
        idle = 0
        while idle < 3:
            floor.now += 1.0
            moved = [robot for robot in floor.robots if self.turn(robot)]
            if not moved:
                floor.plan_round()
                moved = [robot for robot in floor.robots if self._step_aside(robot)][:1]
            if not moved and self._untangle():
                moved = [next(iter(floor.robots))]
            floor.check()
            idle = 0 if moved else idle + 1
        blocked = floor.blocked()
        for body in floor.robots.values():
            left = self.goals[body.id][:1] if self.well_formed else []
            if self.dead:
                # A dead robot in the way may leave no room to exchange places.
                left = [goal for goal in left if goal != self.exchanges.get(body.id)]
            left += [body.drive.goal] if body.drive else []
            clear = [goal for goal in left if body.id not in blocked and floor.clear(body.id, goal, blocked)]
            assert not clear, f"{body.id} stands at {body.at} and never went to {clear}"


def any_site(rng: random.Random) -> tuple[Site, bool]:
    """A random site, and whether every robot's home is a bay."""
    kind = rng.choice(["grid", "corridor", "levels", "scattered"])
    robots = rng.randint(2, 5)
    tugs = rng.choice([0, 0, 1, 2])
    if kind == "grid":
        width, height = rng.randint(2, 4), rng.randint(1, 3)
        robots = max(1, min(robots, width * height - 1))
        removed = set(rng.sample(range(20), rng.randint(0, 6)))
        return grid_with_bays(width, height, removed, robots, min(tugs, robots)), True
    if kind == "corridor":
        length = rng.randint(3, 7)
        site = corridor_with_sidings(rng, length, robots, min(tugs, robots))
        return with_buffer_room(site, rng.randint(0, length - 2)) if rng.random() < 0.4 else site, True
    if kind == "levels":
        length = rng.randint(3, 4)
        return two_levels(rng, length, min(robots, 2 * length - 1), min(tugs, robots), rng.randint(1, 2)), True
    return scattered(rng, rng.randint(2, 3)), False


def history(seed: int) -> History:
    rng = random.Random(seed)
    site, well_formed = any_site(rng)
    return History(site, rng, well_formed=well_formed)


@pytest.mark.parametrize("seed", [2603, 3183, 8336])
def test_what_waits_for_ever_stays_in_its_order(seed: int) -> None:
    """Two that wait for a robot which never goes on, one behind the other, did so at the same moment once."""
    history(seed).run()


def test_bodies_keep_apart_orders_have_no_circle_and_everybody_arrives(graph_seeds: range) -> None:
    for seed in graph_seeds:
        try:
            history(seed).run()
        except Exception as problem:
            pytest.fail(f"history({seed}) fails: {problem!r}")
