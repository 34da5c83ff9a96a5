"""The model: tasks, missions, robots, alerts, and the events that change them. Pure."""
