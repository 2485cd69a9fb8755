"""Small logs for tests, and the steps of the runs that wrote them."""

from slategym.agents.baselines import Random
from slategym.bench.comparison.results import configuration
from slategym.bench.execution.log_writer import LogWriter
from slategym.bench.execution.runner import run
from slategym.logs.reading import read_log
from slategym.sim.worlds import make_world


def logged(folder, name, slates=2000, shoppers=100, seed=0, **options):
    """The log of random slates in a world, or one of some name; the world, and what the agent saw at each step."""
    world, seen = make_world(name, **options) if isinstance(name, str) else name, []

    class Watching(Random):
        def update(self, observation, decision, feedback):
            seen.append((observation, decision, feedback))
            super().update(observation, decision, feedback)

    with LogWriter(folder, world, configuration(world, options, agent="random", seed=seed)) as log:
        run(world, Watching, slates, seed, shoppers=shoppers, log=log, exact="off")
    return read_log(folder), world, seen
