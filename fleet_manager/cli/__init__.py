"""The `wardfleet` command: one file per group of commands."""
