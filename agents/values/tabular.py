"""SlateQ with tables: a cell for each state and item."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Problem
from slategym.agents.common.normalizer import RunningNormalizer
from slategym.agents.scalarizers.base import Scalarizer
from slategym.agents.values.agent import SlateQ, Values
from slategym.agents.values.click_rule import LARGEST, ClickRule
from slategym.agents.values.optimisers import Optimiser
from slategym.agents.values.transitions import Transitions
from slategym.utils.checked import checked
from slategym.utils.ranges import Count, Dimensions, Share, Whole

FEW = 1000  # largest number of items that have their own rows by default
SETTLED = 1000  # slates after which the cuts of a column no longer change
PRIOR = 2.0  # pseudo-counts of clicks and slates in each cell, at the mean rates
HASHED = 0x51A7E  # seed of the hash of states

Floats = NDArray[np.float64]


class States:
    """The number of a shopper's state: each column is cut into parts, and the combinations of parts are numbered.

    The cuts of a column divide a normal distribution with the column's mean and deviation into equal shares. If there are more
    combinations than states, they are hashed, so that some share a state (Sutton, Barto, "Reinforcement Learning", 2nd edition,
    2018, section 9.5.4).

    Args:
        columns: (c,) int64, columns of what is seen.
        parts: number of parts of each column.
        states: largest number of states.
    """

    def __init__(self, columns: NDArray[np.int64], parts: int, states: int) -> None:
        from scipy.special import ndtri

        self.columns, self.parts = columns, parts
        self.cuts = ndtri(np.arange(1, parts) / parts)
        self.moments = RunningNormalizer(len(columns))
        combinations = float(parts) ** len(columns)
        self.hashed, self.count = combinations > states, int(min(combinations, states))
        random = np.random.Generator(np.random.Philox(key=HASHED))
        factors = random.integers(2**63, size=len(columns), dtype=np.uint64) * np.uint64(2) + np.uint64(1)
        self.factors = factors if self.hashed else np.uint64(parts) ** np.arange(len(columns), dtype=np.uint64)

    def __call__(self, seen: NDArray[np.float32]) -> NDArray[np.int64]:
        """(n,) the states of shoppers, from what is seen of them (n, o - C)."""
        standard = self.moments(seen[:, self.columns]) if self.moments.count else np.zeros((len(seen), len(self.columns)))
        part = (standard[:, :, None] > self.cuts).sum(axis=2).astype(np.uint64)
        code = (part * self.factors).sum(axis=1, dtype=np.uint64)
        if self.hashed:
            code = ((code ^ (code >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)) >> np.uint64(32)
        return np.asarray(code % np.uint64(self.count), np.int64)

    def learn(self, seen: NDArray[np.float32]) -> None:
        """Update the cuts of the columns, until `SETTLED` slates have been seen."""
        if self.moments.count < SETTLED and len(self.columns):
            self.moments.update(seen[:, self.columns])


class TabularSlateQ(SlateQ):
    """SlateQ with values from tables, with a cell for each state of a shopper and each item or category.

    The odds of a click are estimated by counting, as in the multinomial logit: clicks on an item, divided by the slates with the
    item that got no click (Agrawal, Avadhanula, Goyal, Zeevi, "MNL-bandit", Operations Research 67, 2019); if ranks are
    independent, clicks divided by examinations without a click. The rewards of a click are a mean over clicks. The effect on
    later visits is the mean return of slates with the click minus that of slates without any click. Cells with few clicks are
    shrunk towards the overall mean.

    Args:
        problem: items, observation layout, objectives and slate size.
        seed: seed of the agent's random numbers.
        scalarizer: combines the objectives; by default a fixed sum with the problem's weights.
        discount: discount factor per visit; 0 considers only the present visit (myopic).
        horizon: number of visits, including the present one, whose observed rewards are used; the tables estimate the rest. 1 is
            the published form.
        optimiser: how slates are built: "lp" finds the best slate by the linear program; "top-k" takes the largest products of
            weight and gain; "greedy" fills rank by rank.
        click_model: "multinomial": at most one click per slate; "position-based": ranks are independent; "auto": multinomial
            until a slate gets several clicks.
        epsilon: final probability of a random item at a rank, or of a random slate.
        anneal: number of slates over which the probability falls linearly from 1 to `epsilon`; 0: `epsilon` from the start.
        exploration: "item" shows random items, "slate" random slates.
        fields: fields of the observation that form a state; None: "context".
        parts: number of parts into which each column of these fields is cut.
        states: largest number of states; if there are more combinations, some share a state.
        by: "item": a row per item; "category": one row for all items of a category; "auto": "item" up to 1,000 items.
        learning_rate: smallest weight of a new return in a mean; before, means weigh all returns equally.

    Raises:
        ValueError: an option is out of its range, or there is no such field.
    """

    name = "slateq:tabular"

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        discount: Share = 1.0,
        horizon: Count = 5,
        optimiser: Optimiser = "lp",
        click_model: ClickRule = "auto",
        epsilon: Share = 0.05,
        anneal: Whole = 5000,
        exploration: Literal["item", "slate"] = "item",
        fields: Sequence[str] | None = None,
        parts: Dimensions = 2,
        states: Dimensions = 256,
        by: Literal["auto", "item", "category"] = "auto",
        learning_rate: Share = 0.001,
    ) -> None:
        super().__init__(
            problem,
            seed,
            scalarizer,
            discount=discount,
            horizon=horizon,
            optimiser=optimiser,
            click_model=click_model,
            epsilon=epsilon,
            anneal=anneal,
            exploration=exploration,
        )
        self.states = States(problem.context(fields), parts, states)
        self.by_item = by == "item" or (by == "auto" and problem.items <= FEW)
        self.learning_rate = learning_rate
        s, i, objectives = self.states.count, self._groups(problem).max() + 1, len(problem.objective_names)
        self.group = self._groups(problem)  # (m,) the row of each item
        self.clicks, self.without, self.unclicked = (np.zeros((s, i)) for _ in range(3))
        self.own, self.returns = (np.zeros((objectives, s, i)) for _ in range(2))
        self.base, self.base_count = np.zeros((objectives, s)), np.zeros(s)  # slates without a click
        self.mean, self.mean_count = np.zeros((objectives, s)), np.zeros(s)  # all slates

    def _groups(self, problem: Problem) -> NDArray[np.int64]:
        return np.arange(problem.items) if self.by_item else problem.category.astype(np.int64)

    def grow(self, problem: Problem) -> None:
        """Add items; with a row per item their estimates start from the prior, otherwise from their categories."""
        self.group = self._groups(problem)
        further = (0, int(self.group.max()) + 1 - self.clicks.shape[1])
        for name in ("clicks", "without", "unclicked"):
            setattr(self, name, np.pad(getattr(self, name), ((0, 0), further)))
        for name in ("own", "returns"):
            setattr(self, name, np.pad(getattr(self, name), ((0, 0), (0, 0), further)))
        self.horizon.grow(problem)
        self.problem = problem

    def values(self, seen: NDArray[np.float32], items: NDArray[np.int64] | None) -> Values:
        """The estimates of the tables."""
        state = self.states(seen)
        cell = state[:, None], self.group[None] if items is None else self.group[items]
        clicks, others = self.clicks[cell], (self.without if self.click_chances.single else self.unclicked)
        rate = (self.clicks.sum() + 1) / (max(others.sum(), 0) + 1)
        odds = (clicks + PRIOR * rate) / (np.maximum(others[cell], 0) + PRIOR)
        earned = self.own.sum(axis=(1, 2)) / max(self.clicks.sum(), 1)
        now = (self.own[:, *cell] + PRIOR * earned[:, None, None]) / (clicks + PRIOR)
        base = np.where(self.base_count > 0, self.base, self.mean)[:, state]
        later = (self.returns[:, *cell] - base[..., None]) * (clicks / (clicks + PRIOR))
        return Values(np.clip(odds, np.exp(-LARGEST), np.exp(LARGEST)), now + later, base)

    def learn_transitions(self, transitions: Transitions) -> None:
        """Count clicks and their rewards, and update the mean returns."""
        self.states.learn(transitions.seen)
        state, clicks = self.states(transitions.seen), transitions.clicks
        returns = transitions.rest.astype(np.float64)
        if (goes_on := transitions.left > 0).any():
            after = transitions.after[goes_on]
            values = self.values(self.problem.seen(after), self.problem.candidates_in(after))
            returns[goes_on] += transitions.left[goes_on, None] * self.guessed(after, values)
        cell = state[:, None] * self.clicks.shape[1] + self.group[transitions.items]
        nothing = ~clicks.any(axis=1)
        self.without += self._counts(cell[nothing].ravel())
        self.unclicked += self._counts(cell.ravel(), (self.click_chances.examination - clicks).ravel())
        row, rank = np.nonzero(clicks)
        clicked = cell[row, rank]
        for number in range(len(self.own)):
            self.own[number] += self._counts(clicked, transitions.own[row, rank, number])
        self._move(self.returns, self.clicks, clicked, returns[row])
        self._move(self.base, self.base_count, state[nothing], returns[nothing])
        self._move(self.mean, self.mean_count, state, returns)

    def _counts(self, cell: NDArray[np.int64], weights: NDArray[np.floating] | None = None) -> Floats:
        """(S, I) the count of each cell, or its sum of weights."""
        return np.bincount(cell, weights, self.clicks.size).reshape(self.clicks.shape).astype(np.float64)

    def _move(self, means: Floats, count: Floats, cell: NDArray[np.int64], returns: Floats) -> None:
        """Update means (M, ...) with the returns (n, M) of cells (n,), and add the returns to the counts (...)."""
        found, where, times = np.unique(cell, return_inverse=True, return_counts=True)
        flat, counted = means.reshape(len(means), -1), count.reshape(-1)
        counted[found] += times
        share = np.maximum(times / counted[found], 1 - (1 - self.learning_rate) ** times)
        for number in range(len(means)):
            new = np.bincount(where, returns[:, number], len(found)) / times
            flat[number, found] += share * (new - flat[number, found])
