"""One simulated robot's ROS node: the interface of a robot that runs Nav2, in the robot's namespace.

The executor's thread calls in here, the world's loop runs the robot: `call_soon_threadsafe` leads from the first to the
second. Publishing, and ending a goal, may be done from either.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from functools import partial
from math import nan
from pathlib import PurePosixPath
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from action_msgs.msg import GoalStatus
from builtin_interfaces.msg import Duration
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from fleet_interfaces.action import Announce, Dock, OpenCompartment, RideLift
from geometry_msgs.msg import Pose, PoseStamped, PoseWithCovarianceStamped, TransformStamped
from lifecycle_msgs.msg import State
from lifecycle_msgs.srv import GetState
from nav2_msgs.action import FollowWaypoints, NavigateThroughPoses, NavigateToPose
from nav2_msgs.msg import WaypointStatus
from nav2_msgs.srv import LoadMap
from nav_msgs.msg import Odometry
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.context import Context
from rclpy.executors import Executor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.task import Future
from sensor_msgs.msg import BatteryState
from std_msgs.msg import Bool
from tf2_msgs.msg import TFMessage

from fleet_sim_ros2.goals import Battery, Goal, Motion, Outcome, Progress, Way, Waypoint
from fleet_sim_ros2.places import Spot, heading, origin, quaternion
from fleet_sim_ros2.robot import SimulatedRobot
from maps.model import LevelId, LiftId

_LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
"""A late subscriber gets the last message, as from AMCL."""

_CERTAIN, _UNCERTAIN = 0.05, 5.0
"""Standard deviations of the localisation (m, and rad over ten)."""

T = TypeVar("T", bound=Goal)


def namespace_of(robot: str) -> str:
    """The robot's id as a ROS name; one that begins with a digit gets a word before it."""
    name = re.sub(r"[^A-Za-z0-9_]", "_", robot)
    return f"/robot_{name}" if name[:1].isdigit() else f"/{name}"


class RobotNode:
    """The node `nav2` of one robot. `serve` connects it with the robot behind it, which may then be asked."""

    def __init__(self, robot: str, levels: Sequence[LevelId], context: Context, executor: Executor) -> None:
        self._name = robot
        self._levels = frozenset(levels)
        self._executor = executor
        self._loop = asyncio.get_running_loop()
        self.node = node = Node(
            "nav2",
            namespace=namespace_of(robot),
            context=context,
            use_global_arguments=False,
            start_parameter_services=False,
        )
        self._amcl = node.create_publisher(PoseWithCovarianceStamped, "amcl_pose", _LATCHED)
        self._odom = node.create_publisher(Odometry, "odom", 10)
        self._tf = node.create_publisher(TFMessage, "tf", 100)
        self._battery = node.create_publisher(BatteryState, "battery_state", 10)
        self._estop = node.create_publisher(Bool, "estop", _LATCHED)
        self._manual = node.create_publisher(Bool, "manual_mode", _LATCHED)
        self._diagnostics = node.create_publisher(DiagnosticArray, "diagnostics", 10)
        self._shown: tuple[bool, bool] | None = None

    def serve(self, robot: SimulatedRobot) -> None:
        """Offer the robot's services and actions, and begin to execute them."""
        node = self.node
        node.create_subscription(PoseWithCovarianceStamped, "initialpose", partial(self._initial_pose, robot), 10)
        node.create_service(LoadMap, "map_server/load_map", partial(self._load_map, robot))
        for server in ("amcl", "bt_navigator"):
            node.create_service(GetState, f"{server}/get_state", _tell_active)
        for way, action in _NAVIGATION.items():
            self._offer(action, way.value, _Navigation, robot.navigate, robot)
        self._offer(Dock, "dock", _Docking, robot.dock, robot)
        self._offer(OpenCompartment, "open_compartment", _Compartment, robot.move_compartment, robot)
        self._offer(RideLift, "ride_lift", _Ride, robot.ride, robot)
        self._offer(Announce, "announce", partial(_Announcement, self.node.get_logger()), robot.announce, robot)
        self._executor.add_node(node)

    def close(self) -> None:
        """After the executor has ended."""
        self.node.destroy_node()

    def _offer(
        self, action: Any, name: str, make: Callable[..., T], do: Callable[[T], None], robot: SimulatedRobot
    ) -> None:
        goals: dict[bytes, T] = {}

        def consider(request: Any) -> GoalResponse:
            refusal = self._refusal(request, robot)
            if refusal is None:
                return GoalResponse.ACCEPT
            self.node.get_logger().warning(f"goal of {name} rejected: {refusal}")
            return GoalResponse.REJECT

        def cancel(handle: Any) -> CancelResponse:
            goal = goals.get(bytes(handle.goal_id.uuid))
            if goal is not None:
                self._loop.call_soon_threadsafe(robot.cancel, goal)
            return CancelResponse.ACCEPT

        async def execute(handle: Any) -> Any:
            ended: Future = Future()
            goal = make(handle, ended, self._executor, action)
            key = bytes(handle.goal_id.uuid)
            goals[key] = goal
            self._loop.call_soon_threadsafe(do, goal)
            outcome, result = await ended
            del goals[key]
            if outcome is Outcome.SUCCEEDED:
                handle.succeed()
            elif outcome is Outcome.CANCELED and handle.status == GoalStatus.STATUS_CANCELING:
                handle.canceled()
            else:
                handle.abort()
            return result

        ActionServer(self.node, action, name, execute_callback=execute, goal_callback=consider, cancel_callback=cancel)

    def _refusal(self, request: Any, robot: SimulatedRobot) -> str | None:
        """Nav2 does not take goals before it is localised; no robot drives in another frame than that of its map."""
        poses = _poses(request)
        if poses is None:
            return None
        if not poses:
            return "it has no poses"
        frames = {pose.header.frame_id for pose in poses} - {"map", ""}
        if frames:
            return f"its frame is {frames.pop()} and not map"
        return robot.refusal

    def _initial_pose(self, robot: SimulatedRobot, message: PoseWithCovarianceStamped) -> None:
        self._loop.call_soon_threadsafe(robot.set_pose, _spot(message.pose.pose))

    def _load_map(
        self, robot: SimulatedRobot, request: LoadMap.Request, response: LoadMap.Response
    ) -> LoadMap.Response:
        """A map is known by its file's name, which is the level's id: `file:///maps/L2.yaml`."""
        level = LevelId(unquote(PurePosixPath(urlsplit(request.map_url).path).stem))
        if level not in self._levels:
            response.result = LoadMap.Response.RESULT_MAP_DOES_NOT_EXIST
            return response
        self._loop.call_soon_threadsafe(robot.load_map, level)
        response.result = LoadMap.Response.RESULT_SUCCESS
        response.map.header.frame_id = "map"
        response.map.info.resolution = 0.05
        return response

    # --- what the robot publishes (see `goals.Topics`) -----------------------------------------------------

    def localised(self, spot: Spot, *, certain: bool) -> None:
        message = PoseWithCovarianceStamped()
        message.header.stamp = self._now()
        message.header.frame_id = "map"
        message.pose.pose = _pose(spot)
        deviation = _CERTAIN if certain else _UNCERTAIN
        message.pose.covariance[0] = message.pose.covariance[7] = deviation**2
        message.pose.covariance[35] = (deviation / 10.0) ** 2
        self._amcl.publish(message)

    def moved(self, motion: Motion) -> None:
        now = self._now()
        odometry = Odometry()
        odometry.header.stamp = now
        odometry.header.frame_id = "odom"
        odometry.child_frame_id = "base_link"
        odometry.pose.pose = _pose(motion.odom)
        odometry.twist.twist.linear.x = motion.speed
        odometry.twist.twist.angular.z = motion.turn_rate
        self._odom.publish(odometry)
        transforms = (("map", "odom", origin(motion.map, motion.odom)), ("odom", "base_link", motion.odom))
        self._tf.publish(TFMessage(transforms=[_transform(now, *transform) for transform in transforms]))

    def battery(self, battery: Battery) -> None:
        message = BatteryState()
        message.header.stamp = self._now()
        message.header.frame_id = "base_link"
        message.voltage = message.current = message.charge = message.capacity = message.design_capacity = nan
        message.temperature = nan
        message.percentage = battery.state_of_charge
        message.present = True
        message.power_supply_status = (
            BatteryState.POWER_SUPPLY_STATUS_CHARGING
            if battery.charging
            else BatteryState.POWER_SUPPLY_STATUS_DISCHARGING
        )
        self._battery.publish(message)

    def stopped_by_hand(self, *, estop: bool, manual: bool) -> None:
        if (estop, manual) != self._shown:
            self._shown = (estop, manual)
            self._estop.publish(Bool(data=estop))
            self._manual.publish(Bool(data=manual))

    def diagnosed(self, *, localised: bool, failure: str | None) -> None:
        message = DiagnosticArray()
        message.header.stamp = self._now()
        message.status = [
            self._status("localisation", DiagnosticStatus.OK if localised else DiagnosticStatus.WARN, "no pose yet"),
            self._status("base", DiagnosticStatus.OK if failure is None else DiagnosticStatus.ERROR, failure or ""),
        ]
        self._diagnostics.publish(message)

    def _status(self, part: str, level: bytes, problem: str) -> DiagnosticStatus:
        message = "" if level == DiagnosticStatus.OK else problem
        return DiagnosticStatus(level=level, name=f"{self._name}: {part}", message=message, hardware_id=self._name)

    def _now(self) -> Any:
        return self.node.get_clock().now().to_msg()


_NAVIGATION = {
    Way.TO_POSE: NavigateToPose,
    Way.THROUGH_POSES: NavigateThroughPoses,
    Way.WAYPOINTS: FollowWaypoints,
}


# --- goals -------------------------------------------------------------------------------------------------


class _Accepted:
    """A goal of an action, with the `handle` by which it is told about. See `goals.Goal`."""

    def __init__(self, handle: Any, ended: Future, executor: Executor, action: Any) -> None:
        self._handle = handle
        self._ended = ended
        self._executor = executor
        self._action = action
        self._request = handle.request

    def end(self, outcome: Outcome, code: int = 0, message: str = "") -> None:
        self._ended.set_result((outcome, self._result(code, message)))
        # Nothing else tells the executor that a coroutine can go on.
        self._executor.wake()

    def _result(self, code: int, message: str) -> Any:
        return self._action.Result(error_code=code, error_msg=message)

    def _feed_back(self, **fields: Any) -> None:
        if self._handle.is_active:
            self._handle.publish_feedback(self._action.Feedback(**fields))


class _Navigation(_Accepted):
    def __init__(self, handle: Any, ended: Future, executor: Executor, action: Any) -> None:
        super().__init__(handle, ended, executor, action)
        self.way = next(way for way, known in _NAVIGATION.items() if known is action)
        self._poses = _poses(self._request) or []
        self.spots = [_spot(pose.pose) for pose in self._poses]
        self._waypoints: tuple[Waypoint, ...] = (Waypoint.PENDING,) * len(self.spots)

    def tell(self, progress: Progress) -> None:
        self._waypoints = progress.waypoints
        if self.way is Way.WAYPOINTS:
            self._feed_back(current_waypoint=progress.current)
            return
        fields = {
            "navigation_time": _duration(progress.time),
            "estimated_time_remaining": _duration(progress.time_left),
            "number_of_recoveries": progress.recoveries,
            "distance_remaining": progress.distance,
        }
        if self.way is Way.THROUGH_POSES:
            fields["number_of_poses_remaining"] = progress.waypoints.count(Waypoint.PENDING)
            if "waypoint_statuses" in self._action.Feedback.get_fields_and_field_types():
                fields["waypoint_statuses"] = self._statuses()
        self._feed_back(**fields)

    def _result(self, code: int, message: str) -> Any:
        result = super()._result(code, message)
        if self.way is Way.WAYPOINTS:
            result.missed_waypoints = [status for status in self._statuses() if code and status.waypoint_status == 0]
        elif hasattr(result, "waypoint_statuses"):
            result.waypoint_statuses = self._statuses()
        return result

    def _statuses(self) -> list[WaypointStatus]:
        return [
            WaypointStatus(waypoint_status=int(state), waypoint_index=index, waypoint_pose=pose)
            for index, (state, pose) in enumerate(zip(self._waypoints, self._poses, strict=True))
        ]


class _Docking(_Accepted):
    @property
    def charger(self) -> str:
        return str(self._request.charger)

    def tell(self, phase: str) -> None:
        self._feed_back(phase=phase)


class _Compartment(_Accepted):
    @property
    def compartment(self) -> str:
        return str(self._request.compartment)

    @property
    def opens(self) -> bool:
        return bool(self._request.open)

    def tell(self, phase: str) -> None:
        self._feed_back(phase=phase)


class _Ride(_Accepted):
    @property
    def lift(self) -> LiftId:
        return LiftId(self._request.lift)

    @property
    def to_level(self) -> LevelId:
        return LevelId(self._request.to_level)

    def tell(self, level: LevelId | None, doors_open: bool) -> None:
        self._feed_back(level=level or "", doors_open=doors_open)


class _Announcement(_Accepted):
    def __init__(self, logger: Any, handle: Any, ended: Future, executor: Executor, action: Any) -> None:
        super().__init__(handle, ended, executor, action)
        logger.info(f"says: {self.text}")

    @property
    def text(self) -> str:
        return str(self._request.text)

    def tell(self, progress: float) -> None:
        self._feed_back(progress=progress)


# --- messages ----------------------------------------------------------------------------------------------


def _tell_active(_request: GetState.Request, response: GetState.Response) -> GetState.Response:
    response.current_state = State(id=State.PRIMARY_STATE_ACTIVE, label="active")
    return response


def _poses(request: Any) -> list[PoseStamped] | None:
    """The poses of a navigation goal, None for other goals. Jazzy has a list where Kilted has nav_msgs/Goals."""
    if isinstance(request, NavigateToPose.Goal):
        return [request.pose]
    if isinstance(request, NavigateThroughPoses.Goal):
        return list(getattr(request.poses, "goals", request.poses))
    return list(request.poses) if isinstance(request, FollowWaypoints.Goal) else None


def _spot(pose: Pose) -> Spot:
    q = pose.orientation
    return Spot(pose.position.x, pose.position.y, heading(q.x, q.y, q.z, q.w))


def _pose(spot: Spot) -> Pose:
    pose = Pose()
    pose.position.x, pose.position.y = spot.x, spot.y
    pose.orientation.z, pose.orientation.w = quaternion(spot.yaw or 0.0)
    return pose


def _transform(stamp: Any, parent: str, child: str, spot: Spot) -> TransformStamped:
    message = TransformStamped()
    message.header.stamp = stamp
    message.header.frame_id = parent
    message.child_frame_id = child
    message.transform.translation.x, message.transform.translation.y = spot.x, spot.y
    message.transform.rotation.z, message.transform.rotation.w = quaternion(spot.yaw or 0.0)
    return message


def _duration(seconds: float) -> Duration:
    whole = int(seconds)
    return Duration(sec=whole, nanosec=int((seconds - whole) * 1e9))
