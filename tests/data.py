"""Where the public maps and benchmarks lie that tests read but the repository does not hold."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_BESIDE_THE_REPOSITORY = Path(__file__).resolve().parents[1].parent / "shared" / "data"


def public_data() -> Path:
    """The folder of public data: $WARDFLEET_DATA, else `../shared/data` beside the repository.

    Skips the test where the data is absent; on CI, where it must be present, the test fails.
    """
    folder = Path(os.environ.get("WARDFLEET_DATA") or _BESIDE_THE_REPOSITORY)
    if folder.is_dir():
        return folder
    reason = f"public data is not at {folder}; set WARDFLEET_DATA"
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(reason)
    pytest.skip(reason)
