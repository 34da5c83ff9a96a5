"""What a scenario expects, as short sentences of a small, strict grammar.

Each sentence stands for one of the frozen values below; `sim.judgement` says whether it holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, TypeAlias, assert_never

from sim.scenario_fields import NameKind


class ExpectationError(ValueError):
    """The sentence is none of the grammar; the message names those that are."""


# --- what can be expected --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Deadline:
    """A time of day, or so many minutes: after the scenario's beginning, or after the task was asked for."""

    clock: str | None = None
    minutes: float | None = None

    def __str__(self) -> str:
        return f"before {self.clock}" if self.clock is not None else f"within {self.minutes:g} min"


@dataclass(frozen=True, slots=True)
class Arrives:
    """A robot (None: any) comes to a place in time, counted from the scenario's beginning."""

    robot: str | None
    place: str
    deadline: Deadline | None


@dataclass(frozen=True, slots=True)
class Delivered:
    """Every task of a group is delivered, and in time; minutes count from its request."""

    group: str
    deadline: Deadline | None


@dataclass(frozen=True, slots=True)
class Completed:
    """All tasks (of a group) are completed."""

    group: str | None


@dataclass(frozen=True, slots=True)
class AtLeast:
    count: int
    group: str | None
    clock: str | None


@dataclass(frozen=True, slots=True)
class DoneBy:
    """Every task of a group is completed, by this robot."""

    group: str
    robot: str


@dataclass(frozen=True, slots=True)
class DoneByFleet:
    """Every task of a group is completed, each by a robot of this fleet."""

    group: str
    fleet: str


@dataclass(frozen=True, slots=True)
class Silent:
    """No robot says anything aloud between two times of the day."""

    begin: str
    until: str


@dataclass(frozen=True, slots=True)
class Certified:
    """The certificate of every disinfection of a group is complete and covers at least `share` (0–1)."""

    group: str
    share: float


@dataclass(frozen=True, slots=True)
class KeepsTimes:
    """Every stop with a set time, of the tasks of a group, is handed over within it."""

    group: str


@dataclass(frozen=True, slots=True)
class ProvenBy:
    """Every hand-over at a drop-off of a group is proven so: by `qr`, `pin` or `badge`."""

    group: str
    proof: str


@dataclass(frozen=True, slots=True)
class ItemsDelivered:
    """At least so many items (of a group) are delivered, each as accepted."""

    count: int
    group: str | None
    clock: str | None


@dataclass(frozen=True, slots=True)
class Traced:
    """Every item of every task has an id of its own, and its custody has no gap."""


@dataclass(frozen=True, slots=True)
class RobotsAtWork:
    """At least so many robots complete a task."""

    count: int


@dataclass(frozen=True, slots=True)
class NoFasterThan:
    """No robot ever drives faster than so many km/h."""

    speed_kmh: float


@dataclass(frozen=True, slots=True)
class Refills:
    """A robot's tank is filled so often at least, to so many litres, and only with less than `left` in it."""

    robot: str
    litres: float
    times: int
    left: float


@dataclass(frozen=True, slots=True)
class SpraysUpTo:
    """No robot sprays while it drives faster (m/h), and the fastest is no slower by more than 1 %."""

    speed: float


@dataclass(frozen=True, slots=True)
class ChargeCovers:
    """With what a robot took from its battery, a whole charge would suffice to spray so much (m²)."""

    robot: str
    area: float


@dataclass(frozen=True, slots=True)
class ChargeLasts:
    """A whole charge of a robot would last so many hours of spraying."""

    robot: str
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Waits:
    """No task (of a group) waits longer from its request until its goods are picked up."""

    group: str | None
    minutes: float


@dataclass(frozen=True, slots=True)
class Refused:
    """Every task of a group is refused, because no robot may ever do it."""

    group: str


@dataclass(frozen=True, slots=True)
class RouteAvoids:
    """The planned route touches no zone, zone class, lift or place of this name."""

    start: str
    goal: str
    what: str


@dataclass(frozen=True, slots=True)
class RouteUses:
    start: str
    goal: str
    what: str


@dataclass(frozen=True, slots=True)
class RouteTakes:
    """Less than so many minutes when nothing is in the way."""

    start: str
    goal: str
    minutes: float


@dataclass(frozen=True, slots=True)
class RouteLength:
    start: str
    goal: str
    metres: float


@dataclass(frozen=True, slots=True)
class ChargeAbove:
    """The state of charge of a robot (None: of all) never falls below `charge` (0–1)."""

    robot: str | None
    charge: float


@dataclass(frozen=True, slots=True)
class NeverEnters:
    """A robot (None: any) never enters a zone, or any zone of a class."""

    robot: str | None
    zone: str


@dataclass(frozen=True, slots=True)
class NobodyAlerted:
    """No alert (of a kind) is raised."""

    kind: str | None


@dataclass(frozen=True, slots=True)
class SomebodyAlerted:
    kind: str
    deadline: Deadline | None


@dataclass(frozen=True, slots=True)
class NoJams:
    pass


@dataclass(frozen=True, slots=True)
class NoOverlaps:
    pass


@dataclass(frozen=True, slots=True)
class NoRefusals:
    pass


@dataclass(frozen=True, slots=True)
class AllEnd:
    """Every task ends, one way or the other."""


@dataclass(frozen=True, slots=True)
class InvariantsHold:
    """After every event all of `sim.invariants` hold."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """Jams, overlaps or refusals, for which every scenario is checked, are no failure here."""

    what: str


Expected: TypeAlias = (
    Arrives
    | Delivered
    | Completed
    | AtLeast
    | DoneBy
    | DoneByFleet
    | Silent
    | Certified
    | KeepsTimes
    | ProvenBy
    | ItemsDelivered
    | Traced
    | RobotsAtWork
    | NoFasterThan
    | Refills
    | SpraysUpTo
    | ChargeCovers
    | ChargeLasts
    | Waits
    | Refused
    | RouteAvoids
    | RouteUses
    | RouteTakes
    | RouteLength
    | ChargeAbove
    | NeverEnters
    | NobodyAlerted
    | SomebodyAlerted
    | NoJams
    | NoOverlaps
    | NoRefusals
    | AllEnd
    | InvariantsHold
    | Allowed
)

ALWAYS: Final[Mapping[str, Expected]] = {"overlaps": NoOverlaps(), "jams": NoJams(), "refusals": NoRefusals()}
"""Checked for every scenario that does not allow them."""


# --- the grammar -----------------------------------------------------------------------------------------------

_NAME: Final = r"[\w.:-]+"
_NUMBER: Final = r"\d+(?:\.\d+)?"
_CLOCK: Final = r"\d{1,2}:[0-5]\d(?::[0-5]\d)?"
_DEADLINE: Final = rf"(?:before (?P<clock>{_CLOCK})|within (?P<minutes>{_NUMBER}) min)"


@dataclass(frozen=True, slots=True)
class _Form:
    """One sentence of the grammar. `says` is how it is written, with examples for the names in it."""

    says: str
    pattern: re.Pattern[str]
    make: Callable[[dict[str, str | None]], Expected]


def _form(says: str, pattern: str, make: Callable[[dict[str, str | None]], Expected]) -> _Form:
    return _Form(says, re.compile(pattern), make)


def _text(found: dict[str, str | None], name: str) -> str:
    value = found[name]
    assert value is not None, name
    return value


def _number(found: dict[str, str | None], name: str) -> float:
    return float(_text(found, name))


def _deadline(found: dict[str, str | None]) -> Deadline | None:
    minutes = found["minutes"]
    if found["clock"] is None and minutes is None:
        return None
    return Deadline(found["clock"], float(minutes) if minutes is not None else None)


def _robot(found: dict[str, str | None]) -> str | None:
    return None if found["robot"] == "a robot" else found["robot"]


_ROUTE: Final = rf"route (?P<start>{_NAME}) (?:→|->|to) (?P<goal>{_NAME})"

_FORMS: Final = (
    _form(
        "robot-2 arrives at ward_3b [before 08:15 or within 20 min]",
        rf"(?P<robot>a robot|{_NAME}) arrives at (?P<place>{_NAME})(?: {_DEADLINE})?",
        lambda f: Arrives(_robot(f), _text(f, "place"), _deadline(f)),
    ),
    _form(
        "breakfast is delivered [before 08:15 or within 20 min]",
        rf"(?P<group>{_NAME}) is delivered(?: {_DEADLINE})?",
        lambda f: Delivered(_text(f, "group"), _deadline(f)),
    ),
    _form(
        "every stat task is delivered [before 08:15 or within 15 min]",
        rf"every (?P<group>{_NAME}) task is delivered(?: {_DEADLINE})?",
        lambda f: Delivered(_text(f, "group"), _deadline(f)),
    ),
    _form(
        "night_run is done [before 08:15 or within 20 min]",
        rf"(?P<group>{_NAME}) is done(?: {_DEADLINE})?",
        lambda f: Delivered(_text(f, "group"), _deadline(f)),
    ),
    _form(
        "night_run is done by robot-1",
        rf"(?P<group>{_NAME}) is done by (?P<robot>{_NAME})",
        lambda f: DoneBy(_text(f, "group"), _text(f, "robot")),
    ),
    _form(
        "lunch is done by the fleet meals",
        rf"(?P<group>{_NAME}) is done by the fleet (?P<fleet>{_NAME})",
        lambda f: DoneByFleet(_text(f, "group"), _text(f, "fleet")),
    ),
    _form(
        "no robot speaks between 12:00 and 14:00",
        rf"no robot speaks between (?P<begin>{_CLOCK}) and (?P<until>{_CLOCK})",
        lambda f: Silent(_text(f, "begin"), _text(f, "until")),
    ),
    _form(
        "the certificate of night_run covers 99.5 %",
        rf"the certificate of (?P<group>{_NAME}) covers (?P<limit>{_NUMBER}) ?%",
        lambda f: Certified(_text(f, "group"), _number(f, "limit") / 100.0),
    ),
    _form(
        "robot-1 refills to 60 L at least 4 times, with under 6 L left",
        rf"(?P<robot>{_NAME}) refills to (?P<litres>{_NUMBER}) L at least (?P<times>\d+) times?, "
        rf"with under (?P<left>{_NUMBER}) L left",
        lambda f: Refills(_text(f, "robot"), _number(f, "litres"), int(_text(f, "times")), _number(f, "left")),
    ),
    _form(
        "robots spray at up to 3500 m/h",
        rf"robots spray at up to (?P<limit>{_NUMBER}) m/h",
        lambda f: SpraysUpTo(_number(f, "limit")),
    ),
    _form(
        "a charge of robot-1 suffices for 20000 m²",
        rf"a charge of (?P<robot>{_NAME}) suffices for (?P<limit>{_NUMBER}) m(?:²|2)",
        lambda f: ChargeCovers(_text(f, "robot"), _number(f, "limit")),
    ),
    _form(
        "a charge of robot-1 lasts 6 to 8 h of spraying",
        rf"a charge of (?P<robot>{_NAME}) lasts (?P<least>{_NUMBER}) to (?P<most>{_NUMBER}) h of spraying",
        lambda f: ChargeLasts(_text(f, "robot"), _number(f, "least"), _number(f, "most")),
    ),
    _form(
        "all [stat] tasks are completed",
        rf"all (?:(?P<group>{_NAME}) )?tasks are completed",
        lambda f: Completed(f["group"]),
    ),
    _form(
        "at least 20 [stat] tasks are completed [before 12:00]",
        rf"at least (?P<count>\d+) (?:(?P<group>{_NAME}) )?tasks? (?:are|is) completed(?: before (?P<clock>{_CLOCK}))?",
        lambda f: AtLeast(int(_text(f, "count")), f["group"], f["clock"]),
    ),
    _form(
        "lunch keeps its set times",
        rf"(?P<group>{_NAME}) keeps its set times",
        lambda f: KeepsTimes(_text(f, "group")),
    ),
    _form(
        "lunch is handed over by qr (also: pin, badge)",
        rf"(?P<group>{_NAME}) is handed over by (?P<proof>qr|pin|badge)",
        lambda f: ProvenBy(_text(f, "group"), _text(f, "proof")),
    ),
    _form(
        "at least 20 [stat] items are delivered [before 12:00]",
        rf"at least (?P<count>\d+) (?:(?P<group>{_NAME}) )?items? (?:are|is) delivered(?: before (?P<clock>{_CLOCK}))?",
        lambda f: ItemsDelivered(int(_text(f, "count")), f["group"], f["clock"]),
    ),
    _form("every item can be traced without a gap", "every item can be traced without a gap", lambda _: Traced()),
    _form(
        "at least 5 robots complete tasks",
        r"at least (?P<count>\d+) robots complete tasks",
        lambda f: RobotsAtWork(int(_text(f, "count"))),
    ),
    _form(
        "no robot drives faster than 15 km/h",
        rf"no robot drives faster than (?P<limit>{_NUMBER}) km/h",
        lambda f: NoFasterThan(_number(f, "limit")),
    ),
    _form(
        "no [stat] task waits over 10 min",
        rf"no (?:(?P<group>{_NAME}) )?task waits over (?P<limit>{_NUMBER}) min",
        lambda f: Waits(f["group"], _number(f, "limit")),
    ),
    _form("breakfast is refused", rf"(?P<group>{_NAME}) is refused", lambda f: Refused(_text(f, "group"))),
    _form(
        "route pharmacy → ward_3b avoids isolation",
        rf"{_ROUTE} avoids (?P<what>{_NAME})",
        lambda f: RouteAvoids(_text(f, "start"), _text(f, "goal"), _text(f, "what")),
    ),
    _form(
        "route pharmacy → ward_3b uses lift_5",
        rf"{_ROUTE} uses (?P<what>{_NAME})",
        lambda f: RouteUses(_text(f, "start"), _text(f, "goal"), _text(f, "what")),
    ),
    _form(
        "route pharmacy → ward_3b takes under 5 min",
        rf"{_ROUTE} takes under (?P<limit>{_NUMBER}) min",
        lambda f: RouteTakes(_text(f, "start"), _text(f, "goal"), _number(f, "limit")),
    ),
    _form(
        "route pharmacy → ward_3b is under 200 m",
        rf"{_ROUTE} is under (?P<limit>{_NUMBER}) m",
        lambda f: RouteLength(_text(f, "start"), _text(f, "goal"), _number(f, "limit")),
    ),
    _form(
        "no robot's battery falls below 15 %",
        rf"no robot's battery falls below (?P<limit>{_NUMBER}) ?%",
        lambda f: ChargeAbove(None, _number(f, "limit") / 100.0),
    ),
    _form(
        "robot-1's battery never falls below 15 %",
        rf"(?P<robot>{_NAME})'s battery never falls below (?P<limit>{_NUMBER}) ?%",
        lambda f: ChargeAbove(f["robot"], _number(f, "limit") / 100.0),
    ),
    _form(
        "robot-1 never enters isolation",
        rf"(?P<robot>{_NAME}) never enters (?P<zone>{_NAME})",
        lambda f: NeverEnters(f["robot"], _text(f, "zone")),
    ),
    _form(
        "no robot enters L2_theatre_1",
        rf"no robot enters (?P<zone>{_NAME})",
        lambda f: NeverEnters(None, _text(f, "zone")),
    ),
    _form(
        "nobody is alerted [of unreachable]",
        rf"nobody is alerted(?: of (?P<kind>{_NAME}))?",
        lambda f: NobodyAlerted(f["kind"]),
    ),
    _form(
        "somebody is alerted of unreachable [before 08:15 or within 20 min]",
        rf"somebody is alerted of (?P<kind>{_NAME})(?: {_DEADLINE})?",
        lambda f: SomebodyAlerted(_text(f, "kind"), _deadline(f)),
    ),
    _form("all tasks end", "all tasks end", lambda _: AllEnd()),
    _form("no invariant is broken", "no invariant is broken", lambda _: InvariantsHold()),
    _form("no jams", "no jams", lambda _: NoJams()),
    _form("no overlaps", "no overlaps", lambda _: NoOverlaps()),
    _form("no refusals", "no refusals", lambda _: NoRefusals()),
    _form(
        "jams are allowed (also: overlaps, refusals)",
        r"(?P<what>jams|overlaps|refusals) are allowed",
        lambda f: Allowed(_text(f, "what")),
    ),
)

GRAMMAR: Final = tuple(form.says for form in _FORMS)
"""Every sentence, with brackets around what may be left out."""


def parse(sentence: str) -> Expected:
    """What a sentence means. Raises ExpectationError."""
    text = " ".join(sentence.split()).removesuffix(".")
    for form in _FORMS:
        found = form.pattern.fullmatch(text)
        if found is not None:
            return form.make(found.groupdict())
    close = get_close_matches(text, GRAMMAR, n=2, cutoff=0.5)
    known = " · ".join(close or GRAMMAR)
    raise ExpectationError(f"{text!r} is no expectation; {'nearest are' if close else 'they read'}: {known}")


# --- names -----------------------------------------------------------------------------------------------------

_WAYS: Final = (NameKind.ZONE_CLASS, NameKind.ZONE, NameKind.LIFT, NameKind.PLACE)
_ZONES: Final = (NameKind.ZONE_CLASS, NameKind.ZONE)
_GROUPS: Final = (NameKind.PRIORITY, NameKind.ITEM_CLASS)


def names_in(expected: Expected) -> list[tuple[tuple[NameKind, ...], str]]:
    """The names in an expectation, and of which kinds they may be. Groups may also be named in the demand."""
    match expected:
        case Arrives(robot, place):
            return [((NameKind.PLACE,), place), *([((NameKind.ROBOT,), robot)] if robot is not None else [])]
        case DoneBy(group, robot):
            return [(_GROUPS, group), ((NameKind.ROBOT,), robot)]
        case DoneByFleet(group, fleet):
            return [(_GROUPS, group), ((NameKind.FLEET,), fleet)]
        case Delivered(group) | Refused(group) | Certified(group) | KeepsTimes(group) | ProvenBy(group):
            return [(_GROUPS, group)]
        case Completed(group) | Waits(group) | AtLeast(_, group) | ItemsDelivered(_, group):
            return [(_GROUPS, group)] if group is not None else []
        case RouteAvoids(start, goal, what) | RouteUses(start, goal, what):
            return [((NameKind.PLACE,), start), ((NameKind.PLACE,), goal), (_WAYS, what)]
        case RouteTakes(start, goal) | RouteLength(start, goal):
            return [((NameKind.PLACE,), start), ((NameKind.PLACE,), goal)]
        case Refills(robot) | ChargeCovers(robot) | ChargeLasts(robot):
            return [((NameKind.ROBOT,), robot)]
        case SpraysUpTo():
            return []
        case ChargeAbove(robot):
            return [((NameKind.ROBOT,), robot)] if robot is not None else []
        case NeverEnters(robot, zone):
            return [(_ZONES, zone), *([((NameKind.ROBOT,), robot)] if robot is not None else [])]
        case NobodyAlerted(kind):
            return [((NameKind.ALERT,), kind)] if kind is not None else []
        case SomebodyAlerted(kind):
            return [((NameKind.ALERT,), kind)]
        case Traced() | RobotsAtWork() | NoFasterThan() | Silent():
            return []
        case NoJams() | NoOverlaps() | NoRefusals() | AllEnd() | InvariantsHold() | Allowed():
            return []
    assert_never(expected)


def deadline_of(expected: Expected) -> str | None:
    """The time of day before which something is expected, if one is named."""
    match expected:
        case AtLeast(clock=clock) | ItemsDelivered(clock=clock):
            return clock
        case Arrives(deadline=deadline) | Delivered(deadline=deadline) | SomebodyAlerted(deadline=deadline):
            return deadline.clock if deadline is not None else None
    return None


def must_hold(sentences: tuple[str, ...]) -> list[tuple[str, Expected]]:
    """The expectations of a scenario, with those that hold for every one."""
    said: list[tuple[str, Expected]] = [(sentence, parse(sentence)) for sentence in sentences]
    allowed = {expected.what for _, expected in said if isinstance(expected, Allowed)}
    written = {expected for _, expected in said}
    always = [
        (f"no {what}", expected) for what, expected in ALWAYS.items() if what not in allowed and expected not in written
    ]
    wanted = [(sentence, expected) for sentence, expected in said if not isinstance(expected, Allowed)]
    return wanted + always
