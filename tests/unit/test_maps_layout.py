"""The graph of lanes while a site is drafted."""

from __future__ import annotations

import numpy as np

from maps.draft.floor import Floor
from maps.draft.layout import Layout
from maps.draft.settings import DraftSettings

_NOWHERE = np.zeros((1, 1))


def test_places_that_would_be_written_as_one_are_one() -> None:
    empty = Floor(resolution=0.05, narrowest=0.6, free=_NOWHERE > 0, clearance=_NOWHERE, drivable=_NOWHERE > 0)
    layout = Layout(empty, DraftSettings())
    a, b, c, d = (layout.place(at) for at in ((0.0, 0.0), (4.0, 0.0), (4.0, 0.0004), (8.0, 0.0)))
    for one, other in ((a, b), (b, c), (c, d), (b, d)):
        layout.join(one, other)
    layout.unite(0.01)
    assert layout.lanes() == [(a, b, None), (b, d, None)]
    assert c not in layout.graph
