"""Figures for Prometheus, read from the fleet manager at each scrape."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from fleet_manager.api.stream import Stream
from fleet_manager.domain.robots import RobotStatus
from fleet_manager.domain.tasks import TaskStatus
from fleet_manager.orchestration.ports import FleetManager


class FleetCollector(Collector):
    """Every known status is told, with 0 where there is none, so that dashboards and alarms have no gaps."""

    def __init__(self, manager: FleetManager, stream: Stream) -> None:
        self._manager = manager
        self._stream = stream

    def collect(self) -> Iterator[Metric]:
        fleet = self._manager.snapshot()
        tasks = Counter(str(task.status) for task in fleet.tasks)
        robots = Counter(robot.status for robot in fleet.robots)
        yield _by_status("wardfleet_tasks", "Open tasks and those ended lately, by status", TaskStatus, tasks)
        yield _by_status("wardfleet_robots", "Robots by status", RobotStatus, robots)
        yield GaugeMetricFamily(
            "wardfleet_alerts_open",
            "Alerts that nobody closed yet",
            value=sum(alert.state != "closed" for alert in fleet.alerts),
        )
        full = CounterMetricFamily("wardfleet_lift_full", "How often robots found a lift full", labels=["lift"])
        for lift in fleet.lifts:
            full.add_metric((lift.id,), lift.times_full)
        yield full
        yield GaugeMetricFamily("wardfleet_stream_clients", "Clients of the live stream", value=self._stream.clients)
        yield CounterMetricFamily("wardfleet_events", "Events in the log", value=fleet.seq)


def _by_status(name: str, text: str, statuses: Iterable[str], counts: Counter[str]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=("status",))
    for status in statuses:
        family.add_metric((str(status),), counts[status])
    return family


def http_durations(registry: CollectorRegistry) -> Histogram:
    return Histogram(
        "wardfleet_http_request_duration_seconds",
        "Time to answer an HTTP request",
        ("method", "route", "status"),
        registry=registry,
    )
