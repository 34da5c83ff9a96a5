"""Whether ROS 2 is to be had on this machine, and the variables that a process needs to use it. Imports no ROS.

ROS comes from a sourced installation (`. /opt/ros/DISTRO/setup.bash`) or, without one, from the wheels that `make ros`
installs into this virtual environment. Over it lie the packages of `ros_ws/`, built by `make ros` or a stock colcon.

`python -m robot_agents.ros2.environment COMMAND …` runs a command with all of it; with `--if-there` before the command
also without it, where there is none.
"""

from __future__ import annotations

import os
import platform
import sys
import sysconfig
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

WORKSPACE: Final = Path(__file__).parents[2] / "ros_ws"
DISTRIBUTION: Final = "kilted"
"""Of the wheels."""

_PACKAGES: Final = Path("share/ament_index/resource_index/packages")
"""Where a prefix lists its packages, one file each (ament resource index)."""

_WHEELS_PLATFORM: Final = ("Linux", "x86_64")


class RosMissingError(RuntimeError):
    """ROS 2 is not to be had; the message says why in one line."""


@dataclass(frozen=True, slots=True)
class Ros:
    """`variables` are a process's whole environment; `wheels` tells whether ROS comes from this virtual environment."""

    variables: Mapping[str, str]
    wheels: bool

    @property
    def prefixes(self) -> tuple[Path, ...]:
        return _prefixes(self.variables)

    def has(self, package: str) -> bool:
        return any((prefix / _PACKAGES / package).exists() for prefix in self.prefixes)

    def executable(self, package: str, name: str) -> Path:
        """The file that `ros2 run package name` would start. Raises `RosMissingError`."""
        for prefix in self.prefixes:
            path = prefix / "lib" / package / name
            if path.exists():
                return path
        raise RosMissingError(f"the ROS 2 package {package} has no executable {name}; build it with `make ros`")


def find_ros(
    environ: Mapping[str, str] = os.environ,
    *,
    workspace: Path = WORKSPACE,
    packages: Sequence[str] = ("fleet_interfaces", "nav2_msgs"),
) -> Ros:
    """ROS 2 with the built `workspace`. Raises `RosMissingError` when it, or one of `packages`, is not there."""
    ros = find_underlay(environ)
    ros = Ros(_with_prefixes(ros.variables, _installed(workspace / "install")), ros.wheels)
    for package in packages:
        if not ros.has(package):
            raise RosMissingError(f"the ROS 2 package {package} is not built (`make ros` builds it)")
    return ros


def find_underlay(environ: Mapping[str, str] = os.environ) -> Ros:
    """ROS 2 itself, without this project's packages. Raises `RosMissingError`."""
    own = Path(sys.prefix)
    sourced = next((p for p in _prefixes(environ) if p != own and (p / _PACKAGES / "rclpy").exists()), None)
    fits = _rclpy_fits()
    if sourced is not None:
        if not fits:
            raise RosMissingError(
                f"the sourced ROS 2 in {sourced} has no rclpy for Python {platform.python_version()} of {own}"
            )
        return Ros(dict(environ), wheels=False)
    if (platform.system(), platform.machine()) != _WHEELS_PLATFORM:
        raise RosMissingError("no ROS 2 is sourced, and the wheels of ROS 2 are for x86-64 Linux alone")
    if not fits or not (own / _PACKAGES / "rclpy").exists():
        raise RosMissingError("ROS 2 is not installed (`make ros` installs it, or source one)")
    return Ros(_with_wheels(environ, own), wheels=True)


def _rclpy_fits() -> bool:
    """Whether this interpreter finds an rclpy that is compiled for it."""
    found = find_spec("rclpy")
    places = found.submodule_search_locations if found is not None else None
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    return any((Path(place) / f"_rclpy_pybind11{suffix}").exists() for place in places or ())


def _with_wheels(environ: Mapping[str, str], own: Path) -> dict[str, str]:
    """The wheels lie in the virtual environment as a ROS installation lies in /opt/ros, their libraries beside them."""
    libraries = sorted(Path(sysconfig.get_path("purelib")).glob("ros_*.libs"))
    variables = _with_prefixes(environ, [own])
    variables["LD_LIBRARY_PATH"] = _joined([*libraries], variables.get("LD_LIBRARY_PATH"))
    # Else each Python process would start itself anew, to set the libraries' path.
    variables["_ROS_WHEELS_BOOTSTRAP_COMPLETE"] = "1"
    variables.setdefault("ROS_DISTRO", DISTRIBUTION)
    variables.setdefault("RMW_IMPLEMENTATION", "rmw_fastrtps_cpp")
    variables.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    return variables


def _with_prefixes(environ: Mapping[str, str], prefixes: Sequence[Path]) -> dict[str, str]:
    """As a prefix's setup.bash would set it: what lies in `prefixes` is found before what was there already."""
    found = {
        "AMENT_PREFIX_PATH": prefixes,
        "CMAKE_PREFIX_PATH": prefixes,
        "PATH": [prefix / "bin" for prefix in prefixes],
        "LD_LIBRARY_PATH": [prefix / "lib" for prefix in prefixes],
        "PYTHONPATH": [place for prefix in prefixes if prefix != Path(sys.prefix) for place in _python_places(prefix)],
    }
    variables = dict(environ)
    for name, places in found.items():
        existing = [place for place in places if place.is_dir()]
        if existing:
            variables[name] = _joined(existing, environ.get(name))
    return variables


def _python_places(prefix: Path) -> list[Path]:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return [prefix / "lib" / version / "site-packages", prefix / "local" / "lib" / version / "dist-packages"]


def _installed(install: Path) -> list[Path]:
    """The prefixes under colcon's install folder: itself, or one for each package."""
    places = [install, *(sorted(install.iterdir()) if install.is_dir() else ())]
    return [place for place in places if (place / _PACKAGES).is_dir()]


def _prefixes(environ: Mapping[str, str]) -> tuple[Path, ...]:
    return tuple(Path(place) for place in environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if place)


def _joined(first: Iterable[Path], then: str | None) -> str:
    """A search path without doubles."""
    return os.pathsep.join(
        dict.fromkeys([*map(str, first), *(place for place in (then or "").split(os.pathsep) if place)])
    )


def _run(arguments: Sequence[str]) -> None:
    """Become the command, in the environment of ROS."""
    optional = arguments[:1] == ["--if-there"]
    command = arguments[1:] if optional else arguments
    if not command:
        sys.exit("name a command to run with ROS 2")
    variables: Mapping[str, str] = os.environ
    try:
        variables = find_ros().variables
    except RosMissingError as problem:
        if not optional:
            sys.exit(str(problem))
    try:
        os.execvpe(command[0], list(command), dict(variables))
    except OSError as problem:
        sys.exit(f"{command[0]}: {problem.strerror}")


if __name__ == "__main__":
    _run(sys.argv[1:])
