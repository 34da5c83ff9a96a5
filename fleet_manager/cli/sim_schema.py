"""`wardfleet sim schema`: the JSON schema of scenario files."""

from __future__ import annotations

import typer

from sim.scenario_schema import schema_text


def schema() -> None:
    """Print the JSON schema of scenario files, for editors.

    Example: `wardfleet sim schema > scenario.schema.json`
    """
    typer.echo(schema_text(), nl=False)
