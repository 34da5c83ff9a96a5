"""Chains of a graph of axes: the ways between its junctions and ends."""

from __future__ import annotations

from itertools import pairwise

import networkx as nx


def chains(graph: nx.Graph[int]) -> list[list[int]]:
    """Each edge of `graph` is in exactly one chain. A chain runs from a junction or end to the next one.

    Where there is no junction on a loop, its chain begins and ends at its smallest node.
    """
    stops = sorted(node for node in graph if graph.degree(node) != 2)
    seen: set[frozenset[int]] = set()
    found = [
        _follow(graph, stop, onward, seen)
        for stop in stops
        for onward in sorted(graph[stop])
        if _new(seen, stop, onward)
    ]
    for node in sorted(graph):
        onward = min(graph[node], default=node)
        if onward != node and _new(seen, node, onward):
            found.append(_follow(graph, node, onward, seen))
    return found


def _new(seen: set[frozenset[int]], one: int, other: int) -> bool:
    return frozenset((one, other)) not in seen


def _follow(graph: nx.Graph[int], start: int, onward: int, seen: set[frozenset[int]]) -> list[int]:
    chain = [start, onward]
    seen.add(frozenset(chain))
    while chain[-1] != start and graph.degree(chain[-1]) == 2:
        before, here = chain[-2:]
        following = next((node for node in sorted(graph[here]) if node != before), None)
        if following is None:
            break
        chain.append(following)
        seen.add(frozenset((here, following)))
    return chain


def is_leaf(graph: nx.Graph[int], chain: list[int]) -> bool:
    """Whether the chain ends in nothing at one of its ends."""
    return chain[0] != chain[-1] and 1 in (graph.degree(chain[0]), graph.degree(chain[-1]))


def outward(graph: nx.Graph[int], leaf: list[int]) -> list[int]:
    """The leaf with its loose end last."""
    return leaf if graph.degree(leaf[-1]) == 1 else leaf[::-1]


def cut(graph: nx.Graph[int], nodes: list[int]) -> None:
    """Take the edges between successive `nodes` out, and the nodes that nothing leads to any more."""
    graph.remove_edges_from(pairwise(nodes))
    graph.remove_nodes_from([node for node in set(nodes) if node in graph and graph.degree(node) == 0])
