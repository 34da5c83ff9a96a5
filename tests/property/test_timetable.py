"""The timetable's kernels against their plain reference, on all that random hospitals ask of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from fleet_manager.planning import courses, timetable_kernel, timetables
from tests.property.test_traffic_histories import play


def both(kernel: Callable[..., Any], plain: Callable[..., Any], asked: list[str]) -> Callable[..., Any]:
    """The kernel, whose answers are compared with the plain reference's."""

    def compared(*arguments: Any) -> Any:
        found = kernel(*arguments)
        for ours, expected in zip(found, plain(*arguments), strict=True):
            np.testing.assert_allclose(ours, expected, rtol=0.0, atol=1e-9)
        asked.append(plain.__name__)
        return found

    return compared


def test_the_kernels_answer_as_the_plain_reference_does(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    for name in ("chunk_ahead", "assembled"):
        compared = both(getattr(timetable_kernel, name), getattr(timetables, name), asked)
        monkeypatch.setattr(courses, name, compared)
    for seed in range(6):
        play(seed)
    assert {"chunk_ahead", "assembled"} == set(asked)
    assert len(asked) > 500
