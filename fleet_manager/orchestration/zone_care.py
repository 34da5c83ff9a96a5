"""Zones that the site wants disinfected: what is due, and what is asked for after a discharge or soiled goods."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from fleet_manager.domain.disinfection import Due, Room, RoomNews
from fleet_manager.domain.errors import Conflict, WardFleetError
from fleet_manager.domain.events import ItemsHandedOver, Recorded, RoomReported, RoomSoiled
from fleet_manager.domain.tasks import Actor, TaskId
from fleet_manager.orchestration.commands import SubmitAny, SubmitDisinfection
from fleet_manager.orchestration.ledger import Ledger
from fleet_manager.planning.routes import Routes
from maps.model import Site, WaypointId, ZoneId

_SITE_RULES: Final = Actor(id="site-rules", role="system")


class ZoneCareRules:
    """`submit` asks for a task as people do."""

    def __init__(self, site: Site, ledger: Ledger, routes: Routes, submit: Callable[[SubmitAny], TaskId]) -> None:
        self._site = site
        self._ledger = ledger
        self._routes = routes
        self._submit = submit

    def due(self, zone: ZoneId) -> Due | None:
        """Why and from when on a zone is to be disinfected."""
        care = self._site.zone_care.get(zone)
        return self._room(zone).due(care) if care is not None else None

    def task(self, zone: ZoneId) -> TaskId | None:
        """The disinfection of a zone that is asked for or under way."""
        tasks = self._ledger.state.tasks.values()
        return next((t.id for t in tasks if t.treatment is not None and t.treatment.zone == zone), None)

    def see(self, events: Sequence[Recorded]) -> None:
        """Ask for what the site wants after these events, before they are stored."""
        if not self._site.zone_care:
            return
        for recorded in tuple(events):
            event = recorded.event
            if isinstance(event, RoomReported) and event.news is RoomNews.DISCHARGED:
                care = self._site.zone_care.get(event.room.zone)
                if care is not None and care.on_discharge:
                    self._ask(event.room.zone)
            elif isinstance(event, ItemsHandedOver):
                self._handed_over(event)

    def _handed_over(self, event: ItemsHandedOver) -> None:
        handed = {item for item, _, _ in event.items}
        task = self._ledger.state.tasks[event.task]
        classes = [item.item_class for item in task.items if item.id in handed and item.item_class is not None]
        for zone in self._cared_for(event.place):
            soiled_by = next((kind for kind in classes if kind in self._site.zone_care[zone].after_goods), None)
            if soiled_by is not None:
                room = replace(self._room(zone), soiled_at=self._ledger.now(), soiled_by=soiled_by)
                self._ledger.record(RoomSoiled(room=room))
                self._ask(zone)

    def _cared_for(self, place: WaypointId) -> list[ZoneId]:
        return [zone.id for zone in self._routes.zones.of[place] if zone.id in self._site.zone_care]

    def _room(self, zone: ZoneId) -> Room:
        return self._ledger.state.rooms.get(zone) or Room(zone=zone)

    def _ask(self, zone: ZoneId) -> None:
        due = self.due(zone)
        because = due.because if due is not None else "by the rules of the site"
        dose = self._site.zone_care[zone].dose
        try:
            self._submit(SubmitDisinfection(actor=_SITE_RULES, zone=zone, dose=dose, note=because))
        except Conflict:
            # It is asked for already.
            return
        except WardFleetError as refusal:
            self._ledger.alert(
                "zone_not_treated",
                zone,
                f"{zone} is to be disinfected, as {because}, and no robot can: {refusal}",
                "disinfect it by hand, or correct its zone_care in site.yaml",
            )
        else:
            self._ledger.close_alert("zone_not_treated", zone)
