"""The rules of the architecture page that no import contract can say."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]

ADAPTERS = {
    "AgentServer",
    "MemoryAgentLink",
    "MemoryStore",
    "SimulatedBuilding",
    "SqlStore",
    "UnconnectedDoors",
    "UnconnectedLifts",
}
COMPOSITION = {Path("fleet_manager/bootstrap.py"), Path("sim/harness.py")}


def _sources() -> Iterator[Path]:
    for package in ("fleet_manager", "robot_agents", "maps", "sim", "benchmarks"):
        for path in sorted((ROOT / package).rglob("*.py")):
            if "node_modules" not in path.parts:
                yield path


def test_only_bootstrap_and_the_harness_construct_adapters() -> None:
    offenders = []
    for path in _sources():
        relative = path.relative_to(ROOT)
        if relative in COMPOSITION:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = node.func.value if isinstance(node.func, ast.Attribute) else node.func
                if isinstance(called, ast.Name) and called.id in ADAPTERS:
                    offenders.append(f"{relative}:{node.lineno} {called.id}")
    assert offenders == []


def test_launch_has_no_init_that_would_shadow_ros() -> None:
    assert not (ROOT / "launch" / "__init__.py").exists()


def test_rclpy_is_imported_only_beside_ros() -> None:
    allowed = ROOT / "robot_agents" / "ros2"
    offenders = [
        str(path.relative_to(ROOT))
        for path in _sources()
        if allowed not in path.parents and "rclpy" in path.read_text(encoding="utf-8")
    ]
    assert offenders == []


def test_names_that_say_nothing_are_not_used() -> None:
    vague = {"utils", "helper", "helpers", "manager", "common", "misc"}
    assert [str(p.relative_to(ROOT)) for p in _sources() if p.stem in vague] == []
