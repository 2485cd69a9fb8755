"""The oracle: the best slate of each visit, an upper bound for agents."""

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
    """The oracle: the best slate of each visit, read from the simulation; the only agent with access to it.

    The slate is best for the present visit; its effect on later visits is left out. Where the click model's best slate is not
    exact, neither is the oracle.

    Args:
        simulation: the one that moves the shoppers of the observations, row for row; of an environment `env.simulation`, which
            `env.reset(seed=...)` replaces.
        seed: without effect.
        scalarizer: how the objectives are mixed; by default the fixed sum with the problem's weights.

    Raises:
        ValueError: `simulation` is not a simulation.
    """

    name = "oracle"
    propensities_are = "exact"

    def __init__(self, simulation: Simulation, seed: int = 0, scalarizer: Scalarizer | None = None) -> None:
        if not isinstance(simulation, Simulation):
            raise ValueError(
                f"the oracle got a {type(simulation).__name__}: expected the Simulation that it reads from; "
                '`run` and `compare` make one by the name "oracle"'
            )
        super().__init__(Problem.of(simulation.world), seed, scalarizer)
        self.simulation: Simulation | None = simulation

    def attach(self, simulation: Simulation) -> None:
        """Read from another simulation.

        Args:
            simulation: the one that moves the shoppers of the observations.
        """
        self.simulation = simulation

    def grow(self, problem: Problem) -> None:
        """Take on further items."""
        self.problem = problem

    def choose(self, observation: Observation, allowed: Mask | None = None) -> Decision:
        """Choose the best slates, with propensity 1.

        Raises:
            ValueError: the observation is not that of the simulation, or a loaded oracle has no simulation.
        """
        simulation = self._seeing(observation)
        slate = simulation.world.best_slate(simulation.shoppers, self.weights, allowed)
        return Decision(slate, np.ones(slate.shape, np.float32))

    def _seeing(self, observation: Observation) -> Simulation:
        """The simulation, whose shoppers the observation has to be of."""
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
                f"observation[{row}, {column}] is {observation[row, column]}, and the simulation of the oracle shows "
                f"{seen[row, column]}: expected the shoppers of that simulation as they are now. Of an environment, make it "
                'after reset with `make_agent("oracle", env.unwrapped.simulation)`, or call `oracle.attach` with that'
            )
        return self.simulation

    def why_not(self, row: int, item: int) -> WhyNot:
        """Why the best slate of a shopper, as they are now, does not hold an item.

        Args:
            row: of the shopper in the simulation.
            item: an item; not a position among candidates.

        Raises:
            ValueError: there is no such row or item, the item is not on offer, or the rules do not admit it.
        """
        if self.simulation is None:
            raise ValueError(
                "the oracle was loaded without a simulation: call oracle.attach(simulation) with the one it reads from"
            )
        check_numbers([row], len(self.simulation), "row", "a row", (1,))
        some = self.simulation.shoppers.take(slice(row, row + 1))
        return why_not(self.simulation.world, some, self.weights, item)

    def __getstate__(self) -> dict[str, Any]:
        # The simulation goes on elsewhere, and a copy would not follow it.
        return {**self.__dict__, "simulation": None}
