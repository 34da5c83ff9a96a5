"""One robot's drives: Nav2 gets the cleared part of the route as its goal, again whenever that grows.

Whatever happens, `_reconcile` compares what should be under way with what is, and does one thing about it. Results of
goals that were replaced mean nothing. Goals that fail are sent again a few times, ever later; then the drive fails.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import hypot, inf
from typing import Final, TypeAlias

from robot_agents.agent import Reporter
from robot_agents.protocol import Drive, Mode, Pose, Proceed
from robot_agents.ros2.course import AT, Course
from robot_agents.ros2.frames import MapFrames, wrapped
from robot_agents.ros2.goals import Aim, Failures, aim_for, is_hopeless, reason_of, request_for, turn_at_end
from robot_agents.ros2.memory import Memory
from robot_agents.ros2.port import (
    Accepted,
    Ended,
    Navigation,
    Outcome,
    Position,
    Request,
    RobotPort,
    ServerSeen,
    Severity,
)
from robot_agents.ros2.riding import Ride, Riding
from robot_agents.ros2.settings import RobotSettings
from robot_agents.ros2.surroundings import Surroundings

_TURNED: Final = 0.3
_MOVED: Final = 0.3
_UNSEEN: Final = 1.0
"""Metres between two positions from which on nodes may have been passed that no position was near to."""

_STOP_AGAIN: Final = 1.0
"""Seconds after which a robot that has to stand, and drives for a goal of an agent killed before, is told again."""

_FRESH: Final = 0.5
"""Seconds of wall time in which a position comes after Nav2 said that it arrived."""

Accepting: TypeAlias = Callable[[str, int], None]
"""Gets a drive's id and the last node of its goal when Nav2 accepts it."""


@dataclass(slots=True)
class _Goal:
    """What Nav2 was asked for and has not ended yet."""

    number: int
    navigation: Navigation
    aim: Aim
    since: float
    generation: int
    accepted: bool = False
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class _Arrival:
    """Nav2 says that it is at the node `sequence`; the next position has to agree, or none by `until`."""

    sequence: int
    until: float


class Driving:
    """Follows drives on behalf of the agent, which says whether the robot may move. Times are loop time (s)."""

    def __init__(
        self,
        port: RobotPort,
        ask: Callable[[Request], int],
        frames: MapFrames,
        surroundings: Surroundings,
        settings: RobotSettings,
        memory: Memory,
        *,
        level: str,
        now: Callable[[], float],
        wall: float,
        accepted: Accepting,
    ) -> None:
        self.reporter: Reporter
        self.level = level
        self.drive: Drive | None = None
        self.driving = False
        self.cleared_to = -1
        self.held = False
        self._port = port
        self._ask = ask
        self._frames = frames
        self._surroundings = surroundings
        self._settings = settings
        self._memory = memory
        self._fresh = True
        self._now = now
        self._wall = wall
        self._told_accepted = accepted
        self._course = Course(())
        self._position: Position | None = None
        self._goal: _Goal | None = None
        self._arrival: _Arrival | None = None
        self._riding: Riding | None = None
        self._failures = Failures()
        self._servers: dict[str, ServerSeen] = {}
        self._blocked: str | None = None
        self._blocked_at: Pose | None = None
        self._moved_at = -inf
        self._stopped_at = -inf
        self._off_since: float | None = None
        self._off_route = False
        self._astray = False

    # --- what is wanted -----------------------------------------------------------------------------------

    def follow(self, drive: Drive) -> None:
        self.drive = drive
        self.driving = True
        self.cleared_to = drive.cleared_to
        self._failures = Failures()
        self._moved_at = self._now()
        self._course = Course(drive.nodes)
        self._course.pass_to(self._known_passed())
        self._join(unseen=self._fresh)
        self._fresh = False
        self._check_ride()
        self.go_on()

    def proceed(self, command: Proceed) -> None:
        drive = self.drive
        if drive is not None and command.drive_id == drive.command_id and command.cleared_to > self.cleared_to:
            self.cleared_to = command.cleared_to
            self._moved_at = self._now()
            self.go_on()

    def hold(self, held: bool) -> None:
        """Whether the robot has to stand."""
        if held is not self.held:
            self.held = held
            self._moved_at = self._now()
            self.go_on()

    def fail(self, reason: str, *, retry: bool) -> None:
        """The drive, if there is one, can't go on."""
        if self.drive is not None and self.driving:
            self.driving = False
            self._port.say(Severity.ERROR, f"drive {self.drive.command_id} failed: {reason}")
            self._port.stand_still()
            self.reporter.failed(self.drive.command_id, reason, retry=retry)
            if not retry:
                self._unblock()
            self.go_on()

    @property
    def at_rest(self) -> bool:
        """Nav2 has no goal of ours and the robot stands."""
        return self._goal is None and self._position is not None and self._position.speed == 0.0

    @property
    def idle(self) -> bool:
        return self._goal is None

    @property
    def pose(self) -> Pose | None:
        return self._frames.to_site(self._position.pose, self.level) if self._position is not None else None

    @property
    def position(self) -> Position | None:
        return self._position

    @property
    def route(self) -> Course:
        return self._course

    # --- what happens -------------------------------------------------------------------------------------

    def located(self, position: Position) -> None:
        before, self._position = self._position, position
        pose = self.pose
        assert pose is not None
        now = self._now()
        way = hypot(position.pose.x - before.pose.x, position.pose.y - before.pose.y) if before is not None else 0.0
        if way > AT or position.speed > 0.0:
            self._moved_at = now
        if self._riding is not None:
            self._riding.located(position)
        if self.driving:
            self._join(unseen=way > _UNSEEN)
            self._watch_lane(pose, now)
            self._watch_obstacle(pose)
        if self._arrival is not None:
            self._arrive(self._arrival)
        if self.driving:
            self.go_on()

    def heard(self, event: Accepted | Ended) -> bool:
        """Whether this was about a drive."""
        if self._riding is not None and isinstance(event, Ended) and self._riding.ended(event, self._now()):
            self.go_on()
            return True
        goal = self._goal
        if goal is None or event.number != goal.number:
            return False
        if isinstance(event, Accepted):
            goal.accepted = True
            if self.drive is not None:
                self._told_accepted(self.drive.command_id, goal.aim.end)
        else:
            self._goal_ended(goal, event)
        self.go_on()
        return True

    def server_seen(self, event: ServerSeen) -> None:
        known = self._servers.get(event.name)
        self._servers[event.name] = event
        goal = self._goal
        if goal is not None and goal.navigation == event.name:
            if not event.present:
                self._goal = None
            elif event.generation != goal.generation and known is not None and goal.accepted:
                self._goal = None
                self._failed(f"Nav2's {event.name} was started anew", hopeless=False)
        self.go_on()

    def tick(self) -> None:
        """Look for what does not happen."""
        now, goal = self._now(), self._goal
        if self._arrival is not None and now >= self._arrival.until:
            self._arrive(self._arrival)
        if goal is not None and not goal.accepted and now >= goal.since + self._settings.answer_timeout * self._wall:
            self._goal = None
            if not goal.cancelled:
                self._port.cancel(goal.number)
                self._failed(f"Nav2's {goal.navigation} does not answer", hopeless=False)
        elif goal is not None and goal.cancelled and now >= goal.since + self._settings.answer_timeout * self._wall:
            self._goal = None
        elif goal is not None and goal.accepted and now >= self._moved_at + self._settings.stalled_after:
            self._block(f"Nav2 has a goal, and the robot has not moved for {self._settings.stalled_after:.0f} s")
        self.go_on()

    # --- compare and act ----------------------------------------------------------------------------------

    def go_on(self) -> None:
        """Bring what Nav2 does in line with what is wanted."""
        if self._arrival is not None:
            return
        if self._off_lane_and_standing():
            self._stop()
            return
        if self.driving and self._course.next_ride is not None and self._goal is None:
            self._ride(self._course.next_ride)
            if self._riding is not None:
                return
        aim = self._aim()
        goal = self._goal
        if aim is None:
            self._stop()
        elif goal is None:
            self._send(aim, None)
        elif not goal.cancelled and not goal.aim.serves(aim):
            request = request_for(aim, goal.navigation)
            if request.action is goal.navigation:
                self._send(aim, goal.navigation)
            else:
                self._stop()

    def _aim(self) -> Aim | None:
        """What should be driven now; the drive is done when nothing is left of it."""
        pose = self.pose
        if not self.driving or self.held or pose is None or self.drive is None:
            return None
        end = self._course.stage_end(self._course.index_through(self.cleared_to))
        if end > self._course.passed:
            return aim_for(self._course, end, self._frames, pose)
        if self._goal is not None and end >= 0 and self._goal.aim.end == self._course.nodes[end].sequence:
            # It passed its last node a moment ago and is coming to a stand there.
            return self._goal.aim
        if not self._course.over:
            return None
        if self._goal is None and self._is_settled(pose):
            self._done()
            return None
        return turn_at_end(self._course, self._frames, pose)

    def _is_settled(self, pose: Pose) -> bool:
        """Whether the robot stands at the drive's last node with the heading that is wanted there."""
        assert self._position is not None
        last = self._course.nodes[-1]
        turned = last.heading is None or abs(wrapped(pose.yaw - last.heading)) <= _TURNED
        near = hypot(pose.x - last.x, pose.y - last.y) <= self._settings.arrival_tolerance
        return turned and near and pose.level == last.level and self._position.speed == 0.0

    def _send(self, aim: Aim, under_way: Navigation | None) -> None:
        now = self._now()
        if now < self._failures.not_before:
            return
        request = request_for(aim, under_way)
        server = self._servers.get(request.action)
        if server is None or not server.present:
            if server is not None or now >= self._moved_at + self._settings.answer_timeout * self._wall:
                self._block(f"Nav2's {request.action} is not there")
            return
        number = self._ask(request)
        self._goal = _Goal(number, request.action, aim, now, server.generation)
        self._moved_at = now

    def _stop(self) -> None:
        now, goal = self._now(), self._goal
        if goal is not None and not goal.cancelled:
            goal.cancelled = True
            goal.since = now
        elif goal is not None or not self.held or self.at_rest or now < self._stopped_at + _STOP_AGAIN:
            return
        self._stopped_at = now
        self._port.stand_still()

    # --- goals --------------------------------------------------------------------------------------------

    def _goal_ended(self, goal: _Goal, ended: Ended) -> None:
        self._goal = None
        if goal.cancelled:
            return
        if ended.outcome is Outcome.SUCCEEDED:
            self._arrival = _Arrival(goal.aim.end, self._now() + _FRESH * self._wall)
        else:
            self._failed(reason_of(ended, "the goal"), hopeless=is_hopeless(ended))

    def _arrive(self, arrival: _Arrival) -> None:
        """Nav2 arrived; believe it when the position says the same."""
        self._arrival = None
        pose = self.pose
        index = self._course.index_through(arrival.sequence)
        if not self.driving or pose is None or index < 0 or self._course.nodes[index].sequence != arrival.sequence:
            return
        node = self._course.nodes[index]
        away = hypot(pose.x - node.x, pose.y - node.y)
        if away > self._settings.arrival_tolerance:
            self._failed(f"Nav2 says it arrived, but it is {away:.1f} m from {node.waypoint}", hopeless=False)
            return
        for passed in range(self._course.passed + 1, index + 1):
            self._passed(passed, 0.0)
        if self._course.over and index == len(self._course.nodes) - 1:
            self._done()
        self.go_on()

    def _failed(self, reason: str, *, hopeless: bool) -> None:
        """An attempt failed: try again later, or give the drive up."""
        if not self.driving:
            return
        settings = self._settings
        self._failures = self._failures.another(self._now(), settings.first_retry, settings.last_retry)
        self._block(reason)
        if hopeless:
            self.fail(reason, retry=False)
        elif self._failures.count >= settings.goal_attempts:
            self.fail(f"{reason} ({self._failures.count} attempts)", retry=True)

    def _done(self) -> None:
        assert self.drive is not None
        self.driving = False
        self._unblock()
        self.reporter.done(self.drive.command_id)

    # --- the way ------------------------------------------------------------------------------------------

    def _known_passed(self) -> int:
        """The index of the last node known to be passed, by this process or one before; -1 for none.

        Numbers that say that the drive is over, while the robot is elsewhere, are of another life of the robot.
        """
        pose = self.pose
        index = self._course.index_through(self._memory.now.passed)
        if index == len(self._course.nodes) - 1 and pose is not None:
            last = self._course.nodes[index]
            if pose.level != last.level or hypot(pose.x - last.x, pose.y - last.y) > self._settings.off_route_stop:
                return -1
        return index

    def _join(self, *, unseen: bool) -> None:
        """Take up the route where the robot is; before the first drive of a process it may have driven on `unseen`."""
        pose = self.pose
        if pose is None or self._position is None:
            return
        cleared = self._course.index_through(self.cleared_to)
        if unseen or self._course.passed < 0:
            joined = self._course.join(pose, self._course.stage_end(cleared))
            if joined is not None and joined.distance <= self._half_width():
                for index in range(self._course.passed + 1, joined.behind + 1):
                    self._passed(index, self._position.speed)
        self._pass(pose, self._position.speed)

    def _pass(self, pose: Pose, speed: float) -> None:
        for index in self._course.advance(pose, self._course.index_through(self.cleared_to)):
            self._passed(index, speed)

    def _passed(self, index: int, speed: float) -> None:
        assert self.drive is not None
        sequence = self._course.nodes[index].sequence
        self._course.pass_to(index)
        self.reporter.passed(self.drive.command_id, sequence, speed)
        self._memory.note(passed=sequence)
        self._failures = Failures()
        self._unblock()

    def _check_ride(self) -> None:
        """A new drive that does not go on with the ride under way ends it."""
        riding, index = self._riding, self._course.next_ride
        if riding is not None and (index is None or self._course.nodes[index].sequence != riding.ride.end.sequence):
            riding.give_up()
            self._riding = None

    def _ride(self, index: int) -> None:
        """The robot stands in the car, and the route goes on on another level."""
        now, end = self._now(), self._course.nodes[index]
        if self._riding is None:
            pose = self.pose
            if pose is None or self.held:
                return
            place = self._frames.to_map(Pose(level=end.level, x=end.x, y=end.y, yaw=pose.yaw))
            out = place
            if index + 1 < len(self._course.nodes) and self._course.nodes[index + 1].level == end.level:
                after = self._course.nodes[index + 1]
                yaw = self._course.heading(index)
                out = self._frames.to_map(
                    Pose(level=after.level, x=after.x, y=after.y, yaw=pose.yaw if yaw is None else yaw)
                )
            ride = Ride(self._course.nodes[index - 1], end, place, out)
            self._riding = Riding(ride, self._port, self._ask, self._settings, self.level)
        riding = self._riding
        riding.go_on(now, self.cleared_to >= end.sequence)
        if riding.level_changed and self.level != end.level:
            self.level = end.level
            self._memory.note(level=end.level)
        if riding.failure is not None:
            self._riding = None
            self.fail(riding.failure, retry=True)
        elif riding.over:
            self._riding = None
            self._passed(index, 0.0)

    # --- beside the way -----------------------------------------------------------------------------------

    def _watch_lane(self, pose: Pose, now: float) -> None:
        """Tell once when the robot is off its lane, and when it is back."""
        away = self._course.beside(pose) if self._riding is None else 0.0
        if away <= self._half_width():
            self._off_since, self._astray = None, False
            if self._off_route:
                self._off_route = False
                waypoint = self._surroundings.waypoint(pose, self._course.nodes)
                self.reporter.mode(Mode.AUTOMATIC, "back on its lane", pose, waypoint)
            return
        self._off_since = self._off_since if self._off_since is not None else now
        self._astray = away > self._settings.off_route_stop
        if not self._off_route and now >= self._off_since + self._settings.off_route_after:
            self._off_route = True
            text = self._surroundings.explain(pose, self._course.nodes)
            self._port.say(Severity.WARNING, f"{away:.1f} m off route: {text}")
            self.reporter.off_route(pose, away, text)

    def _off_lane_and_standing(self) -> bool:
        """Whether the robot is so far from its route that it must not seek its own way back."""
        return self.driving and self._off_route and self._astray

    def _half_width(self) -> float:
        nodes, passed = self._course.nodes, self._course.passed
        start = nodes[max(passed, 0)].waypoint
        end = nodes[min(passed + 1, len(nodes) - 1)].waypoint
        return self._surroundings.half_width(start, end)

    def _watch_obstacle(self, pose: Pose) -> None:
        """What blocked the robot is over once it gets on again, and does not only come to a stand."""
        if self._blocked is None or self._goal is None or not self._goal.accepted:
            return
        if self._blocked_at is None:
            self._blocked_at = pose
        elif hypot(pose.x - self._blocked_at.x, pose.y - self._blocked_at.y) > _MOVED:
            self._unblock()

    def _block(self, reason: str) -> None:
        if reason != self._blocked:
            self._unblock()
            self._blocked = reason
            self._blocked_at = self.pose
            self._port.say(Severity.WARNING, reason)
            self.reporter.blocked(reason)

    def _unblock(self) -> None:
        if self._blocked is not None:
            reason, self._blocked = self._blocked, None
            self.reporter.blocked(reason, over=True)
