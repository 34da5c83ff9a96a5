"""What the bridge knows of the fleet: the manager's stream, folded into the present state. Knows no ROS.

Views are kept as the API sends them (`fleet_manager.orchestration.views`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

View: TypeAlias = Mapping[str, Any]

_OVER = ("completed", "cancelled", "failed")


@dataclass(slots=True)
class Fleet:
    """`seq` is the event up to which it is true. `poses` are newer than those of `robots`, where there are any."""

    seq: int | None = None
    robots: dict[str, View] = field(default_factory=dict)
    tasks: dict[str, View] = field(default_factory=dict)
    alerts: dict[str, View] = field(default_factory=dict)
    poses: dict[str, View] = field(default_factory=dict)

    def hear(self, message: View) -> News:
        """Take in one message of the stream; what of it others may want to be told."""
        match message["type"]:
            case "snapshot":
                return self._replace(message)
            case "change" if message["complete"]:
                return self._replace(message)
            case "change":
                self.seq = message["seq"]
                self._robots(message["robots"])
                self.tasks.update((task["id"], task) for task in message["tasks"])
                self.alerts.update((alert["id"], alert) for alert in message["alerts"])
                self._forget()
                return News(alerts=tuple(message["alerts"]), missions=_missions(message["tasks"]))
            case "poses":
                self.poses.update((pose["robot"], pose) for pose in message["poses"])
            case "alive":
                self.seq = message["seq"]
        return News()

    def _replace(self, message: View) -> News:
        """Everything anew; alerts that are not open any more count as closed."""
        before, told = self.alerts, self.tasks
        self.seq = message["seq"]
        self.poses.clear()
        self.robots.clear()
        self._robots(message["robots"])
        self.tasks = {task["id"]: task for task in message["tasks"]}
        self.alerts = {alert["id"]: alert for alert in message["alerts"]}
        closed = [{**alert, "state": "closed"} for name, alert in before.items() if name not in self.alerts]
        changed = [alert for name, alert in self.alerts.items() if before.get(name) != alert]
        missions = _missions(task for name, task in self.tasks.items() if told.get(name) != task)
        self._forget()
        return News(alerts=(*closed, *changed), missions=missions)

    def _robots(self, robots: Iterable[View]) -> None:
        for robot in robots:
            self.robots[robot["id"]] = robot
            self.poses.pop(robot["id"], None)

    def _forget(self) -> None:
        """What is over is told once and no more."""
        self.tasks = {name: task for name, task in self.tasks.items() if task["status"] not in _OVER}
        self.alerts = {name: alert for name, alert in self.alerts.items() if alert["state"] != "closed"}

    @property
    def queued(self) -> int:
        return sum(task["status"] == "queued" for task in self.tasks.values())

    @property
    def underway(self) -> int:
        return len(self.tasks) - self.queued


@dataclass(frozen=True, slots=True)
class News:
    """Alerts that began, changed or closed, and tasks whose mission may have changed."""

    alerts: tuple[View, ...] = ()
    missions: tuple[View, ...] = ()


def _missions(tasks: Iterable[View]) -> tuple[View, ...]:
    return tuple(task for task in tasks if task["mission"] is not None)
