"""Agents made of MABWiser's multi-armed bandits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.agents.adapters.estimator import Estimator, Rows
from slategym.agents.adapters.library import library_options
from slategym.agents.base import Chances, Decision, Observation, Problem, Slate
from slategym.agents.choosing.given_slates import unknown
from slategym.agents.scalarizers.base import Scalarizer
from slategym.sim.choice import Mask
from slategym.sim.slate import check_items
from slategym.utils.checked import checked
from slategym.utils.lookup import call_with, choose
from slategym.utils.optional import require
from slategym.utils.options import Option, options_of

# Learning policies whose expectations are in units of rewards, with defaults that differ from MABWiser's.
POLICIES: dict[str, dict[str, Any]] = {
    "EpsilonGreedy": {},
    "LinGreedy": {},
    "LinTS": {"alpha": 0.05},
    "LinUCB": {"alpha": 0.05},
    "ThompsonSampling": {},
    "UCB1": {"alpha": 0.02},
}
TIE = 1e-9  # relative size of the random numbers that break ties
MOVED = 0.01  # smallest change of a weight, relative to the sum of the weights, after which the bandit is fitted again


class MABWiser(Estimator):
    """A bandit of MABWiser with an arm per item; slates hold the arms with the highest expectations.

        def mine(problem, seed, scalarizer):  # in my_agent.py, for --agent my_agent.py:mine
            arms = list(range(problem.items))
            return MABWiser(problem, seed, scalarizer, make=lambda seed: MAB(arms, LearningPolicy.LinUCB(alpha=0.05), seed=seed))

    There is one bandit, whose reward is the weighted sum of an item's outcomes. MABWiser's expectations include exploration, so
    with a bandit per objective the exploration would be added for each objective, and with ten times the weight for conversions.
    Weights are scaled to the sum of the problem's weights, so that `alpha` keeps its meaning. When they change by more than
    `MOVED`, the bandit is fitted again to all impressions with the new weights. Ties between arms, such as arms never shown, are
    broken at random for each shopper.

    `alpha` is in units of the reward: about the standard deviation of the reward of an impression. MABWiser's default of 1 is
    made for rewards of about 1; if rewards are a tenth of that, it explores each item thousands of times. slategym's defaults are
    0.05 ("mabwiser:LinUCB", "mabwiser:LinTS") and 0.02 ("mabwiser:UCB1"). With these, LinUCB earns 0.89 per slate in the first
    5,000 slates of ShopBandit-v0 with a batch of 250 shoppers. The bandit learns after each step, so in short runs a smaller
    batch learns faster.

    Thompson sampling needs rewards of 0 or 1, and its draws can be added, so it has one bandit per objective. Its prior rate of a
    conversion is 1/2: it needs outcomes that are not rare, or hundreds of impressions of every item.

    Expectations include exploration, so propensities are NaN. Contextual bandits get [1, context, place] (see `Estimator`) and no
    item features; bandits without context cannot distinguish a poor rank from a poor item. Impressions are learned as in
    `Estimator`, and kept.

    Cost: one pass over all m arms in Python per step, with or without candidates; about 0.3 seconds for 500 items and 1,000
    shoppers.

    Args:
        problem: the items, observation layout and objectives of the world.
        seed: seed of the agent's random numbers, from which the seeds of the bandits are drawn.
        scalarizer: combines the objectives; default: the fixed sum with the problem's weights.
        make: makes a MAB with the arms 0..m - 1 from a seed.
        fields: the fields of the observation that form the context; None: "context".

    Raises:
        ValueError: an option is out of its range, or the bandit's arms are not the items.
    """

    name = "mabwiser"
    methods = ("partial_fit", "predict_expectations")

    @checked
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
        self.by_objective = type(self.models[0].learning_policy).__name__ == "ThompsonSampling"
        if not self.by_objective:
            del self.models[1:]
        self.seen: list[tuple[Rows, NDArray[np.int64], NDArray[np.float32]]] = []
        self.mix = np.zeros(len(problem.objective_names))  # the weights that the bandit was fitted with

    def choose(self, observation: Observation, allowed: Mask | None = None) -> Decision:
        """Choose the highest expectations, which include MABWiser's exploration."""
        decision = super().choose(observation, allowed)
        if self.trained:
            decision.propensity[:] = np.nan
        return decision

    def chances(self, observation: Observation, slate: Slate, allowed: Mask | None, draws: int) -> Chances:
        """(n, k) the propensities of given slates, which are known only before the first training.

        Raises:
            NotImplementedError: the bandit has been trained.
        """
        if self.trained:
            raise unknown(self, "MABWiser gives no probabilities")
        return super().chances(observation, slate, allowed, draws)

    def _scores(self, context: Rows, candidates: NDArray[np.int64] | None) -> NDArray[np.floating[Any]]:
        """(n, m) the expected weighted rewards of every arm, or (n, C) for candidates."""
        if self.by_objective:
            return super()._scores(context, candidates)
        self._follow()
        expected = self.predicted(self.models[0], context, candidates)
        # Arms never shown tie. Their order is random for each shopper, but the same in repeated calls at the same step.
        random = np.random.Generator(np.random.Philox(key=np.array([self.seed, self.slates], np.uint64)))
        return np.asarray(expected + TIE * np.abs(expected).max() * random.random(expected.shape))

    def _teach_all(self, context: Rows, items: NDArray[np.int64], outcomes: NDArray[np.float32]) -> None:
        """Train the bandit on contexts (n, c), items (n, k) and their outcomes (n, k, M)."""
        if self.by_objective:
            super()._teach_all(context, items, outcomes)
            return
        self._follow()
        self.teach(self.models[0], context, items, outcomes @ self.mix)
        self.seen.append((context, items, outcomes))

    def _follow(self) -> None:
        """Fit a new bandit to all impressions if the weights have changed."""
        weights = self.weights
        size, default_size = np.abs(weights).sum(), np.abs(self.problem.weights).sum() or 1.0
        scaled = weights * (default_size / size) if size else weights
        if np.abs(scaled - self.mix).max() <= MOVED * default_size:
            return
        self.mix = scaled
        if self.seen:
            context, items, outcomes = (np.concatenate(part) for part in zip(*self.seen, strict=True))
            self.models = [deepcopy(self.models[0])]  # another agent may share it (`with_weights`)
            self.teach(self.models[0], context, items, outcomes @ self.mix, anew=True)

    def predicted(self, model: Any, context: Rows, candidates: NDArray[np.int64] | None) -> NDArray[np.floating[Any]]:
        """Predict the rewards at the first rank.

        Args:
            model: one of `models`.
            context: (n, c) float32, standardised.
            candidates: (n, C) int64, the items to predict; None: all.

        Returns:
            (n, m), or (n, C) for candidates.

        Raises:
            ValueError: a candidate is not an item.
        """
        expected = model.predict_expectations(self._x(context, 1, np.ones(1, np.float32)))
        rows = expected if isinstance(expected, list) else [expected]  # one context gives no list
        of_arms = np.array([list(by_arm.values()) for by_arm in rows])
        if candidates is None:
            return of_arms
        items = check_items(candidates, self.problem.items, "candidates", (len(context), None))
        return np.take_along_axis(of_arms, items, axis=1)

    def teach(
        self, model: Any, context: Rows, items: NDArray[np.int64], outcome: NDArray[np.floating[Any]], anew: bool = False
    ) -> None:
        """Train a bandit on impressions.

        Args:
            model: one of `models`.
            context: (n, c) float32, standardised.
            items: (n, k) int64, the items shown.
            outcome: (n, k), the reward of each item.
            anew: whether to discard what the bandit has learned.

        Raises:
            ValueError: a number is not an item.
        """
        items = check_items(items, self.problem.items, "items", (len(context), None))
        contexts = self._x(context, items.shape[1], self.place) if model.is_contextual else None
        (model.fit if anew else model.partial_fit)(items.ravel(), outcome.ravel(), contexts)

    def _x(self, context: Rows, repeats: int, place: Rows) -> NDArray[np.float64]:
        """(n * repeats, 1 + c + 1) the contexts for MABWiser: [1, context, place]."""
        rows = np.repeat(context, repeats, axis=0)
        ones = np.ones((len(rows), 1))
        return np.concatenate([ones, rows, np.tile(place, len(context))[:, None]], axis=1)


def find(name: str) -> Any:
    """The learning policy of a name such as "mabwiser:LinTS".

    Raises:
        ValueError: there is no agent of that name.
        ImportError: MABWiser is not installed.
    """
    policy = choose("agent", name, {f"mabwiser:{policy}": policy for policy in POLICIES})
    return getattr(require("mabwiser.mab", "peers").LearningPolicy, policy)


def options(name: str) -> dict[str, Option]:
    """The options of an agent such as "mabwiser:LinTS": those of `MABWiser` and those of the learning policy."""
    kind = find(name)
    return options_of(MABWiser, ("problem", "seed", "scalarizer", "make", "epsilon")) | library_options(
        kind, (), POLICIES[kind.__name__]
    )


def make(
    name: str,
    problem: Problem,
    seed: int = 0,
    scalarizer: Scalarizer | None = None,
    *,
    fields: Sequence[str] | None = None,
    **options: Any,
) -> MABWiser:
    """Make an agent such as "mabwiser:LinTS"; options that `MABWiser` does not have are passed to the learning policy.

    Raises:
        ValueError: there is no such policy or option.
        ImportError: MABWiser is not installed.
    """
    kind = find(name)
    policy = call_with(f"agent {name!r}", kind, POLICIES[kind.__name__] | options, ("fields",))
    mab, arms = require("mabwiser.mab", "peers").MAB, list(range(problem.items))
    agent = MABWiser(problem, seed, scalarizer, make=lambda seed: mab(arms, policy, seed=seed), fields=fields)
    agent.name = name
    return agent
