"""The oracle, which shows the best slate of each visit: an upper bound for agents."""

from __future__ import annotations

from typing import Any

import numpy as np

from slategym.agents.base import Agent, Decision, Observation, Problem
from slategym.agents.choosing.why_not import WhyNot, why_not
from slategym.agents.scalarizers.base import Scalarizer
from slategym.sim.choice import Mask
from slategym.sim.simulation import Simulation
from slategym.utils.arrays import check_numbers


class Oracle(Agent):
    """The oracle, which computes the best slate of each visit from the simulation; no other agent has access to it.

    The slate is the best one for the current visit; effects on later visits are ignored. If the click model finds its best slate
    only approximately, the oracle is also approximate.

    Args:
        simulation: the simulation that the observations come from, row by row. For an environment, pass `env.simulation`;
            `env.reset(seed=...)` replaces it.
        seed: not used.
        scalarizer: combines the objectives; default: the fixed sum with the problem's weights.

    Raises:
        ValueError: `simulation` is not a simulation.
    """

    name = "oracle"
    propensities_are = "exact"

    def __init__(self, simulation: Simulation, seed: int = 0, scalarizer: Scalarizer | None = None) -> None:
        if not isinstance(simulation, Simulation):
            raise ValueError(
                f"the oracle got a {type(simulation).__name__}: expected the Simulation that it reads from; "
                '`run` and `compare` make an oracle by the name "oracle"'
            )
        super().__init__(Problem.of(simulation.world), seed, scalarizer)
        self.simulation: Simulation | None = simulation

    def attach(self, simulation: Simulation) -> None:
        """Use another simulation.

        Args:
            simulation: the simulation that the observations come from.
        """
        self.simulation = simulation

    def grow(self, problem: Problem) -> None:
        """Add new items."""
        self.problem = problem

    def choose(self, observation: Observation, allowed: Mask | None = None) -> Decision:
        """Choose the best slates, with propensity 1.

        Raises:
            ValueError: the observation is not the simulation's current one, or a loaded oracle has no simulation yet.
        """
        simulation = self._seeing(observation)
        slate = simulation.world.best_slate(simulation.shoppers, self.weights, allowed)
        return Decision(slate, np.ones(slate.shape, np.float32))

    def _seeing(self, observation: Observation) -> Simulation:
        """The simulation, after checking that the observation comes from it."""
        observation = self._checked(observation)
        if self.simulation is None:
            raise ValueError(
                "the oracle was loaded without a simulation: call oracle.attach(simulation) with the one that it reads from"
            )
        if len(observation) != len(self.simulation):
            raise ValueError(
                f"there are {len(observation)} observations: expected {len(self.simulation)}, the simulation's shoppers"
            )
        seen = self.simulation.observe()
        if not np.array_equal(observation, seen):
            row, column = np.argwhere(observation != seen)[0]
            raise ValueError(
                f"observation[{row}, {column}] is {observation[row, column]}, but the oracle's simulation gives "
                f"{seen[row, column]}: expected the shoppers' current observation in that simulation. With an environment, make "
                'the oracle after reset: `make_agent("oracle", env.unwrapped.simulation)`, or call `oracle.attach(...)` with it'
            )
        return self.simulation

    def why_not(self, row: int, item: int) -> WhyNot:
        """Explain why a shopper's best slate at the current visit does not contain an item.

        Args:
            row: the shopper's row in the simulation.
            item: an item; not a position among candidates.

        Raises:
            ValueError: there is no such row or item, the item is not available, or the rules exclude it.
        """
        if self.simulation is None:
            raise ValueError(
                "the oracle was loaded without a simulation: call oracle.attach(simulation) with the one that it reads from"
            )
        check_numbers([row], len(self.simulation), "row", "a row", (1,))
        some = self.simulation.shoppers.take(slice(row, row + 1))
        return why_not(self.simulation.world, some, self.weights, item)

    def __getstate__(self) -> dict[str, Any]:
        # A copy of the simulation would not follow the one that continues elsewhere.
        return {**self.__dict__, "simulation": None}
