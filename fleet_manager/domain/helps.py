"""Helps: what a person can have done for a robot that is stuck."""

from __future__ import annotations

from enum import StrEnum


class HelpKind(StrEnum):
    """`take_over`: a person takes the goods where the robot stands."""

    GO_ROUND = "go_round"
    SKIP = "skip"
    RETURN = "return"
    TAKE_OVER = "take_over"
    SEND_PORTER = "send_porter"
    CHARGE = "charge"


TAKEN_OVER = "taken_over"
BROUGHT_BACK = "brought_back"
ENDED_BY_HELP = frozenset({TAKEN_OVER, BROUGHT_BACK})
"""Codes of the reasons for which a task ends with its goods elsewhere than they should have gone."""
