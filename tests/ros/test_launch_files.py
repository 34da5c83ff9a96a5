"""The launch files are for machines with a whole ROS 2; here is checked that they name what there is."""

from __future__ import annotations

import ast
import py_compile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from fleet_manager.cli.main import app

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "launch").glob("*.launch.py"))


def calls(path: Path, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            yield node


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((given.value for given in call.keywords if given.arg == name), None)


def texts(value: ast.expr | None) -> list[str]:
    """The texts in a list; other elements are left out."""
    elements = value.elts if isinstance(value, ast.List) else [value]
    return [element.value for element in elements if isinstance(element, ast.Constant) and type(element.value) is str]


def options_of(*names: str) -> set[str]:
    """Of the `wardfleet` command of that name."""
    command: Any = typer.main.get_command(app)
    for name in names:
        command = command.get_command(typer.Context(command), name)
        assert command is not None, f"there is no wardfleet {' '.join(names)}"
    return {option for parameter in command.params for option in parameter.opts}


def executables(package: str) -> set[str]:
    """The console scripts that a package of the workspace installs."""
    setup = ROOT / "ros_ws" / "src" / package / "setup.py"
    points = keyword(next(calls(setup, "setup")), "entry_points")
    assert isinstance(points, ast.Dict)
    return {script.partition(" = ")[0] for script in texts(points.values[0])}


def test_there_are_three() -> None:
    assert [path.name for path in FILES] == ["fleet.launch.py", "robot.launch.py", "sim.launch.py"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_launch_file_compiles_and_needs_only_ros(path: Path, tmp_path: Path) -> None:
    py_compile.compile(str(path), cfile=str(tmp_path / "compiled"), doraise=True)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    assert {module.partition(".")[0] for module in imported} <= {"launch", "launch_ros"}
    assert "generate_launch_description" in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_what_a_launch_file_starts_is_there_and_takes_its_options(path: Path) -> None:
    nodes, processes = list(calls(path, "Node")), list(calls(path, "ExecuteProcess"))
    assert nodes or processes
    for node in nodes:
        (package,), (executable,) = texts(keyword(node, "package")), texts(keyword(node, "executable"))
        assert executable in executables(package)
        given = {text for text in texts(keyword(node, "arguments") or ast.List([])) if text.startswith("--")}
        assert given <= options_of("agent")
    for process in processes:
        program, *rest = texts(keyword(process, "cmd"))
        assert program == "wardfleet"
        names = [text for text in rest if not text.startswith("--")]
        assert {text for text in rest if text.startswith("--")} <= options_of(*names)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_argument_is_declared_and_used(path: Path) -> None:
    declared = {texts(call.args[0])[0] for call in calls(path, "DeclareLaunchArgument")}
    used = {texts(call.args[0])[0] for call in calls(path, "LaunchConfiguration")}
    assert declared == used


def test_parameters_of_nodes_exist() -> None:
    for path in FILES:
        for node in calls(path, "Node"):
            package = texts(keyword(node, "package"))[0]
            sources = (ROOT / "ros_ws/src" / package / package).glob("*.py")
            declared = "".join(source.read_text(encoding="utf-8") for source in sources)
            parameters = keyword(node, "parameters")
            for given in parameters.elts if isinstance(parameters, ast.List) else ():
                if isinstance(given, ast.Dict):
                    for key in given.keys:
                        assert f'"{texts(key)[0]}"' in declared, f"{path.name}: {package} has no such parameter"
