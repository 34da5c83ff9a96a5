"""A client of robots that run Nav2, written with plain rclpy as anybody would. Everything runs in the test's thread."""

from __future__ import annotations

import time
from collections.abc import Callable
from math import cos, sin
from typing import Any, Final

import rclpy
from action_msgs.msg import GoalStatus
from diagnostic_msgs.msg import DiagnosticArray
from fleet_interfaces.action import Announce, Dock, OpenCompartment, RideLift
from geometry_msgs.msg import PoseStamped, PoseWithCovarianceStamped
from lifecycle_msgs.srv import GetState
from nav2_msgs.action import FollowWaypoints, NavigateThroughPoses, NavigateToPose
from nav2_msgs.srv import LoadMap
from nav_msgs.msg import Odometry
from rclpy.action import ActionClient
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import BatteryState
from std_msgs.msg import Bool
from tf2_msgs.msg import TFMessage

PATIENCE: Final = 30.0
_LATCHED: Final = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
_NAMES: Final = {
    GoalStatus.STATUS_SUCCEEDED: "succeeded",
    GoalStatus.STATUS_ABORTED: "aborted",
    GoalStatus.STATUS_CANCELED: "canceled",
}


class Sent:
    """A goal that was sent: whether it was `accepted`, its `feedback`, and once it is over `status` and `result`."""

    def __init__(self) -> None:
        self.accepted: bool | None = None
        self.feedback: list[Any] = []
        self.status: str | None = None
        self.result: Any = None
        self.handle: Any = None

    def answered(self, future: Any) -> None:
        self.handle = future.result()
        self.accepted = self.handle.accepted
        if self.accepted:
            self.handle.get_result_async().add_done_callback(self._over)

    def _over(self, future: Any) -> None:
        self.result = future.result().result
        self.status = _NAMES[future.result().status]

    def heard(self, message: Any) -> None:
        self.feedback.append(message.feedback)


class Ros:
    """A ROS context in a domain of its own."""

    def __init__(self, domain: int) -> None:
        self._context = Context()
        rclpy.init(context=self._context, domain_id=domain, signal_handler_options=SignalHandlerOptions.NO)
        self._executor = SingleThreadedExecutor(context=self._context)
        self.node = Node("test", context=self._context)
        self._executor.add_node(self.node)

    def until(self, condition: Callable[[], bool], what: str, within: float = PATIENCE) -> None:
        """Listen until `condition` holds. Raises TimeoutError, which says `what` was waited for."""
        deadline = time.monotonic() + within
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError(f"not within {within:.0f} s: {what}")
            self._executor.spin_once(timeout_sec=0.05)

    def listen(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._executor.spin_once(timeout_sec=0.02)

    def close(self) -> None:
        self._executor.shutdown()
        self.node.destroy_node()
        self._context.shutdown()


class RobotClient:
    """One robot as seen through its topics, services and actions."""

    def __init__(self, ros: Ros, namespace: str) -> None:
        self._ros = ros
        self._namespace = namespace
        node = ros.node
        self.odometry: list[Odometry] = []
        self.amcl_poses: list[PoseWithCovarianceStamped] = []
        self.transforms: dict[str, Any] = {}
        self.latest: dict[str, Any] = {}
        node.create_subscription(Odometry, f"{namespace}/odom", self.odometry.append, 50)
        node.create_subscription(PoseWithCovarianceStamped, f"{namespace}/amcl_pose", self.amcl_poses.append, _LATCHED)
        node.create_subscription(TFMessage, f"{namespace}/tf", self._transformed, 50)
        for name, kind, qos in (
            ("battery_state", BatteryState, 10),
            ("estop", Bool, _LATCHED),
            ("manual_mode", Bool, _LATCHED),
            ("diagnostics", DiagnosticArray, 10),
        ):
            node.create_subscription(
                kind, f"{namespace}/{name}", lambda m, name=name: self.latest.update({name: m}), qos
            )
        self._initial_pose = node.create_publisher(PoseWithCovarianceStamped, f"{namespace}/initialpose", 10)
        self._actions = {
            kind: ActionClient(node, kind, f"{namespace}/{name}")
            for kind, name in (
                (NavigateToPose, "navigate_to_pose"),
                (NavigateThroughPoses, "navigate_through_poses"),
                (FollowWaypoints, "follow_waypoints"),
                (Dock, "dock"),
                (OpenCompartment, "open_compartment"),
                (RideLift, "ride_lift"),
                (Announce, "announce"),
            )
        }
        ros.until(lambda: all(a.server_is_ready() for a in self._actions.values()), f"the actions of {namespace}")
        ros.until(lambda: bool(self.amcl_poses and len(self.transforms) == 2), f"the pose of {namespace}")

    def _transformed(self, message: TFMessage) -> None:
        for transform in message.transforms:
            self.transforms[transform.child_frame_id] = transform

    # --- goals ---------------------------------------------------------------------------------------------

    def go_to(self, x: float, y: float, yaw: float = 0.0, frame: str = "map") -> Sent:
        return self._send(NavigateToPose.Goal(pose=pose(x, y, yaw, frame)))

    def go_through(self, *points: tuple[float, float]) -> Sent:
        goal = NavigateThroughPoses.Goal()
        goal.poses.goals = [pose(x, y) for x, y in points]
        return self._send(goal)

    def follow(self, *points: tuple[float, float]) -> Sent:
        return self._send(FollowWaypoints.Goal(poses=[pose(x, y) for x, y in points]))

    def dock(self, charger: str) -> Sent:
        return self._send(Dock.Goal(charger=charger))

    def move_compartment(self, compartment: str, *, opened: bool) -> Sent:
        return self._send(OpenCompartment.Goal(compartment=compartment, open=opened))

    def ride(self, lift: str, start: str, end: str) -> Sent:
        return self._send(RideLift.Goal(lift=lift, from_level=start, to_level=end))

    def announce(self, text: str) -> Sent:
        return self._send(Announce.Goal(text=text, volume=0.5))

    def _send(self, goal: Any) -> Sent:
        sent = Sent()
        kind = next(kind for kind in self._actions if isinstance(goal, kind.Goal))
        self._actions[kind].send_goal_async(goal, feedback_callback=sent.heard).add_done_callback(sent.answered)
        self._ros.until(lambda: sent.accepted is not None, "the answer to a goal")
        return sent

    def cancel(self, sent: Sent) -> None:
        sent.handle.cancel_goal_async()

    def wait(self, sent: Sent, within: float = PATIENCE) -> Sent:
        self._ros.until(lambda: sent.status is not None, "the result of a goal", within)
        return sent

    # --- services ------------------------------------------------------------------------------------------

    def state_of(self, server: str) -> str:
        return str(self._call(GetState, f"{server}/get_state", GetState.Request()).current_state.label)

    def load_map(self, url: str) -> int:
        return int(self._call(LoadMap, "map_server/load_map", LoadMap.Request(map_url=url)).result)

    def _call(self, kind: Any, name: str, request: Any) -> Any:
        client = self._ros.node.create_client(kind, f"{self._namespace}/{name}")
        self._ros.until(client.service_is_ready, f"service {name}")
        future = client.call_async(request)
        self._ros.until(future.done, f"the answer of {name}")
        return future.result()

    def set_initial_pose(self, x: float, y: float, yaw: float = 0.0) -> None:
        """Publish it, and wait for the localisation's answer."""
        self.amcl_poses.clear()
        message = PoseWithCovarianceStamped()
        message.header.frame_id = "map"
        message.pose.pose = pose(x, y, yaw).pose
        self._initial_pose.publish(message)
        self._ros.until(lambda: bool(self.amcl_poses), "a pose of the localisation")

    # --- what it tells -------------------------------------------------------------------------------------

    @property
    def speed(self) -> float:
        """0 while nothing was heard."""
        return float(self.odometry[-1].twist.twist.linear.x) if self.odometry else 0.0

    @property
    def place(self) -> tuple[float, float]:
        """From the transforms: where `base_link` is on the map."""
        to_odom, to_base = self.transforms["odom"].transform, self.transforms["base_link"].transform
        z, w = to_odom.rotation.z, to_odom.rotation.w
        c, s = w * w - z * z, 2.0 * w * z
        x, y = to_base.translation.x, to_base.translation.y
        return to_odom.translation.x + c * x - s * y, to_odom.translation.y + s * x + c * y


def pose(x: float, y: float, yaw: float = 0.0, frame: str = "map") -> PoseStamped:
    message = PoseStamped()
    message.header.frame_id = frame
    message.pose.position.x, message.pose.position.y = x, y
    message.pose.orientation.z, message.pose.orientation.w = sin(yaw / 2.0), cos(yaw / 2.0)
    return message
