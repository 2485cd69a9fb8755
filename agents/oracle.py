"""The oracle: the ceiling that no agent knows how to reach."""

from __future__ import annotations

from typing import Any

import numpy as np

from slategym.agents.agent import Agent, Decision, Observation, Problem
from slategym.agents.scalarizer import Scalarizer
from slategym.sim.simulation import Simulation


class Oracle(Agent):
    """Shows the best slate of each visit, which it reads from the simulation; the only agent that looks there.

    It is the best for the visit and looks no further: what a slate does to later visits is left out, and where the choice's
    best slate is not exact, neither is the oracle.

    Args:
        simulation: whose shoppers are asked; row for row those of the observations.
        seed: without effect.
        scalarizer: as for every agent.
    """

    name = "oracle"

    def __init__(self, simulation: Simulation, seed: int = 0, scalarizer: Scalarizer | None = None) -> None:
        super().__init__(Problem.of(simulation.world), seed, scalarizer)
        self.simulation: Simulation | None = simulation

    def choose(self, observation: Observation) -> Decision:
        """The best slates, with propensity 1."""
        if self.simulation is None:
            raise ValueError("the oracle was loaded without a simulation: set oracle.simulation to the one it is to look into")
        if len(observation) != len(self.simulation):
            raise ValueError(
                f"there are {len(observation)} observations: expected {len(self.simulation)}, the simulation's shoppers"
            )
        slate = self.simulation.world.best_slate(self.simulation.shoppers, self.weights)
        return Decision(slate, np.ones(slate.shape, np.float32))

    def __getstate__(self) -> dict[str, Any]:
        # The simulation goes on elsewhere: a copy that stands still would mislead.
        return {**self.__dict__, "simulation": None}
