"""The bridge's ROS node: publishers, which the loop's thread uses, and services, which the executor's thread serves."""

from __future__ import annotations

import array
from collections.abc import Callable
from datetime import datetime
from math import cos, nan, sin
from typing import Any, Final
from urllib.parse import quote

from builtin_interfaces.msg import Time
from fleet_interfaces.msg import Alert, FleetState, Mission, MissionStep, RobotState
from fleet_interfaces.srv import CancelTask, Handover, SubmitTask
from nav_msgs.msg import OccupancyGrid as GridMessage
from rclpy.context import Context
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

from fleet_bridge_ros2 import requests
from fleet_bridge_ros2.fleet import Fleet, News, View
from fleet_bridge_ros2.levels import topic_of
from fleet_bridge_ros2.manager import Answer
from maps.grids import OccupancyGrid

Ask = Callable[[str, dict[str, Any], str], Answer]
"""Path, body and idempotency key to the manager's answer, which is waited for."""

_KEPT_NEWS: Final = 100
"""So many alerts and missions a late subscriber gets."""


def _latched(depth: int) -> QoSProfile:
    return QoSProfile(
        depth=depth,
        history=HistoryPolicy.KEEP_LAST,
        reliability=ReliabilityPolicy.RELIABLE,
        durability=DurabilityPolicy.TRANSIENT_LOCAL,
    )


class BridgeNode:
    """The node `fleet_bridge` in namespace `fleet`, which ROS arguments may remap."""

    def __init__(self, context: Context) -> None:
        self.node = Node("fleet_bridge", namespace="fleet", context=context)
        self._site_frame: str = self.node.declare_parameter("frame_id", "map").value
        self._site = ""
        self._state = self.node.create_publisher(FleetState, "state", _latched(1))
        self._alerts = self.node.create_publisher(Alert, "alerts", _latched(_KEPT_NEWS))
        self._missions = self.node.create_publisher(Mission, "missions", _latched(_KEPT_NEWS))
        self._maps: dict[str, Any] = {}

    def serve(self, ask: Ask) -> None:
        """Offer the services."""

        def submit(request: Any, response: Any) -> Any:
            answer = ask("/tasks", requests.delivery(request), request.request_id)
            response.accepted, response.task, response.reason = not answer.refusal, answer.task, answer.refusal
            return response

        def cancel(request: Any, response: Any) -> Any:
            answer = ask(f"/tasks/{quote(request.task, safe='')}/cancel", {"reason": request.reason}, "")
            response.accepted, response.refusal = not answer.refusal, answer.refusal
            return response

        def hand_over(request: Any, response: Any) -> Any:
            answer = ask(f"/tasks/{quote(request.task, safe='')}/handover", requests.handover(request), "")
            response.accepted, response.refusal = not answer.refusal, answer.refusal
            return response

        self.node.create_service(SubmitTask, "submit_task", submit)
        self.node.create_service(CancelTask, "cancel_task", cancel)
        self.node.create_service(Handover, "hand_over", hand_over)

    # --- publishing ----------------------------------------------------------------------------------------

    def show_site(self, name: str, grids: dict[str, OccupancyGrid]) -> None:
        """Publish the maps, once: a late subscriber gets them too."""
        self._site = name
        for level, grid in grids.items():
            if level not in self._maps:
                self._maps[level] = self.node.create_publisher(GridMessage, topic_of(level), _latched(1))
            self._maps[level].publish(self._grid(grid))

    def tell_state(self, fleet: Fleet) -> None:
        message = FleetState(
            site=self._site,
            robots=[_robot(robot, fleet.poses.get(name)) for name, robot in fleet.robots.items()],
            tasks_queued=fleet.queued,
            tasks_underway=fleet.underway,
            alerts_open=len(fleet.alerts),
        )
        self._stamp(message.header)
        self._state.publish(message)

    def tell_news(self, news: News) -> None:
        for alert in news.alerts:
            self._alerts.publish(_alert(alert))
        for task in news.missions:
            message = _mission(task)
            message.stamp = self.node.get_clock().now().to_msg()
            self._missions.publish(message)

    def _stamp(self, header: Any) -> None:
        header.stamp = self.node.get_clock().now().to_msg()
        header.frame_id = self._site_frame

    def _grid(self, grid: OccupancyGrid) -> GridMessage:
        message = GridMessage()
        self._stamp(message.header)
        message.info.map_load_time = message.header.stamp
        message.info.resolution = grid.resolution
        message.info.height, message.info.width = grid.cells.shape
        message.info.origin.position.x, message.info.origin.position.y = grid.x, grid.y
        message.info.origin.orientation.z, message.info.origin.orientation.w = sin(grid.yaw / 2), cos(grid.yaw / 2)
        message.data = array.array("b", grid.cells.tobytes())
        return message


# --- views as messages ---------------------------------------------------------------------------------------


def _robot(robot: View, newer: View | None) -> RobotState:
    pose, waiting, charge = newer or robot["pose"], robot["waiting_for"], robot["state_of_charge"]
    message = RobotState(
        robot=robot["id"],
        fleet=robot["fleet"],
        kind=robot["kind"],
        status=robot["status"],
        mode=robot["mode"],
        paused=robot["paused"],
        connected=robot["connected"],
        waypoint=robot["waypoint"] or "",
        state_of_charge=nan if charge is None else charge,
        task=robot["task"] or "",
        mission=robot["mission"] or "",
        destination=robot["destination"] or "",
        waiting_for="" if waiting is None else f"{waiting['resource']}: {waiting['because']}",
        note=robot["note"],
    )
    if robot["last_seen"] is not None:
        message.stamp = _time(robot["last_seen"])
    if pose is not None:
        message.level, message.speed = pose["level"], float(pose["speed"])
        message.pose.position.x, message.pose.position.y = float(pose["x"]), float(pose["y"])
        message.pose.orientation.z, message.pose.orientation.w = sin(pose["yaw"] / 2), cos(pose["yaw"] / 2)
    return message


def _alert(alert: View) -> Alert:
    return Alert(
        alert=alert["id"],
        kind=alert["kind"],
        severity=alert["severity"],
        subject=alert["subject"],
        text=alert["text"],
        since=_time(alert["since"]),
        next_step=alert["next_step"],
        state=alert["state"],
        taken_by=alert["taken_by"] or "",
    )


def _mission(task: View) -> Mission:
    mission = task["mission"]
    return Mission(
        mission=mission["mission_id"],
        task=task["id"],
        robot=mission["robot"],
        leg=mission["leg"],
        status=mission["status"],
        steps=[
            MissionStep(step=step["step_id"], kind=step["kind"], place=step["place"], status=step["status"])
            for step in mission["steps"]
        ],
    )


def _time(moment: str) -> Time:
    seconds = datetime.fromisoformat(moment).timestamp()
    return Time(sec=int(seconds), nanosec=int(seconds % 1.0 * 1e9))
