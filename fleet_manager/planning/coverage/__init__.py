"""Coverage: what a robot has to do so that its light or spray reaches every part of a place."""
