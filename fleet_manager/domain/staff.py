"""The staff register: who belongs to which ward, may sign for what, and proves it with which badge or PIN.

Badge numbers and PINs are kept as salted digests (PBKDF2, RFC 8018). They are short, so the file is for its owner only.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from fleet_manager.domain.tasks import Actor
from maps.model import ItemClass

EVERYWHERE: Final = "*"
"""The ward of people who sign anywhere, such as porters."""

_ROUNDS: Final = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffMember:
    """`wards` are ids or names of places and zones. `rights` are what item classes ask for.

    `badge` and `pin` are digests, by the register's salt; None: this person has none.
    """

    id: str
    name: str = ""
    role: str = "staff"
    wards: tuple[str, ...] = ()
    rights: tuple[str, ...] = ()
    badge: str | None = None
    pin: str | None = None

    @property
    def actor(self) -> Actor:
        own = [ward for ward in self.wards if ward != EVERYWHERE]
        return Actor(id=self.id, role=self.role, ward=own[0] if own else None)

    def serves(self, names: frozenset[str]) -> bool:
        """Whether one of the wards is a place that has these names, in lower case."""
        return any(ward == EVERYWHERE or ward.casefold() in names for ward in self.wards)


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffRegister:
    """Everybody who is registered, by id. An empty one knows nobody, and then any staff may sign."""

    salt: str = ""
    members: Mapping[str, StaffMember] = field(default_factory=dict)

    def covers(self, names: frozenset[str]) -> bool:
        """Whether somebody is registered for just this place: only they and those who sign anywhere may sign there."""
        return any(ward.casefold() in names for member in self.members.values() for ward in member.wards)

    def with_badge(self, number: str) -> StaffMember | None:
        """Whose badge this is."""
        found = digest(number, f"{self.salt}/badge")
        owners = [m for m in self.members.values() if m.badge is not None and hmac.compare_digest(m.badge, found)]
        return owners[0] if owners else None

    def has_pin(self, member: StaffMember, pin: str) -> bool:
        return member.pin is not None and hmac.compare_digest(member.pin, self.pin_digest(member.id, pin))

    def badge_digest(self, number: str) -> str:
        return digest(number, f"{self.salt}/badge")

    def pin_digest(self, member: str, pin: str) -> str:
        return digest(pin, f"{self.salt}/pin/{member}")


def digest(value: str, salt: str) -> str:
    return hashlib.pbkdf2_hmac("sha256", value.strip().encode(), salt.encode(), _ROUNDS).hex()


def refusal(
    register: StaffRegister, actor: Actor, place: str, names: frozenset[str], classes: Iterable[ItemClass]
) -> str | None:
    """Why a person may not sign for goods of these classes at a place, which has these names; None when they may.

    Where nobody is registered for the place any staff may, unless the class asks for a right.
    """
    member = register.members.get(actor.id)
    for known in classes:
        if known.right is not None and (member is None or known.right not in member.rights):
            return f"{known.name} needs the right {known.right!r}, which {actor.id} does not have"
    if not register.covers(names):
        return None
    if member is None:
        return f"{actor.id} is not registered for {place}"
    if not member.serves(names):
        return f"{actor.id} belongs to {', '.join(member.wards) or 'no ward'}, not to {place}"
    return None
