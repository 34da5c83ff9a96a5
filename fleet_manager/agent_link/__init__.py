"""The manager's side of the agents' connections."""
