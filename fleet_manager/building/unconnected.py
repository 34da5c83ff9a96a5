"""A site without a connection to its building: automatic doors and lifts can't be used, and that is said."""

from __future__ import annotations

import structlog

from maps.model import CrossingId, DoorId, LevelId, LiftId

log = structlog.get_logger()


class UnconnectedDoors:
    def request(self, door: DoorId, session: str, *, fencing: int, lease: float) -> None:
        log.warning("no building connection: the door can't be opened", door=door, session=session)

    def release(self, door: DoorId, session: str) -> None:
        log.info("no building connection: nothing to release", door=door, session=session)


class UnconnectedCrossings:
    def request(self, crossing: CrossingId, session: str, *, fencing: int, lease: float) -> None:
        log.warning("no connection to the signal: nobody crosses", crossing=crossing, session=session)

    def release(self, crossing: CrossingId, session: str) -> None:
        log.info("no connection to the signal: nothing to release", crossing=crossing, session=session)


class UnconnectedLifts:
    def request(self, lift: LiftId, session: str, level: LevelId, *, fencing: int, lease: float) -> None:
        log.warning("no building connection: the lift can't be called", lift=lift, session=session, level=level)

    def release(self, lift: LiftId, session: str) -> None:
        log.info("no building connection: nothing to release", lift=lift, session=session)
