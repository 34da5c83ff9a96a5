"""What a waypoint is used for, as flat properties beside the waypoint's own: the form both GeoJSON formats use.

`charger` (W) with `charger_fleets`, `holding` (waiting | parking), `transfer` (kind), `decontamination` (true, or the
seconds that an automatic bay takes), `refill` (true, or the fleets whose tanks are filled there).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from maps.model import Charger, DecontaminationBay, HoldingPoint, RefillPoint, Site, TransferPoint, WaypointId
from maps.records import parse

ROLE_PROPERTIES = ("charger", "charger_fleets", "holding", "transfer", "decontamination", "refill")


def role_properties(site: Site, place: WaypointId) -> dict[str, Any]:
    """The roles of `place` in `site`; empty for most places."""
    roles: dict[str, Any] = {}
    if charger := site.chargers.get(place):
        roles["charger"] = charger.power
        if charger.fleets is not None:
            roles["charger_fleets"] = sorted(charger.fleets)
    if holding := site.holding_points.get(place):
        roles["holding"] = "parking" if holding.parking else "waiting"
    if transfer := site.transfer_points.get(place):
        roles["transfer"] = transfer.kind.value
    if bay := site.decontamination_bays.get(place):
        roles["decontamination"] = bay.duration if bay.automatic else True
    if refill := site.refill_points.get(place):
        roles["refill"] = True if refill.fleets is None else sorted(refill.fleets)
    return roles


def read_roles(properties: dict[str, Any], place: WaypointId, *, file: Path, feature: str) -> Iterator[tuple[str, Any]]:
    """The records of `place` by the name of Site's mapping they belong in; raises MapContentError."""

    def record(record_type: Any, **fields: object) -> Any:
        return parse(record_type, {"waypoint": place, **fields}, file=file, feature=feature)

    charger = properties.get("charger")
    if charger is not None and charger is not False:
        power = {} if charger is True else {"power": charger}
        yield "chargers", record(Charger, fleets=properties.get("charger_fleets"), **power)
    if (holding := properties.get("holding")) is not None:
        parking = parse(_HOLDING, holding, file=file, feature=f"{feature}, holding") == "parking"
        yield "holding_points", record(HoldingPoint, parking=parking)
    if (transfer := properties.get("transfer")) is not None:
        yield "transfer_points", record(TransferPoint, kind=transfer)
    bay = properties.get("decontamination")
    if bay is True:
        yield "decontamination_bays", record(DecontaminationBay)
    elif bay is not None and bay is not False:
        yield "decontamination_bays", record(DecontaminationBay, automatic=True, duration=bay)
    refill = properties.get("refill")
    if refill is not None and refill is not False:
        yield "refill_points", record(RefillPoint, fleets=None if refill is True else refill)


_HOLDING: Any = Literal["waiting", "parking"]
