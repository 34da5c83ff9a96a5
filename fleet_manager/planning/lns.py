"""Making a solution for many agents cheaper: large neighbourhood search."""

from __future__ import annotations

from dataclasses import dataclass

from fleet_manager.planning.lns_kernel import improve, new_neighbourhood
from fleet_manager.planning.mapf import Problem, arrivals
from fleet_manager.planning.plans_kernel import adopt, new_plans, steps_of
from fleet_manager.planning.random_kernel import seeded
from fleet_manager.planning.stop import Stop
from fleet_manager.planning.unit_graph import Ints
from fleet_manager.planning.unit_sipp_kernel import new_agenda


@dataclass(frozen=True, slots=True)
class BetterSolution:
    steps: Ints
    iterations: int


def lns(problem: Problem, steps: Ints, *, seed: int, stop: Stop) -> BetterSolution:
    """Lower the sum of costs of a solution until `stop`, or until no agent is later than it would be alone."""
    late = int((arrivals(problem, steps) - problem.distances).sum())
    more = stop.more(0) if late else 0
    if not more:
        return BetterSolution(steps, 0)
    plans = new_plans(problem.graph.size, len(problem.starts), room=len(steps))
    adopt(plans, steps)
    agenda = new_agenda(plans)
    some = new_neighbourhood(plans)
    rng = seeded(seed)
    done = 0
    while late and more:
        late -= improve(problem.graph, problem.tables, problem.starts, problem.goals, plans, agenda, some, rng, more)
        done += more
        more = stop.more(done)
    return BetterSolution(steps_of(plans), done)
