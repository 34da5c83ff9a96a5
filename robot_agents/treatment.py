"""A treatment as the robot itself carries it out, with the interlock that protects people from lamp and spray.

The interlock is here, in the agent, and asks nobody: a person seen or a door opened switches lamp or sprayer off in
the same call, whatever the manager says or whether it can be heard. It never goes on without a confirmation by a person
that is newer than what interrupted it.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from enum import Enum, auto
from math import hypot, sqrt
from typing import Protocol

from robot_agents.agent import Clock, Reporter
from robot_agents.protocol import Pose, Treat, TreatmentMethod, TreatmentStop


class Treater(Protocol):
    """What a robot that disinfects can do. All calls return at once; `TreatmentRun.arrived` tells the end of a way."""

    def pose(self) -> Pose: ...

    def go_to(self, x: float, y: float, speed: float | None = None) -> None:
        """Leave the lanes and go straight to a place of the same level (m, site frame).

        `speed` (m/s) at most; None: as slowly as the robot does between furniture.
        """
        ...

    def stand(self) -> None:
        """Stop where you are."""
        ...

    def switch(self, on: bool, rate: float = 0.0) -> None:
        """Lamp or sprayer, which gives `rate` litres per metre driven."""
        ...

    def tank(self) -> float | None:
        """What is in the sprayer's tank (L); None for a robot without one."""
        ...

    def say(self, text: str) -> None:
        """Warn the people around."""
        ...


def _age(given: float, warm_up: float) -> float:
    """How long a lamp has to shine to give as much as `given` seconds at full output."""
    return given + warm_up / 2.0 if given >= warm_up / 2.0 else sqrt(2.0 * warm_up * given)


_AT_HOME = 0.2
"""Metres from where a treatment begins within which a robot stands there."""


class _Phase(Enum):
    WAITING = auto()
    COUNTDOWN = auto()
    ON_THE_WAY = auto()
    DWELLING = auto()
    COMING_BACK = auto()
    OVER = auto()


class TreatmentRun:
    """Carries out one `Treat` command. Call all methods from the loop's thread."""

    def __init__(self, command: Treat, robot: Treater, clock: Clock, reporter: Reporter) -> None:
        self.command = command
        self._robot = robot
        self._clock = clock
        self._reporter = reporter
        self._loop = asyncio.get_running_loop()
        here = robot.pose()
        self._home = command.begins_at or (here.x, here.y)
        self._confirmed_at = command.confirmed_at
        self._disturbed_at: datetime | None = None
        self._used_up: datetime | None = None
        self._person = False
        self._door_open = False
        self._frozen = ""
        self._left = list(command.stops)
        self._seen: list[tuple[float, float]] = [self._home]
        self._way_back = self._home
        self._phase = _Phase.WAITING
        self._on = False
        self._on_since = 0.0
        self._dwells_since = 0.0
        self._given_up: str | None = None
        self._timer: asyncio.TimerHandle | None = None

    # --- what happens -------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Start when the sensors and the confirmation allow it; else say why not and wait.

        Away from where it begins an earlier process of this agent was at it: first of all the robot comes back.
        """
        here = self._robot.pose()
        if hypot(here.x - self._home[0], here.y - self._home[1]) <= _AT_HOME:
            self._consider()
            return
        stops = self.command.stops
        nearest = min(range(len(stops)), key=lambda i: hypot(stops[i].x - here.x, stops[i].y - here.y), default=-1)
        self._seen += [(stop.x, stop.y) for stop in stops[: nearest + 1]]
        if self.command.method is TreatmentMethod.SPRAY:
            self._left.clear()
        self._tell("the agent was restarted")
        self._come_back("the agent was restarted")

    def confirm(self, at: datetime) -> None:
        """A person confirmed at `at` that the room is vacated and shut."""
        self._confirmed_at = max(self._confirmed_at, at)
        if self._phase is _Phase.WAITING:
            self._consider()

    def sensed(self, *, person: bool, door_open: bool) -> None:
        """What the robot's own sensors, or the door's, tell now."""
        self._person, self._door_open = person, door_open
        because = self._danger()
        if because is not None:
            self._disturb(because)

    def revoke(self, because: str) -> None:
        """Somebody says that the room is not vacated and shut any more."""
        self._disturb(because)

    def freeze(self, because: str) -> None:
        """Somebody took the robot by hand, pressed e-stop or paused it; "" when that is over."""
        was_frozen, self._frozen = self._frozen, because
        if because:
            self._disturb(because)
        elif was_frozen and self._phase is _Phase.COMING_BACK:
            # It may stand somewhere else by now, and has forgotten where it went.
            self._robot.go_to(*self._way_back, self.command.speed)

    def arrived(self) -> None:
        """The robot stands where it was sent."""
        match self._phase:
            case _Phase.ON_THE_WAY if self.command.method is TreatmentMethod.SPRAY:
                self._pass_on()
            case _Phase.ON_THE_WAY:
                self._dwell()
            case _Phase.COMING_BACK:
                self._next_way_back()

    def drop(self) -> None:
        """The agent ends: nothing happens any more, whatever lamp and robot do now."""
        self._cancel_timer()
        self._phase = _Phase.OVER

    def give_up(self, reason: str) -> None:
        """Lamp off, and back to where it began, the way it came."""
        if self._phase in (_Phase.COMING_BACK, _Phase.OVER):
            return
        self._given_up = reason
        self._left.clear()
        self._come_back(reason)

    # --- the interlock ------------------------------------------------------------------------------------

    def _danger(self) -> str | None:
        if self._frozen:
            return self._frozen
        if self._person:
            return "a person was seen"
        if self._door_open:
            return "the door was opened"
        return None

    def _refusal(self) -> str | None:
        """Why lamp or sprayer must not start now."""
        danger = self._danger()
        if danger is not None:
            return danger
        # The manager's clock and the robot's may differ: what was confirmed before by either of them does not count.
        known = (self._disturbed_at, self._used_up)
        if any(before is not None and self._confirmed_at <= before for before in known):
            return "the room has to be confirmed as vacated again"
        if self._clock.now() - self._confirmed_at > timedelta(seconds=self.command.valid_for):
            return "the confirmation that the room is vacated is too old"
        return None

    def _disturb(self, because: str) -> None:
        if self._phase is _Phase.OVER:
            return
        self._disturbed_at = self._clock.now()
        self._used_up = self._confirmed_at
        sprayed = self._on and self.command.method is TreatmentMethod.SPRAY
        self._switch_off()
        if self._person and self.command.greeting:
            self._robot.say(self.command.greeting)
        if self._phase in (_Phase.COMING_BACK, _Phase.WAITING):
            return
        if sprayed:
            # It rolls on a little while it brakes: what that leaves dry is sprayed later.
            pose = self._robot.pose()
            self._left.insert(0, TreatmentStop(x=pose.x, y=pose.y, dwell=0.0, sprays=True))
        self._keep_what_is_left()
        self._cancel_timer()
        self._robot.stand()
        self._phase = _Phase.WAITING
        self._robot.say(f"Disinfection stopped: {because}.")
        self._tell(because, interrupted=True)

    def _consider(self) -> None:
        refusal = self._refusal()
        if refusal is not None:
            self._tell(refusal, interrupted=True)
            return
        self._phase = _Phase.COUNTDOWN
        seconds = self.command.countdown
        sprays = self.command.method is TreatmentMethod.SPRAY
        what, where = ("Spraying", "leave this area") if sprays else ("Disinfection", "stay out of the room")
        self._robot.say(f"{what} begins in {seconds:.0f} seconds. Please {where}.")
        self._timer = self._loop.call_later(seconds, self._set_out)

    # --- from stop to stop --------------------------------------------------------------------------------

    def _set_out(self) -> None:
        self._timer = None
        refusal = self._refusal()
        if refusal is not None:
            self._phase = _Phase.WAITING
            self._tell(refusal, interrupted=True)
        elif self._left:
            self._go_on()
        else:
            self._come_back("done")

    def _go_on(self) -> None:
        self._phase = _Phase.ON_THE_WAY
        self._robot.go_to(self._left[0].x, self._left[0].y, self.command.speed)

    def _pass_on(self) -> None:
        """A place of a path that is sprayed: from here to the next the sprayer is on, or off."""
        stop = self._left[0]
        refusal = self._refusal() if stop.sprays and not self._on else None
        if refusal is not None:
            self._phase = _Phase.WAITING
            self._tell(refusal, interrupted=True)
            return
        self._left.pop(0)
        self._seen.append((stop.x, stop.y))
        if stop.sprays and not self._suffices(stop):
            self._left.clear()
            self._come_back("the tank is empty")
            return
        if stop.sprays != self._on and self._left:
            if self._on:
                self._switch_off()
            else:
                self._on = True
                self._robot.switch(True, self.command.rate)
        self._tell()
        if self._left:
            self._go_on()
            return
        self._seen = [self._home]
        self._come_back("done")

    def _suffices(self, stop: TreatmentStop) -> bool:
        """Whether the tank suffices for the way from a place to the next."""
        tank = self._robot.tank()
        if tank is None or not self._left:
            return True
        return tank >= self.command.rate * hypot(self._left[0].x - stop.x, self._left[0].y - stop.y)

    def _dwell(self) -> None:
        """The robot stands at a stop: shine from here on, and count only what comes after the warm-up."""
        now = self._loop.time()
        stop = self._left[0]
        comes_on = not self._on and stop.dwell > 0.0
        refusal = self._refusal() if comes_on else None
        if refusal is not None:
            self._phase = _Phase.WAITING
            self._tell(refusal, interrupted=True)
            return
        self._phase = _Phase.DWELLING
        self._seen.append((stop.x, stop.y))
        if comes_on:
            self._on = True
            self._on_since = now
            self._robot.switch(True)
        self._tell()
        if stop.dwell == 0.0:
            self._leave()
            return
        self._dwells_since = now
        warm_up = self.command.warm_up
        self._timer = self._loop.call_at(self._on_since + _age(self._given(now) + stop.dwell, warm_up), self._leave)

    def _given(self, time: float) -> float:
        """Seconds at full output since the lamp was switched on."""
        age, warm_up = time - self._on_since, self.command.warm_up
        return age * age / (2.0 * warm_up) if age < warm_up else age - warm_up / 2.0

    def _leave(self) -> None:
        self._timer = None
        stop = self._left.pop(0)
        if not self._left:
            self._seen = [self._home]
            self._come_back("done")
            return
        if stop.dwell > 0.0:
            self._tell()
        self._go_on()

    def _keep_what_is_left(self) -> None:
        """Of the stop that was interrupted, only what it still lacks is done later."""
        if self._phase is _Phase.DWELLING and self._timer is not None:
            stop = self._left[0]
            done = self._given(self._loop.time()) - self._given(self._dwells_since)
            self._left[0] = TreatmentStop(x=stop.x, y=stop.y, dwell=max(0.0, stop.dwell - done))

    def _come_back(self, because: str) -> None:
        self._cancel_timer()
        if self._on:
            self._switch_off()
            self._tell(because)
        self._phase = _Phase.COMING_BACK
        self._next_way_back()

    def _next_way_back(self) -> None:
        if self._seen:
            self._way_back = self._seen.pop()
            self._robot.go_to(*self._way_back, self.command.speed)
        elif self._left and self._given_up is None:
            self._seen = [self._home]
            self._phase = _Phase.WAITING
            self._consider()
        else:
            self._end()

    def _end(self) -> None:
        self._phase = _Phase.OVER
        if self._given_up is not None:
            self._reporter.failed(self.command.command_id, self._given_up)
        else:
            self._reporter.done(self.command.command_id)

    # ------------------------------------------------------------------------------------------------------

    @property
    def over(self) -> bool:
        return self._phase is _Phase.OVER

    @property
    def on(self) -> bool:
        """Whether lamp or sprayer is on."""
        return self._on

    def _switch_off(self) -> None:
        """First the switch, then the words: until when it shone has to be told as well."""
        if self._on:
            self._robot.switch(False)
            self._tell()
            self._on = False

    def _tell(self, because: str = "", *, interrupted: bool = False) -> None:
        pose = self._robot.pose()
        self._reporter.treatment(self.command.command_id, pose, on=self._on, because=because, interrupted=interrupted)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
