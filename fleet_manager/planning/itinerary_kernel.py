"""The hot loops of the traffic planner, compiled: times of all itineraries, and one robot's quickest itinerary.

`sipp` is safe-interval path planning (Phillips, Likhachev: "SIPP: Safe Interval Path Planning for Dynamic
Environments", ICRA 2011) on stretches: a label is a waypoint within one interval in which nobody else needs it. It has
two stages, to the goal and from there to where the robot can stay for ever; a plan that could not be left again is no
plan (Čáp, Vokřínek, Kleiner: "Complete Decentralized Method for On-Line Multi-Robot Trajectory Planning in
Well-formed Infrastructures", ICAPS 2015). `itineraries.py` holds the plain reference of both.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Any

import numpy as np
from numba import njit

from fleet_manager.planning.stretches import STRAIGHT_ON

FOREVER = 1e15
"""Stands for the time of an event that nothing but a new decision brings."""

NEVER = 1e6
"""Seconds until something that nobody knows when it will come: robots behind it keep their order, far in the future."""

_SLACK = 1e-6


@njit(cache=True, nogil=True)
def by_resource(hold_resource, count):  # type: ignore[no-untyped-def]
    """A counting sort: the holds of each resource, as pointers and numbers of holds."""
    ptr = np.zeros(count + 1, dtype=np.int32)
    for r in hold_resource:
        ptr[r + 1] += 1
    for r in range(count):
        ptr[r + 1] += ptr[r]
    at = ptr.copy()
    order = np.empty(len(hold_resource), dtype=np.int32)
    for i in range(len(hold_resource)):
        r = hold_resource[i]
        order[at[r]] = i
        at[r] += 1
    return ptr, order


@njit(cache=True, nogil=True)
def _last_two(resource, robot, until, latest, by, second):  # type: ignore[no-untyped-def]
    """A robot holds a resource until then: keep the latest time, whose it is, and the latest of all others."""
    if by[resource] == robot:
        latest[resource] = max(latest[resource], until)
    elif until > latest[resource]:
        second[resource] = latest[resource]
        latest[resource] = until
        by[resource] = robot
    elif until > second[resource]:
        second[resource] = until


@njit(cache=True, nogil=True)
def _held_until(resources, robot, start, never, latest, by, second):  # type: ignore[no-untyped-def]
    """When the last other robot so far releases what a robot needs; `start` when that is later."""
    for resource in resources:
        until = second[resource] if by[resource] == robot else latest[resource]
        if until > start:
            start = never if until >= FOREVER else until
    return start


@njit(cache=True, nogil=True)
def retime(  # type: ignore[no-untyped-def]
    now,
    node_passed,
    stretch_robot,
    stretch_first,
    stretch_last,
    stretch_start,
    stretch_wait,
    stretch_given,
    offset,
    near_ptr,
    near,
    hold_robot,
    hold_resource,
    hold_stretch,
    hold_release,
    resources,
):
    """Push all itineraries to what is possible from now on, keeping who goes first at every resource.

    `now` is per robot (later for one that can't move yet). Stretches of all robots are flat; `first` and `last` are
    nodes, the node before `first` is where the robot waits. A given stretch is allocated: nobody holds it up. A hold
    begins with its stretch (-1: held now) and ends when node `hold_release` is passed (-1: never). Changes
    `node_passed` and `stretch_start`.

    Whoever goes first has released before the other one sets out, so it is enough to remember for each resource until
    when it was held by the itineraries up to the present moment of the plan.
    """
    was = stretch_start.copy()
    latest = np.full(resources, -FOREVER)
    second = np.full(resources, -FOREVER)
    by = np.full(resources, -1, dtype=np.int32)
    released = by_resource(hold_release + 1, len(node_passed) + 1)
    release_ptr, release_order = released
    # What is held for ever comes first in that order, with its stretch.
    kept_ptr, kept_order = by_resource(hold_stretch[release_order[: release_ptr[1]]] + 1, len(was) + 1)
    for i in kept_order[: kept_ptr[1]]:
        hold = release_order[i]
        _last_two(hold_resource[hold], hold_robot[hold], FOREVER, latest, by, second)
    order = np.argsort(was, kind="mergesort")
    for given in (True, False):
        at = 0
        while at < len(order):
            # Of those that begin at the same moment nobody goes first.
            until = at + 1
            while until < len(order) and was[order[until]] == was[order[at]]:
                until += 1
            for s in order[at:until]:
                if bool(stretch_given[s]) != given:
                    continue
                robot = stretch_robot[s]
                first = stretch_first[s]
                start = node_passed[first - 1] + stretch_wait[s]
                if not given:
                    needed = near[near_ptr[s] : near_ptr[s + 1]]
                    never = now[robot] + NEVER
                    start = _held_until(needed, robot, max(start, now[robot]), never, latest, by, second)
                stretch_start[s] = start
                for node in range(first, stretch_last[s] + 1):
                    node_passed[node] = max(start + offset[node], now[robot])
            for s in order[at:until]:
                if bool(stretch_given[s]) != given:
                    continue
                for i in kept_order[kept_ptr[s + 1] : kept_ptr[s + 2]]:
                    hold = release_order[i]
                    _last_two(hold_resource[hold], hold_robot[hold], FOREVER, latest, by, second)
                for node in range(stretch_first[s], stretch_last[s] + 1):
                    for hold in release_order[release_ptr[node + 1] : release_ptr[node + 2]]:
                        _last_two(hold_resource[hold], hold_robot[hold], node_passed[node], latest, by, second)
            at = until


@njit(cache=True, nogil=True)
def precedences(  # type: ignore[no-untyped-def]
    me,
    stretch_robot,
    stretch_start,
    stretch_given,
    near_ptr,
    near,
    hold_robot,
    hold_resource,
    hold_stretch,
    hold_release,
    by_ptr,
    by_order,
):
    """Who has to wait for whom because of one robot's itinerary: waiting stretches, and nodes that must be passed.

    Both the robot's own stretches behind others' holds, and others' stretches behind its own holds.
    """
    waiting = [np.int64(0) for _ in range(0)]
    passed = [np.int64(0) for _ in range(0)]
    mine = np.zeros(len(by_ptr) - 1, dtype=np.bool_)
    for hold in range(len(hold_robot)):
        if hold_robot[hold] == me:
            mine[hold_resource[hold]] = True
    for s in range(len(stretch_robot)):
        if stretch_given[s]:
            continue
        own = stretch_robot[s] == me
        for k in range(near_ptr[s], near_ptr[s + 1]):
            resource = near[k]
            if not own and not mine[resource]:
                continue
            for i in range(by_ptr[resource], by_ptr[resource + 1]):
                hold = by_order[i]
                other = hold_robot[hold]
                if other == stretch_robot[s] or (not own and other != me) or hold_release[hold] < 0:
                    continue
                if hold_stretch[hold] < 0 or stretch_start[hold_stretch[hold]] < stretch_start[s]:
                    waiting.append(np.int64(s))
                    passed.append(np.int64(hold_release[hold]))
    return np.array(waiting), np.array(passed)


@njit(cache=True, nogil=True)
def _safe(at, stand_ptr, stand, by_ptr, by_order, hold_robot, hold_from, hold_until, me):  # type: ignore[no-untyped-def]
    """When nobody else needs waypoint `at`: the begins and ends of these intervals."""
    size = 0
    for k in range(stand_ptr[at], stand_ptr[at + 1]):
        size += by_ptr[stand[k] + 1] - by_ptr[stand[k]]
    begins = np.empty(size, dtype=np.float64)
    ends = np.empty(size, dtype=np.float64)
    n = 0
    for k in range(stand_ptr[at], stand_ptr[at + 1]):
        for i in range(by_ptr[stand[k]], by_ptr[stand[k] + 1]):
            hold = by_order[i]
            if hold_robot[hold] != me and hold_until[hold] > hold_from[hold]:
                begins[n] = hold_from[hold]
                ends[n] = hold_until[hold]
                n += 1
    low = np.empty(n + 1, dtype=np.float64)
    high = np.empty(n + 1, dtype=np.float64)
    count = 0
    free_from = -FOREVER
    for i in np.argsort(begins[:n], kind="mergesort"):
        if begins[i] > free_from:
            low[count] = free_from
            high[count] = begins[i]
            count += 1
        free_from = max(free_from, ends[i])
    if free_from < FOREVER:
        low[count] = free_from
        high[count] = FOREVER
        count += 1
    return low[:count], high[:count]


@njit(cache=True, nogil=True)
def sipp(  # type: ignore[no-untyped-def]
    out_ptr,
    out,
    end,
    duration,
    heading_in,
    heading_out,
    near_ptr,
    near,
    near_until,
    stand_ptr,
    stand,
    by_ptr,
    by_order,
    hold_robot,
    hold_from,
    hold_until,
    me,
    start,
    ready,
    heading,
    goal,
    dwell,
    to_goal,
    home,
    to_home,
    turn_speed,
    restart,
    most_labels,
):
    """The itinerary that is at `goal` first among those that can get home afterwards.

    From waypoint `start`, where the robot is ready at `ready` (s) with `heading`; it stays at the goal for `dwell` s
    and then drives to a waypoint where `home` is true and that nobody else needs ever after. `to_goal` and `to_home`
    are seconds without waits from everywhere (lower bounds), infinite where the search need not go. Answers the
    stretches with their start and arrival times and how many of them lead to the goal: -1 when there is no itinerary,
    -2 when more labels would be needed than `most_labels`.
    """
    waypoints = len(out_ptr) - 1
    label_at = np.empty(most_labels, dtype=np.int32)
    label_interval = np.empty(most_labels, dtype=np.int32)
    label_time = np.empty(most_labels, dtype=np.float64)
    label_heading = np.empty(most_labels, dtype=np.float64)
    label_before = np.empty(most_labels, dtype=np.int32)
    label_stretch = np.empty(most_labels, dtype=np.int32)
    label_start = np.empty(most_labels, dtype=np.float64)
    labels = 0

    # The safe intervals of the waypoints that were looked at; room for more is made when it is needed.
    first_interval = np.empty(waypoints, dtype=np.int32)
    interval_count = np.full(waypoints, -1, dtype=np.int32)
    intervals = 0
    low = np.empty(1024, dtype=np.float64)
    high = np.empty(1024, dtype=np.float64)
    best = np.empty((2, 1024), dtype=np.float64)

    fringe_goal = [(0.0, 0, 0) for _ in range(0)]
    fringe_home = [(0.0, 0, 0) for _ in range(0)]
    none = np.empty(0, dtype=np.int32)
    no_times = np.empty(0, dtype=np.float64)

    # New labels wait here until they are added: at, time, heading, label before, stretch, departure, stage.
    new: Any = [(np.int64(start), float(ready), float(heading), np.int64(-1), np.int64(-1), float(ready), np.int64(0))]
    last = -1
    while True:
        for there, arrives, turned, before, s, departs, stage in new:
            if interval_count[there] < 0:
                begin, end_of_safe = _safe(
                    there, stand_ptr, stand, by_ptr, by_order, hold_robot, hold_from, hold_until, me
                )
                first_interval[there] = intervals
                interval_count[there] = len(begin)
                while intervals + len(begin) > len(low):
                    low = np.concatenate((low, np.empty_like(low)))
                    high = np.concatenate((high, np.empty_like(high)))
                    best = np.concatenate((best, np.empty_like(best)), axis=1)
                for i in range(len(begin)):
                    low[intervals] = begin[i]
                    high[intervals] = end_of_safe[i]
                    best[0, intervals] = np.inf
                    best[1, intervals] = np.inf
                    intervals += 1
            found = -1
            for i in range(first_interval[there], first_interval[there] + interval_count[there]):
                if low[i] - _SLACK <= arrives <= high[i] + _SLACK:
                    found = i
            if found < 0 or arrives >= best[stage, found] - _SLACK:
                continue
            if labels >= most_labels:
                return none, no_times, no_times, -2
            best[stage, found] = arrives
            label_at[labels] = there
            label_interval[labels] = found
            label_time[labels] = arrives
            label_heading[labels] = turned
            label_before[labels] = before
            label_stretch[labels] = s
            label_start[labels] = departs
            if stage == 0:
                heappush(fringe_goal, (arrives + to_goal[there], -labels, labels))
            else:
                heappush(fringe_home, (arrives + to_home[there], -labels, labels))
            labels += 1
        new.clear()
        # Labels on the way home come first: they belong to an arrival at the goal that only needs its way out.
        if len(fringe_home) > 0:
            label = heappop(fringe_home)[2]
            stage = np.int64(1)
        elif len(fringe_goal) > 0:
            label = heappop(fringe_goal)[2]
            stage = np.int64(0)
        else:
            return none, no_times, no_times, -1
        at = label_at[label]
        time = label_time[label]
        if time > best[stage, label_interval[label]]:
            continue
        latest = high[label_interval[label]]
        if stage == 1 and home[at] and latest >= FOREVER:
            last = label
            break
        if stage == 0 and at == goal and time + dwell <= latest:
            new.append((np.int64(at), time + dwell, label_heading[label], label, np.int64(-1), time, np.int64(1)))
        for k in range(out_ptr[at], out_ptr[at + 1]):
            s = np.int64(out[k])
            there = np.int64(end[s])
            if (stage == 0 and to_goal[there] == np.inf) or (stage == 1 and to_home[there] == np.inf):
                continue
            turned = label_heading[label] if np.isnan(heading_out[s]) else heading_out[s]
            turn = 0.0
            straight = True
            if not np.isnan(label_heading[label]) and not np.isnan(heading_in[s]):
                angle = abs(heading_in[s] - label_heading[label])
                angle = min(angle, abs(2.0 * np.pi - angle))
                turn = angle / turn_speed
                straight = angle <= STRAIGHT_ON
            extra = turn if straight else turn + restart
            waited = turn + restart
            # When the robot may not set out: while a hold of another robot would meet it on the stretch.
            size = 0
            for n in range(near_ptr[s], near_ptr[s + 1]):
                size += by_ptr[near[n] + 1] - by_ptr[near[n]]
            begins = np.empty(size, dtype=np.float64)
            ends = np.empty(size, dtype=np.float64)
            count = 0
            at_once = True
            for n in range(near_ptr[s], near_ptr[s + 1]):
                for i in range(by_ptr[near[n]], by_ptr[near[n] + 1]):
                    hold = by_order[i]
                    if hold_robot[hold] == me or hold_until[hold] <= time or hold_until[hold] <= hold_from[hold]:
                        continue
                    if hold_from[hold] < time + near_until[n] + extra:
                        at_once = False
                    begins[count] = hold_from[hold] - near_until[n] - waited
                    ends[count] = hold_until[hold]
                    count += 1
            if at_once:
                new.append((there, time + duration[s] + extra, turned, label, s, time, stage))
            moment = time
            for i in np.argsort(begins[:count], kind="mergesort"):
                if begins[i] >= moment and moment > time and moment <= latest:
                    new.append((there, moment + duration[s] + waited, turned, label, s, moment, stage))
                moment = max(moment, ends[i])
            if moment > time and moment <= latest and moment < FOREVER:
                new.append((there, moment + duration[s] + waited, turned, label, s, moment, stage))

    length = 0
    label = last
    while label >= 0:
        length += 1 if label_stretch[label] >= 0 else 0
        label = label_before[label]
    stretches = np.empty(length, dtype=np.int32)
    starts = np.empty(length, dtype=np.float64)
    arrivals = np.empty(length, dtype=np.float64)
    ahead = length
    home_part = True
    goal_at = 0
    label = last
    while label >= 0:
        if label_stretch[label] >= 0:
            ahead -= 1
            stretches[ahead] = label_stretch[label]
            starts[ahead] = label_start[label]
            arrivals[ahead] = label_time[label]
        elif home_part:
            home_part = False
            goal_at = ahead
        label = label_before[label]
    return stretches, starts, arrivals, goal_at
