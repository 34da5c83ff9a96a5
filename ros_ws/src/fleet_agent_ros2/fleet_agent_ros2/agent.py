"""`ros2 run fleet_agent_ros2 fleet_agent`: the agent of robots that run Nav2.

The same as `wardfleet agent --kind ros2`, with ROS arguments allowed behind its own:
`fleet_agent --manager wss://hospital/agents/v1 --robot amr-1 --ros-args --params-file amr.yaml`
"""

from __future__ import annotations

import sys

from rclpy.utilities import remove_ros_args

from fleet_manager.cli.main import app


def main() -> None:
    # rclpy reads its own part of sys.argv when the agent starts it.
    _, *arguments = remove_ros_args(sys.argv)
    app(["agent", "--kind", "ros2", *arguments], prog_name="fleet_agent")
