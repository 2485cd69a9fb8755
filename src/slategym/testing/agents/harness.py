"""Creates and runs fresh agents for the checks, and reports their exceptions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from slategym.agents.base import Agent, Decision, Problem
from slategym.agents.registry import make_agent
from slategym.agents.scalarizers.base import FixedSum
from slategym.sim.catalog import Catalog
from slategym.sim.feedback import Feedback
from slategym.sim.shoppers import Shoppers
from slategym.sim.simulation import Simulation
from slategym.sim.slate import Items
from slategym.sim.world import World
from slategym.sim.worlds.shop.model import ShopModel
from slategym.testing.findings import Finding
from slategym.testing.probes import ANYTHING, Array, raised

Findings = Iterator[Finding]
ROWS, STEPS = 37, 12  # shoppers and visits: enough for departures and delayed conversions


class Eager(ShopModel):
    """Shoppers who click and convert so often that everything that can happen happens within a few visits."""

    @override
    def attraction(self, shoppers: Shoppers, catalog: Catalog, slate: Items | None) -> NDArray[np.floating]:
        return np.sqrt(super().attraction(shoppers, catalog, slate))

    @override
    def conversion(self, shoppers: Shoppers, catalog: Catalog, slate: Items | None) -> NDArray[np.floating]:
        return np.sqrt(super().conversion(shoppers, catalog, slate))


class Stumble(Exception):
    """The agent raised an exception, which the finding reports."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding


class Trial:
    """Creates fresh agents, and runs them in a world.

    Attributes:
        notes: measurements, by the name of the check.
        looped: whether a loop over shoppers was found.
    """

    def __init__(self, agent: str | Callable[..., Any], world: World) -> None:
        self.agent = agent
        self.world = world
        self.notes: dict[str, str] = {}
        self.looped = False

    def start(self, rows: int = ROWS, steps: int = 0) -> tuple[Any, Simulation]:
        """Create an agent and shoppers, the same ones at each call, and run some steps."""
        simulation, scalarizer = Simulation(self.world, 5, rows), FixedSum(self.world.weights)
        try:
            if isinstance(self.agent, str):
                agent: Any = make_agent(self.agent, simulation, 3, scalarizer)
            else:
                agent = self.agent(Problem.of(self.world), 3, scalarizer)
        except ANYTHING as error:
            name = self.agent.rpartition(":")[2] if isinstance(self.agent, str) else getattr(self.agent, "__name__", "agent")
            fix = "Create the agent from (problem, seed, scalarizer) alone"
            raise Stumble(Finding(raised(error), name, fix)) from error
        for _ in range(steps):
            step(agent, simulation)
        return agent, simulation

    def run(self, steps: int = STEPS) -> Iterator[tuple[Any, Array, Decision, Feedback]]:
        """Run a fresh agent; after each step yield the agent, the observation, its decision and the feedback."""
        agent, simulation = self.start()
        for _ in range(steps):
            yield agent, *step(agent, simulation)


def step(agent: Any, simulation: Simulation) -> tuple[Array, Decision, Feedback]:
    """Let an agent decide and learn once, and replace the shoppers who leave."""
    observation = simulation.observe()
    decision = act(agent, observation)
    feedback = simulation.show(decision.slate)
    update(agent, observation, decision, feedback)
    simulation.restart(feedback.terminated | feedback.truncated)
    return observation, decision, feedback


def act(agent: Any, observation: Array) -> Decision:
    """Return the agent's decision, or raise a Stumble."""
    try:
        decision: Decision = agent.act(observation)
    except ANYTHING as error:
        fix = "Return a slate (n, k) for any number of observations (n, o)"
        raise Stumble(Finding(f"{raised(error)}, for {len(observation)} shoppers", where(agent, "act"), fix)) from error
    return decision


def update(agent: Any, observation: Array, decision: Decision, feedback: Feedback) -> None:
    """Let the agent learn, or raise a Stumble."""
    try:
        agent.update(observation, decision, feedback)
    except ANYTHING as error:
        fix = "Accept the feedback of any number of shoppers, with or without delayed conversions"
        raise Stumble(Finding(f"{raised(error)}, for {len(observation)} shoppers", where(agent, "update"), fix)) from error


def where(agent: Any, method: str) -> str:
    """The class and method of the user's code."""
    kind = type(agent)
    if isinstance(agent, Agent) and getattr(kind, method) is getattr(Agent, method):
        method = {"act": "choose", "update": "learn"}.get(method, method)
    return f"{kind.__name__}.{method}"
