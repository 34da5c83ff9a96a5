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
_NOBODY = -1
_SEVERAL = -2


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
def _keep(resource, robot, keeper):  # type: ignore[no-untyped-def]
    """A robot never releases a resource: remember whose it is, or that it is several robots'."""
    if keeper[resource] == _NOBODY:
        keeper[resource] = robot
    elif keeper[resource] != robot:
        keeper[resource] = _SEVERAL


@njit(cache=True, nogil=True)
def _held_until(resources, robot, start, never, latest, by, second, keeper):  # type: ignore[no-untyped-def]
    """When the last other robot so far releases what a robot needs, `never` for what is kept; `start` when later.

    Who waits for what is kept has times beyond `never` too: those count beside it.
    """
    for resource in resources:
        until = second[resource] if by[resource] == robot else latest[resource]
        if keeper[resource] != _NOBODY and keeper[resource] != robot:
            until = max(until, never)
        start = max(start, until)
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
    by = np.full(resources, _NOBODY, dtype=np.int32)
    keeper = np.full(resources, _NOBODY, dtype=np.int32)
    released = by_resource(hold_release + 1, len(node_passed) + 1)
    release_ptr, release_order = released
    # What is held for ever comes first in that order, with its stretch.
    kept_ptr, kept_order = by_resource(hold_stretch[release_order[: release_ptr[1]]] + 1, len(was) + 1)
    for i in kept_order[: kept_ptr[1]]:
        hold = release_order[i]
        _keep(hold_resource[hold], hold_robot[hold], keeper)
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
                    start = _held_until(needed, robot, max(start, now[robot]), never, latest, by, second, keeper)
                stretch_start[s] = start
                for node in range(first, stretch_last[s] + 1):
                    node_passed[node] = max(start + offset[node], now[robot])
            for s in order[at:until]:
                if bool(stretch_given[s]) != given:
                    continue
                for i in kept_order[kept_ptr[s + 1] : kept_ptr[s + 2]]:
                    hold = release_order[i]
                    _keep(hold_resource[hold], hold_robot[hold], keeper)
                for node in range(stretch_first[s], stretch_last[s] + 1):
                    for hold in release_order[release_ptr[node + 1] : release_ptr[node + 2]]:
                        _last_two(hold_resource[hold], hold_robot[hold], node_passed[node], latest, by, second)
            at = until


@njit(cache=True, nogil=True)
def precedences(  # type: ignore[no-untyped-def]
    me,
    robots,
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
    """Who has to wait for whom because of one robot's itinerary: waiting stretches, for which robot, until which node.

    Both the robot's own stretches behind others' holds, and others' stretches behind its own holds. Of each stretch and
    each robot that it waits for only the latest node counts, and only when no earlier stretch waits for as late a node.
    """
    waiting = [np.int64(0) for _ in range(0)]
    owners = [np.int64(0) for _ in range(0)]
    passed = [np.int64(0) for _ in range(0)]
    mine = np.zeros(len(by_ptr) - 1, dtype=np.bool_)
    for hold in range(len(hold_robot)):
        if hold_robot[hold] == me:
            mine[hold_resource[hold]] = True
    node = np.full(robots, -1, dtype=np.int64)
    # Up to which node of each other robot I wait by now, and up to which of mine each other robot does.
    mine_told = np.full(robots, -1, dtype=np.int64)
    others_told = np.full(robots, -1, dtype=np.int64)
    for s in range(len(stretch_robot)):
        if stretch_given[s]:
            continue
        robot = stretch_robot[s]
        for k in range(near_ptr[s], near_ptr[s + 1]):
            resource = near[k]
            if robot != me and not mine[resource]:
                continue
            for i in range(by_ptr[resource], by_ptr[resource + 1]):
                hold = by_order[i]
                other = hold_robot[hold]
                if other == robot or (robot != me and other != me) or hold_release[hold] < 0:
                    continue
                if hold_stretch[hold] < 0 or stretch_start[hold_stretch[hold]] < stretch_start[s]:
                    node[other] = max(node[other], hold_release[hold])
        for owner in range(robots) if robot == me else range(me, me + 1):
            told, other = (mine_told, owner) if robot == me else (others_told, robot)
            if node[owner] > told[other]:
                told[other] = node[owner]
                waiting.append(np.int64(s))
                owners.append(np.int64(owner))
                passed.append(node[owner])
            node[owner] = -1
    return np.array(waiting), np.array(owners), np.array(passed)


@njit(cache=True, nogil=True)
def robots_met(  # type: ignore[no-untyped-def]
    stretches,
    starts,
    arrivals,
    near_ptr,
    near,
    counts,
    hold_robot,
    hold_resource,
    hold_from,
    hold_until,
    most,
    resources,
):
    """The robots whose holds an itinerary would meet, in the order of its stretches, at most so many.

    Only the holds that count are looked at.
    """
    found = [np.int64(0) for _ in range(0)]
    is_near = np.empty(resources, dtype=np.bool_)
    for k in range(len(stretches)):
        is_near[:] = False
        for resource in near[near_ptr[stretches[k]] : near_ptr[stretches[k] + 1]]:
            is_near[resource] = True
        for hold in range(len(hold_robot)):
            if not counts[hold] or not is_near[hold_resource[hold]]:
                continue
            if hold_from[hold] < arrivals[k] and hold_until[hold] > starts[k]:
                robot = np.int64(hold_robot[hold])
                if robot not in found:
                    found.append(robot)
                    if len(found) == most:
                        return found
    return found


@njit(cache=True, nogil=True)
def _insert(begins, ends, count, begin, end):  # type: ignore[no-untyped-def]
    """Put a span of time among the first `count`, none of which lies within another; answers how many there are then.

    They are in the order of their begin, and so of their end.
    """
    place = count
    while place > 0 and begins[place - 1] >= begin:
        place -= 1
    if (place > 0 and ends[place - 1] >= end) or (place < count and begins[place] == begin and ends[place] >= end):
        return count
    beyond = place
    while beyond < count and ends[beyond] <= end:
        beyond += 1
    if beyond == place:
        for i in range(count, place, -1):
            begins[i] = begins[i - 1]
            ends[i] = ends[i - 1]
        count += 1
    elif beyond > place + 1:
        less = beyond - place - 1
        for i in range(beyond, count):
            begins[i - less] = begins[i]
            ends[i - less] = ends[i]
        count -= less
    begins[place] = begin
    ends[place] = end
    return count


@njit(cache=True, nogil=True)
def _times(resource, holds, me, ready, begins, ends):  # type: ignore[no-untyped-def]
    """Fill in when others hold a resource from `ready` on, in order, what overlaps as one; answers how many times."""
    by_ptr, by_order, hold_robot, hold_from, hold_until = holds
    count = 0
    for hold in by_order[by_ptr[resource] : by_ptr[resource + 1]]:
        until = hold_until[hold]
        if hold_robot[hold] != me and until > ready and until > hold_from[hold]:
            count = _insert(begins, ends, count, hold_from[hold], until)
    whole = 0
    for i in range(count):
        if whole and begins[i] <= ends[whole - 1]:
            ends[whole - 1] = max(ends[whole - 1], ends[i])
        else:
            begins[whole] = begins[i]
            ends[whole] = ends[i]
            whole += 1
    return whole


@njit(cache=True, nogil=True)
def _look_at(resources, holds, me, ready, busy):  # type: ignore[no-untyped-def]
    """See to it that the times when others hold these resources are known; answers how many there are.

    `busy` are for each resource how many these are (-1: not known yet), and their begins and ends, which have their
    place where the resource's holds are in `by_order`.
    """
    counts, begins, ends = busy
    by_ptr = holds[0]
    total = 0
    for resource in resources:
        if counts[resource] < 0:
            first = by_ptr[resource]
            counts[resource] = _times(resource, holds, me, ready, begins[first:], ends[first:])
        total += counts[resource]
    return total


@njit(cache=True, nogil=True)
def _is_free(resources, needed_until, holds, busy, moment, later):  # type: ignore[no-untyped-def]
    """Whether nobody else meets a robot that sets out now, and needs each resource until its time and `later` (s)."""
    counts, begins, ends = busy
    by_ptr = holds[0]
    for k in range(len(resources)):
        first = by_ptr[resources[k]]
        for i in range(first, first + counts[resources[k]]):
            if ends[i] > moment:
                if begins[i] < moment + needed_until[k] + later:
                    return False
                break
    return True


@njit(cache=True, nogil=True)
def _free_from(resources, needed_until, holds, busy, moment, later):  # type: ignore[no-untyped-def]
    """The first time from `moment` on at which a robot that stood may set out."""
    counts, begins, ends = busy
    by_ptr = holds[0]
    waits = True
    while waits:
        waits = False
        for k in range(len(resources)):
            first = by_ptr[resources[k]]
            for i in range(first, first + counts[resources[k]]):
                if ends[i] > moment:
                    if begins[i] - needed_until[k] - later >= moment:
                        break
                    moment = ends[i]
                    waits = True
    return moment


@njit(cache=True, nogil=True)
def _busy_after(resources, needed_until, holds, busy, moment, later):  # type: ignore[no-untyped-def]
    """The end of the first time in which it may not set out any more after it might at `moment`."""
    counts, begins, ends = busy
    by_ptr = holds[0]
    next_begin = next_end = FOREVER
    for k in range(len(resources)):
        first = by_ptr[resources[k]]
        for i in range(first, first + counts[resources[k]]):
            if ends[i] > moment:
                begin = begins[i] - needed_until[k] - later
                if begin < next_begin:
                    next_begin = begin
                    next_end = ends[i]
                break
    return next_end


@njit(cache=True, nogil=True)
def _safe(resources, holds, busy, low, high, first):  # type: ignore[no-untyped-def]
    """Fill in the intervals, from index `first` on, in which nobody else holds any of these resources."""
    counts, all_begins, all_ends = busy
    by_ptr = holds[0]
    size = 0
    for resource in resources:
        size += counts[resource]
    begins = np.empty(size, dtype=np.float64)
    ends = np.empty(size, dtype=np.float64)
    count = 0
    for resource in resources:
        for i in range(by_ptr[resource], by_ptr[resource] + counts[resource]):
            count = _insert(begins, ends, count, all_begins[i], all_ends[i])
    found = first
    free_from = -FOREVER
    for i in range(count):
        if begins[i] > free_from:
            low[found] = free_from
            high[found] = begins[i]
            found += 1
        free_from = ends[i]
    if free_from < FOREVER:
        low[found] = free_from
        high[found] = FOREVER
        found += 1
    return found - first


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
    latest_arrival,
    most_labels,
):
    """The itinerary that is at `goal` first among those that can get home afterwards.

    From waypoint `start`, where the robot is ready at `ready` (s) with `heading`; it stays at the goal for `dwell` s
    and then drives to a waypoint where `home` is true and that nobody else needs ever after. `to_goal` and `to_home`
    are seconds without waits from everywhere (lower bounds), infinite where the search need not go. Only an arrival
    before `latest_arrival` (s) is of use. Answers the stretches with their start and arrival times and how many of
    them lead to the goal: -1 when there is no itinerary, -2 when more labels would be needed than `most_labels`.
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

    holds = (by_ptr, by_order, hold_robot, hold_from, hold_until)
    busy = (
        np.full(len(by_ptr) - 1, -1, dtype=np.int32),
        np.empty(len(by_order), dtype=np.float64),
        np.empty(len(by_order), dtype=np.float64),
    )
    # The safe intervals of the waypoints that were looked at, close together: memory that is new costs most here.
    first_interval = np.empty(waypoints, dtype=np.int32)
    interval_count = np.full(waypoints, -1, dtype=np.int32)
    needed = stand[stand_ptr[start] : stand_ptr[start + 1]]
    room = max(2048, _look_at(needed, holds, me, ready, busy) + 1)
    low = np.empty(room, dtype=np.float64)
    high = np.empty(room, dtype=np.float64)
    best = np.full((2, room), np.inf)
    intervals = _safe(needed, holds, busy, low, high, 0)
    first_interval[start] = 0
    interval_count[start] = intervals

    fringe_goal = [(0.0, 0, 0) for _ in range(0)]
    fringe_home = [(0.0, 0, 0) for _ in range(0)]
    none = np.empty(0, dtype=np.int32)
    no_times = np.empty(0, dtype=np.float64)

    # New labels wait here until they are added: at, time, heading, label before, stretch, departure, stage.
    new: Any = [(np.int64(start), float(ready), float(heading), np.int64(-1), np.int64(-1), float(ready), np.int64(0))]
    last = -1
    while True:
        for there, arrives, turned, before, s, departs, stage in new:
            first = first_interval[there]
            found = first + interval_count[there] - 1
            while found >= first and low[found] - _SLACK > arrives:
                found -= 1
            if found < first or arrives > high[found] + _SLACK or arrives >= best[stage, found] - _SLACK:
                continue
            if stage == 0 and arrives + to_goal[there] >= latest_arrival:
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
        for s in out[out_ptr[at] : out_ptr[at + 1]]:
            there = end[s]
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
            if interval_count[there] < 0:
                needed = stand[stand_ptr[there] : stand_ptr[there + 1]]
                room = _look_at(needed, holds, me, ready, busy) + 1
                while intervals + room > len(low):
                    low = np.concatenate((low, np.empty_like(low)))
                    high = np.concatenate((high, np.empty_like(high)))
                    best = np.concatenate((best, np.empty_like(best)), axis=1)
                first_interval[there] = intervals
                interval_count[there] = _safe(needed, holds, busy, low, high, intervals)
                for i in range(intervals, intervals + interval_count[there]):
                    best[0, i] = np.inf
                    best[1, i] = np.inf
                intervals += interval_count[there]
            earliest = time + duration[s] + extra
            first = first_interval[there]
            final = first + interval_count[there] - 1
            useful = False
            for i in range(final, first - 1, -1):
                if high[i] + _SLACK < earliest:
                    break
                if max(earliest, low[i] - _SLACK) < best[stage, i] - _SLACK:
                    useful = True
                    break
            if not useful:
                continue
            # From the last interval on, later is never better.
            enough = low[final] if high[final] >= FOREVER else np.inf
            needed = near[near_ptr[s] : near_ptr[s + 1]]
            needed_until = near_until[near_ptr[s] : near_ptr[s + 1]]
            _look_at(needed, holds, me, ready, busy)
            if _is_free(needed, needed_until, holds, busy, time, extra):
                new.append((np.int64(there), earliest, turned, label, np.int64(s), time, stage))
                if earliest >= enough:
                    continue
            # While a hold of another robot would meet it on the stretch it may not set out.
            moment = _free_from(needed, needed_until, holds, busy, time, waited)
            if moment == time:
                moment = _free_from(
                    needed,
                    needed_until,
                    holds,
                    busy,
                    _busy_after(needed, needed_until, holds, busy, time, waited),
                    waited,
                )
            while moment <= latest and moment < FOREVER:
                arrives = moment + duration[s] + waited
                new.append((np.int64(there), arrives, turned, label, np.int64(s), moment, stage))
                if arrives >= enough:
                    break
                busy_until = _busy_after(needed, needed_until, holds, busy, moment, waited)
                moment = _free_from(needed, needed_until, holds, busy, busy_until, waited)

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
