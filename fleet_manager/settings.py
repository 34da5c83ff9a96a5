"""What an administrator sets, from the command line or `WARDFLEET_…` variables."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class ServerSettings(BaseSettings):
    """One running fleet manager.

    `database` is an SQLAlchemy URL; `world` the WebSocket of a simulated world whose doors and lifts are used;
    `tokens` a JSON file that holds each robot's token, `staff` one with the people who may sign for goods. What
    consoles show is kept for replay for `recording_days` (0: not at all) and in `recording_megabytes` at most. `speed`
    and `epoch` let a simulated site run faster than the wall clock: all its processes are given the same.
    """

    model_config = SettingsConfigDict(env_prefix="WARDFLEET_", extra="ignore")

    site: Path
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    database: str = "sqlite+aiosqlite:///wardfleet.sqlite3"
    tokens: Path | None = None
    staff: Path | None = None
    world: str | None = None
    recording_days: float = Field(default=7.0, ge=0.0, le=366.0)
    recording_megabytes: int = Field(default=1000, ge=1)
    auto_handover: bool = False
    speed: float = Field(default=1.0, gt=0.0, le=100.0)
    epoch: datetime = Field(default_factory=lambda: datetime.now(UTC))
