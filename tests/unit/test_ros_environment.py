"""Whether ROS 2 is to be had, and what a process needs to use it: on a machine made up for the test."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import sysconfig
from pathlib import Path
from types import SimpleNamespace

import pytest

from robot_agents.ros2 import environment
from robot_agents.ros2.environment import RosMissingError, find_ros, find_underlay

PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"


def prefix_with(folder: Path, *packages: str) -> Path:
    """An installation that has these packages, Python modules and a library among them."""
    for package in packages:
        (folder / "share/ament_index/resource_index/packages").mkdir(parents=True, exist_ok=True)
        (folder / "share/ament_index/resource_index/packages" / package).touch()
    (folder / "lib" / PYTHON / "site-packages").mkdir(parents=True)
    return folder


@pytest.fixture
def no_rclpy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "find_spec", lambda _: None)


@pytest.fixture
def sourced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment after sourcing a ROS 2 whose rclpy is compiled for this Python."""
    package = tmp_path / "rclpy"
    package.mkdir()
    (package / f"_rclpy_pybind11{sysconfig.get_config_var('EXT_SUFFIX')}").touch()
    found = SimpleNamespace(submodule_search_locations=[str(package)])
    monkeypatch.setattr(environment, "find_spec", lambda _: found)
    return {"AMENT_PREFIX_PATH": str(prefix_with(tmp_path / "opt", "rclpy")), "ROS_DISTRO": "jazzy", "PATH": "/bin"}


def test_a_sourced_ros_is_taken_as_it_is(sourced: dict[str, str]) -> None:
    ros = find_underlay(sourced)
    assert not ros.wheels
    assert ros.variables == sourced
    assert ros.has("rclpy")
    assert not ros.has("nav2_msgs")


def test_the_workspace_lies_over_it(sourced: dict[str, str], tmp_path: Path) -> None:
    install = tmp_path / "ros_ws" / "install"
    fleet = prefix_with(install / "fleet_interfaces", "fleet_interfaces")
    nav2 = prefix_with(install / "nav2_msgs", "nav2_msgs")
    (fleet / "lib" / "fleet_interfaces").mkdir()
    (fleet / "lib" / "fleet_interfaces" / "tool").touch()
    ros = find_ros(sourced, workspace=tmp_path / "ros_ws")
    places = [str(place / "lib" / PYTHON / "site-packages") for place in (fleet, nav2)]
    assert ros.variables["PYTHONPATH"].split(os.pathsep) == places
    assert ros.variables["LD_LIBRARY_PATH"] == f"{fleet}/lib{os.pathsep}{nav2}/lib"
    assert ros.prefixes == (fleet, nav2, tmp_path / "opt")
    assert ros.executable("fleet_interfaces", "tool") == fleet / "lib" / "fleet_interfaces" / "tool"
    with pytest.raises(RosMissingError, match="no executable saw"):
        ros.executable("fleet_interfaces", "saw")
    again = find_ros(ros.variables, workspace=tmp_path / "ros_ws")
    assert again.variables == ros.variables


def test_a_workspace_that_is_not_built_is_named(sourced: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(RosMissingError, match="fleet_interfaces is not built"):
        find_ros(sourced, workspace=tmp_path / "ros_ws")
    prefix_with(tmp_path / "ros_ws" / "install", "fleet_interfaces")
    assert find_ros(sourced, workspace=tmp_path / "ros_ws", packages=("fleet_interfaces",)).has("fleet_interfaces")
    with pytest.raises(RosMissingError, match="fleet_sim_ros2 is not built"):
        find_ros(sourced, workspace=tmp_path / "ros_ws", packages=("fleet_interfaces", "fleet_sim_ros2"))


@pytest.mark.usefixtures("no_rclpy")
def test_a_sourced_ros_for_another_python_is_of_no_use(tmp_path: Path) -> None:
    opt = prefix_with(tmp_path / "opt", "rclpy")
    with pytest.raises(RosMissingError, match="has no rclpy for Python 3"):
        find_underlay({"AMENT_PREFIX_PATH": str(opt)})


@pytest.mark.usefixtures("no_rclpy")
def test_wheels_are_named_where_there_are_some(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    with pytest.raises(RosMissingError, match="`make ros` installs it"):
        find_underlay({})
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    with pytest.raises(RosMissingError, match="for x86-64 Linux alone"):
        find_underlay({})


def test_wheels_lie_in_the_virtual_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = prefix_with(tmp_path / "venv", "rclpy")
    packages = own / "lib" / PYTHON / "site-packages"
    (packages / "ros_rcl.libs").mkdir()
    (packages / "rclpy").mkdir()
    (packages / "rclpy" / f"_rclpy_pybind11{sysconfig.get_config_var('EXT_SUFFIX')}").touch()
    found = SimpleNamespace(submodule_search_locations=[str(packages / "rclpy")])
    monkeypatch.setattr(environment, "find_spec", lambda _: found)
    monkeypatch.setattr(sys, "prefix", str(own))
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(packages))
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    ros = find_underlay({"RMW_IMPLEMENTATION": "rmw_zenoh_cpp"})
    assert ros.wheels
    assert ros.variables["LD_LIBRARY_PATH"].split(os.pathsep) == [str(packages / "ros_rcl.libs"), str(own / "lib")]
    assert ros.variables["ROS_DISTRO"] == "kilted"
    assert ros.variables["RMW_IMPLEMENTATION"] == "rmw_zenoh_cpp"
    assert "PYTHONPATH" not in ros.variables


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "robot_agents.ros2.environment", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_command_is_run_with_or_without() -> None:
    assert run("--if-there", "echo", "hello").stdout == "hello\n"
    assert run("--if-there").returncode == 1
    assert "no-such-program" in run("--if-there", "no-such-program").stderr
