"""Durable memory: the event log and the tables projected from it."""
