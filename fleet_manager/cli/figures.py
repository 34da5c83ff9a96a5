"""A benchmark's figures, as a table and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

from fleet_manager.cli.problems import plain_problems


def tell(figures: Mapping[str, object], json_file: Path | None, decimals: int = 1) -> None:
    """Print the figures, and write them to `json_file` when one is named."""
    if json_file is not None:
        with plain_problems():
            json_file.write_text(json.dumps(figures, indent=2) + "\n")
    table = Table("figure", "value")
    for figure, value in figures.items():
        table.add_row(figure, f"{value:.{decimals}f}" if isinstance(value, float) else str(value))
    Console().print(table)
