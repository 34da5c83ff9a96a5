"""Things that go wrong in the simulated world, for scenarios. Those with `seconds` mend themselves after that time."""

from __future__ import annotations

from maps.model import DoorId, LaneId, LevelId, LiftId, RobotId, WaypointId
from sim.port import BodyMode, Place
from sim.world import World


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
