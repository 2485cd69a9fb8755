"""MABWiser's multi-armed bandits as agents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.agents.agent import Decision, Observation, Problem
from slategym.agents.estimator import Estimator, Rows
from slategym.agents.scalarizer import Scalarizer
from slategym.sim.extras import require
from slategym.sim.names import call_with, choose
from slategym.sim.slate import check_items

# Those whose expectations are rewards, so that sums of them over objectives mean something.
POLICIES = ("EpsilonGreedy", "LinGreedy", "LinTS", "LinUCB", "ThompsonSampling", "UCB1")


class MABWiser(Estimator):
    """A bandit of MABWiser for each objective, whose arms are the items; the slate is the highest weighted sum of expectations.

        def mine(problem, seed, scalarizer):  # in my_agent.py, for --agents my_agent.py:mine
            arms = list(range(problem.items))
            return MABWiser(problem, seed, scalarizer, make=lambda seed: MAB(arms, LearningPolicy.LinUCB(alpha=0.2), seed=seed))

    MABWiser explores in its expectations (draws, upper bounds), so propensities are NaN. Contextual bandits see [1, context,
    place], as `Estimator` says, and no features of items; those without a context cannot tell a poor rank from a poor item. An
    impression is learned as with `Estimator`.

    Cost: for each step and objective, a pass over all m arms in Python, candidates or not; with 500 items about 0.3
    seconds for 1,000 shoppers (LinTS). Neighbourhood policies keep all that they learned.

    Args:
        make: gives a new MAB with the arms 0..m - 1 for a seed; called once an objective.
        fields: which fields of the observation are the context; "context" if None.
    """

    name = "mabwiser"
    methods = ("partial_fit", "predict_expectations")

    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        make: Callable[[int], Any],
        fields: Sequence[str] | None = None,
    ) -> None:
        super().__init__(problem, seed, scalarizer, make=make, epsilon=0.0, fields=fields)
        for model in self.models:
            if list(model.arms) != list(range(problem.items)):
                raise ValueError(f"the bandit has {len(model.arms)} arms: expected the items, list(range({problem.items}))")

    def choose(self, observation: Observation) -> Decision:
        """The highest expectations, with what MABWiser explores in them."""
        decision = super().choose(observation)
        if self.taught:
            decision.propensity[:] = np.nan
        return decision

    def predicted(self, model: Any, context: Rows, candidates: NDArray[np.int64] | None) -> NDArray[np.floating[Any]]:
        """(n, m) the expectations of every arm, or (n, C) of the candidates."""
        expected = model.predict_expectations(self._x(context, 1, np.ones(1, np.float32)))
        each = expected if isinstance(expected, list) else [expected]  # of one context it comes alone
        of_arms = np.array([list(by_arm.values()) for by_arm in each])
        if candidates is None:
            return of_arms
        items = check_items(candidates, self.problem.items, "candidates", (len(context), None))
        return np.take_along_axis(of_arms, items, axis=1)

    def teach(self, model: Any, context: Rows, items: NDArray[np.int64], outcome: Rows) -> None:
        """Let a bandit learn items (n, k) for contexts (n, c), and what each earned (n, k)."""
        items = check_items(items, self.problem.items, "items", (len(context), None))
        contexts = self._x(context, items.shape[1], self.place) if model.is_contextual else None
        model.partial_fit(items.ravel(), outcome.ravel(), contexts)

    def _x(self, context: Rows, repeats: int, place: Rows) -> NDArray[np.float64]:
        """(n * repeats, 1 + c + 1) the rows of a linear model."""
        rows = np.repeat(context, repeats, axis=0)
        ones = np.ones((len(rows), 1))
        return np.concatenate([ones, rows, np.tile(place, len(context))[:, None]], axis=1)


def find(name: str) -> Any:
    """The learning policy that "mabwiser:LinTS" names.

    Raises:
        ValueError: there is none of that name here.
        ImportError: MABWiser is not installed.
    """
    policy = choose("agent", name, {f"mabwiser:{each}": each for each in POLICIES})
    return getattr(require("mabwiser.mab", "peers").LearningPolicy, policy)


def make(
    name: str,
    problem: Problem,
    seed: int = 0,
    scalarizer: Scalarizer | None = None,
    *,
    fields: Sequence[str] | None = None,
    **options: Any,
) -> MABWiser:
    """The agent "mabwiser:LinTS"; the options beside those of `MABWiser` are what the learning policy takes.

    Raises:
        ValueError: there is no such policy or option.
        ImportError: MABWiser is not installed.
    """
    policy = call_with(f"agent {name!r}", find(name), options, ("fields",))
    mab, arms = require("mabwiser.mab", "peers").MAB, list(range(problem.items))
    agent = MABWiser(problem, seed, scalarizer, make=lambda seed: mab(arms, policy, seed=seed), fields=fields)
    agent.name = name
    return agent
