"""Exact expectations of the slates of a run, of the oracle and of references, for a sample of the shoppers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from slategym.bench.execution.exactness import ExactSample
from slategym.bench.execution.regret import RegretBaseline
from slategym.sim.shoppers import Shoppers
from slategym.sim.slate import Items
from slategym.sim.world import World

Floats = NDArray[np.float64]
TOGETHER = 1000  # evaluate when this number of shoppers is waiting, because each step of a sample has few


class SlateReferences(Protocol):
    """Slates that the slates of a run are compared with, for the same shoppers."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the references."""

    @property
    def goals(self) -> RegretBaseline | None:
        """For a scalarizer, the baseline of the best mixtures of slates given the observation; else None."""

    def slates(self, shoppers: Shoppers, weights: Floats, slates: int) -> Mapping[str, Items]:
        """The (n, k) slates by name.

        Args:
            shoppers: n shoppers.
            weights: (M,), the weights of the objectives.
            slates: the number of slates shown before.
        """


class Evaluator:
    """Evaluates the slates of a sample, for several steps together.

    Args:
        world: the world in which the slates are shown.
        sample: the steps and rows of the sample.
        shoppers: n, the number of shoppers in each step.
        baseline: gives the weights for the oracle and the references.
        oracle: whether the slates are the oracle's, which need not be computed twice.
        references: other slates to evaluate, or None.
    """

    def __init__(
        self,
        world: World,
        sample: ExactSample,
        shoppers: int,
        baseline: RegretBaseline,
        oracle: bool,
        references: SlateReferences | None,
    ) -> None:
        self.world, self.sample, self.count, self.baseline = world, sample, shoppers, baseline
        self.oracle, self.references = oracle, references
        self.waiting: list[tuple[int, Shoppers, Items]] = []  # of one goal, in one world of the schedule

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns of expectations, (t, M) each."""
        return ("expected", "best", *(self.references.names if self.references else ()))

    def add(self, step: int, counted: int, shoppers: Shoppers, slate: Items, columns: Mapping[str, NDArray[Any]]) -> None:
        """Add the rows of a step that are in the sample, before their slates are shown.

        Args:
            step: the number of the step.
            counted: the number of its rows that count.
            shoppers: n shoppers.
            slate: (n, k).
            columns: where the expectations of evaluated steps are written, with the numbers of evaluated slates in `evaluated`.
        """
        rows = self.sample.rows(step, counted)
        if len(rows) == 0:
            return
        if self.waiting and self._stage(step) != self._stage(self.waiting[0][0]):
            self.evaluate(columns)
        self.waiting.append((step, shoppers.take(rows), slate[rows]))
        if sum(len(some) for _, some, _ in self.waiting) >= TOGETHER:
            self.evaluate(columns)

    def evaluate(self, columns: Mapping[str, NDArray[Any]]) -> None:
        """Evaluate the rows that are waiting.

        Args:
            columns: see `add`.
        """
        if not self.waiting:
            return
        steps = [step for step, _, _ in self.waiting]
        some = Shoppers.joined([each for _, each, _ in self.waiting])
        shown = np.concatenate([slate for _, _, slate in self.waiting])
        before, world = steps[0] * self.count, self.world.at(steps[0])
        weights = self.baseline.at(before).weights
        found = {"expected": world.expected(some, shown)}
        best = found["expected"] if self.oracle else world.expected(some, world.best_slate(some, weights))
        found["best"] = np.asarray(best)
        if self.references:
            slates = self.references.slates(some, weights, before)
            found |= {name: world.expected(some, other) for name, other in slates.items()}
        ends = np.cumsum([len(each) for _, each, _ in self.waiting])
        columns["evaluated"][steps] = np.diff(ends, prepend=0)
        for name, values in found.items():
            columns[name][steps] = [part.mean(axis=0) for part in np.split(values, ends[:-1])]
        self.waiting.clear()

    def _stage(self, step: int) -> tuple[int, ...]:
        """Identifies the goals and the stage of the world's schedule at a step."""
        baselines = [self.baseline, *([self.references.goals] if self.references and self.references.goals else [])]
        goals = tuple(baseline.at(step * self.count).start for baseline in baselines)
        return (*goals, sum(change.step <= step for change in self.world.schedule))
