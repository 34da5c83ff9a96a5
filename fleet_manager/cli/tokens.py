"""`wardfleet tokens`: what robots prove themselves with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fleet_manager.bootstrap import write_tokens
from fleet_manager.cli.problems import plain_problems
from maps.site_files import load_site


class _TokensError(Exception):
    """The file is there already."""


def tokens(
    site: Annotated[Path, typer.Argument(metavar="SITE", help="A site folder.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write.")],
    force: Annotated[bool, typer.Option("--force", help="Replace the file: all robots need their new token.")] = False,
) -> None:
    """Write a new token for every robot of a site, as JSON that only you can read.

    Example: `wardfleet tokens maps/sites/general_hospital -o tokens.json`
    """
    with plain_problems(_TokensError):
        loaded = load_site(site)
        if output.exists() and not force:
            raise _TokensError(f"{output} exists; --force replaces it, and then all robots need their new token")
        write_tokens(output, loaded)
    typer.echo(f"wrote {output}")
