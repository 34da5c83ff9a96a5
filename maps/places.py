"""Places that people name, of all the waypoints of a site."""

from __future__ import annotations

from maps.model import Site, Waypoint, WaypointId


def public_places(site: Site) -> list[WaypointId]:
    """Named places where staff hand goods over, by id: no chargers, parking, lifts or pads."""
    return sorted(w.id for w in site.waypoints.values() if w.name is not None and _public(site, w))


def _public(site: Site, place: Waypoint) -> bool:
    parking = site.holding_points.get(place.id)
    return (
        place.lift is None
        and place.stop
        and place.id not in site.chargers
        and place.id not in site.transfer_points
        and place.id not in site.decontamination_bays
        and place.id not in site.refill_points
        and not (parking is not None and parking.parking)
    )
