"""The fleet manager: hospital staff request tasks, it turns them into missions for robots and people."""
