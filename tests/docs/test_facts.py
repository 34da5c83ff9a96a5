"""What the pages say of alerts, goods, reasons, figures and settings is what the code does; links lead somewhere."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import get_args

import httpx
import pytest
import typer
from prometheus_client import CollectorRegistry, generate_latest
from pydantic import BaseModel

from benchmarks.console import ConsoleResult
from benchmarks.day import DayResult
from benchmarks.mapf import MapfResult
from benchmarks.replan import ReplanResult
from benchmarks.ros import RosResult
from benchmarks.sim import SimResult
from benchmarks.traffic import TrafficResult
from fleet_manager.api.app import create_app
from fleet_manager.api.problems import _KINDS
from fleet_manager.cli.coverage_uv import document
from fleet_manager.cli.main import app
from fleet_manager.orchestration.settings import Patience
from fleet_manager.planning.coverage.uv_plan import plan_uv
from maps.doses import DEFAULT_DOSE_PRESETS
from maps.goods import DEFAULT_ITEM_CLASSES
from sim.expectations import GRAMMAR
from sim.report.activities import Activity
from sim.report.figures import Figures, TaskFigures
from sim.scenario import AnyFault, Demand
from sim.scenario_fields import ALERTS
from sim.scenario_people import People
from tests.api_house import hospital
from tests.docs.pages import PAGES, ROOT, anchors_of, links_of, table
from tests.rooms import LAMPS, room_site
from tests.rooms import ROOM as BARE_ROOM

ORCHESTRATION = sorted((ROOT / "fleet_manager" / "orchestration").glob("*.py"))


def _calls(name: str) -> Iterator[ast.Call]:
    """All calls of a function or method in the use cases."""
    for file in ORCHESTRATION:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if called == name:
                    yield node


def _literal(argument: ast.expr) -> str | None:
    return argument.value if isinstance(argument, ast.Constant) and isinstance(argument.value, str) else None


def test_operators_know_every_alert() -> None:
    raised = {_literal(call.args[0]) for call in _calls("alert")}
    assert None not in raised, "alert kinds are written where they are raised"
    assert {row[0] for row in table("docs/operator.md", "alerts")} == raised
    assert set(ALERTS) == raised, "scenarios may expect every alert"


@pytest.mark.parametrize(
    ("page", "group"), [("en", "alertKind"), ("zh", "alertKind"), ("zh", "alertText"), ("zh", "alertNext")]
)
def test_the_console_has_words_for_every_alert(page: str, group: str) -> None:
    words = (ROOT / "fleet_manager" / "console" / "src" / "i18n" / f"{page}.ts").read_text(encoding="utf-8")
    found = re.search(rf"^  {group}: {{\n(.*?)^  }},", words, re.MULTILINE | re.DOTALL)
    assert found is not None
    assert set(re.findall(r"^    (\w+):", found[1], re.MULTILINE)) >= set(ALERTS)


def test_alerts_that_close_by_themselves_are_the_ones_that_are_closed() -> None:
    closed = {_literal(call.args[0]) for call in _calls("close_alert")}
    said = {row[0] for row in table("docs/operator.md", "alerts") if row[3] != "no"}
    assert said == closed


def test_nurses_know_where_goods_go() -> None:
    said = {name: (cancelled, uncollected) for name, cancelled, uncollected in table("docs/nurse.md", "goods")}
    assert said == {c.id: (c.on_cancel, c.on_uncollected) for c in DEFAULT_ITEM_CLASSES.values()}


def test_nurses_know_every_reason() -> None:
    page = (ROOT / "docs" / "nurse.md").read_text(encoding="utf-8")
    texts = {_literal(call.args[1]) for call in _calls("_Refusal")} - {None}
    assert texts
    assert [text for text in texts if text is not None and f"| {text} |" not in page] == []


def test_the_waiting_times_are_the_real_ones() -> None:
    usual = Patience()
    operator = (ROOT / "docs" / "operator.md").read_text(encoding="utf-8")
    short = (usual.unreachable_after, usual.no_signal, usual.rescue_after, usual.blocked)
    for seconds in (*short, usual.full_retry, usual.give_way, usual.lift_silence):
        assert f"{seconds:.0f} s" in operator
    for seconds in (usual.handover_alert, usual.handover_end, usual.queued, usual.closure, usual.reservation):
        assert f"{seconds / 60:.0f} minutes" in operator


@pytest.mark.parametrize(
    ("page", "note", "result"),
    [
        ("docs/developer.md", "figures", DayResult),
        ("docs/developer.md", "traffic figures", TrafficResult),
        ("docs/developer.md", "sim figures", SimResult),
        ("benchmarks/README.md", "mapf figures", MapfResult),
        ("benchmarks/README.md", "replan figures", ReplanResult),
        ("benchmarks/README.md", "ros figures", RosResult),
        ("benchmarks/README.md", "console figures", ConsoleResult),
    ],
)
def test_developers_know_every_figure_of_the_benches(page: str, note: str, result: type) -> None:
    said = {name.strip() for row in table(page, note) for name in row[0].split(",")}
    assert said == {field.name for field in fields(result)}


def test_facility_staff_know_the_doses() -> None:
    said = [(name, float(dose), float(other)) for name, dose, other, _ in table("docs/facility.md", "doses")]
    assert said == [(one.id, one.dose, one.dose / 10.0) for one in DEFAULT_DOSE_PRESETS.values()]


def test_facility_staff_know_every_field_of_a_uv_plan() -> None:
    site = room_site(2.4, 2.4)
    plan = document(plan_uv(site, site.zones[BARE_ROOM], site.fleets[LAMPS], 100.0))
    said = [name.strip() for row in table("docs/facility.md", "uv plan") for name in row[0].split(",")]
    assert said == list(plan)


def test_whoever_reads_reports_knows_every_figure() -> None:
    said = {name.strip() for row in table("docs/simulation.md", "report figures") for name in row[0].split(",")}
    assert said == {field.name for field in fields(Figures)}
    page = (ROOT / "docs" / "simulation.md").read_text(encoding="utf-8")
    parts = (*Activity, *(field.name for field in fields(TaskFigures)))
    assert [name for name in parts if f"`{name}`" not in page] == []


def test_whoever_writes_scenarios_knows_every_expectation() -> None:
    assert tuple(row[0] for row in table("docs/simulation.md", "expectations")) == GRAMMAR


def _kinds(part: object) -> Iterator[str]:
    """The kinds of a part of a scenario, or of all that a union is made of."""
    if isinstance(part, type) and issubclass(part, BaseModel):
        yield from get_args(part.model_fields["kind"].annotation)
    else:
        for inner in get_args(part):
            yield from _kinds(inner)


@pytest.mark.parametrize(("note", "parts"), [("demand", Demand), ("people", People), ("fault", AnyFault)])
def test_whoever_writes_scenarios_knows_every_kind(note: str, parts: object) -> None:
    assert [row[0] for row in table("docs/simulation.md", f"{note} kinds")] == list(_kinds(parts))


def test_integrators_know_every_refusal() -> None:
    page = (ROOT / "docs" / "integrator.md").read_text(encoding="utf-8")
    assert [kind.slug for kind in _KINDS.values() if f"`{kind.slug}`" not in page] == []


def test_administrators_read_of_real_metrics_and_settings() -> None:
    page = (ROOT / "docs" / "administrator.md").read_text(encoding="utf-8")
    registry = CollectorRegistry()
    create_app(hospital(), registry=registry)
    figures = generate_latest(registry).decode()
    assert [name for name in re.findall(r"`(wardfleet_[a-z_]+)", page) if name not in figures] == []
    group = typer.main.get_command(app)
    serve = group.get_command(typer.Context(group), "serve")  # type: ignore[attr-defined]
    known = {parameter.envvar for parameter in serve.params if parameter.envvar}
    assert set(re.findall(r"`(WARDFLEET_[A-Z_]+)`", page)) == known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in links_of(page):
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{page.name}: {target}"
        assert file.is_relative_to(ROOT), f"{page.name}: {target}"
        if anchor:
            assert anchor in anchors_of(file), f"{page.name}: {target}"


def test_pages_name_only_routes_that_exist() -> None:
    paths = set(create_app(hospital()).openapi()["paths"])
    for page in PAGES:
        for said in re.findall(r"`(?:GET|POST|PATCH) (/api/v1[^`?]*)", page.read_text(encoding="utf-8")):
            assert httpx.URL(said).path in paths, f"{page.name}: {said}"
