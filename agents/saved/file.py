"""Saved agents, named by their files: "models/mlp.agent"."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator, Philox
from numpy.typing import NDArray

from slategym.agents.base import Agent, Chances, Decision, Observation, Problem, PropensitySource, Slate
from slategym.agents.choosing.parts import forget_shoppers, parts_of
from slategym.agents.estimates import Estimates
from slategym.agents.scalarizers.base import FixedSum, Scalarizer
from slategym.sim.choice import Mask
from slategym.sim.feedback import Feedback
from slategym.utils.checked import checked
from slategym.utils.lookup import call_with
from slategym.utils.options import Option, options_of
from slategym.utils.plugins import find_file

SUFFIX = ".agent"


def find(name: str) -> Path:
    """The file of a name such as "models/mlp.agent".

    Raises:
        ValueError: there is no such file.
    """
    return find_file("saved agent", Path(name))


def options(name: str) -> dict[str, Option]:
    """The options of a saved agent."""
    return options_of(load_for_run, ("problem", "seed", "scalarizer", "path"))


def make(name: str, problem: Problem, seed: int = 0, scalarizer: Scalarizer | None = None, **options: Any) -> Agent:
    """Load a saved agent for a new run.

    Raises:
        ValueError: there is no such file, it is no saved agent, it was saved for another problem, or there is no such option.
    """
    agent: Agent = call_with(f"agent {name!r}", partial(load_for_run, problem, seed, scalarizer, find(name)), options)
    agent.name = name
    return agent


@checked
def load_for_run(problem: Problem, seed: int, scalarizer: Scalarizer | None, path: Path, *, learning: bool = True) -> Agent:
    """Load a saved agent with all that it has learned, but with new random numbers, scalarizer and counts.

    Args:
        problem: the problem that the agent was saved for, or one with more items.
        seed: seed of its random numbers from now on.
        scalarizer: combines the objectives; by default a fixed sum with the problem's weights.
        path: path of the file.
        learning: whether the agent continues to learn.

    Raises:
        ValueError: the file is not a saved agent, or the agent was saved for another problem.
    """
    agent = Agent.load(path, problem)
    before, goal = agent.scalarizer, FixedSum(problem.weights) if scalarizer is None else scalarizer
    agent.value, agent.slates, agent.averaged = np.zeros(len(goal.weights(agent.value))), 0, 0
    generators = {id(value): value for part in parts_of(agent) for value in vars(part).values() if isinstance(value, Generator)}
    for number, generator in enumerate(generators.values()):
        fresh = Generator(Philox(key=np.array([seed, 0x51A7E + number], np.uint64)))
        generator.bit_generator.state = fresh.bit_generator.state
    for part in parts_of(agent):
        for name, value in list(vars(part).items()):
            if value is before:
                object.__setattr__(part, name, goal)
    forget_shoppers(agent)
    return agent if learning else Frozen(agent)


class Frozen(Agent):
    """An agent that chooses as before, but no longer learns.

    Args:
        agent: an agent that has learned.
    """

    def __init__(self, agent: Agent) -> None:
        super().__init__(agent.problem, agent.seed, agent.scalarizer)
        self.agent = agent

    def choose(self, observation: Observation, allowed: Mask | None = None) -> Decision:
        """Choose as the wrapped agent does."""
        return self.agent.choose(observation, allowed)

    @property
    def propensities_are(self) -> PropensitySource:
        """As those of the wrapped agent."""
        return self.agent.propensities_are

    def chances(self, observation: Observation, slate: Slate, allowed: Mask | None, draws: int) -> Chances:
        """(n, k) the propensities of given slates under the wrapped agent."""
        return self.agent.propensities(observation, slate, allowed, draws)

    def best(self, observation: Observation, allowed: Mask | None = None) -> NDArray[np.int64]:
        """(n, k) the agent's best slates."""
        return self.agent.best(observation, allowed)

    def scores(self, observation: Observation) -> NDArray[np.floating]:
        """(n, m) the agent's scores; (n, C) for candidates."""
        return self.agent.scores(observation)

    def estimates(self, observation: Observation) -> Estimates:
        """The agent's estimates."""
        return self.agent.estimates(observation)

    def learn(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        """Pass the agent the present mean objectives, on which its weights may depend, and nothing else."""
        self.agent.value = self.value
