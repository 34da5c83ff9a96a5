"""The simulated hospital: world, bodies, clock, and the harness that runs the whole system in one process."""
