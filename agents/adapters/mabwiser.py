"""MABWiser's multi-armed bandits as agents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.agents.adapters.estimator import Estimator, Rows
from slategym.agents.adapters.library import library_options
from slategym.agents.base import Decision, Observation, Problem
from slategym.agents.scalarizers.base import Scalarizer
from slategym.sim.slate import check_items
from slategym.utils.lookup import call_with, choose
from slategym.utils.optional import require
from slategym.utils.options import Option, options_of

# Those whose expectations are rewards, with defaults of ours.
POLICIES: dict[str, dict[str, Any]] = {
    "EpsilonGreedy": {},
    "LinGreedy": {},
    "LinTS": {"alpha": 0.05},
    "LinUCB": {"alpha": 0.05},
    "ThompsonSampling": {},
    "UCB1": {"alpha": 0.02},
}
ALIKE = 1e-9  # a relative difference that is none
MOVED = 0.01  # of the sum of the weights


class MABWiser(Estimator):
    """A bandit of MABWiser whose arms are the items; the slate is the arms of the highest expectations.

        def mine(problem, seed, scalarizer):  # in my_agent.py, for --agent my_agent.py:mine
            arms = list(range(problem.items))
            return MABWiser(problem, seed, scalarizer, make=lambda seed: MAB(arms, LearningPolicy.LinUCB(alpha=0.05), seed=seed))

    As one would use the library by hand, there is one bandit, and its reward is the weighted sum of what an item earned: MABWiser
    explores within its expectations, so bandits for each objective would explore once for each, and for conversions ten times as
    much. The weights count relative to each other; they are scaled to the size of the problem's own, so that `alpha` keeps its
    meaning. When they move by more than `MOVED`, the bandit is fitted anew to all that was seen, by the new ones. Of arms that
    are expected to earn the same, such as those that nobody has seen, each shopper is shown others.

    `alpha` is in units of the reward, about the spread of what one impression earns. MABWiser's own default of 1 is for rewards
    of about 1, and has items that earn a tenth of that tried thousands of times; by name it is 0.05 ("mabwiser:LinUCB",
    "mabwiser:LinTS") and 0.02 ("mabwiser:UCB1"). In ShopBandit-v0, 250 shoppers at once, LinUCB then earns 0.89 a slate in the
    first 5,000. What one step shows is learned at its end: in a short run fewer shoppers at once learn more.

    Thompson sampling takes rewards of 0 and 1, and draws may be added up, so it has a bandit for each objective. Its prior holds
    a conversion to be as likely as not: it is for answers that are not rare, or for hundreds of impressions of every item.

    Expectations have in them what MABWiser explores, so propensities are NaN. Contextual bandits see [1, context, place], as
    `Estimator` says, and no features of items; those without a context cannot tell a poor rank from a poor item. An impression is
    learned as with `Estimator`, and kept.

    Cost: for each step a pass over all m arms in Python, candidates or not; with 500 items about 0.3 seconds for 1,000 shoppers.

    Args:
        make: gives a new MAB with the arms 0..m - 1 for a seed.
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
        self.by_objective = type(self.models[0].learning_policy).__name__ == "ThompsonSampling"
        if not self.by_objective:
            del self.models[1:]
        self.seen: list[tuple[Rows, NDArray[np.int64], NDArray[np.float32]]] = []
        self.mix = np.zeros(len(problem.objective_names))  # the weights by which the bandit learned

    def choose(self, observation: Observation) -> Decision:
        """The highest expectations, with what MABWiser explores in them."""
        decision = super().choose(observation)
        if self.taught:
            decision.propensity[:] = np.nan
        return decision

    def _scores(self, context: Rows, candidates: NDArray[np.int64] | None) -> NDArray[np.floating[Any]]:
        """(n, m) the expected rewards of every arm, or (n, C) of candidates, by the present weights."""
        if self.by_objective:
            return super()._scores(context, candidates)
        self._follow()
        expected = self.predicted(self.models[0], context, candidates)
        # Arms that nobody has seen are alike; each shopper is to try others, the same ones when asked again.
        random = np.random.Generator(np.random.Philox(key=np.array([self.seed, self.slates], np.uint64)))
        return np.asarray(expected + ALIKE * np.abs(expected).max() * random.random(expected.shape))

    def _teach_all(self, context: Rows, items: NDArray[np.int64], outcomes: NDArray[np.float32]) -> None:
        """Let the bandit learn items (n, k) for contexts (n, c), and what each earned (n, k, M)."""
        if self.by_objective:
            super()._teach_all(context, items, outcomes)
            return
        self._follow()
        self.teach(self.models[0], context, items, outcomes @ self.mix)
        self.seen.append((context, items, outcomes))

    def _follow(self) -> None:
        """Fit a new bandit to everything, if the weights have moved."""
        weights = self.weights
        size, own = np.abs(weights).sum(), np.abs(self.problem.weights).sum()
        now = weights * ((own or 1.0) / size) if size else weights
        if np.abs(now - self.mix).max() <= MOVED * (own or 1.0):
            return
        self.mix = now
        if self.seen:
            context, items, outcomes = (np.concatenate(part) for part in zip(*self.seen, strict=True))
            self.models = [deepcopy(self.models[0])]  # another agent may share it (`with_weights`)
            self.teach(self.models[0], context, items, outcomes @ self.mix, anew=True)

    def predicted(self, model: Any, context: Rows, candidates: NDArray[np.int64] | None) -> NDArray[np.floating[Any]]:
        """(n, m) the expectations of every arm, or (n, C) of the candidates."""
        expected = model.predict_expectations(self._x(context, 1, np.ones(1, np.float32)))
        each = expected if isinstance(expected, list) else [expected]  # of one context it comes alone
        of_arms = np.array([list(by_arm.values()) for by_arm in each])
        if candidates is None:
            return of_arms
        items = check_items(candidates, self.problem.items, "candidates", (len(context), None))
        return np.take_along_axis(of_arms, items, axis=1)

    def teach(
        self, model: Any, context: Rows, items: NDArray[np.int64], outcome: NDArray[np.floating[Any]], anew: bool = False
    ) -> None:
        """Let a bandit learn items (n, k) for contexts (n, c), and what each earned (n, k); that alone, if `anew`."""
        items = check_items(items, self.problem.items, "items", (len(context), None))
        contexts = self._x(context, items.shape[1], self.place) if model.is_contextual else None
        (model.fit if anew else model.partial_fit)(items.ravel(), outcome.ravel(), contexts)

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


def options(name: str) -> dict[str, Option]:
    """The options of "mabwiser:LinTS": ours, and what the learning policy takes."""
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
    """The agent "mabwiser:LinTS"; the options beside those of `MABWiser` are what the learning policy takes.

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
