"""A whole simulated hospital: manager, world, robots that run Nav2, their agents, and the fleet as a ROS graph.

`ros2 launch launch/sim.launch.py site:=SITE tokens:=tokens.json`
"""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, ExecuteProcess
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node


def generate_launch_description() -> LaunchDescription:
    world = ["ws://127.0.0.1:", LaunchConfiguration("world_port")]
    return LaunchDescription(
        [
            DeclareLaunchArgument("site", description="the site's folder"),
            DeclareLaunchArgument("tokens", description="the robots' tokens, written by `wardfleet tokens`"),
            DeclareLaunchArgument("port", default_value="8000"),
            DeclareLaunchArgument("world_port", default_value="8700"),
            ExecuteProcess(
                cmd=[
                    "wardfleet",
                    "sim",
                    "world",
                    "--site",
                    LaunchConfiguration("site"),
                    "--port",
                    LaunchConfiguration("world_port"),
                ],
                name="world",
                output="screen",
            ),
            ExecuteProcess(
                cmd=[
                    "wardfleet",
                    "serve",
                    "--site",
                    LaunchConfiguration("site"),
                    "--tokens",
                    LaunchConfiguration("tokens"),
                    "--port",
                    LaunchConfiguration("port"),
                    "--world",
                    world,
                ],
                name="fleet_manager",
                output="screen",
            ),
            Node(
                package="fleet_bridge_ros2",
                executable="fleet_bridge",
                parameters=[{"manager": ["http://127.0.0.1:", LaunchConfiguration("port")]}],
                output="screen",
            ),
            Node(
                package="fleet_sim_ros2",
                executable="simulated_robots",
                parameters=[{"site": LaunchConfiguration("site"), "world": world}],
                output="screen",
            ),
            Node(
                package="fleet_agent_ros2",
                executable="fleet_agent",
                arguments=[
                    "--manager",
                    ["ws://127.0.0.1:", LaunchConfiguration("port"), "/agents/v1"],
                    "--token-file",
                    LaunchConfiguration("tokens"),
                    "--site",
                    LaunchConfiguration("site"),
                    "--option",
                    "map_of_level={level}.yaml",
                ],
                output="screen",
            ),
        ]
    )
