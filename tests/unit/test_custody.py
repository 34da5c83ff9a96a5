"""Chains of custody, one-time codes and the staff register, by themselves."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fleet_manager.bootstrap import SettingsError, read_staff
from fleet_manager.cli.main import app
from fleet_manager.domain.custody import Chain, Custody, Entry, Holder, gap
from fleet_manager.domain.handovers import Handover, HandoverCodes, Signature, Verdict
from fleet_manager.domain.missions import MissionId, StepId
from fleet_manager.domain.tasks import Actor, ItemId, TaskId
from maps.model import RobotId, WaypointId

SEVEN = datetime(2026, 3, 1, 7, 0, tzinfo=UTC)
LI = Actor(id="nurse-li", role="nurse")
PHARMACY, WARD = Holder(place=WaypointId("pharmacy")), Holder(place=WaypointId("ward_1a"))
ROBOT = Holder(carrier=RobotId("robot-1"), compartment="main")
OTHER = Holder(carrier=RobotId("robot-2"), compartment="main")


def entry(kind: Custody, minute: int, giver: Holder | None, taker: Holder) -> Entry:
    at = SEVEN + timedelta(minutes=minute)
    return Entry(kind=kind, time=at, place=WaypointId("x"), giver=giver, taker=taker, actor=LI)


ASKED = entry(Custody.REGISTERED, 0, None, PHARMACY)
RELEASED = entry(Custody.RELEASED, 5, PHARMACY, ROBOT)
RECEIVED = entry(Custody.RECEIVED, 9, ROBOT, WARD)


def chain(*entries: Entry) -> Chain:
    return Chain(
        task=TaskId("T00001"), item=ItemId("box-1"), name="saline", quantity=1, item_class=None, entries=entries
    )


def test_a_whole_chain_has_no_gap() -> None:
    assert gap(chain(ASKED, RELEASED, RECEIVED), ended=True) is None
    assert gap(chain(ASKED, RELEASED)) is None


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ((), "nothing is known"),
        ((RELEASED,), "released before it was known"),
        ((ASKED, RECEIVED), r"robot-1 \(main\) gave it at x, and the people at pharmacy had it"),
        ((ASKED, RELEASED, entry(Custody.RECEIVED, 9, OTHER, WARD)), "robot-2"),
        ((ASKED, RELEASED, entry(Custody.RECEIVED, 4, ROBOT, WARD)), "07:04:00, before it was released at 07:05:00"),
        ((ASKED, RELEASED, RECEIVED, entry(Custody.RELEASED, 11, WARD, OTHER)), "after it had been received"),
        ((ASKED, RELEASED), "the task has ended, and robot-1"),
    ],
)
def test_a_broken_chain_says_where(entries: tuple[Entry, ...], said: str) -> None:
    found = gap(chain(*entries), ended=True)
    assert found is not None
    assert re.search(said, found), found


# --- codes -----------------------------------------------------------------------------------------------------

OFFERED = Handover(
    step=StepId("M00001-4"),
    mission=MissionId("M00001"),
    task=TaskId("T00001"),
    robot=RobotId("robot-1"),
    place=WaypointId("ward_1a"),
    compartments=("main",),
    offered_at=SEVEN,
)
CODES = HandoverCodes(b"known to nobody", life=600.0)


def check(handover: Handover, value: str, minute: float, *, qr: bool = False) -> Verdict:
    return CODES.check(handover, value, SEVEN + timedelta(minutes=minute), qr=qr)


def test_a_code_opens_its_hand_over_until_it_runs_out() -> None:
    shown = CODES.code(OFFERED, SEVEN + timedelta(minutes=9))
    assert shown.valid_until == SEVEN + timedelta(minutes=20)
    for value, qr in ((shown.pin, False), (shown.token, True), (f" {shown.token.lower()} ", True)):
        assert [check(OFFERED, value, minute, qr=qr) for minute in (9, 19.9, 20.1, 45)] == [
            Verdict.VALID,
            Verdict.VALID,
            Verdict.EXPIRED,
            Verdict.EXPIRED,
        ]
    assert check(OFFERED, shown.pin, 9, qr=True) is Verdict.WRONG
    assert check(OFFERED, "", 9) is Verdict.WRONG


@pytest.mark.parametrize(
    "other",
    [
        replace(OFFERED, robot=RobotId("robot-2")),
        replace(OFFERED, compartments=("cooled",)),
        replace(OFFERED, step=StepId("M00001-2")),
        replace(OFFERED, offered_at=SEVEN + timedelta(days=1)),
        replace(OFFERED, lockouts=1),
    ],
)
def test_a_code_opens_nothing_else(other: Handover) -> None:
    shown = CODES.code(OFFERED, SEVEN)
    at = other.offered_at
    assert CODES.check(other, shown.token, at, qr=True) is Verdict.WRONG
    assert CODES.check(other, shown.pin, at, qr=False) is Verdict.WRONG
    assert HandoverCodes(b"another secret", life=600.0).code(OFFERED, SEVEN) != shown


def test_a_code_is_used_once() -> None:
    shown = CODES.code(OFFERED, SEVEN)
    signed = replace(OFFERED, signed=Signature(actor=LI, proof="pin", outcomes=(), time=SEVEN))
    assert check(signed, shown.pin, 1) is Verdict.USED
    assert check(signed, CODES.code(signed, SEVEN).pin, 1) is Verdict.VALID
    assert check(replace(OFFERED, done_at=SEVEN, done_by="nurse-li"), shown.pin, 1) is Verdict.USED


# --- the register ----------------------------------------------------------------------------------------------


def staff(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["staff", *arguments])
    return f"{done.exit_code} {done.output}"


def test_an_administrator_keeps_the_register(tmp_path: Path) -> None:
    file = tmp_path / "staff.json"
    first = ("--role", "nurse", "--ward", "ward_1a", "--badge", "70041", "--pin", "471147")
    assert staff(str(file), "nurse-li", *first).startswith("0 wrote")
    assert staff(str(file), "porter-zhao", "--ward", "*").endswith("2 persons\n")
    assert staff(str(file), "nurse-li", "--right", "controlled").startswith("0 wrote")
    register = read_staff(file)
    member = register.members["nurse-li"]
    assert (member.role, member.wards, member.rights) == ("nurse", ("ward_1a",), ("controlled",))
    assert register.with_badge("70041") == member
    assert register.with_badge("70042") is None
    assert register.has_pin(member, "471147")
    assert not register.has_pin(member, "471148")
    assert "70041" not in file.read_text(encoding="utf-8")
    assert "471147" not in file.read_text(encoding="utf-8")
    assert file.stat().st_mode & 0o077 == 0
    assert staff(str(file), "nurse-li", "--remove").endswith("1 person\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nurse-sun", "--role", "nurse"), "nurse-sun belongs to no ward; name one, or * for everywhere"),
        (("nurse-sun", "--ward", "x", "--pin", "12"), "pin: the PIN of nurse-sun has at least 4 digits"),
        (("nurse-sun", "--ward", "x", "--badge", "70041"), "badge: this is the badge of nurse-li already"),
        (("nurse-sun", "--remove"), "nurse-sun is not in"),
    ],
)
def test_what_can_not_be_registered_is_said_in_one_line(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    file = tmp_path / "staff.json"
    staff(str(file), "nurse-li", "--ward", "ward_1a", "--badge", "70041")
    answer = staff(str(file), *arguments)
    assert answer.startswith("2 ")
    assert said in " ".join(answer.split())


@pytest.mark.parametrize("text", ["", "[]", '{"members": {"a": {"wards": []}}}', '{"members": {"a": {"id": 7}}}'])
def test_a_register_that_can_not_be_read_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "staff.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"staff: .*staff\.json: .*`wardfleet staff` writes one"):
        read_staff(file)
    with pytest.raises(SettingsError, match="No such file"):
        read_staff(tmp_path / "nowhere.json")
