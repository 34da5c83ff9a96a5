"""The agent of one robot, to be started on the robot beside Nav2.

`ros2 launch launch/robot.launch.py robot:=amr-1 manager:=wss://fleet.hospital/agents/v1 params:=amr-1.yaml`

The robot's token comes in the environment variable WARDFLEET_AGENT_TOKEN.
"""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription(
        [
            DeclareLaunchArgument("robot", description="the robot's id in the site"),
            DeclareLaunchArgument("manager", description="the fleet manager, such as ws://127.0.0.1:8000/agents/v1"),
            DeclareLaunchArgument("site", description="the site's folder"),
            DeclareLaunchArgument("params", description="ROS parameters of the agent (YAML)"),
            DeclareLaunchArgument("state_dir", default_value="wardfleet", description="what outlives a restart"),
            Node(
                package="fleet_agent_ros2",
                executable="fleet_agent",
                arguments=[
                    "--robot",
                    LaunchConfiguration("robot"),
                    "--manager",
                    LaunchConfiguration("manager"),
                    "--site",
                    LaunchConfiguration("site"),
                    "--state-dir",
                    LaunchConfiguration("state_dir"),
                ],
                parameters=[LaunchConfiguration("params")],
                output="screen",
            ),
        ]
    )
