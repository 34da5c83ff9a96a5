"""The fleet bridge in front of a real manager, seen by a plain rclpy program: real processes, real time."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import pytest

from maps.generator import generate
from maps.level_grids import drawing_of, grid_of
from maps.model import LevelId
from robot_agents.ros2.environment import find_ros
from tests.processes import HospitalProcesses, hospital_processes
from tests.ros.hospital import need_ros
from tests.ros.stage import ros_domain

if TYPE_CHECKING:
    from tests.ros.nav2_client import Ros

SITE = generate(floors=1, robots=2)


@dataclass
class Outside:
    """What a program elsewhere in the ROS graph sees, and how it asks."""

    ros: Ros
    states: list[Any] = field(default_factory=list)
    alerts: list[Any] = field(default_factory=list)
    missions: list[Any] = field(default_factory=list)
    maps: list[Any] = field(default_factory=list)
    _clients: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        from fleet_interfaces.msg import Alert, FleetState, Mission
        from nav_msgs.msg import OccupancyGrid
        from rclpy.qos import DurabilityPolicy, QoSProfile

        kept = QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        node = self.ros.node
        node.create_subscription(FleetState, "/fleet/state", self.states.append, kept)
        node.create_subscription(Alert, "/fleet/alerts", self.alerts.append, kept)
        node.create_subscription(Mission, "/fleet/missions", self.missions.append, kept)
        node.create_subscription(OccupancyGrid, "/fleet/maps/L1", self.maps.append, kept)

    def call(self, kind: Any, name: str, **fields: Any) -> Any:
        """By one client for each service: the answer to one that is just made may come before the server knows it."""
        if name not in self._clients:
            self._clients[name] = self.ros.node.create_client(kind, f"/fleet/{name}")
            self.ros.until(self._clients[name].service_is_ready, f"service {name}")
        client = self._clients[name]
        future = client.call_async(kind.Request(**fields))
        self.ros.until(future.done, f"the answer of {name}")
        return future.result()

    def submit(self, dropoff: str = "kitchen", request_id: str = "") -> Any:
        from fleet_interfaces.msg import Item
        from fleet_interfaces.srv import SubmitTask

        return self.call(
            SubmitTask,
            "submit_task",
            pickup="pharmacy",
            dropoff=dropoff,
            items=[Item(name="saline", quantity=2)],
            request_id=request_id,
        )

    def robot(self, name: str) -> Any:
        """As the newest state shows it."""
        return next(robot for robot in self.states[-1].robots if robot.robot == name)


@contextmanager
def bridge(folder: Path, manager: str, domain: int) -> Iterator[subprocess.Popen[bytes]]:
    ros = find_ros(packages=("fleet_interfaces", "fleet_bridge_ros2"))
    program = ros.executable("fleet_bridge_ros2", "fleet_bridge")
    arguments = ["--ros-args", "-p", f"manager:={manager}", "-p", "resolution:=0.1"]
    environment = {**ros.variables, "ROS_DOMAIN_ID": str(domain), "PYTHONUNBUFFERED": "1"}
    with (folder / "bridge.log").open("ab") as log:
        process = subprocess.Popen([str(program), *arguments], stdout=log, stderr=log, env=environment)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0, (folder / "bridge.log").read_text()


@pytest.fixture(scope="module")
def domain() -> Iterator[int]:
    need_ros()
    with ros_domain() as domain:
        yield domain


@pytest.fixture(scope="module")
def hospital(domain: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HospitalProcesses]:
    assert os.environ["ROS_DOMAIN_ID"] == str(domain)
    with hospital_processes(tmp_path_factory.mktemp("hospital"), SITE, speed=10.0) as running:
        yield running


@pytest.fixture(scope="module")
def outside(hospital: HospitalProcesses, domain: int) -> Iterator[Outside]:
    from tests.ros.nav2_client import Ros

    with bridge(hospital.folder, hospital.url, domain):
        ros = Ros(domain)
        yield Outside(ros)
        ros.close()


def test_the_fleet_and_its_maps_are_seen_from_outside(outside: Outside, hospital: HospitalProcesses) -> None:
    outside.ros.until(lambda: bool(outside.states and outside.states[-1].site), "the fleet's state")
    state = outside.states[-1]
    assert (state.site, state.header.frame_id) == (SITE.name, "map")
    assert [robot.robot for robot in state.robots if robot.kind == "ground"] == hospital.robots
    first = outside.robot(hospital.robots[0])
    assert (first.connected, first.level, first.mode) == (True, "L1", "automatic")
    assert first.status in ("idle", "charging")
    assert 0.0 < first.state_of_charge <= 1.0
    outside.ros.until(lambda: bool(outside.maps), "the map of a late subscriber")
    drawn, seen = grid_of(drawing_of(SITE, LevelId("L1")), 0.1), outside.maps[-1]
    assert np.array_equal(np.array(seen.data).reshape(seen.info.height, seen.info.width), drawn.cells)
    corner = seen.info.origin.position
    assert (corner.x, corner.y, seen.info.resolution) == pytest.approx((drawn.x, drawn.y, 0.1))


def test_what_can_never_be_done_is_refused_with_the_reason(outside: Outside) -> None:
    refused = outside.submit(dropoff="kitchn")
    assert not refused.accepted
    assert "no place is called 'kitchn'" in refused.reason
    assert "did you mean kitchen" in refused.reason


def test_a_delivery_is_asked_for_handed_over_and_completed(outside: Outside, hospital: HospitalProcesses) -> None:
    from fleet_interfaces.srv import Handover

    task = outside.submit(request_id="order-1")
    assert task.accepted
    assert outside.submit(request_id="order-1").task == task.task, "asking again does nothing twice"

    def due() -> bool:
        return hospital.get(f"/tasks/{task.task}")["handover_step"] is not None

    for _ in range(2):
        outside.ros.until(due, "a hand-over", 90.0)
        handed = outside.call(Handover, "hand_over", task=task.task, actor="nurse-li", role="nurse", proof_kind="badge")
        assert handed.accepted, handed.refusal
    hospital.until(lambda: hospital.get(f"/tasks/{task.task}")["status"] == "completed")
    outside.ros.until(lambda: outside.states[-1].tasks_underway == 0, "the end of the task")
    mine = [mission for mission in outside.missions if mission.task == task.task]
    assert {mission.robot for mission in mine} <= set(hospital.robots)
    assert [step.kind for step in mine[-1].steps if step.kind in ("pick_up", "drop_off")] == ["pick_up", "drop_off"]
    moved = {(s.robots[0].pose.position.x, s.robots[1].pose.position.x) for s in outside.states}
    assert len(moved) > 5, "poses are told while robots move"
    again = outside.call(Handover, "hand_over", task=task.task, actor="nurse-li", role="nurse")
    assert not again.accepted
    assert again.refusal


def test_a_task_is_cancelled(outside: Outside, hospital: HospitalProcesses) -> None:
    from fleet_interfaces.srv import CancelTask

    task = outside.submit()
    cancelled = outside.call(CancelTask, "cancel_task", task=task.task, reason="not needed")
    assert cancelled.accepted, cancelled.refusal
    hospital.until(lambda: hospital.get(f"/tasks/{task.task}")["status"] == "cancelled")
    unknown = outside.call(CancelTask, "cancel_task", task="T9/../99", reason="")
    assert not unknown.accepted


def test_an_alert_is_told_when_robots_fall_silent(outside: Outside, hospital: HospitalProcesses) -> None:
    hospital.kill("agents-0")
    outside.ros.until(lambda: bool(outside.alerts), "an alert", 60.0)
    alert = outside.alerts[-1]
    assert alert.subject in hospital.robots
    assert alert.state == "open"
    assert alert.next_step
    outside.ros.until(lambda: outside.states[-1].alerts_open >= 1, "the count of alerts")
    outside.ros.until(lambda: not outside.robot(hospital.robots[0]).connected, "the robot's disconnection")


def test_a_manager_that_was_away_is_followed_again(outside: Outside, hospital: HospitalProcesses) -> None:
    hospital.kill("manager")
    refused = outside.submit()
    assert not refused.accepted
    assert "does not answer" in refused.reason
    outside.ros.listen(2.0)
    outside.states.clear()
    outside.ros.listen(2.0)
    assert outside.states == [], "nothing old is told as if it were new"
    hospital.start_manager()
    outside.ros.until(lambda: bool(outside.states), "the state after the restart")
    task = outside.submit()
    assert task.accepted
    assert httpx.get(f"{hospital.url}/api/v1/tasks/{task.task}").json()["requested_by"]["id"] == "ros"
