"""The oracle: the ceiling that no agent knows how to reach."""

from __future__ import annotations

from typing import Any

import numpy as np

from slategym.agents.base import Agent, Decision, Observation, Problem
from slategym.agents.scalarizers.base import Scalarizer
from slategym.sim.simulation import Simulation


class Oracle(Agent):
    """Shows the best slate of each visit, which it reads from the simulation; the only agent that looks there.

    It is the best for the visit and looks no further: what a slate does to later visits is left out, and where the click model's
    best slate is not exact, neither is the oracle.

    Args:
        simulation: whose shoppers are asked; row for row those of the observations. It is the one that moves them:
            `env.simulation` of an environment, which `env.reset(seed=...)` makes anew.
        seed: without effect.
        scalarizer: as for every agent.

    Raises:
        ValueError: it is no simulation; when it chooses, the observation is not what the simulation shows.
    """

    name = "oracle"

    def __init__(self, simulation: Simulation, seed: int = 0, scalarizer: Scalarizer | None = None) -> None:
        if not isinstance(simulation, Simulation):
            raise ValueError(
                f"the oracle got a {type(simulation).__name__}: expected a Simulation, into which it looks; "
                '`run` and `compare` make one by the name "oracle"'
            )
        super().__init__(Problem.of(simulation.world), seed, scalarizer)
        self.simulation: Simulation | None = simulation

    def choose(self, observation: Observation) -> Decision:
        """The best slates, with propensity 1."""
        observation = self._checked(observation)
        if self.simulation is None:
            raise ValueError("the oracle was loaded without a simulation: set oracle.simulation to the one it is to look into")
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
                'after reset with `make_agent("oracle", env.unwrapped.simulation)`, or set `oracle.simulation` to that'
            )
        slate = self.simulation.world.best_slate(self.simulation.shoppers, self.weights)
        return Decision(slate, np.ones(slate.shape, np.float32))

    def __getstate__(self) -> dict[str, Any]:
        # The simulation goes on elsewhere: a copy that stands still would mislead.
        return {**self.__dict__, "simulation": None}
