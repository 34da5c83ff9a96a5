"""YAML files with the line of every part, so that a problem can be shown where it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import yaml

Location: TypeAlias = tuple[int | str, ...]
"""The keys and list numbers that lead to a part."""

_INTEGER: Final = "tag:yaml.org,2002:int"
_FLOAT: Final = "tag:yaml.org,2002:float"


class _Loader(yaml.SafeLoader):
    """Times such as 12:30 stay text, as in YAML 1.2: YAML 1.1 would read them as numbers to base 60."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in known if tag not in (_INTEGER, _FLOAT)]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(_INTEGER, re.compile(r"^[-+]?(0|[1-9][0-9]*)$"), list("-+0123456789"))
_Loader.add_implicit_resolver(
    _FLOAT, re.compile(r"^[-+]?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))([eE][-+]?[0-9]+)?$"), list("-+0123456789.")
)


class Lines:
    """Where the parts of a document stand."""

    def __init__(self, root: yaml.Node | None) -> None:
        self._root = root

    def of(self, location: Location) -> int:
        """The line (from 1) of the deepest known part on the way to `location`."""
        node, line = self._root, 1
        if node is None:
            return line
        for part in location:
            found = _part(node, part)
            if found is not None:
                line, node = found
        return line


def _part(node: yaml.Node, part: int | str) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        pairs: Sequence[tuple[yaml.Node, yaml.Node]] = node.value
        for key, value in pairs:
            if key.value == str(part):
                return key.start_mark.line + 1, value
    elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        entry: yaml.Node = node.value[part]
        return entry.start_mark.line + 1, entry
    return None


def load(text: str) -> tuple[Any, Lines]:
    """The document and where its parts stand. Raises yaml.YAMLError."""
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
        document = loader.construct_document(root) if root is not None else None
    finally:
        loader.dispose()
    return document, Lines(root)
