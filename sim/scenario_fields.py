"""What the parts of a scenario are made of: clock times, and names that the site has to know."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import Annotated, Final, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

from fleet_manager.domain.tasks import Priority
from maps.model import CarrierKind, Site, ZoneClass

DAY: Final = 86_400.0

ALERTS: Final = (
    "blocked",
    "carry_time_over",
    "carry_time_soon",
    "checkpoint_missed",
    "crossing_out",
    "dose_not_reached",
    "fire_alarm",
    "goods_held",
    "goods_stranded",
    "handover_difference",
    "handover_locked",
    "handover_waiting",
    "in_peoples_way",
    "inside_closure",
    "lift_full",
    "lift_out",
    "meals_left",
    "no_carrier_left",
    "no_charger",
    "no_decontamination",
    "no_refill_point",
    "not_automatic",
    "not_covered",
    "off_graph",
    "off_route",
    "robot_failed",
    "room_not_ready",
    "schedule_missed",
    "screening_cue",
    "stop_late",
    "stuck_in_door",
    "stuck_in_lift",
    "stuck_in_street",
    "task_shut_out",
    "unreachable",
    "visit_overdue",
    "visitor_lost",
    "voice_failed",
    "waits_long",
    "way_closed",
    "wipe_down_waiting",
    "zone_not_treated",
)
"""Every kind of alert that the fleet manager raises."""

_CLOCK: Final = r"^(\d{1,2}):([0-5]\d)(?::([0-5]\d))?$"


class Part(BaseModel):
    """A part of a scenario: unknown fields are errors, and nothing changes later."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class NameKind(StrEnum):
    """What a name stands for; the site has to know it."""

    PLACE = "place"
    ROBOT = "robot"
    FLEET = "fleet"
    LIFT = "lift"
    DOOR = "door"
    CROSSING = "crossing"
    LANE = "lane"
    LEVEL = "level"
    ZONE = "zone"
    ITEM_CLASS = "item class"
    ALARM_PLACE = "zone, building or level"
    ZONE_CLASS = "zone class"
    PRIORITY = "priority"
    ALERT = "alert"


PlaceName: TypeAlias = Annotated[str, NameKind.PLACE]
RobotName: TypeAlias = Annotated[str, NameKind.ROBOT]
FleetName: TypeAlias = Annotated[str, NameKind.FLEET]
LiftName: TypeAlias = Annotated[str, NameKind.LIFT]
DoorName: TypeAlias = Annotated[str, NameKind.DOOR]
CrossingName: TypeAlias = Annotated[str, NameKind.CROSSING]
LaneName: TypeAlias = Annotated[str, NameKind.LANE]
LevelName: TypeAlias = Annotated[str, NameKind.LEVEL]
ZoneName: TypeAlias = Annotated[str, NameKind.ZONE]
ItemClassName: TypeAlias = Annotated[str, NameKind.ITEM_CLASS]
AlarmPlaceName: TypeAlias = Annotated[str, NameKind.ALARM_PLACE]

Minutes: TypeAlias = Annotated[float, Field(gt=0, le=4320)]


def _clock(text: str) -> str:
    if re.match(_CLOCK, text) is None:
        raise ValueError(f'{text!r} is no time of day; write it as "HH:MM" or "HH:MM:SS"')
    return text


ClockTime: TypeAlias = Annotated[
    str,
    AfterValidator(_clock),
    WithJsonSchema({"type": "string", "pattern": _CLOCK, "examples": ["07:05", "07:05:30", "26:30"]}),
]
"""A time of day at the site. Before the scenario's beginning it means the next day, as does 26:30."""


def seconds_of(text: str) -> float:
    """Seconds since midnight of a time HH:MM[:SS]."""
    found = re.match(_CLOCK, text)
    assert found is not None, text
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return hours * 3600.0 + minutes * 60.0 + seconds


def seconds_after(begin: str, at: str) -> float:
    """Seconds from `begin` to `at`, which is on the next day when it is earlier."""
    seconds = seconds_of(at) - seconds_of(begin)
    return seconds if seconds >= 0.0 else seconds + DAY


# --- names -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SiteNames:
    """The names that a site knows, by kind."""

    known: Mapping[NameKind, tuple[str, ...]]

    @classmethod
    def of(cls, site: Site) -> SiteNames:
        ground = [fleet for fleet in site.fleets.values() if fleet.carrier is not CarrierKind.PERSON]
        return cls(
            {
                NameKind.PLACE: tuple(site.waypoints),
                NameKind.ROBOT: tuple(robot.id for fleet in ground for robot in fleet.robots),
                NameKind.FLEET: tuple(site.fleets),
                NameKind.LIFT: tuple(site.lifts),
                NameKind.DOOR: tuple(site.doors),
                NameKind.CROSSING: tuple(site.crossings),
                NameKind.LANE: tuple(site.lanes),
                NameKind.LEVEL: tuple(site.levels),
                NameKind.ZONE: tuple(site.zones),
                NameKind.ITEM_CLASS: tuple(site.item_classes),
                NameKind.ALARM_PLACE: (*site.buildings, *site.levels, *site.zones),
                NameKind.ZONE_CLASS: tuple(ZoneClass),
                NameKind.PRIORITY: tuple(Priority),
                NameKind.ALERT: ALERTS,
            }
        )

    def problem(self, kind: NameKind, name: str) -> str | None:
        """What is wrong with a name, and the way out; None when the site knows it."""
        known = self.known[kind]
        if name in known:
            return None
        return f"no {kind} is called {name!r} on this site; {nearest(name, known)}"

    def problem_of_any(self, kinds: Iterable[NameKind], name: str, others: Iterable[str] = ()) -> str | None:
        """The same for a name that may be of several kinds, or one of `others`."""
        wanted = list(kinds)
        known = [*(known for kind in wanted for known in self.known[kind]), *others]
        if name in known:
            return None
        what = " or ".join(wanted) or "task"
        return f"no {what} is called {name!r} here; {nearest(name, known)}"


def nearest(name: str, known: Iterable[str]) -> str:
    """The known names to choose from: the most similar ones, or all when there are few."""
    names = list(known)
    close = get_close_matches(name, names, n=3, cutoff=0.6)
    if close:
        return f"did you mean {', '.join(close)}?"
    if not names:
        return "there are none"
    return f"known are {', '.join(names[:12])}" + (f" and {len(names) - 12} more" if len(names) > 12 else "")
