"""Scenario files: reading them, and what is wrong with them by line and field."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from maps.errors import MapError
from sim import yaml_lines
from sim.demand import DemandError, as_plain, group_of
from sim.expectations import deadline_of, names_in, parse
from sim.scenario import Demand, Scenario, UsualDemand
from sim.scenario_faults import Fault
from sim.scenario_fields import NameKind, SiteNames, nearest, seconds_after, seconds_of
from sim.scenario_people import People
from sim.scenario_site import site_of
from sim.yaml_lines import Location

SUFFIX: Final = ".scenario.yaml"

FIRST: Final = Path(__file__).with_name("first.scenario.yaml")
"""A scenario to begin with."""


_LISTS: Final = (("demand",), ("people",), ("faults",))
_KINDS: Final = frozenset(
    kind
    for entries in (Demand, People, Fault)
    for part in get_args(get_args(entries)[0])
    for kind in get_args(part.model_fields["kind"].annotation)
)


class ScenarioError(Exception):
    """The scenario can't be used; the message names the file, the line, the field and the way out."""


@dataclass(frozen=True, slots=True)
class _Problem:
    where: Location
    text: str


def read_scenario(path: Path) -> Scenario:
    """The scenario in a file, with all its names checked against the site. Raises ScenarioError."""
    try:
        document, lines = yaml_lines.load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ScenarioError(f"{path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    try:
        scenario = Scenario.model_validate(document)
    except ValidationError as error:
        misspelt_first = sorted(error.errors(), key=lambda details: details["type"] != "extra_forbidden")
        raise _error(path, lines, [_invalid(details) for details in misspelt_first]) from error
    problems = list(_problems(scenario, path.parent))
    if problems:
        raise _error(path, lines, problems)
    return scenario


def told_by(path: Path) -> str:
    """What a scenario's file says of it: the comment at its top, in one piece."""
    said: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        if not line.startswith("# yaml-language-server:"):
            said.append(line.lstrip("# "))
    return " ".join(" ".join(said).split())


def scenarios_in(files: Iterable[Path]) -> list[Path]:
    """The files, and in place of a folder the scenarios in it. Raises ScenarioError for a folder without any."""
    found: list[Path] = []
    for file in files:
        inside = sorted(file.rglob(f"*{SUFFIX}")) if file.is_dir() else [file]
        if not inside:
            raise ScenarioError(f"{file}: no *{SUFFIX} file in this folder; wardfleet sim init writes a first one")
        found += inside
    return found


def check(scenario: Scenario, folder: Path = Path()) -> None:
    """Whether the site knows all names of a scenario made in Python. Raises ScenarioError."""
    for problem in _problems(scenario, folder):
        raise ScenarioError(f"{_dotted(problem.where)}: {problem.text}")


def _error(path: Path, lines: yaml_lines.Lines, problems: list[_Problem]) -> ScenarioError:
    first, more = problems[0], len(problems) - 1
    rest = f" (and {more} more problem{'s' if more > 1 else ''})" if more else ""
    field = _dotted(first.where) or "the file"
    return ScenarioError(f"{path}:{lines.of(first.where)}: {field}: {first.text}{rest}")


def _dotted(where: Location) -> str:
    """The fields that lead to a part, as whoever writes the file knows them: without the kind of a list's entry."""
    known = where[:2] + where[3:] if where[:1] in _LISTS and len(where) > 2 and where[2] in _KINDS else where
    return ".".join(str(part) for part in known)


def _invalid(details: Any) -> _Problem:
    """What pydantic says, in words for whoever writes the file."""
    where: Location = details["loc"]
    context: Mapping[str, Any] = details.get("ctx") or {}
    match details["type"]:
        case "extra_forbidden":
            known = _fields_at(where[:-1])
            return _Problem(where, f"there is no such field; {nearest(str(where[-1]), known)}")
        case "union_tag_invalid":
            kinds = [kind.strip("' ") for kind in context["expected_tags"].split(",")]
            return _Problem((*where, "kind"), f"there is no kind {context['tag']!r}; {nearest(context['tag'], kinds)}")
        case "union_tag_not_found":
            return _Problem(where, "say which kind it is, such as kind: delivery")
        case "string_type" if where[:1] == ("expect",):
            return _Problem(where, "an expectation is one sentence; put quotation marks around one with a colon")
        case "value_error":
            return _Problem(where, str(context["error"]))
        case "missing":
            return _Problem(where, "this field is missing")
        case "model_type" | "model_attributes_type":
            return _Problem(where, "fields with values are expected here")
    return _Problem(where, details["msg"])


def _fields_at(where: Location) -> list[str]:
    """The fields that a part of a scenario may have."""
    here: Any = Scenario
    for step in where:
        here = _inner(here, step)
    return list(here.model_fields) if isinstance(here, type) and issubclass(here, BaseModel) else []


def _inner(annotation: Any, step: int | str) -> Any:
    """The annotation one step further down; the tag of a union counts as a step."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        field = annotation.model_fields.get(str(step))
        return field.annotation if field is not None else None
    arguments = get_args(annotation)
    if get_origin(annotation) in (Union, UnionType):
        for member in arguments:
            if isinstance(member, type) and issubclass(member, BaseModel):
                tag = member.model_fields.get("kind")
                if tag is not None and step in get_args(tag.annotation):
                    return member
        return None
    if isinstance(step, int):
        return arguments[0] if arguments else None
    return arguments[1] if len(arguments) > 1 else None


# --- names -----------------------------------------------------------------------------------------------------


def _problems(scenario: Scenario, folder: Path) -> Iterator[_Problem]:
    """What the site has to say against the scenario."""
    try:
        site = site_of(scenario, folder)
    except MapError as error:
        yield _Problem((error.feature if error.feature in ("fleets", "lifts") else "site",), str(error))
        return
    yield from _times_outside(scenario)
    names = SiteNames.of(site)
    for where, kind, name in _names(Scenario, scenario, ()):
        problem = names.problem(kind, name)
        if problem is not None:
            yield _Problem(where, problem)
    for number, demand in enumerate(scenario.demand):
        if isinstance(demand, UsualDemand):
            try:
                as_plain(demand, site)
            except DemandError as error:
                yield _Problem(("demand", number), str(error))
    groups = [group for demand in scenario.demand if (group := group_of(demand)) is not None]
    for number, sentence in enumerate(scenario.expect):
        for kinds, name in names_in(parse(sentence)):
            problem = names.problem_of_any(kinds, name, groups)
            if problem is not None:
                yield _Problem(("expect", number), problem)


def _times_outside(scenario: Scenario) -> Iterator[_Problem]:
    """Times at which the scenario is over: those before its beginning mean the next day."""
    end = scenario.hours * 3600.0
    lasts = f"the scenario lasts {scenario.hours:g} h from {scenario.begin} on"
    for field, parts in (("demand", scenario.demand), ("people", scenario.people), ("faults", scenario.faults)):
        for number, part in enumerate(parts):
            at = getattr(part, "at", None)
            if isinstance(at, str) and seconds_after(scenario.begin, at) > end:
                yield _Problem((field, number, "at"), f"{at} is too late: {lasts}")
    for number, sentence in enumerate(scenario.expect):
        clock = deadline_of(parse(sentence))
        if clock is not None and seconds_of(clock) <= seconds_of(scenario.begin):
            after = seconds_after(scenario.begin, clock)
            if after == 0.0 or after > end + scenario.overtime * 60.0:
                yield _Problem(("expect", number), f"{clock} is not within the scenario: {lasts}")


def _names(annotation: Any, value: Any, where: Location) -> Iterator[tuple[Location, NameKind, str]]:
    """Every name in a part of a scenario, by what its annotation says that it stands for."""
    if isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            kinds = [mark for mark in field.metadata if isinstance(mark, NameKind)]
            inner = Annotated[field.annotation, *kinds] if kinds else field.annotation
            yield from _names(inner, getattr(value, name), (*where, name))
        return
    if get_origin(annotation) is Annotated:
        inner, *marks = get_args(annotation)
        kind = next((mark for mark in marks if isinstance(mark, NameKind)), None)
        if kind is not None and isinstance(value, str):
            yield where, kind, value
        else:
            yield from _names(inner, value, where)
    elif get_origin(annotation) in (Union, UnionType):
        for member in get_args(annotation):
            if _fits(member, value):
                yield from _names(member, value, where)
                return
    elif isinstance(value, tuple):
        inner = get_args(annotation)[0]
        for number, entry in enumerate(value):
            yield from _names(inner, entry, (*where, number))
    elif isinstance(value, Mapping):
        key_kind, inner = get_args(annotation)
        for key, entry in value.items():
            if key != "all":
                yield from _names(key_kind, key, (*where, key))
            yield from _names(inner, entry, (*where, key))


def _fits(annotation: Any, value: Any) -> bool:
    """Whether a member of a union is the one for this value: a text, several, or a part."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    origin = get_origin(annotation)
    if origin in (Union, UnionType):
        return any(_fits(member, value) for member in get_args(annotation))
    wanted = origin or annotation
    return isinstance(wanted, type) and isinstance(value, wanted)
