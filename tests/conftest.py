"""How much is tried at random: `pytest --histories 10000 --crashes 200 --explore 1000` for a long night."""

from __future__ import annotations

import pytest

from tests.planted_bugs import BUGS

BATCH = 100
"""Histories per test, so that a long run shows how far it is."""

MANY = 200
"""Who explores more than this has the time to look for all planted bugs."""

SHARE = {"graph_seeds": 1, "hospital_seeds": 10, "area_seeds": 100}
"""Histories in a whole hospital and areas to spray take longer: there is one for so many plain histories."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--histories", type=int, default=300, help="How many random histories of the traffic are tried.")
    parser.addoption("--explore", type=int, default=50, help="How many random hospitals full of faults are explored.")
    parser.addoption("--crashes", type=int, default=10, help="How many runs in which the manager dies once.")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    crashes = metafunc.config.getoption("--crashes")
    if "crash_tasks" in metafunc.fixturenames:
        metafunc.parametrize("crash_tasks", [min(50, crashes)])
    explore = metafunc.config.getoption("--explore")
    if "explore_seeds" in metafunc.fixturenames:
        batches = [range(first, min(first + 25, explore)) for first in range(0, explore, 25)]
        metafunc.parametrize("explore_seeds", batches, ids=[f"{b.start}-{b.stop - 1}" for b in batches])
    if "planted_bug" in metafunc.fixturenames:
        bugs = BUGS if explore > MANY else BUGS[:2]
        metafunc.parametrize("planted_bug", bugs, ids=[bug.__name__ for bug in bugs])
    if "crash_seeds" in metafunc.fixturenames:
        batches = [range(first, min(first + 10, crashes)) for first in range(0, crashes, 10)]
        metafunc.parametrize("crash_seeds", batches, ids=[f"{b.start}-{b.stop - 1}" for b in batches])
    for name, share in SHARE.items():
        if name in metafunc.fixturenames:
            count = max(1, metafunc.config.getoption("--histories") // share)
            batch = max(1, BATCH // share)
            batches = [range(first, min(first + batch, count)) for first in range(0, count, batch)]
            metafunc.parametrize(name, batches, ids=[f"{b.start}-{b.stop - 1}" for b in batches])
