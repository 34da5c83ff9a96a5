"""A ROS domain that nobody else on this machine has taken, so that two simulations do not hear each other."""

from __future__ import annotations

import fcntl
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

DOMAINS: Final = range(101)
"""Beyond these, the ports of ROS are those that the system gives to anybody."""


@contextmanager
def free_domain(domains: Sequence[int] = DOMAINS) -> Iterator[int]:
    """The first of `domains` that no other process has taken this way; it is free again when this one ends, however.

    Raises `LookupError` when all are taken.
    """
    for domain in domains:
        try:
            lock = _locked(domain)
        except OSError:
            continue
        with lock:
            yield domain
        return
    raise LookupError("all ROS domains are taken")


def _locked(domain: int) -> IO[str]:
    """The domain's file, locked as long as it is open. Raises OSError when somebody else has it."""
    lock = (Path(tempfile.gettempdir()) / f"wardfleet-ros-domain-{domain}").open("a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise
    return lock
