"""How a robot leads a visitor: whether they follow, since when they do not, and whether the robot waits for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Guidance:
    """`lost_at` is when they fell behind, while they are; `waits`: the robot was stopped for them."""

    met_at: datetime
    lost_at: datetime | None = None
    waits: bool = False
