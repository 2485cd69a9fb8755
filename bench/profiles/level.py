"""A level of a task: a frozen world, the number of slates of a run, and the values of random slates and the best policy."""

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
    """The value of a run on a level, and the two values that are known exactly.

    Attributes:
        value: value of the agent.
        random: value of random slates.
        best: value of the best policy.
    """

    value: float
    random: float
    best: float

    @property
    def score(self) -> float:
        """0 for random slates, 1 for the best policy, and negative for an agent that is worse than random slates."""
        return (self.value - self.random) / (self.best - self.random)


@dataclass(frozen=True, repr=False, kw_only=True)
class Level(Brief, ABC):
    """One setting of a task's dial. Subclasses define the value: that of a slate, of an episode, or a utility.

    Attributes:
        dial: setting of the dial.
        world: the world, which is made without random numbers.
        slates: number of slates per run.
        shoppers: batch size.
        weights: (M,) weights of the objectives; by default the world's.
        since: first step that counts towards the value.
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
        """The number of steps of a run."""
        return self.slates // self.shoppers

    @property
    def goal(self) -> Scalarizer | None:
        """The scalarizer that agents maximise, copied for each run; None for the weighted sum."""
        return None

    @property
    @abstractmethod
    def known(self) -> tuple[Any, Any]:
        """The value of random slates, and of the best policy; subclasses cache it."""

    @abstractmethod
    def outcome(self, trace: Trace) -> Outcome:
        """The outcome of a run.

        Args:
            trace: trace of a run of this level with exact expectations of every slate.
        """
