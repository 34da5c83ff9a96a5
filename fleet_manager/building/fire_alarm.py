"""The contacts of a fire alarm panel: what it reports is raised and ended in the fleet manager."""

from __future__ import annotations

from fleet_manager.orchestration.ports import FleetManager


class FireAlarmPanel:
    """One contact per place that the panel tells apart: a zone, a building or a level of the site.

    A contact that is told again, as after a reconnect, changes nothing. What the fleet manager does not know by name it
    takes for the whole site.
    """

    def __init__(self, manager: FleetManager) -> None:
        self._manager = manager
        self._active: dict[str, bool] = {}

    def contact(self, place: str, *, active: bool) -> None:
        if self._active.get(place) is not active:
            self._active[place] = active
            self._manager.fire_alarm_reported(place, active=active)
