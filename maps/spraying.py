"""Sprayers and disinfectants to start with; a site may change or add to both in its `site.yaml`."""

from __future__ import annotations

from typing import Final

from maps.model import Battery, Fleet, FleetId, SprayAgent, SprayAgentId, Sprayer, ZoneClass

WOXIAOBAI: Final = Fleet(
    id=FleetId("spraying"),
    footprint=((1.1, 0.5), (-1.1, 0.5), (-1.1, -0.5), (1.1, -0.5)),
    speed=1.0,
    battery=Battery(capacity=5000.0, idle_drain=100.0, drive_drain=700.0),
    compartments=(),
    sprayer=Sprayer(
        tank=60.0,
        flow=0.2,
        swath=1.5,
        speed=3500.0 / 3600.0,
        area_per_charge=20_000.0,
        battery_time=7 * 3600.0,
    ),
    payload=60.0,
    capabilities=frozenset({"spray"}),
    zones=frozenset(ZoneClass),
)
"""Idriverplus Woxiaobai, a disinfecting vehicle for roads and yards (2020).

Its maker gives 60 L, 3,500 m of road per hour, 20,000 m² and 6–8 h per charge; flow, body and battery are assumed, and
the swath is what fits the others: 20,000 m² in 7 h at that speed, with turns, ways and refills, need 1.5 m.
"""

CHLORINE: Final = SprayAgent(id=SprayAgentId("chlorine"), name="Chlorine-based, 1000 mg/L", concentration=1.0)
"""The usual choice for floors and outdoor ground: 1000 mg/L of available chlorine, wet for 30 minutes."""
