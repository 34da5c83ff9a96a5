"""The garbage collector's settings while a fleet runs."""

import gc

import pytest

from fleet_manager.garbage import seldom_collected


def test_looks_seldom_while_a_fleet_runs_and_as_before_afterwards() -> None:
    before, frozen = gc.get_threshold(), gc.get_freeze_count()

    with seldom_collected():
        assert gc.get_threshold() > before
        assert gc.get_freeze_count() > frozen

    assert gc.get_threshold() == before


def test_settings_come_back_when_the_fleet_ends_with_an_error() -> None:
    before = gc.get_threshold()

    with pytest.raises(ValueError, match="out of paper"), seldom_collected():
        raise ValueError("out of paper")

    assert gc.get_threshold() == before
