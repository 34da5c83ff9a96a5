"""One step of a mission after the other: what a signal means for the running step, and what shall be done next.

Pure: takes the mission and a signal, gives events and at most one wish; `missions` carries wishes out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias

from fleet_manager.domain.events import Event, StepChanged
from fleet_manager.domain.missions import Mission, Step, StepKind, StepStatus
from maps.model import WaypointId


class Signal(StrEnum):
    """What happened to the running step."""

    BEGIN = "begin"
    ARRIVED = "arrived"
    OPENED = "opened"
    HANDED_OVER = "handed_over"
    CLOSED = "closed"
    DOCKED = "docked"
    REFILLED = "refilled"
    ROOM_READY = "room_ready"
    INTERRUPTED = "interrupted"
    TREATED = "treated"
    INSPECTED = "inspected"
    SAID = "said"
    MET = "met"
    HEARD = "heard"
    WIPED_DOWN = "wiped_down"
    DECONTAMINATED = "decontaminated"


@dataclass(frozen=True, slots=True)
class DriveTo:
    place: WaypointId


@dataclass(frozen=True, slots=True)
class OfferHandover:
    step: Step


@dataclass(frozen=True, slots=True)
class LockAfterHandover:
    step: Step


@dataclass(frozen=True, slots=True)
class GiveOut:
    """Whoever takes the goods has proved it: unlock what is theirs, and lock it again."""

    step: Step


@dataclass(frozen=True, slots=True)
class DockAt:
    place: WaypointId


@dataclass(frozen=True, slots=True)
class RefillAt:
    place: WaypointId


@dataclass(frozen=True, slots=True)
class AwaitRoom:
    """People have to leave the room and to confirm that."""

    step: Step


@dataclass(frozen=True, slots=True)
class TreatRoom:
    step: Step


@dataclass(frozen=True, slots=True)
class LookRound:
    step: Step


@dataclass(frozen=True, slots=True)
class Speak:
    step: Step


@dataclass(frozen=True, slots=True)
class MeetVisitor:
    """Watch for a visitor, and greet them."""

    step: Step


@dataclass(frozen=True, slots=True)
class AwaitWipeDown:
    """A person has to wipe the robot down and to confirm that, unless the bay does it."""

    step: Step


@dataclass(frozen=True, slots=True)
class Finish:
    pass


Wish: TypeAlias = (
    DriveTo
    | OfferHandover
    | LockAfterHandover
    | GiveOut
    | DockAt
    | RefillAt
    | AwaitRoom
    | TreatRoom
    | LookRound
    | Speak
    | MeetVisitor
    | AwaitWipeDown
    | Finish
)

_HANDOVERS = (StepKind.PICK_UP, StepKind.DROP_OFF)


def advance(mission: Mission, signal: Signal, at: WaypointId | None) -> tuple[list[Event], Wish | None]:
    """Answer the events and the wish that follow from a signal, for a carrier standing at `at` (None: driving).

    A signal that does not fit the running step is late and means nothing.
    """
    step = mission.step
    if step is None:
        return [], Finish() if signal is Signal.BEGIN else None

    def become(status: StepStatus) -> Event:
        return StepChanged(mission=mission.id, step=step.id, status=status)

    def on(*events: Event) -> tuple[list[Event], Wish | None]:
        done = replace(step, status=StepStatus.DONE)
        later, wish = advance(mission.with_step(done, current=mission.current + 1), Signal.BEGIN, at)
        return [*events, become(StepStatus.DONE), *later], wish

    match step.kind, step.status, signal:
        case StepKind.GO_TO, StepStatus.PENDING, Signal.BEGIN if at == step.place and step.window is None:
            return on(become(StepStatus.ACTIVE))
        case StepKind.GO_TO, StepStatus.PENDING, Signal.BEGIN:
            return [become(StepStatus.ACTIVE)], DriveTo(step.place)
        case StepKind.GO_TO, StepStatus.ACTIVE, Signal.ARRIVED if at == step.place:
            return on()
        case StepKind.VISIT, StepStatus.PENDING, Signal.BEGIN:
            return on(become(StepStatus.ACTIVE))
        case StepKind.DOCK, StepStatus.PENDING, Signal.BEGIN:
            return [become(StepStatus.ACTIVE)], DockAt(step.place)
        case StepKind.DOCK, StepStatus.ACTIVE, Signal.DOCKED:
            return on()
        case StepKind.REFILL, StepStatus.PENDING, Signal.BEGIN:
            return [become(StepStatus.ACTIVE)], RefillAt(step.place)
        case StepKind.REFILL, StepStatus.ACTIVE, Signal.REFILLED:
            return on()
        case StepKind.TREAT, StepStatus.PENDING, Signal.BEGIN:
            return [become(StepStatus.WAITING_FOR_PERSON)], AwaitRoom(step)
        case StepKind.TREAT, StepStatus.WAITING_FOR_PERSON, Signal.ARRIVED if at == step.place:
            return [], AwaitRoom(step)
        case StepKind.TREAT, StepStatus.WAITING_FOR_PERSON, Signal.ROOM_READY:
            return [become(StepStatus.ACTIVE)], TreatRoom(step)
        case StepKind.TREAT, StepStatus.ACTIVE, Signal.INTERRUPTED:
            return [become(StepStatus.WAITING_FOR_PERSON)], AwaitRoom(step)
        case StepKind.TREAT, StepStatus.ACTIVE, Signal.TREATED:
            return on()
        case StepKind.INSPECT, StepStatus.PENDING, Signal.BEGIN:
            return [become(StepStatus.ACTIVE)], LookRound(step)
        case StepKind.INSPECT, StepStatus.ACTIVE, Signal.ARRIVED if at == step.place:
            return [], LookRound(step)
        case StepKind.INSPECT, StepStatus.ACTIVE, Signal.INSPECTED:
            return on()
        case StepKind.SAY, StepStatus.PENDING, Signal.BEGIN:
            return [become(StepStatus.ACTIVE)], Speak(step)
        case StepKind.SAY, StepStatus.ACTIVE, Signal.ARRIVED if at == step.place:
            return [], Speak(step)
        case StepKind.SAY, StepStatus.ACTIVE, Signal.SAID:
            return on()
        case StepKind.MEET, StepStatus.PENDING, Signal.BEGIN:
            return [become(StepStatus.ACTIVE)], MeetVisitor(step)
        case StepKind.MEET, StepStatus.ACTIVE, Signal.ARRIVED if at == step.place:
            return [], MeetVisitor(step)
        case StepKind.MEET, StepStatus.ACTIVE, Signal.MET:
            return on()
        case StepKind.DECONTAMINATE, StepStatus.PENDING, Signal.BEGIN:
            return [become(StepStatus.WAITING_FOR_PERSON)], AwaitWipeDown(step)
        case StepKind.DECONTAMINATE, StepStatus.WAITING_FOR_PERSON, Signal.WIPED_DOWN:
            return [become(StepStatus.ACTIVE)], None
        case StepKind.DECONTAMINATE, StepStatus.ACTIVE, Signal.DECONTAMINATED:
            return on()
        case kind, StepStatus.PENDING, Signal.BEGIN if kind in _HANDOVERS:
            return [become(StepStatus.ACTIVE)], OfferHandover(step)
        case kind, StepStatus.ACTIVE, Signal.OPENED if kind in _HANDOVERS:
            return [become(StepStatus.WAITING_FOR_PERSON)], None
        case kind, StepStatus.WAITING_FOR_PERSON, Signal.HANDED_OVER if kind in _HANDOVERS:
            return [become(StepStatus.CLOSING)], GiveOut(step) if step.by_code else LockAfterHandover(step)
        case kind, StepStatus.CLOSING, Signal.CLOSED if kind in _HANDOVERS:
            return on()
    return [], None
