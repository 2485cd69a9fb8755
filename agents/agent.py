"""What an agent is: a batch of observations in, a batch of slates out; a batch of feedback in."""

from __future__ import annotations

import pickle
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.agents.scalarizer import FixedSum, Scalarizer
from slategym.sim.feedback import Feedback
from slategym.sim.layout import Layout
from slategym.sim.world import World

Observation = NDArray[np.float32]


@dataclass(frozen=True)
class Problem:
    """What an agent may know before it starts: what can be shown, and what it will see. Never the latent taste.

    Attributes:
        features: (m, d) float32, of the items.
        category: (m,) int64.
        price: (m,) float32.
        margin: (m,) float32.
        slate_size: k.
        layout: the fields of the observation.
        objectives: the names of the M objectives.
        longest_delay: the most steps by which a conversion can be late.
    """

    features: NDArray[np.float32]
    category: NDArray[np.int64]
    price: NDArray[np.float32]
    margin: NDArray[np.float32]
    slate_size: int
    layout: Layout
    objectives: tuple[str, ...]
    longest_delay: int

    @staticmethod
    def of(world: World) -> Problem:
        """The problem that a world poses."""
        catalog = world.catalog
        return Problem(
            features=catalog.features,
            category=catalog.category,
            price=catalog.price,
            margin=catalog.margin,
            slate_size=world.slate_size,
            layout=world.layout,
            objectives=world.objectives,
            longest_delay=world.user_model.longest_delay,
        )

    @property
    def items(self) -> int:
        """The number of items, m."""
        return len(self.features)


@dataclass(frozen=True)
class Decision:
    """What an agent shows.

    Attributes:
        slate: (n, k) int64 items, best rank first.
        propensity: (n, k) float32, the probability of each choice given those above it; NaN where it is not known.
    """

    slate: NDArray[np.int64]
    propensity: NDArray[np.float32]


class Agent(ABC):
    """Chooses slates and learns from what comes back.

    Args:
        problem: what is to be chosen from.
        seed: of the agent's own randomness.
        scalarizer: how the objectives are mixed; the fixed sum of one a click and ten a conversion by default.

    Attributes:
        value: (M,) float64, the running mean of the objectives per slate; the point at which the scalarizer is asked for weights.
    """

    name = "agent"

    def __init__(self, problem: Problem, seed: int = 0, scalarizer: Scalarizer | None = None) -> None:
        self.problem = problem
        self.seed = seed
        self.scalarizer = FixedSum() if scalarizer is None else scalarizer
        self.random = np.random.Generator(np.random.Philox(key=np.array([seed, 0x51A7E], np.uint64)))
        self.value = np.zeros(len(problem.objectives))
        self.slates = 0

    @property
    def weights(self) -> NDArray[np.float64]:
        """(M,) the scalarizer's weights at the present value."""
        return self.scalarizer.weights(self.value)

    @abstractmethod
    def act(self, observation: Observation) -> Decision:
        """Choose a slate for each observation (n, o)."""

    def update(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        """Learn from one step; override `learn` to learn more than the mean objectives."""
        count = len(observation)
        self.slates += count
        self.value += (feedback.objectives.mean(axis=0, dtype=np.float64) - self.value) * count / self.slates
        self.scalarizer.update(feedback.objectives)
        self.learn(observation, decision, feedback)

    def learn(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        """Learn from one step."""

    def predict(
        self,
        observation: NDArray[Any],
        state: tuple[NDArray[Any], ...] | None = None,
        episode_start: NDArray[Any] | None = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[np.int64], tuple[NDArray[Any], ...] | None]:
        """Stable-Baselines3's `predict`: slates for one observation (o,) or a batch (n, o), without learning.

        `state` comes back as it came; `deterministic` is for agents that can choose without exploring.
        """
        batch = np.asarray(observation, np.float32)
        decision = self.act(batch.reshape(-1, batch.shape[-1]))
        return (decision.slate if batch.ndim == 2 else decision.slate[0]), state

    def save(self, path: str | Path) -> None:
        """Write the whole agent, its random state included, to a file for `Agent.load`."""
        Path(path).write_bytes(pickle.dumps({"slategym agent": self.name, "agent": self}))

    @staticmethod
    def load(path: str | Path) -> Agent:
        """Read an agent that `save` wrote; it goes on exactly where it stopped. Load only files you trust: they are pickles."""
        content = pickle.loads(Path(path).read_bytes())
        if not isinstance(content, dict) or "slategym agent" not in content:
            raise ValueError(f"{path} is not a saved agent: expected a file written by Agent.save")
        agent = content["agent"]
        assert isinstance(agent, Agent)
        return agent
