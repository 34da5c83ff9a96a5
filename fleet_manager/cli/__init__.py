"""The `wardfleet` command: one file per command or group of commands."""

from fleet_manager.cli.main import main

__all__ = ["main"]
