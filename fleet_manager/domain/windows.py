"""Windows: between which times goods may be handed over at a stop."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from math import inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """From when and until when (UTC); None leaves an end open."""

    not_before: datetime | None = None
    not_after: datetime | None = None

    def early(self, moment: datetime) -> float:
        """Seconds from a moment until the window begins; 0 when it has begun."""
        return max(0.0, (self.not_before - moment).total_seconds()) if self.not_before is not None else 0.0

    def slack(self, moment: datetime) -> float:
        """Seconds from a moment until the window ends."""
        return (self.not_after - moment).total_seconds() if self.not_after is not None else inf

    def is_missed(self, moment: datetime) -> bool:
        return self.not_after is not None and moment > self.not_after
