"""`wardfleet bench`: the benchmarks, each a command of its own."""

from __future__ import annotations

from typing import ClassVar

import typer

from fleet_manager.cli.lazy import LazyGroup


class _Benchmarks(LazyGroup):
    places: ClassVar = {
        "day": "bench_day:day",
        "replan": "bench_replan:replan",
        "traffic": "bench_traffic:traffic",
        "sim": "bench_sim:sim",
        "mapf": "bench_mapf:mapf",
        "ros": "bench_ros:ros",
        "console": "bench_console:console",
    }


app = typer.Typer(
    cls=_Benchmarks,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,
)


@app.callback()
def about() -> None:
    """Measure, and write the figures as a table and as JSON."""
