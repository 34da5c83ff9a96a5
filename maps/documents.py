"""Reading YAML and JSON documents of unknown origin: bounded in size, finite numbers, no repeated keys."""

from __future__ import annotations

import json
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from maps.errors import DuplicateIdError, MapReadError

MAXIMUM_BYTES = 64 * 2**20
"""No map of a hospital comes near this size; a larger file is something else."""

MAXIMUM_VALUES = 5_000_000
"""Bounds what a small file can unfold to by YAML aliases that repeat each other."""

LARGEST_NUMBER = 2**53
"""The largest whole number that survives as a float."""


class _StrictLoader(yaml.CSafeLoader):
    """Refuses a mapping that has a key twice, where YAML libraries silently keep the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key {key.value!r} appears twice", key.start_mark
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


def read_yaml(path: Path) -> Any:
    """The document at `path`; raises MapReadError or DuplicateIdError naming the line."""
    text = _read(path)
    try:
        document = yaml.load(text, Loader=_StrictLoader)
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}" if error.problem_mark else None
        kind = DuplicateIdError if "appears twice" in str(error.problem) else MapReadError
        raise kind(f"not valid YAML: {error.problem}", file=path, feature=line) from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise MapReadError(f"not valid YAML: {error or 'nested too deeply'}", file=path) from error
    _bounded(document, path)
    return document


def read_json(path: Path) -> Any:
    """The document at `path`; raises MapReadError naming the line."""

    def refuse(token: str) -> None:
        raise MapReadError(f"{token} is not a number", file=path, remedy="Write a finite number")

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        if len(members) < len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for key in keys if keys.count(key) > 1)
            raise DuplicateIdError(f"the key {twice!r} appears twice in one object", file=path)
        return members

    text = _read(path)
    try:
        document = json.loads(text, parse_constant=refuse, object_pairs_hook=unique)
    except json.JSONDecodeError as error:
        raise MapReadError(f"not valid JSON: {error.msg}", file=path, feature=f"line {error.lineno}") from error
    except (RecursionError, ValueError) as error:
        raise MapReadError(f"not valid JSON: {error or 'nested too deeply'}", file=path) from error
    _bounded(document, path)
    return document


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > MAXIMUM_BYTES:
            raise MapReadError(
                f"larger than {MAXIMUM_BYTES // 2**20} MiB", file=path, remedy="Is it a map? Split it by building"
            )
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise MapReadError("no such file", file=path) from error
    except UnicodeDecodeError as error:
        raise MapReadError("not a text file in UTF-8", file=path) from error
    except OSError as error:
        raise MapReadError(f"cannot be read ({error.strerror or error})", file=path) from error


def _bounded(document: Any, path: Path) -> None:
    open_values, count = [document], 0
    while open_values:
        value = open_values.pop()
        count += 1
        if count + len(open_values) > MAXIMUM_VALUES:
            raise MapReadError(f"more than {MAXIMUM_VALUES:,} values", file=path, remedy="Is it a map?")
        if isinstance(value, int) and abs(value) > LARGEST_NUMBER:
            raise MapReadError(f"the number {str(value)[:20]}… is too large", file=path)
        if isinstance(value, dict):
            open_values.extend(value.values())
        elif isinstance(value, list):
            open_values.extend(value)
