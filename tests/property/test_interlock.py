"""The interlock of lamp and sprayer, over random histories of people, doors, confirmations, stops and passing time.

Whatever happens: the lamp is never on while a person is in the room, nor while its door is open, nor without a
confirmation by a person that is newer than the last disturbance and was fresh enough when the lamp came on.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from robot_agents.protocol import Mode, ObservationKind, Pose, Sighting, Treat, TreatmentMethod, TreatmentStop
from robot_agents.treatment import TreatmentRun
from sim.clock import SIMULATED_START, LoopClock, ShiftedClock, run_virtual

_VALID = 300.0


@dataclass
class _Lamp:
    """A robot that goes half a metre in a second and keeps what its lamp did."""

    clock: LoopClock
    on: bool = False
    x: float = 0.0
    y: float = 0.0
    run: TreatmentRun | None = None
    switched_on_at: datetime | None = None
    _way: asyncio.TimerHandle | None = None

    def pose(self) -> Pose:
        return Pose(level="L1", x=self.x, y=self.y, yaw=0.0)

    def go_to(self, x: float, y: float, speed: float | None = None) -> None:
        self.stand()
        seconds = (abs(x - self.x) + abs(y - self.y)) / 0.5
        self._way = asyncio.get_running_loop().call_later(seconds, self._there, x, y)

    def _there(self, x: float, y: float) -> None:
        self._way = None
        self.x, self.y = x, y
        assert self.run is not None
        self.run.arrived()

    def stand(self) -> None:
        if self._way is not None:
            self._way.cancel()
            self._way = None

    def tank(self) -> float | None:
        return None

    def switch(self, on: bool, rate: float = 0.0) -> None:
        self.on = on
        self.switched_on_at = self.clock.now() if on else self.switched_on_at

    def say(self, text: str) -> None:
        assert text


@dataclass
class _Book:
    """Keeps what an agent reports."""

    done_ids: list[str] = field(default_factory=list)
    failed_ids: list[str] = field(default_factory=list)
    told: list[tuple[bool, bool]] = field(default_factory=list)

    def done(self, command_id: str) -> None:
        self.done_ids.append(command_id)

    def failed(self, command_id: str, reason: str, *, retry: bool = False) -> None:
        self.failed_ids.append(command_id)

    def treatment(self, treat_id: str, pose: Pose, *, on: bool, because: str = "", interrupted: bool = False) -> None:
        self.told.append((on, interrupted))

    def passed(self, drive_id: str, sequence: int, speed: float) -> None: ...
    def mode(self, mode: Mode, reason: str = "", pose: Pose | None = None, waypoint: str | None = None) -> None: ...
    def off_route(self, pose: Pose, distance: float, reason: str = "") -> None: ...
    def blocked(self, reason: str, *, over: bool = False) -> None: ...
    def charge_reached(self) -> None: ...
    def said(self, say_id: str, pose: Pose, *, aloud: bool) -> None: ...
    def goods_taken(self, compartment: str) -> None: ...
    def follower(self, guide_id: str, *, following: bool, distance: float | None = None) -> None: ...
    def inspected(self, inspect_id: str, pose: Pose, began: datetime) -> None: ...
    def observed(self, inspect_id: str, kind: ObservationKind, value: float, person: Sighting, pose: Pose) -> None: ...
    def sees(self, people: Sequence[Sighting], pose: Pose) -> None: ...
    def power(self, on: bool) -> None: ...


_HAPPENINGS = st.sampled_from(
    ["enter", "leave", "open", "shut", "confirm", "revoke", "stop", "go on", "wait", "wait long", "give up"]
)


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    happenings=st.lists(_HAPPENINGS, max_size=40),
    confirmed_before=st.floats(0.0, 2 * _VALID),
    method=st.sampled_from(TreatmentMethod),
    warm_up=st.sampled_from([0.0, 60.0]),
)
def test_lamp_is_never_on_when_somebody_could_be_there(
    seed: int, happenings: list[str], confirmed_before: float, method: TreatmentMethod, warm_up: float
) -> None:
    async def history() -> None:
        rng = random.Random(seed)
        clock = LoopClock(SIMULATED_START)
        lamp, book = _Lamp(clock), _Book()
        confirmed_at = clock.now() - timedelta(seconds=confirmed_before)
        stops = [
            TreatmentStop(
                x=rng.uniform(-3, 3),
                y=rng.uniform(-3, 3),
                dwell=rng.choice([0.0, 5.0, 90.0]),
                sprays=method is TreatmentMethod.SPRAY and rng.random() < 0.7,
            )
            for _ in range(rng.randrange(1, 6))
        ]
        command = Treat(
            command_id="treat-1",
            step_id="M1-2",
            zone="room",
            method=method,
            stops=tuple(stops),
            confirmed_at=confirmed_at,
            valid_for=_VALID,
            countdown=10.0,
            warm_up=warm_up,
        )
        run = lamp.run = TreatmentRun(command, lamp, clock, book)
        person = door = frozen = False
        disturbed_at: datetime | None = None

        def check() -> None:
            if not lamp.on:
                return
            assert not person, "a person is in the room"
            assert not door, "the door is open"
            assert not frozen, "the robot is stopped"
            assert disturbed_at is None or confirmed_at > disturbed_at, "nobody confirmed the room since"
            assert lamp.switched_on_at is not None
            assert lamp.switched_on_at - confirmed_at <= timedelta(seconds=_VALID), "the confirmation was too old"

        run.begin()
        for what in happenings:
            match what:
                case "enter" | "leave" | "open" | "shut":
                    person = what == "enter" or (person and what != "leave")
                    door = what == "open" or (door and what != "shut")
                    run.sensed(person=person, door_open=door)
                    disturbed_at = clock.now() if person or door else disturbed_at
                case "confirm":
                    await asyncio.sleep(0.001)
                    confirmed_at = clock.now()
                    run.confirm(confirmed_at)
                case "revoke":
                    run.revoke("somebody said so")
                    disturbed_at = clock.now()
                case "stop":
                    frozen = True
                    run.freeze("e-stop")
                    disturbed_at = clock.now()
                case "go on":
                    frozen = False
                    run.freeze("")
                case "give up":
                    run.give_up("cancelled")
                    assert not lamp.on
                case _:
                    end = clock.now() + timedelta(seconds=200.0 if what == "wait long" else 7.0)
                    while clock.now() < end:
                        await asyncio.sleep(0.9)
                        check()
            check()
        assert not lamp.on or not run.over
        assert len(book.done_ids) + len(book.failed_ids) == (1 if run.over else 0)

    run_virtual(history())


def test_undisturbed_treatment_gives_each_stop_its_seconds_at_full_output() -> None:
    async def history() -> None:
        clock = LoopClock(SIMULATED_START)
        lamp, book = _Lamp(clock), _Book()
        stops = (TreatmentStop(x=1.0, y=0.0, dwell=100.0), TreatmentStop(x=2.0, y=0.0, dwell=50.0))
        command = Treat(
            command_id="treat-1",
            step_id="M1-2",
            zone="room",
            method=TreatmentMethod.UV,
            stops=stops,
            confirmed_at=clock.now(),
            valid_for=_VALID,
            countdown=10.0,
            warm_up=60.0,
        )
        lamp.run = TreatmentRun(command, lamp, clock, book)
        lamp.run.begin()
        await asyncio.sleep(10.0 + 2.0 + 129.9)
        assert lamp.on
        assert lamp.x == 1.0, "60 s of warm-up give as much as 30 s at full output"
        await asyncio.sleep(0.2 + 2.0 + 50.0)
        assert not lamp.on
        await asyncio.sleep(10.0)
        assert book.done_ids == ["treat-1"]

    run_virtual(history())


def test_old_confirmation_does_not_count_again_when_the_robot_s_clock_is_behind() -> None:
    async def history() -> None:
        clock = ShiftedClock(LoopClock(SIMULATED_START))
        clock.jump(-3600.0)
        lamp, book = _Lamp(LoopClock(SIMULATED_START)), _Book()
        command = Treat(
            command_id="treat-1",
            step_id="M1-2",
            zone="room",
            method=TreatmentMethod.UV,
            stops=(TreatmentStop(x=1.0, y=0.0, dwell=100.0),),
            confirmed_at=SIMULATED_START,
            valid_for=_VALID,
            countdown=10.0,
        )
        run = lamp.run = TreatmentRun(command, lamp, clock, book)
        run.begin()
        await asyncio.sleep(20.0)
        assert lamp.on
        run.sensed(person=True, door_open=False)
        run.sensed(person=False, door_open=False)
        run.confirm(SIMULATED_START)
        await asyncio.sleep(60.0)
        assert not lamp.on, "nobody has confirmed the room since"
        run.confirm(SIMULATED_START + timedelta(seconds=80.0))
        await asyncio.sleep(20.0)
        assert lamp.on

    run_virtual(history())
