"""How patient the fleet manager is. All in seconds and metres."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """`unreachable_after` counts from the last heartbeat, `rescue_after` from when a robot became unreachable.

    In lifts and mapped no-signal zones `no_signal` takes the place of `unreachable_after`. A hand-over that nobody
    comes to is alerted after `handover_alert` and ended after `handover_end`, a wipe-down after `wipe_down_alert`.
    A task that could begin and that nobody takes for `queued` is alerted.
    `blocked` is how long something outside the fleet may block a lane before it is closed for others, for `closure`
    seconds; a robot that a person had go round keeps off the way for `detour`. After the same time as `blocked` the
    others are planned round a robot that can't move. `retry` is how often a waiting robot is looked at when nothing
    told that its way is free; one that waited for `replan` is planned anew; every `foresee` all arrivals are predicted
    anew. `lease` is how long a door or lift is kept for a robot that does not renew its session. A robot that finds a
    car full asks again after `full_retry`, and `full_alert` times in a row call a person; one that gives way (让梯)
    asks again after `give_way`; a lift is reserved for `reservation` unless an end was named; one that is in use and
    says nothing for `lift_silence` is out. After `proof_tries` wrong proofs in a row a hand-over is locked for
    `proof_lock`; a one-time code is good for `code_life` to twice that. `carry_alert` is the share of the time that
    goods may be on the way after which a person is called. `lookahead` is the least length of route (m) that a moving
    robot is allocated ahead; `location_error` how far (m) from a waypoint a robot may stand to be at it. A crossing's
    signal that was asked and says nothing for `crossing_silence` is out.
    A compartment that a code has opened is locked again after `take_out`. A patient who is called may take
    `meal_patience` to take the meal. A visitor is awaited for `meet_patience`, led at `walking_pace` (m/s), and has
    fallen behind from `follow_distance` (m) on: they are asked to follow every `follow_reminder`, until after
    `follow_patience` a person is called.
    """

    unreachable_after: float = 5.0
    rescue_after: float = 60.0
    no_signal: float = 60.0
    handover_alert: float = 300.0
    handover_end: float = 1800.0
    wipe_down_alert: float = 300.0
    queued: float = 1200.0
    blocked: float = 30.0
    closure: float = 120.0
    detour: float = 600.0
    retry: float = 5.0
    replan: float = 10.0
    foresee: float = 15.0
    lease: float = 60.0
    full_retry: float = 20.0
    full_alert: int = 5
    give_way: float = 60.0
    reservation: float = 600.0
    lift_silence: float = 90.0
    crossing_silence: float = 90.0
    proof_tries: int = 3
    proof_lock: float = 300.0
    code_life: float = 600.0
    take_out: float = 20.0
    carry_alert: float = 0.8
    lookahead: float = 8.0
    location_error: float = 1.0
    drive_retries: int = 3
    meal_patience: float = 60.0
    meet_patience: float = 300.0
    walking_pace: float = 0.8
    follow_distance: float = 4.0
    follow_reminder: float = 15.0
    follow_patience: float = 90.0
