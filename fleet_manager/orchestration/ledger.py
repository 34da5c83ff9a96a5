"""Decide, then do: events change the state at once, everything that others see waits for the commit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush

from fleet_manager.domain.alerts import Alert, AlertId, AlertState, Severity
from fleet_manager.domain.events import AlertClosed, AlertRaised, Event, Recorded
from fleet_manager.domain.state import FleetState, apply
from fleet_manager.domain.tasks import FLEET_MANAGER
from fleet_manager.orchestration.ports import Clock

TimerKey = tuple[str, str]


@dataclass(slots=True)
class Ledger:
    """The state, the events that are not stored yet, and what to do once they are.

    Timers are named: setting one again moves it, and a timer that is due is handed out once.
    """

    state: FleetState
    clock: Clock
    events: list[Recorded] = field(default_factory=list)
    actions: list[Callable[[], None]] = field(default_factory=list)
    _due: dict[TimerKey, datetime] = field(default_factory=dict)
    _heap: list[tuple[datetime, TimerKey]] = field(default_factory=list)

    def now(self) -> datetime:
        return self.clock.now()

    def record(self, event: Event) -> None:
        recorded = Recorded(seq=self.state.seq + 1, time=self.clock.now(), event=event)
        apply(self.state, recorded)
        self.events.append(recorded)

    def after_commit(self, action: Callable[[], None]) -> None:
        """Do something that others see: send a command, answer a request, open a door."""
        self.actions.append(action)

    # --- timers ----------------------------------------------------------------------------------------

    def set_timer(self, kind: str, subject: str, seconds: float) -> None:
        key = (kind, subject)
        at = self.clock.now() + timedelta(seconds=seconds)
        if self._due.get(key) != at:
            self._due[key] = at
            heappush(self._heap, (at, key))

    def start_timer(self, kind: str, subject: str, seconds: float) -> None:
        """Set it unless it is running."""
        if not self.is_running(kind, subject):
            self.set_timer(kind, subject, seconds)

    def is_running(self, kind: str, subject: str) -> bool:
        return (kind, subject) in self._due

    def stop_timer(self, kind: str, subject: str) -> None:
        self._due.pop((kind, subject), None)

    def take_due(self) -> list[TimerKey]:
        """The timers that are due now, oldest first; they are over."""
        now = self.clock.now()
        due: list[TimerKey] = []
        while self._heap and self._heap[0][0] <= now:
            at, key = heappop(self._heap)
            if self._due.get(key) == at:
                del self._due[key]
                due.append(key)
        return due

    def next_due(self) -> datetime | None:
        while self._heap and self._due.get(self._heap[0][1]) != self._heap[0][0]:
            heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    # --- alerts ----------------------------------------------------------------------------------------

    def alert(self, kind: str, subject: str, text: str, next_step: str, severity: Severity = Severity.WARNING) -> None:
        """Call a person, once per kind and subject until it is closed."""
        if self.open_alert(kind, subject) is not None:
            return
        self.record(
            AlertRaised(
                alert=Alert(
                    id=AlertId(f"A{self.state.alert_count + 1:05d}"),
                    kind=kind,
                    severity=severity,
                    subject=subject,
                    text=text,
                    since=self.now(),
                    next_step=next_step,
                )
            )
        )

    def open_alert(self, kind: str, subject: str) -> Alert | None:
        alerts = self.state.alerts.values()
        return next(
            (a for a in alerts if a.kind == kind and a.subject == subject and a.state is not AlertState.CLOSED), None
        )

    def close_alert(self, kind: str, subject: str) -> None:
        """The cause is gone by itself."""
        alert = self.open_alert(kind, subject)
        if alert is not None:
            self.record(AlertClosed(alert=alert.id, actor=FLEET_MANAGER))
