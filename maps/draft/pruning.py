"""Which of the axes' branches are worth a lane: those that bring floor within reach."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from maps.draft.chains import chains, cut, is_leaf, outward
from maps.draft.coverage import Samples
from maps.draft.floor import Floor
from maps.draft.settings import DraftSettings

LEAST_GAIN = 1.0
"""A branch that brings less floor (m²) within reach than a robot and a person stand on is none."""

_LEFT_OUT = 0.02
"""A branch is as long as it must be for all but this share of the floor that only it reaches."""


_STUB = 0.5
"""A branch whose end has so little floor (m) beyond what its beginning has belongs to a bump or a corner of a wall."""


def without_stubs(axes: nx.Graph[int]) -> nx.Graph[int]:
    """`axes` without branches into corners of corridors, reveals and bumps of walls."""
    axes = nx.Graph(axes)
    while stubs := [
        leaf for chain in chains(axes) if is_leaf(axes, chain) and _is_stub(axes, leaf := outward(axes, chain))
    ]:
        cut_off = False
        for stub in stubs:
            # Of a fork at the end of a corridor both arms go, but a way never goes altogether.
            if axes.degree(stub[0]) > 1:
                cut(axes, stub)
                cut_off = True
        if not cut_off:
            break
    return axes


def _is_stub(axes: nx.Graph[int], leaf: list[int]) -> bool:
    places = [axes.nodes[node]["at"] for node in leaf]
    length = sum(math.dist(a, b) for a, b in pairwise(places))
    juts_out = length + float(axes.nodes[leaf[-1]]["room"]) - float(axes.nodes[leaf[0]]["room"])
    return axes.degree(leaf[0]) > 2 and juts_out < _STUB


def prune(axes: nx.Graph[int], floor: Floor, rooms: NDArray[np.int32], settings: DraftSettings) -> nx.Graph[int]:
    """`axes` without the branches that end in nothing and gain nothing; the others end where they need to."""
    axes = nx.Graph(axes)
    _make_room_to_turn(axes, settings)
    samples = Samples.of(floor, rooms)
    reaches = {
        node: samples.within(np.asarray([data["at"]]), rooms[floor.cell([data["at"]])], settings.reach)[0]
        for node, data in axes.nodes(data=True)
    }
    while _drop_useless(axes, reaches, LEAST_GAIN / samples.area):
        pass
    _shorten(axes, reaches)
    return axes


def _make_room_to_turn(axes: nx.Graph[int], settings: DraftSettings) -> None:
    """Branches end where a robot can turn round."""
    tips = [node for node in axes if axes.degree(node) == 1]
    while tips:
        tip = tips.pop()
        if axes.degree(tip) == 1 and axes.nodes[tip]["room"] < settings.turning:
            (before,) = axes[tip]
            axes.remove_node(tip)
            tips.append(before)


def _drop_useless(axes: nx.Graph[int], reaches: dict[int, NDArray[np.int64]], least: float) -> bool:
    """Drop the branches that gain least, never two at one junction; whether any was."""
    found = chains(axes)
    reached = [_together(reaches, chain) for chain in found]
    count = Counter(place for places in reached for place in places)
    gains = {
        number: sum(count[place] == 1 for place in reached[number])
        for number, chain in enumerate(found)
        if is_leaf(axes, chain)
    }
    changed: set[int] = set()
    for number in sorted(gains, key=lambda number: (gains[number], len(found[number]), number)):
        chain = outward(axes, found[number])
        gain = sum(count[place] == 1 for place in reached[number])
        if gain < least and chain[0] not in changed and axes.degree(chain[0]) > 1:
            count.subtract(reached[number])
            changed.add(chain[0])
            cut(axes, chain)
    return bool(changed)


def _together(reaches: dict[int, NDArray[np.int64]], chain: list[int]) -> set[int]:
    return set(np.concatenate([reaches[node] for node in chain]).tolist())


def _shorten(axes: nx.Graph[int], reaches: dict[int, NDArray[np.int64]]) -> None:
    found = chains(axes)
    count = Counter(place for chain in found for place in _together(reaches, chain))
    for leaf in [outward(axes, chain) for chain in found if is_leaf(axes, chain)]:
        first: dict[int, int] = {}
        for position, node in enumerate(leaf):
            for place in reaches[node].tolist():
                if count[place] == 1:
                    first.setdefault(place, position)
        if first:
            needed = int(np.quantile(sorted(first.values()), 1.0 - _LEFT_OUT, method="higher"))
            cut(axes, leaf[max(needed, 1) :])
