"""Things that go wrong in the simulated world, for scenarios. Those with `seconds` mend themselves after that time."""

from __future__ import annotations

import asyncio
import random
from typing import Final

from maps.model import CrossingId, DoorId, LaneId, LevelId, LiftId, RobotId, WaypointId
from robot_agents.memory_link import MemoryNetwork
from robot_agents.protocol import Hello, Welcome
from sim.port import BodyMode, Place
from sim.world import World

_TWICE: Final = 0.2
"""The share of messages that arrive twice on a rough network."""


def door_stuck(world: World, door: DoorId, *, seconds: float) -> None:
    """The door's leaves stay where they are."""
    world.doors[door].jam(True)
    world.loop.call_later(seconds, world.doors[door].jam, False)


def lift_stuck(world: World, lift: LiftId, *, seconds: float) -> None:
    """The car ends its present movement and then answers no call."""
    world.lifts[lift].jam(True)
    world.loop.call_later(seconds, world.lifts[lift].jam, False)


def lift_silent(world: World, lift: LiftId, *, seconds: float) -> None:
    """The lift's controller is down: the car stays where it is, and nothing is told of it."""
    world.lifts[lift].fall_silent(True)
    world.loop.call_later(seconds, world.lifts[lift].fall_silent, False)


def crossing_silent(world: World, crossing: CrossingId, *, seconds: float) -> None:
    """The signal's controller hears and tells nothing; its lights go on as before."""
    world.crossings[crossing].be_silent(True)
    world.loop.call_later(seconds, world.crossings[crossing].be_silent, False)


def people_fill_lift(world: World, lift: LiftId, *, at: LevelId, to: LevelId, times: int = 1) -> None:
    """People get in before anybody else the next `times` the car opens at a landing, and ride to another."""
    for _ in range(times):
        world.lifts[lift].crowd(at, to)


def fire(world: World, place: str, *, seconds: float) -> None:
    """The fire alarm goes off in a zone, a building or on a level, until somebody resets it."""
    world.set_fire_alarm(place, True)
    world.loop.call_later(seconds, world.set_fire_alarm, place, False)


def lane_obstructed(world: World, lane: LaneId, what: str, *, seconds: float) -> None:
    """Something stands on a lane, whichever way it is driven."""
    world.obstruct(lane, what)
    world.loop.call_later(seconds, world.clear_obstacle, lane)


def robot_dead(world: World, robot: RobotId) -> None:
    """The robot stops hard and is silent from then on."""
    world.set_mode(robot, BodyMode.DEAD, "the robot broke down")


def robot_revived(world: World, robot: RobotId) -> None:
    world.set_mode(robot, BodyMode.AUTOMATIC, "the robot was restarted")


def robot_failing(world: World, robot: RobotId, reason: str, *, seconds: float) -> None:
    """The robot reports an error and stands until it is over."""
    world.set_mode(robot, BodyMode.ERROR, reason)
    world.loop.call_later(seconds, _end_mode, world, robot, BodyMode.ERROR, "the error is over")


def estop_pressed(world: World, robot: RobotId, *, seconds: float) -> None:
    world.set_mode(robot, BodyMode.ESTOP, "somebody pressed the button")
    world.loop.call_later(seconds, _end_mode, world, robot, BodyMode.ESTOP, "the button was released")


def pushed_aside(world: World, robot: RobotId, place: Place) -> None:
    """Somebody pushes the robot out of the way; it stays there in manual mode."""
    world.push(robot, place, "somebody pushed the robot aside")


def put_back(world: World, robot: RobotId, waypoint: WaypointId) -> None:
    """Somebody brings the robot to a waypoint and gives it back."""
    place = world.site.waypoints[waypoint]
    world.push(robot, Place(place.level, place.x, place.y, place.heading or 0.0, waypoint), "somebody moves the robot")
    world.set_mode(robot, BodyMode.AUTOMATIC, "given back")


def robot_slow(world: World, robot: RobotId, factor: float) -> None:
    """The robot drives at only `factor` of its speed (1.0 mends it)."""
    world.body(robot).slow_down(factor)


def _end_mode(world: World, robot: RobotId, mode: BodyMode, reason: str) -> None:
    """Back to automatic, unless something else befell the robot in the meantime."""
    if world.state(robot).mode is mode:
        world.set_mode(robot, BodyMode.AUTOMATIC, reason)


# --- bodies and building that are not quite themselves -----------------------------------------------------


def localisation_lost(world: World, robot: RobotId, dx: float, dy: float, *, seconds: float) -> None:
    """The robot takes itself to be elsewhere, by (dx, dy) m, notices it and stands until somebody has set it right."""
    if world.state(robot).mode is BodyMode.AUTOMATIC:
        world.lead_astray(robot, dx, dy, noticed=True)
        world.loop.call_later(seconds, _end_mode, world, robot, BodyMode.ERROR, "position confirmed")


def robot_drifts(world: World, robot: RobotId, dx: float, dy: float, *, unnoticed: float, seconds: float) -> None:
    """The pose that the robot reports is wrong for `unnoticed` seconds before it notices."""
    world.lead_astray(robot, dx, dy, noticed=False)
    world.loop.call_later(unnoticed, lambda: localisation_lost(world, robot, dx, dy, seconds=seconds))


def battery_sags(world: World, robot: RobotId, share: float) -> None:
    """The battery loses `share` of its capacity's worth of charge at once."""
    world.body(robot).charge.lose(share, world.loop.time())


def door_slow(world: World, door: DoorId, factor: float, *, seconds: float) -> None:
    """The door's leaves move at only `factor` of their speed."""
    world.doors[door].slow_down(factor)
    world.loop.call_later(seconds, world.doors[door].slow_down, 1.0)


def compartment_opened_by_hand(world: World, robot: RobotId, compartment: str, *, seconds: float) -> None:
    """Somebody opens a compartment that nobody offered, and closes it again."""
    world.open_compartment(robot, compartment)
    world.loop.call_later(seconds, world.close_compartment, robot, compartment)


# --- the network -------------------------------------------------------------------------------------------


def network_parted(network: MemoryNetwork, robot: RobotId, *, seconds: float) -> None:
    """No message comes through to or from the robot, and nobody is told."""
    network.part(robot)
    asyncio.get_running_loop().call_later(seconds, network.heal, robot)


def network_rough(network: MemoryNetwork, robot: RobotId, rng: random.Random, *, late: float, seconds: float) -> None:
    """Messages come up to `late` seconds late, some twice, positions and clearances in another order."""

    def weather(message: object) -> tuple[float, ...]:
        if isinstance(message, Hello | Welcome):
            return (0.0,)
        delay = rng.uniform(0.0, late)
        return (delay, delay + rng.uniform(0.0, late)) if rng.random() < _TWICE else (delay,)

    network.disturb(robot, weather)
    asyncio.get_running_loop().call_later(seconds, network.disturb, robot, None)


def connection_broken(network: MemoryNetwork, robot: RobotId) -> None:
    """What is under way is lost; both sides notice, and the agent comes again."""
    network.cut(robot)
