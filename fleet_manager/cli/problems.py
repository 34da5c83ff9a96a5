"""Bad input ends a command with one line on stderr and exit code 2, never with a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from maps.errors import MapError


@contextmanager
def plain_problems(*also: type[Exception]) -> Iterator[None]:
    """Turn a MapError, OSError or one of `also` into its one-line message and `typer.Exit(2)`."""
    expected: tuple[type[Exception], ...] = (MapError, OSError, *also)
    try:
        yield
    except expected as problem:
        typer.secho(f"wardfleet: {' '.join(str(problem).split())}", err=True, fg=typer.colors.RED)
        raise typer.Exit(2) from problem
