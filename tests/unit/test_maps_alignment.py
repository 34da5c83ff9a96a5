"""Fitting a robot's map to the site, and what is said of robots that are on no lane."""

from __future__ import annotations

import json
import math
import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from fleet_manager.cli.map import app
from maps.alignment import Pair, align
from maps.errors import MapContentError
from maps.frames import frame_of, to_map, to_site
from maps.generator import generate
from maps.model import Fleet, FleetId, FrameTransform, LevelId, Point, Site, WaypointId
from maps.off_graph import Cause, nearest_lane, off_graph
from maps.site_files import load_site, save_site

FRAME = FrameTransform(x=12.5, y=-3.0, rotation=0.7)
L1, L2 = LevelId("L1"), LevelId("L2")
DELIVERY = FleetId("delivery")
PLACES: tuple[Point, ...] = ((0.0, 0.0), (20.0, 1.0), (18.0, 12.0), (3.0, 9.0), (9.0, 4.0))


def _pairs(frame: FrameTransform = FRAME, noise: float = 0.0, scale: float = 1.0, seed: int = 1) -> list[Pair]:
    rng = random.Random(seed)
    pairs = []
    for number, place in enumerate(PLACES, start=1):
        x, y = to_map(frame, (place[0] * scale, place[1] * scale))
        pairs.append(Pair(name=f"place {number}", site=place, map=(x + rng.gauss(0, noise), y + rng.gauss(0, noise))))
    return pairs


# --- the fit ---------------------------------------------------------------------------------------------------

angles = st.floats(min_value=-3.1, max_value=3.1)
lengths = st.floats(min_value=-500.0, max_value=500.0)


@given(lengths, lengths, angles)
def test_exact_pairs_give_the_frame_back(x: float, y: float, rotation: float) -> None:
    frame = FrameTransform(x=x, y=y, rotation=rotation)
    fit = align(_pairs(frame))
    assert (fit.frame.x, fit.frame.y) == pytest.approx((x, y), abs=1e-6)
    assert fit.frame.rotation == pytest.approx(rotation, abs=1e-9)
    assert fit.rms < 1e-6
    assert fit.scale == pytest.approx(1.0)
    assert fit.warnings == ()


@given(lengths, lengths, angles, st.tuples(lengths, lengths))
def test_there_and_back_between_the_frames(x: float, y: float, rotation: float, place: Point) -> None:
    frame = FrameTransform(x=x, y=y, rotation=rotation)
    assert to_site(frame, to_map(frame, place)) == pytest.approx(place, abs=1e-9)


def test_careful_measurements_raise_no_warning() -> None:
    fit = align(_pairs(noise=0.05))
    assert fit.warnings == ()
    assert 0.0 < fit.rms < 0.1
    assert fit.rms == pytest.approx(math.sqrt(sum(r * r for r in fit.residuals) / len(fit.residuals)))
    assert fit.frame.rotation == pytest.approx(FRAME.rotation, abs=0.02)


def test_a_pair_measured_at_the_wrong_place_is_named() -> None:
    pairs = _pairs(noise=0.02)
    pairs[2] = replace(pairs[2], map=(pairs[2].map[0] + 3.0, pairs[2].map[1]))
    (warning,) = align(pairs).warnings
    assert "'place 3' does not fit the others: without it they fit with 0.0" in warning


@pytest.mark.parametrize(("scale", "words"), [(1.03, "3.0% longer"), (0.95, "5.0% shorter"), (20.0, "20 times")])
def test_a_scale_is_told_as_the_likely_cause(scale: float, words: str) -> None:
    fit = align(_pairs(scale=scale, noise=0.01))
    assert fit.scale == pytest.approx(scale, rel=0.01)
    assert words in fit.warnings[0]


def test_a_mirrored_map_is_recognised() -> None:
    pairs = [replace(pair, map=(pair.map[0], -pair.map[1])) for pair in _pairs()]
    (warning,) = align(pairs).warnings
    assert "Mirrored, the map fits with 0.00 m" in warning


def test_pairs_on_one_line_or_close_together_are_not_enough() -> None:
    line = [Pair(name=str(x), site=(x, 0.0), map=to_map(FRAME, (x, 0.0))) for x in (0.0, 5.0, 11.0)]
    assert "on one line" in align(line).warnings[0]
    near = [Pair(name=str(p), site=p, map=to_map(FRAME, p)) for p in ((0.0, 0.0), (0.4, 0.0), (0.0, 0.4))]
    assert "within 0.6 m" in align(near).warnings[0]
    with pytest.raises(MapContentError, match="2 pairs of places are too few"):
        align(line[:2])
    with pytest.raises(MapContentError, match="on one spot"):
        align([line[0]] * 3)


# --- the command -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hospital() -> Site:
    return generate(floors=2, seed=2)


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["align", *map(str, arguments)], env={"COLUMNS": "120"})


NAMES = ("pharmacy", "kitchen", "ward_1a", "laboratory")


def _seen(site: Site, name: str) -> str:
    x, y = to_map(FRAME, site.waypoints[WaypointId(name)].xy)
    return f"{x:.3f},{y:.3f}"


def test_pairs_on_the_command_line_are_fitted_and_stored(tmp_path: Path, hospital: Site) -> None:
    save_site(hospital, tmp_path / "site")
    names = [name for name in NAMES if WaypointId(name) in hospital.waypoints]
    options = [word for name in names for word in ("--pair", f"{name}={_seen(hospital, name)}")]
    told = _run(tmp_path / "site", "--fleet", "delivery", "--level", "L1", *options, "--write")
    assert told.exit_code == 0, told.output
    assert "Root mean square 0.00 m, scale 1.000" in told.stdout
    assert "frames: {L1: {x: 12.4997, y: -2.9997, rotation: 0.69999}}" in told.stdout
    frame = frame_of(load_site(tmp_path / "site").fleets[DELIVERY], L1)
    assert (frame.x, frame.y, frame.rotation) == pytest.approx((FRAME.x, FRAME.y, FRAME.rotation), abs=0.01)


def test_pairs_in_a_file_and_the_fit_as_json(tmp_path: Path, hospital: Site) -> None:
    save_site(hospital, tmp_path / "site")
    lines = ["# measured on Sunday", "place,x,y", f"pharmacy,{_seen(hospital, 'pharmacy')}"]
    lines += [
        f"{x},{y},{','.join(map(str, to_map(FRAME, (x, y))))}" for x, y in ((0.0, 0.0), (10.0, 3.0), (30.0, -4.0))
    ]
    (tmp_path / "pairs.csv").write_text("\n".join(lines))
    told = _run(tmp_path / "site", "--fleet", "delivery", "--level", "L1", "--pairs", tmp_path / "pairs.csv", "--json")
    assert told.exit_code == 0, told.output
    fit = json.loads(told.stdout)
    assert [entry["place"] for entry in fit["residuals"]] == ["pharmacy", "0.0,0.0", "10.0,3.0", "30.0,-4.0"]
    assert fit["frame"]["rotation"] == pytest.approx(0.7, abs=1e-3)


def test_a_bad_fit_ends_with_1(tmp_path: Path, hospital: Site) -> None:
    save_site(hospital, tmp_path / "site")
    told = _run(
        tmp_path / "site",
        "--fleet",
        "delivery",
        "--level",
        "L1",
        "--pair",
        "0,0=0,0",
        "--pair",
        "5,0=5,0",
        "--pair",
        "9,0=9,0",
    )
    assert told.exit_code == 1
    assert "on one line" in told.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--fleet", "tugs", "--level", "L1"], "has no fleet 'tugs'"),
        (["--fleet", "delivery", "--level", "L9"], "has no level 'L9'"),
        (["--fleet", "delivery", "--level", "L1"], "0 pairs of places are too few"),
        (["--fleet", "delivery", "--level", "L1", "--pair", "pharmacy"], "'pharmacy' is no pair"),
        (["--fleet", "delivery", "--level", "L1", "--pair", "nowhere=1,2"], "has no place 'nowhere'"),
        (["--fleet", "delivery", "--level", "L1", "--pair", "pharmacy=1"], "'1' are not two numbers"),
        (["--fleet", "delivery", "--level", "L2", "--pair", "pharmacy=1,2"], "is on level 'L1'"),
        (["--fleet", "delivery", "--level", "L1", "--pairs", "bad.csv"], "bad.csv: pair 1: a pair is place,x,y"),
    ],
)
def test_bad_input_is_one_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hospital: Site, words: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    save_site(hospital, tmp_path / "site")
    Path("bad.csv").write_text("pharmacy,1\n")
    told = _run("site", *words)
    assert told.exit_code == 2
    assert said in told.stderr
    assert len(told.stderr.strip().splitlines()) == 1


# --- off the graph ---------------------------------------------------------------------------------------------


def _on_the_way(site: Site, level: LevelId) -> list[Point]:
    """Places along some lanes far from each other."""
    middles = []
    for lane in site.lanes.values():
        start, end = site.waypoints[lane.start], site.waypoints[lane.end]
        if start.level == level:
            middles.append(((start.x + end.x) / 2, (start.y + end.y) / 2))
    return middles[:: len(middles) // 5]


def _framed(site: Site) -> Fleet:
    return replace(site.fleets[DELIVERY], frames={L1: FRAME})


def test_on_a_lane_there_is_nothing_to_explain(hospital: Site) -> None:
    assert off_graph(hospital, hospital.fleets[DELIVERY], L1, _on_the_way(hospital, L1)) is None


def test_the_nearest_lane_and_the_distance_are_told(hospital: Site) -> None:
    lane = next(lane for lane in hospital.lanes.values() if lane.start.startswith("L1_spine"))
    start, end = hospital.waypoints[lane.start], hospital.waypoints[lane.end]
    length = math.dist(start.xy, end.xy)
    across = (-(end.y - start.y) / length, (end.x - start.x) / length)
    place = ((start.x + end.x) / 2 + 40.0 * across[0], (start.y + end.y) / 2 + 40.0 * across[1])
    said = off_graph(hospital, hospital.fleets[DELIVERY], L1, [place])
    assert said is not None
    nearest, distance = nearest_lane(hospital, hospital.fleets[DELIVERY], L1, place)
    assert (said.lane, said.distance) == (nearest, distance)
    assert f"{distance:.1f} m from the nearest lane, {nearest}" in said.text


def test_a_robot_that_was_pushed_is_aside(hospital: Site) -> None:
    x, y = hospital.waypoints[WaypointId("pharmacy")].xy
    fleet = hospital.fleets[DELIVERY]
    far = next(
        (x + dx, y + dy)
        for dx in (0.0, 0.5, 1.0, -0.5, -1.0)
        for dy in (0.0, 0.5, 1.0, 1.5, -1.0, -1.5)
        if 0.6 < nearest_lane(hospital, fleet, L1, (x + dx, y + dy))[1] < 1.9
    )
    said = off_graph(hospital, fleet, L1, [far])
    assert said is not None
    assert said.cause is Cause.ASIDE


def test_the_wrong_level_is_named() -> None:
    site = generate(floors=1, seed=2)
    attic = replace(site.levels[L1], id=L2, elevation=4.0)
    site = replace(site, levels={**site.levels, L2: attic})
    said = off_graph(site, site.fleets[DELIVERY], L2, _on_the_way(site, L1))
    assert said is not None
    assert said.cause is Cause.LEVEL
    assert "without a lane for it. On L1 it would be on a lane" in said.text


def test_a_frame_that_is_not_applied_is_named(hospital: Site) -> None:
    seen = [to_map(FRAME, place) for place in _on_the_way(hospital, L1)]
    said = off_graph(hospital, _framed(hospital), L1, seen)
    assert said is not None
    assert said.cause is Cause.FRAME
    assert "is not applied" in said.text
    assert "wardfleet map align" in said.text


def test_a_frame_too_many_and_a_frame_the_wrong_way_round(hospital: Site) -> None:
    places = _on_the_way(hospital, L1)
    too_many = off_graph(hospital, _framed(hospital), L1, [to_site(FRAME, place) for place in places])
    assert too_many is not None
    assert "needs no map frame" in too_many.text
    inverse = off_graph(hospital, _framed(hospital), L1, [to_site(FRAME, to_site(FRAME, place)) for place in places])
    assert inverse is not None
    assert "wrong way round" in inverse.text


def test_a_map_in_pixels_is_a_matter_of_scale(hospital: Site) -> None:
    said = off_graph(
        hospital, hospital.fleets[DELIVERY], L1, [(x * 20.0, y * 20.0) for x, y in _on_the_way(hospital, L1)]
    )
    assert said is not None
    assert said.cause is Cause.SCALE
    assert "in pixels" in said.text


def test_without_a_better_idea_localisation_and_frame_are_suspected(hospital: Site) -> None:
    places = [(x + 331.7, y - 217.3) for x, y in _on_the_way(hospital, L1)]
    said = off_graph(hospital, hospital.fleets[DELIVERY], L1, places)
    assert said is not None
    assert said.cause is Cause.FRAME
    assert "not localised" in said.text
    with pytest.raises(ValueError, match="no place"):
        off_graph(hospital, hospital.fleets[DELIVERY], L1, [])
