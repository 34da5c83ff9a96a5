"""Python's garbage collector, told to hold a running fleet up as little as it can."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_THRESHOLDS: Final = (20_000, 20, 50)
"""Objects made and not freed by reference counts until the young ones are looked at; how many such looks until older
ones are looked at too, and how many of those until all are.

A look at all takes 0.1 s while a hundred robots drive, and with Python's own thresholds there is one each minute of
them. State is made of values that name no owner, so hardly anything is ever found.
"""


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Maps, routing tables and all else that is built by now stays, and is not looked at; what comes is, but seldom."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
