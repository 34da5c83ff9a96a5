"""Doors, lifts and fire alarms: one file per vendor, each satisfying the ports of `orchestration`."""
