"""What `fleet_agent` makes of its arguments."""

from __future__ import annotations

import sys
from unittest.mock import patch

import pytest
from fleet_agent_ros2 import agent


def test_ros_arguments_are_left_to_ros(capsys: pytest.CaptureFixture[str]) -> None:
    """The agent's own are those of `wardfleet agent`: without a manager it says what is missing."""
    arguments = ["fleet_agent", "--robot", "amr-1", "--ros-args", "-p", "level:=L1", "--log-level", "debug"]
    with patch.object(sys, "argv", arguments), pytest.raises(SystemExit) as ended:
        agent.main()
    assert ended.value.code == 2
    assert "--manager" in capsys.readouterr().err
