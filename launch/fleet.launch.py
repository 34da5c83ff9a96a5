"""The fleet manager.

`ros2 launch launch/fleet.launch.py site:=SITE tokens:=tokens.json`
"""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, ExecuteProcess
from launch.substitutions import LaunchConfiguration


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription(
        [
            DeclareLaunchArgument("site", description="the site's folder"),
            DeclareLaunchArgument("tokens", description="the robots' tokens, written by `wardfleet tokens`"),
            DeclareLaunchArgument("host", default_value="127.0.0.1", description="address to listen on"),
            DeclareLaunchArgument("port", default_value="8000"),
            DeclareLaunchArgument("database", default_value="sqlite+aiosqlite:///fleet.sqlite3"),
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
        ]
    )
