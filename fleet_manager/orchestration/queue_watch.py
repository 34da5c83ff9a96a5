"""Calls a person for tasks that no carrier takes for long, whatever the reason."""

from __future__ import annotations

from fleet_manager.domain.tasks import DeliveryTask, TaskId, TaskStatus
from fleet_manager.orchestration.ledger import Ledger
from fleet_manager.orchestration.settings import Patience


class QueueWatch:
    def __init__(self, ledger: Ledger, patience: Patience) -> None:
        self._ledger = ledger
        self._patience = patience

    def waits(self, task: DeliveryTask) -> None:
        """A task could begin and does not: from its earliest start on its time runs.

        Its time begins anew when it comes back to the queue after long, or when somebody has closed the alert.
        """
        if self._ledger.open_alert("waits_long", task.id) is None:
            left = self._patience.queued - (self._ledger.now() - task.starts()).total_seconds()
            self._ledger.start_timer("waits_long", task.id, left if left > 0.0 else self._patience.queued)

    def due(self, task_id: TaskId) -> None:
        task = self._ledger.state.tasks.get(task_id)
        if task is None or task.status is not TaskStatus.QUEUED:
            return
        why = task.reasons[0].text if task.reasons else "no carrier is free"
        self._ledger.alert(
            "waits_long",
            task.id,
            f"no carrier has taken {task.id} for long: {why}",
            "see why, then let robots try again (retry), send a person with the goods (send-porter), or cancel it",
        )
