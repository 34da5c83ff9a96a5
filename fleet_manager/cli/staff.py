"""`wardfleet staff`: who may sign for goods, and what they prove it with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import typer

from fleet_manager.bootstrap import SettingsError, new_staff, read_staff, write_staff
from fleet_manager.cli.problems import plain_problems
from fleet_manager.domain.staff import StaffMember

_ASK: Final = "-"
_SHORTEST_PIN: Final = 4


class _StaffError(Exception):
    """What was asked for can't be registered."""


def staff(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The register; it is made when it is not there.")],
    person: Annotated[str, typer.Argument(metavar="PERSON", help="Id of the person, such as nurse-li.")],
    name: Annotated[str | None, typer.Option(help="Name for people to read.")] = None,
    role: Annotated[str | None, typer.Option(help="Such as nurse or pharmacist.")] = None,
    ward: Annotated[
        list[str] | None, typer.Option(help="Id or name of a place or zone; * signs anywhere. May be repeated.")
    ] = None,
    right: Annotated[
        list[str] | None, typer.Option(help="What item classes ask for, such as controlled. May be repeated.")
    ] = None,
    badge: Annotated[str | None, typer.Option(help="Number of the badge; - asks for it.")] = None,
    pin: Annotated[str | None, typer.Option(help="PIN of the person, at least 4 digits; - asks for it.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take the person out of the register.")] = False,
) -> None:
    """Register a person who may sign for goods, change what is known of one, or remove one.

    What is not named stays as it is. Badge and PIN are kept as digests in a file that only you can read.

    Example: `wardfleet staff staff.json nurse-li --role nurse --ward ward_1a --badge -`
    """
    with plain_problems(SettingsError, _StaffError):
        register = read_staff(file) if file.exists() else new_staff()
        members = dict(register.members)
        if remove:
            if members.pop(person, None) is None:
                raise _StaffError(f"{person} is not in {file}; it has {', '.join(members) or 'nobody'}")
        else:
            known = members.get(person) or StaffMember(id=person)
            number, digits = _secret("Badge", badge), _secret("PIN", pin)
            if digits is not None and (len(digits) < _SHORTEST_PIN or not digits.isdecimal()):
                raise _StaffError(f"pin: the PIN of {person} has at least {_SHORTEST_PIN} digits")
            if number is not None:
                owner = register.with_badge(number)
                if owner is not None and owner.id != person:
                    raise _StaffError(f"badge: this is the badge of {owner.id} already; give {person} another one")
            members[person] = replace(
                known,
                name=known.name if name is None else name,
                role=known.role if role is None else role,
                wards=known.wards if ward is None else tuple(ward),
                rights=known.rights if right is None else tuple(right),
                badge=known.badge if number is None else register.badge_digest(number),
                pin=known.pin if digits is None else register.pin_digest(person, digits),
            )
            if not members[person].wards:
                raise _StaffError(f"ward: {person} belongs to no ward; name one, or * for everywhere")
        write_staff(file, replace(register, members=members))
    typer.echo(f"wrote {file}: {len(members)} {'person' if len(members) == 1 else 'persons'}")


def _secret(what: str, given: str | None) -> str | None:
    return typer.prompt(what, hide_input=True) if given == _ASK else given
