"""Who asks. Callers name themselves by headers; the default is the console.

Headers hold Latin letters only: names in others come percent-encoded, as in addresses.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias
from urllib.parse import unquote

from fastapi import Depends, Header

from fleet_manager.domain.tasks import Actor

_header = Header(min_length=1, max_length=100)
Name: TypeAlias = Annotated[str, _header]
OptionalName: TypeAlias = Annotated[str | None, _header]


async def requesting_actor(
    x_actor: Name = "console", x_actor_role: Name = "staff", x_ward: OptionalName = None
) -> Actor:
    return Actor(id=unquote(x_actor), role=x_actor_role, ward=x_ward)


RequestActor: TypeAlias = Annotated[Actor, Depends(requesting_actor)]
