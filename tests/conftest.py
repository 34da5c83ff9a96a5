"""How many random histories are tried: `pytest --histories 10000` for a long night."""

from __future__ import annotations

import pytest

BATCH = 100
"""Histories per test, so that a long run shows how far it is."""

SHARE = {"graph_seeds": 1, "hospital_seeds": 10}
"""A history in a whole hospital takes longer: there is one for so many of those without a simulator."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--histories", type=int, default=300, help="How many random histories of the traffic are tried.")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for name, share in SHARE.items():
        if name in metafunc.fixturenames:
            count = max(1, metafunc.config.getoption("--histories") // share)
            batch = max(1, BATCH // share)
            batches = [range(first, min(first + batch, count)) for first in range(0, count, batch)]
            metafunc.parametrize(name, batches, ids=[f"{b.start}-{b.stop - 1}" for b in batches])
