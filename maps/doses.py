"""The UV-C doses a hospital starts with, by organism. A site may change or add to them in its `site.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from maps.model import DosePreset, DosePresetId

_NERANDZIC = "Nerandzic et al., BMC Infectious Diseases 10:197 (2010)"
_FUCHS = "Fuchs et al., J. Photochem. Photobiol. 11:100123 (2022)"

_PRESETS = (
    DosePreset(
        id=DosePresetId("spores"),
        name="Bacterial spores, such as C. difficile, on surfaces in use",
        dose=1000.0,
        source=f"Default: 4.5 times the spore cycle (220 J/m², clean carriers) of {_NERANDZIC}",
    ),
    DosePreset(
        id=DosePresetId("vegetative_bacteria"),
        name="Vegetative bacteria only",
        dose=100.0,
        source="Default: does not reach spores",
    ),
    DosePreset(
        id=DosePresetId("mrsa_vre"),
        name="MRSA and VRE, vegetative cycle",
        dose=120.0,
        source=_NERANDZIC,
    ),
    DosePreset(
        id=DosePresetId("bacillus_subtilis"),
        name="B. subtilis spores, 99 %",
        dose=373.0,
        source=_FUCHS,
    ),
    DosePreset(
        id=DosePresetId("coronavirus"),
        name="Human coronavirus 229E, 3 to 5 orders of magnitude",
        dose=60.0,
        source=_FUCHS,
    ),
)

DEFAULT_DOSE_PRESETS: Mapping[DosePresetId, DosePreset] = MappingProxyType({one.id: one for one in _PRESETS})
