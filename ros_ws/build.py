"""Build the workspace with colcon into `install/`, on the wheels or on a sourced ROS 2: `make ros`.

Of the stand-ins in `simulation/` only those are built that the underlying ROS 2 does not have. On a machine with a full
ROS 2, `colcon build` in this folder does the same without this file. Arguments are passed on to colcon.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from mend_wheels import mend

from robot_agents.ros2.environment import Ros, RosMissingError, find_ros, find_underlay

_HERE = Path(__file__).parent


class _ToolMissingError(RuntimeError):
    """The machine lacks something that compiling needs."""


def _stand_ins(ros: Ros) -> list[Path]:
    return [path.parent for path in sorted(_HERE.glob("simulation/*/package.xml")) if not ros.has(path.parent.name)]


def _check_tools() -> None:
    for tool in ("cmake", "c++", "make"):
        if shutil.which(tool) is None:
            raise _ToolMissingError(f"{tool} is missing; on Debian: apt-get install g++ cmake make")
    if not (Path(sysconfig.get_path("include")) / "Python.h").exists():
        raise _ToolMissingError("Python's headers are missing; on Debian: apt-get install python3-dev")


def _colcon(ros: Ros) -> str:
    path = shutil.which("colcon", path=ros.variables.get("PATH"))
    if path is None:
        raise _ToolMissingError("colcon is missing; on Ubuntu: apt-get install python3-colcon-common-extensions")
    return path


def build(arguments: Sequence[str]) -> None:
    """Raises RosMissingError, _ToolMissingError, and CalledProcessError when colcon fails."""
    ros = find_underlay()
    _check_tools()
    if ros.wheels:
        mend(Path(sys.prefix))
    command = [_colcon(ros), "--log-level", "error", "build", "--base-paths", "src", *map(str, _stand_ins(ros))]
    hints = [f"-DPython3_EXECUTABLE={sys.executable}", "-DBUILD_TESTING=OFF", "--no-warn-unused-cli"]
    subprocess.run([*command, *arguments, "--cmake-args", *hints], cwd=_HERE, env=dict(ros.variables), check=True)


def test(arguments: Sequence[str]) -> None:
    """`colcon test` of the built packages, with its findings. Raises CalledProcessError when a test fails."""
    ros = find_ros()
    variables = dict(ros.variables)
    colcon = _colcon(ros)
    command = [colcon, "--log-level", "error", "test", "--base-paths", "src", "--return-code-on-test-failure"]
    told = subprocess.run([*command, *arguments], cwd=_HERE, env=variables, check=False)
    results = [colcon, "test-result", "--test-result-base", "build", "--verbose"]
    subprocess.run(results, cwd=_HERE, env=variables, check=True)
    told.check_returncode()


if __name__ == "__main__":
    do = {"build": build, "test": test}[sys.argv[1]]
    try:
        do(sys.argv[2:])
    except (RosMissingError, _ToolMissingError) as problem:
        sys.exit(str(problem))
    except subprocess.CalledProcessError as problem:
        sys.exit(problem.returncode)
