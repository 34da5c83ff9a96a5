"""The fleet manager, and the fleet as a ROS graph unless `bridge:=false`.

`ros2 launch launch/fleet.launch.py site:=SITE tokens:=tokens.json`
"""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, ExecuteProcess
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription(
        [
            DeclareLaunchArgument("site", description="the site's folder"),
            DeclareLaunchArgument("tokens", description="the robots' tokens, written by `wardfleet tokens`"),
            DeclareLaunchArgument("host", default_value="127.0.0.1", description="address to listen on"),
            DeclareLaunchArgument("port", default_value="8000"),
            DeclareLaunchArgument("database", default_value="sqlite+aiosqlite:///fleet.sqlite3"),
            DeclareLaunchArgument("bridge", default_value="true", description="whether the fleet is shown in ROS"),
            ExecuteProcess(
                cmd=[
                    "wardfleet",
                    "serve",
                    "--site",
                    LaunchConfiguration("site"),
                    "--tokens",
                    LaunchConfiguration("tokens"),
                    "--host",
                    LaunchConfiguration("host"),
                    "--port",
                    LaunchConfiguration("port"),
                    "--database",
                    LaunchConfiguration("database"),
                ],
                name="fleet_manager",
                output="screen",
            ),
            Node(
                package="fleet_bridge_ros2",
                executable="fleet_bridge",
                parameters=[{"manager": ["http://127.0.0.1:", LaunchConfiguration("port")]}],
                condition=IfCondition(LaunchConfiguration("bridge")),
                output="screen",
            ),
        ]
    )
