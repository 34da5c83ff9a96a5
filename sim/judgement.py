"""Whether a scenario's expectations hold, and the story of what led to those that failed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import assert_never

from shapely.geometry import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union
from shapely.prepared import prep

from fleet_manager.domain.custody import chain_id, gap
from fleet_manager.domain.events import (
    AlertRaised,
    CommandEnded,
    CommandIssued,
    ItemsHandedOver,
    NodePassed,
    Recorded,
    ReportNoted,
)
from fleet_manager.domain.state import apply, new_state
from fleet_manager.domain.tasks import ItemOutcome, ItemState, TaskStatus
from fleet_manager.orchestration.views import CertificateView, RouteView, TaskView
from fleet_manager.planning.costs import zones_at
from maps.model import LevelId, RobotId, Site, WaypointId, Zone
from sim.expectations import (
    AllEnd,
    Allowed,
    Arrives,
    AtLeast,
    Certified,
    ChargeAbove,
    ChargeCovers,
    ChargeLasts,
    Completed,
    Deadline,
    Delivered,
    DoneBy,
    DoneByFleet,
    Expected,
    InvariantsHold,
    ItemsDelivered,
    KeepsTimes,
    NeverEnters,
    NobodyAlerted,
    NoFasterThan,
    NoJams,
    NoOverlaps,
    NoRefusals,
    ProvenBy,
    Refills,
    Refused,
    RobotsAtWork,
    RouteAvoids,
    RouteLength,
    RouteTakes,
    RouteUses,
    Silent,
    SomebodyAlerted,
    SpraysUpTo,
    Traced,
    Waits,
)
from sim.jams import Jam
from sim.scenario_fields import seconds_after
from sim.scene import Broken
from sim.spray_record import charge_used, fastest, hours_per_charge, refills
from sim.stage import Happening
from sim.story import story
from sim.violations import Motion, Violation


@dataclass(frozen=True, slots=True)
class Asked:
    """A task of the scenario, as it stands in the end; `group` is the name of its demand."""

    group: str | None
    view: TaskView

    def belongs_to(self, group: str | None) -> bool:
        """Whether an expectation about a group is about this task; None is about all."""
        classes = {item.item_class for item in self.view.items}
        return group is None or group in (self.group, self.view.priority, *classes)


@dataclass(frozen=True, slots=True)
class RefusedRequest:
    """A delivery that was not accepted, and why."""

    group: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known of a run when it is over.

    `begin` is its first time of day, `start` and `end` its first and last moment; `routes` are those that expectations
    ask for, as planned when nothing was in the way, and `certificates` those of disinfections, by task.
    """

    site: Site
    zone: tzinfo
    begin: str
    start: datetime
    end: datetime
    log: tuple[Recorded, ...]
    motion: Motion
    happenings: tuple[Happening, ...]
    tasks: tuple[Asked, ...]
    refused: tuple[RefusedRequest, ...]
    violations: tuple[Violation, ...]
    jams: tuple[Jam, ...]
    charges: Mapping[RobotId, float]
    routes: Mapping[tuple[str, str], RouteView | None]
    certificates: Mapping[str, CertificateView]
    broken: Broken | None = None

    def moment(self, clock: str) -> datetime:
        """A time of day of the run."""
        return self.start + timedelta(seconds=seconds_after(self.begin, clock))

    def clock(self, time: datetime) -> str:
        return f"{time.astimezone(self.zone):%H:%M:%S}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether an expectation holds, what was found, and for one that failed the story of what led to it."""

    sentence: str
    holds: bool
    found: str
    story: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Verdict:
    """`subjects` and `until` say whose story is told, and up to when, unless it holds."""

    holds: bool
    found: str
    subjects: tuple[str, ...] = ()
    until: datetime | None = None


def judge(sentence: str, expected: Expected, evidence: Evidence) -> Outcome:
    verdict = _verdict(expected, evidence)
    told: tuple[str, ...] = ()
    if not verdict.holds and verdict.subjects:
        until = min(verdict.until or evidence.end, evidence.end)
        told = story(evidence.site, evidence.log, evidence.happenings, verdict.subjects, until, evidence.zone)
    return Outcome(sentence, verdict.holds, verdict.found, told)


def _verdict(expected: Expected, evidence: Evidence) -> _Verdict:
    match expected:
        case Arrives():
            return _arrives(expected, evidence)
        case Delivered(group, deadline):
            return _delivered(group, deadline, evidence)
        case Completed(group):
            return _delivered(group, None, evidence)
        case AtLeast():
            return _at_least(expected, evidence)
        case DoneBy(group, robot):
            return _done_by(group, robot, evidence)
        case DoneByFleet(group, fleet):
            return _done_by_fleet(group, fleet, evidence)
        case Silent(begin, until):
            return _silent(evidence.moment(begin), evidence.moment(until), evidence)
        case Certified(group, share):
            return _certified(group, share, evidence)
        case KeepsTimes(group):
            return _keeps_times(group, evidence)
        case ProvenBy(group, proof):
            return _proven_by(group, proof, evidence)
        case ItemsDelivered():
            return _items_delivered(expected, evidence)
        case Traced():
            return _traced(evidence)
        case RobotsAtWork(count):
            robots = {asked.view.robot for asked in evidence.tasks if _done_at(asked) is not None} - {None}
            return _Verdict(len(robots) >= count, f"{len(robots)} robots: {', '.join(sorted(map(str, robots)))}")
        case NoFasterThan(speed_kmh):
            return _no_faster_than(speed_kmh / 3.6, evidence)
        case Refills():
            return _refills(expected, evidence)
        case SpraysUpTo(speed):
            return _sprays_up_to(speed, evidence)
        case ChargeCovers(robot, area):
            return _charge_covers(robot, area, evidence)
        case ChargeLasts(robot, least, most):
            hours = hours_per_charge(robot, evidence.log)
            found = f"{robot}'s would last {hours:.1f} h" if hours is not None else f"{robot} did not spray"
            return _Verdict(hours is not None and least <= hours <= most, found, (robot,))
        case Waits(group, minutes):
            return _waits(group, timedelta(minutes=minutes), evidence)
        case Refused(group):
            return _refused(group, evidence)
        case RouteAvoids(start, goal, what):
            return _route(evidence, start, goal, lambda route: _touches(evidence.site, route, what), wanted=False)
        case RouteUses(start, goal, what):
            return _route(evidence, start, goal, lambda route: _touches(evidence.site, route, what), wanted=True)
        case RouteTakes(start, goal, minutes):
            return _route(evidence, start, goal, lambda route: route.duration < minutes * 60.0, wanted=True)
        case RouteLength(start, goal, metres):
            return _route(evidence, start, goal, lambda route: route.length < metres, wanted=True)
        case ChargeAbove(robot, charge):
            return _charge_above(robot, charge, evidence)
        case NeverEnters(robot, zone):
            return _never_enters(robot, zone, evidence)
        case NobodyAlerted(kind):
            return _nobody_alerted(kind, evidence)
        case SomebodyAlerted(kind, deadline):
            return _somebody_alerted(kind, deadline, evidence)
        case NoJams():
            return _no_jams(evidence)
        case NoOverlaps():
            return _no_overlaps(evidence)
        case NoRefusals():
            texts = [request.text for request in evidence.refused]
            return _Verdict(not texts, "; ".join(texts) or "none refused")
        case AllEnd():
            return _all_end(evidence)
        case InvariantsHold():
            return _invariants(evidence)
        case Allowed():
            return _Verdict(True, "")
    assert_never(expected)


# --- tasks -----------------------------------------------------------------------------------------------------


def _of_group(group: str | None, evidence: Evidence) -> list[Asked]:
    return [asked for asked in evidence.tasks if asked.belongs_to(group)]


def _done_at(asked: Asked) -> datetime | None:
    """When the task was completed; None for one that was not."""
    return asked.view.ended_at if asked.view.status is TaskStatus.COMPLETED else None


def _due(asked: Asked, deadline: Deadline | None, evidence: Evidence) -> datetime:
    if deadline is None:
        return evidence.end
    if deadline.clock is not None:
        return evidence.moment(deadline.clock)
    assert deadline.minutes is not None
    return asked.view.requested_at + timedelta(minutes=deadline.minutes)


def _delivered(group: str | None, deadline: Deadline | None, evidence: Evidence) -> _Verdict:
    tasks = _of_group(group, evidence)
    refused = [request for request in evidence.refused if group in (None, request.group)]
    late = [(due, asked) for asked in tasks if not _in_time(asked, due := _due(asked, deadline, evidence))]
    if late:
        due, first = min(late, key=lambda entry: (entry[0], entry[1].view.id))
        done = _done_at(first)
        became = f"was delivered at {evidence.clock(done)}" if done is not None else f"is {_became(first)}"
        found = f"{len(late)} of {len(tasks)} tasks; {first.view.id} {became}"
        ended = first.view.ended_at
        until = ended if done is None and ended is not None else due
        return _Verdict(False, found, (first.view.id,), until)
    if refused:
        return _Verdict(False, f"refused: {refused[0].text}")
    if not tasks and group is not None:
        return _Verdict(False, f"nobody asked for {group} tasks")
    last = max((done for asked in tasks if (done := _done_at(asked)) is not None), default=None)
    return _Verdict(True, f"{len(tasks)} tasks" + (f", the last at {evidence.clock(last)}" if last else ""))


def _in_time(asked: Asked, due: datetime) -> bool:
    done = _done_at(asked)
    return done is not None and done <= due


def _became(asked: Asked) -> str:
    view = asked.view
    return f"{view.status}: {view.outcome}" if view.outcome not in (None, view.status) else str(view.status)


def _done_by(group: str, robot: str, evidence: Evidence) -> _Verdict:
    verdict = _delivered(group, None, evidence)
    others = [asked.view for asked in _of_group(group, evidence) if asked.view.robot != robot]
    if not verdict.holds or not others:
        return verdict
    return _Verdict(False, f"{others[0].id} was done by {others[0].robot}", (others[0].id,))


def _done_by_fleet(group: str, fleet: str, evidence: Evidence) -> _Verdict:
    verdict = _delivered(group, None, evidence)
    robots = {str(robot.id) for known in evidence.site.fleets.values() if known.id == fleet for robot in known.robots}
    others = [asked.view for asked in _of_group(group, evidence) if asked.view.robot not in robots]
    if not verdict.holds or not others:
        return verdict
    return _Verdict(False, f"{others[0].id} was done by {others[0].robot}", (others[0].id,))


def _silent(begin: datetime, until: datetime, evidence: Evidence) -> _Verdict:
    for recorded in evidence.log:
        event = recorded.event
        if not isinstance(event, CommandIssued) or not begin <= recorded.time < until:
            continue
        if event.command.saying is not None and event.command.aloud:
            text = event.command.saying.texts[0][1]
            found = f"{event.robot} says {text!r} at {evidence.clock(recorded.time)}"
            return _Verdict(False, found, (event.robot,), recorded.time)
    return _Verdict(True, "not a word")


def _certified(group: str, share: float, evidence: Evidence) -> _Verdict:
    tasks = [asked.view.id for asked in _of_group(group, evidence)]
    if not tasks:
        return _Verdict(False, f"nobody asked for {group} tasks")
    for task in tasks:
        proof = evidence.certificates.get(task)
        if proof is None:
            return _Verdict(False, f"{task} has no certificate", (task,))
        if not proof.complete or proof.covered_share < share:
            state = "is complete" if proof.complete else "is not complete"
            return _Verdict(False, f"that of {task} {state} and covers {proof.covered_share:.1%}", (task,))
    least = min(evidence.certificates[task].covered_share for task in tasks)
    return _Verdict(True, f"{len(tasks)} certificates, the least covers {least:.1%}")


# --- goods -----------------------------------------------------------------------------------------------------


def _handed_out(group: str | None, evidence: Evidence) -> Iterator[tuple[Asked, ItemsHandedOver, datetime]]:
    """Every hand-over by which goods of a group came to where they should."""
    tasks = {asked.view.id: asked for asked in _of_group(group, evidence)}
    for recorded in evidence.log:
        event = recorded.event
        if not isinstance(event, ItemsHandedOver) or event.task not in tasks:
            continue
        if any(state is ItemState.DELIVERED for _, state, _ in event.items):
            yield tasks[event.task], event, recorded.time


def _keeps_times(group: str, evidence: Evidence) -> _Verdict:
    times = {(asked.view.id, str(event.place)): time for asked, event, time in _handed_out(group, evidence)}
    stops = [(asked.view, stop) for asked in _of_group(group, evidence) for stop in asked.view.stops]
    timed = [(view, stop) for view, stop in stops if stop.not_before is not None or stop.not_after is not None]
    if not timed:
        return _Verdict(False, f"no stop of {group} has a set time")
    for view, stop in timed:
        time = times.get((view.id, stop.place))
        if time is None:
            return _Verdict(False, f"{view.id} gave nothing out at {stop.place}", (view.id,), stop.not_after)
        early = stop.not_before is not None and time < stop.not_before
        if early or (stop.not_after is not None and time > stop.not_after):
            text = f"{view.id} was served at {stop.place} at {evidence.clock(time)}, {'early' if early else 'late'}"
            return _Verdict(False, text, (view.id,), time)
    return _Verdict(True, f"{len(timed)} stops")


def _proven_by(group: str, proof: str, evidence: Evidence) -> _Verdict:
    found = list(_handed_out(group, evidence))
    other = next(((a, e, t) for a, e, t in found if e.proof != proof), None)
    if other is not None:
        asked, event, time = other
        text = f"{asked.view.id} at {event.place} was handed over by {event.proof}"
        return _Verdict(False, text, (asked.view.id,), time)
    return _Verdict(bool(found), f"{len(found)} hand-overs")


def _items_delivered(expected: ItemsDelivered, evidence: Evidence) -> _Verdict:
    until = evidence.end if expected.clock is None else evidence.moment(expected.clock)
    count = sum(
        state is ItemState.DELIVERED and outcome is ItemOutcome.ACCEPTED
        for _, event, time in _handed_out(expected.group, evidence)
        for _, state, outcome in event.items
        if time <= until
    )
    return _Verdict(count >= expected.count, f"{count} items", (), until)


def _traced(evidence: Evidence) -> _Verdict:
    """What the log alone tells of every item."""
    state = new_state(evidence.site)
    for recorded in evidence.log:
        apply(state, recorded)
    items = [(item.id, task) for task in state.tasks.values() for item in task.items]
    for item, task in items:
        chain = state.chains.get(chain_id(task.id, item))
        broken = gap(chain, ended=task.status.ended) if chain is not None else f"{item} of {task.id} is not known"
        if broken is not None:
            return _Verdict(False, broken, (task.id,))
    ids = [item for item, _ in items]
    twice = next((item for item in ids if ids.count(item) > 1), None)
    if twice is not None:
        return _Verdict(False, f"{twice} is the id of several items")
    return _Verdict(bool(items), f"{len(items)} items")


def _no_faster_than(speed: float, evidence: Evidence) -> _Verdict:
    fastest = max(
        ((max(p.speed, p.speed + p.acceleration * p.duration), p.robot, p.time) for p in evidence.motion.segments),
        default=None,
    )
    if fastest is None:
        return _Verdict(True, "no robot drove")
    top, robot, time = fastest
    found = f"{robot} drove {top * 3.6:.1f} km/h"
    return _Verdict(top <= speed + 1e-6, found, (robot,), evidence.start + timedelta(seconds=time))


def _at_least(expected: AtLeast, evidence: Evidence) -> _Verdict:
    until = evidence.end if expected.clock is None else evidence.moment(expected.clock)
    tasks = _of_group(expected.group, evidence)
    done = [asked for asked in tasks if _in_time(asked, until)]
    found = f"{len(done)} of {len(tasks)} tasks"
    if len(done) >= expected.count:
        return _Verdict(True, found)
    late = [asked.view.id for asked in tasks if not _in_time(asked, until)]
    return _Verdict(False, found, tuple(late[:1]), until)


def _all_end(evidence: Evidence) -> _Verdict:
    opened = [asked.view for asked in evidence.tasks if not asked.view.status.ended]
    if not opened:
        return _Verdict(True, f"{len(evidence.tasks)} tasks")
    first = opened[0]
    why = first.waiting_for.because if first.waiting_for else "; ".join(reason.text for reason in first.reasons)
    return _Verdict(False, f"{len(opened)} of {len(evidence.tasks)}; {first.id} is {first.status}: {why}", (first.id,))


def _invariants(evidence: Evidence) -> _Verdict:
    broken = evidence.broken
    if broken is None:
        return _Verdict(True, f"after {len(evidence.log)} events")
    until = evidence.start + timedelta(seconds=broken.time)
    named = {word.strip(",;:.()") for word in broken.text.split()}
    known = {*(r.id for f in evidence.site.fleets.values() for r in f.robots), *(a.view.id for a in evidence.tasks)}
    return _Verdict(False, str(broken), tuple(sorted(named & known)), until)


def _waits(group: str | None, limit: timedelta, evidence: Evidence) -> _Verdict:
    waits = [(_wait(asked, evidence), asked) for asked in _of_group(group, evidence)]
    if not waits:
        return _Verdict(group is None, "no tasks" if group is None else f"nobody asked for {group} tasks")
    longest = max(wait for wait, _ in waits)
    over = [(asked.view.requested_at, asked) for wait, asked in waits if wait > limit]
    found = f"the longest wait is {longest.total_seconds() / 60:.1f} min"
    if not over:
        return _Verdict(True, found)
    asked = min(over, key=lambda entry: (entry[0], entry[1].view.id))[1]
    return _Verdict(False, f"{found}, {len(over)} waited too long", (asked.view.id,), _begins(asked) + limit)


def _begins(asked: Asked) -> datetime:
    return max(asked.view.requested_at, asked.view.earliest_start or asked.view.requested_at)


def _wait(asked: Asked, evidence: Evidence) -> timedelta:
    over = asked.view.picked_up_at or asked.view.ended_at or evidence.end
    return max(timedelta(), over - _begins(asked))


def _refused(group: str, evidence: Evidence) -> _Verdict:
    accepted = _of_group(group, evidence)
    if accepted:
        return _Verdict(False, f"{len(accepted)} accepted", (accepted[0].view.id,))
    refused = [request.text for request in evidence.refused if request.group == group]
    return _Verdict(bool(refused), refused[0] if refused else f"nobody asked for {group} tasks")


def _by(deadline: Deadline | None, evidence: Evidence) -> datetime:
    """A deadline whose minutes count from the scenario's beginning; its end when there is none."""
    if deadline is None:
        return evidence.end
    if deadline.clock is not None:
        return evidence.moment(deadline.clock)
    return evidence.start + timedelta(minutes=deadline.minutes or 0.0)


# --- robots ----------------------------------------------------------------------------------------------------


def _arrives(expected: Arrives, evidence: Evidence) -> _Verdict:
    due = _by(expected.deadline, evidence)
    passed = (
        (recorded.event.at, recorded.event.robot)
        for recorded in evidence.log
        if isinstance(recorded.event, NodePassed)
        and recorded.event.waypoint == expected.place
        and expected.robot in (None, recorded.event.robot)
    )
    first = next(passed, None)
    if first is None:
        found = f"{expected.robot} never came there" if expected.robot is not None else "no robot came there"
    else:
        found = f"{first[1]} came at {evidence.clock(first[0])}"
    holds = first is not None and first[0] <= due
    robot = expected.robot or (first[1] if first is not None else None)
    return _Verdict(holds, found, (robot,) if robot is not None else (), due)


def _charge_above(robot: str | None, charge: float, evidence: Evidence) -> _Verdict:
    lowest = min(
        ((level, time, name) for name, time, level in _charges(evidence) if robot in (None, name)),
        default=None,
    )
    if lowest is None:
        return _Verdict(True, "no robot told its charge")
    level, _, name = lowest
    found = f"{name} had {level:.0%} at least"
    below = next(
        ((time, other) for other, time, low in _charges(evidence) if low < charge and robot in (None, other)), None
    )
    if below is None:
        return _Verdict(True, found)
    return _Verdict(False, f"{below[1]} at {evidence.clock(below[0])}, down to {level:.0%}", (below[1],), below[0])


def _charges(evidence: Evidence) -> Iterator[tuple[str, datetime, float]]:
    """Every figure of a state of charge, in order of time."""
    for recorded in evidence.log:
        event = recorded.event
        if isinstance(event, NodePassed | CommandEnded | ReportNoted) and event.state_of_charge is not None:
            yield event.robot, recorded.time, event.state_of_charge
    for robot, level in evidence.charges.items():
        yield robot, evidence.end, level


def _never_enters(robot: str | None, name: str, evidence: Evidence) -> _Verdict:
    zones = [zone for zone in evidence.site.zones.values() if name in (zone.id, zone.zone_class)]
    entered = min(_entries(robot, zones, evidence), default=None)
    if entered is None:
        return _Verdict(True, "never")
    time, who, where = entered
    return _Verdict(False, f"{who} was in {where} at {evidence.clock(time)}", (who,), time)


def _entries(robot: str | None, zones: Iterable[Zone], evidence: Evidence) -> Iterator[tuple[datetime, str, str]]:
    """When which robot's centre was first in a zone: time, robot and zone."""
    areas: dict[LevelId, list[tuple[Zone, Polygon]]] = {}
    for zone in zones:
        areas.setdefault(zone.level, []).append((zone, Polygon(zone.polygon)))
    all_of = {level: prep(unary_union([area for _, area in known])) for level, known in areas.items()}
    for time, name, level, way in _ways(evidence):
        if robot in (None, name) and level in areas and all_of[level].intersects(way):
            yield from ((time, name, zone.id) for zone, area in areas[level] if area.intersects(way))


def _ways(evidence: Evidence) -> Iterator[tuple[datetime, str, LevelId, BaseGeometry]]:
    """Where each robot's centre was: from when on, on which level, along which line."""
    for name, place in evidence.motion.starts.items():
        yield evidence.start, name, place.level, Point(place.x, place.y)
    for piece in evidence.motion.segments:
        way = _swept(piece.x, piece.y, piece.yaw, piece.speed, piece.acceleration, piece.duration)
        yield evidence.start + timedelta(seconds=piece.time), piece.robot, piece.level, way


def _swept(x: float, y: float, yaw: float, speed: float, acceleration: float, duration: float) -> BaseGeometry:
    """Where a body's centre goes in one piece of motion."""
    metres = speed * duration + 0.5 * acceleration * duration**2
    if metres == 0.0:
        return Point(x, y)
    return LineString([(x, y), (x + metres * math.cos(yaw), y + metres * math.sin(yaw))])


def _refills(expected: Refills, evidence: Evidence) -> _Verdict:
    robot, filled = expected.robot, refills(expected.robot, evidence.log)
    bad = next((r for r in filled if r.before >= expected.left or abs(r.after - expected.litres) > 0.1), None)
    if bad is not None:
        at = evidence.clock(bad.at)
        found = f"from {bad.before:.1f} to {bad.after:.1f} L at {at}"
        return _Verdict(False, found, (robot,), bad.at)
    return _Verdict(len(filled) >= expected.times, f"{len(filled)} times", (robot,))


def _sprays_up_to(speed: float, evidence: Evidence) -> _Verdict:
    found = fastest(evidence.log, evidence.motion, evidence.start)
    if found is None:
        return _Verdict(False, "no robot sprayed")
    most = found[0] * 3600.0
    holds = 0.99 * speed <= most <= speed * (1.0 + 1e-6)
    return _Verdict(holds, f"{found[1]} at {most:.0f} m/h", (found[1],), found[2])


def _charge_covers(robot: str, area: float, evidence: Evidence) -> _Verdict:
    proofs = [proof for proof in evidence.certificates.values() if proof.spray is not None]
    sprayed = sum(p.spray.area for p in proofs if p.spray is not None and p.spray.robots == (robot,))
    used = charge_used(robot, evidence.log)
    if not sprayed or not used:
        return _Verdict(False, f"{robot} sprayed nothing by itself", (robot,))
    found = f"{sprayed:.0f} m² took {used:.1%}: {sprayed / used:.0f} m² a charge"
    return _Verdict(sprayed / used >= area, found, (robot,))


# --- routes ----------------------------------------------------------------------------------------------------


def _route(evidence: Evidence, start: str, goal: str, is_so: Callable[[RouteView], bool], *, wanted: bool) -> _Verdict:
    route = evidence.routes[start, goal]
    if route is None:
        return _Verdict(False, "no robot may drive there")
    way = f"{route.length:.0f} m, {route.duration / 60:.1f} min" + (
        f" by {', '.join(route.lifts)}" if route.lifts else ""
    )
    holds = is_so(route) is wanted
    return _Verdict(holds, way if holds else f"{way}: {' → '.join(route.waypoints)}")


def _touches(site: Site, route: RouteView, what: str) -> bool:
    if what in route.lifts or what in route.waypoints:
        return True
    zones = zones_at(site)
    return any(what in (zone.id, zone.zone_class) for place in route.waypoints for zone in zones.of[WaypointId(place)])


# --- alerts and traffic ----------------------------------------------------------------------------------------


def _alerts(kind: str | None, evidence: Evidence) -> list[AlertRaised]:
    events = (recorded.event for recorded in evidence.log)
    return [event for event in events if isinstance(event, AlertRaised) and kind in (None, event.alert.kind)]


def _nobody_alerted(kind: str | None, evidence: Evidence) -> _Verdict:
    raised = _alerts(kind, evidence)
    if not raised:
        return _Verdict(True, "no alert")
    alert = raised[0].alert
    found = f"{len(raised)} alerts; {alert.kind} at {evidence.clock(alert.since)}: {alert.text}"
    return _Verdict(False, found, (alert.subject,), alert.since)


def _somebody_alerted(kind: str, deadline: Deadline | None, evidence: Evidence) -> _Verdict:
    due = _by(deadline, evidence)
    raised = _alerts(kind, evidence)
    if not raised:
        others = sorted({event.alert.kind for event in _alerts(None, evidence)})
        return _Verdict(False, f"no such alert, but {', '.join(others) or 'none at all'}")
    first = raised[0].alert
    return _Verdict(
        first.since <= due, f"at {evidence.clock(first.since)}: {first.text}", (first.subject,), first.since
    )


def _no_jams(evidence: Evidence) -> _Verdict:
    if not evidence.jams:
        return _Verdict(True, "none")
    jam = evidence.jams[0]
    span = f"{evidence.clock(jam.start)}–{evidence.clock(jam.end)}"
    found = f"{len(evidence.jams)}; the first: {', '.join(jam.robots)} at {span}"
    return _Verdict(False, found, tuple(jam.robots), jam.end)


def _no_overlaps(evidence: Evidence) -> _Verdict:
    if not evidence.violations:
        return _Verdict(True, "none")
    first = evidence.violations[0]
    start = evidence.start + timedelta(seconds=first.start)
    found = f"{len(evidence.violations)}; the first: {first.one} and {first.other} at {evidence.clock(start)}"
    return _Verdict(False, found, (first.one, first.other), start)
