"""`wardfleet bench ros`: agents of many robots that run Nav2, over a real ROS 2 graph."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.ros import BrokenOffError, run_ros
from fleet_manager.cli import figures
from fleet_manager.cli.problems import plain_problems
from fleet_manager.logs import configure_logs
from robot_agents.ros2.environment import RosMissingError


def ros(
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
    robots: Annotated[int, typer.Option(min=1, max=200, help="Robots, in at most five processes.")] = 50,
    state_hz: Annotated[float, typer.Option(min=0.1, max=50.0, help="States per second of each robot.")] = 5.0,
    seconds: Annotated[float, typer.Option(min=1.0, help="How long to measure.")] = 60.0,
) -> None:
    """Measure what ROS 2 costs. Exit code 1 when a report was lost.

    Example: `wardfleet bench ros --robots 50 --json ros.json`
    """
    configure_logs(level="ERROR")
    with plain_problems(RosMissingError, BrokenOffError):
        result = run_ros(robots=robots, state_hz=state_hz, seconds=seconds)
    figures.tell(asdict(result), json_file)
    if result.lost_reports:
        raise typer.Exit(1)
