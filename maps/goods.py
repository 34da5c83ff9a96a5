"""The kinds of goods a hospital starts with, and compartments that carry them all.

A site may change or add to both in its `site.yaml`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from maps.model import Compartment, Disposition, Flow, ItemClass, ItemClassId

_CLASSES = (
    ItemClass(
        id=ItemClassId("medicine"),
        name="Medicine",
        needs=frozenset({"locked"}),
        on_uncollected=Disposition.HOLD,
    ),
    ItemClass(
        id=ItemClassId("opened_medicine"),
        name="Medicine, opened or prepared",
        needs=frozenset({"locked"}),
        on_cancel=Disposition.QUARANTINE,
        on_uncollected=Disposition.QUARANTINE,
        volume=2.0,
    ),
    ItemClass(
        id=ItemClassId("controlled_drug"),
        name="Controlled drug",
        needs=frozenset({"locked"}),
        on_uncollected=Disposition.HOLD,
        volume=2.0,
        signatures=2,
    ),
    ItemClass(
        id=ItemClassId("blood"),
        name="Blood product",
        needs=frozenset({"cooled", "locked"}),
        maximum_carry_time=1800.0,
        on_cancel=Disposition.QUARANTINE,
        on_uncollected=Disposition.QUARANTINE,
        volume=3.0,
    ),
    ItemClass(
        id=ItemClassId("specimen"),
        name="Specimen",
        needs=frozenset({"sealed"}),
        maximum_carry_time=3600.0,
        on_cancel=Disposition.CONTINUE,
        on_uncollected=Disposition.CONTINUE,
        volume=2.0,
    ),
    ItemClass(
        id=ItemClassId("sterile"),
        name="Sterile goods",
        needs=frozenset({"sealed"}),
        on_uncollected=Disposition.HOLD,
        volume=20.0,
    ),
    ItemClass(id=ItemClassId("meal"), name="Meal", maximum_carry_time=2700.0, volume=15.0),
    ItemClass(id=ItemClassId("linen"), name="Linen, clean", volume=30.0),
    ItemClass(
        id=ItemClassId("soiled_linen"),
        name="Linen, soiled",
        on_cancel=Disposition.CONTINUE,
        on_uncollected=Disposition.CONTINUE,
        flow=Flow.SOILED,
        volume=40.0,
    ),
    ItemClass(
        id=ItemClassId("waste"),
        name="Clinical waste",
        on_cancel=Disposition.CONTINUE,
        on_uncollected=Disposition.CONTINUE,
        flow=Flow.SOILED,
        volume=40.0,
    ),
    ItemClass(id=ItemClassId("equipment"), name="Equipment", volume=30.0),
    ItemClass(id=ItemClassId("document"), name="Document", on_uncollected=Disposition.HOLD, volume=1.0),
)

DEFAULT_ITEM_CLASSES: Mapping[ItemClassId, ItemClass] = MappingProxyType({kind.id: kind for kind in _CLASSES})

DEFAULT_COMPARTMENTS = (
    Compartment(id="main", volume=80.0, features=frozenset({"locked", "sealed"})),
    Compartment(id="cooled", volume=20.0, features=frozenset({"cooled", "locked", "sealed"})),
)
