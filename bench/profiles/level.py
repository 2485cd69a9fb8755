"""A level of a task: a frozen world, how many slates are shown in it, and the values that are known of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

from slategym.agents.scalarizers.base import Scalarizer
from slategym.bench.execution.trace import Trace
from slategym.sim.world import World
from slategym.utils.short_repr import Brief


@dataclass(frozen=True)
class Outcome:
    """What a run is worth on a level, beside the two values that are known exactly.

    Attributes:
        value: of the agent.
        random: of random slates.
        best: of the best policy.
    """

    value: float
    random: float
    best: float

    @property
    def score(self) -> float:
        """0 for random slates and 1 for the best; below 0 of an agent that does worse than random slates."""
        return (self.value - self.random) / (self.best - self.random)


@dataclass(frozen=True, repr=False, kw_only=True)
class Level(Brief, ABC):
    """One setting of a task's dial. Subclasses say what counts: the mean slate, the mean episode, or a utility.

    Attributes:
        dial: the number that the dial shows.
        world: where slates are shown; nothing in it is drawn when it is made.
        slates: of a run.
        shoppers: simulated together.
        weights: (M,), of the objectives; by default the world's own.
        since: the first step that counts.
    """

    dial: float
    world: World
    slates: int = 10_000
    shoppers: int = 100
    weights: tuple[float, ...] = field(default=())
    since: int = 0

    def __post_init__(self) -> None:
        if not self.weights:
            object.__setattr__(self, "weights", tuple(float(weight) for weight in self.world.weights))

    @property
    def steps(self) -> int:
        """The steps of a run."""
        return self.slates // self.shoppers

    @property
    def goal(self) -> Scalarizer | None:
        """What agents maximise instead of the weighted sum, of which each run takes a copy; None for the sum."""
        return None

    @property
    @abstractmethod
    def known(self) -> tuple[Any, Any]:
        """What random slates are worth, and what the best policy is; a subclass keeps it once it is found."""

    @abstractmethod
    def outcome(self, trace: Trace) -> Outcome:
        """What a run is worth.

        Args:
            trace: of a run of this level with exact expectations of every slate.
        """
