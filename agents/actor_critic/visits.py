"""Visits that wait until what followed them is known, and the returns that come of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slategym.sim.feedback import DelayedConversions
from slategym.utils.short_repr import Brief

Floats = NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class Visit(Brief):
    """A visit of n shoppers, and what the critics expected of it.

    Attributes:
        state: (n, s) float32, the observations, and behind them the clicks before.
        slate: (n, k) int64.
        propensity: (n, k) float32.
        outcome: (n, k, M) float64, of each choice for each objective; late conversions are added when they arrive.
        clicks: (n, k) bool.
        goes_on: (n,) bool, whether the same shopper comes again.
        now: (n, k, M) what each rank was expected to earn at once.
        later: (n, M) what later visits were expected to earn.
        allowed: (n, m) bool, the items that might be shown, or (n, C) of candidates; None if all might.
    """

    state: NDArray[np.float32]
    slate: NDArray[np.int64]
    propensity: NDArray[np.float32]
    outcome: Floats
    clicks: NDArray[np.bool_]
    goes_on: NDArray[np.bool_]
    now: Floats
    later: Floats
    allowed: NDArray[np.bool_] | None = None


Settled = tuple[Visit, Floats]  # a visit, and (n, M) the return of the visits after it
Arrived = tuple[Visit, NDArray[np.int64], Floats]  # a visit, some of its rows (l,), and (l, k, M) what they have earned late


class Visits:
    """The last visits of each row, each of which is settled when enough visits have followed.

    The return that follows a visit is L = discount [(1 - trace) V' + trace (r' + L')], where r' is what the next visit earns,
    L' the return that follows it, and V' what the critics expect of both; after a shopper's last visit it is 0. At the last
    visit that is known, L is what they expect of it. So r + L - V is the generalised advantage estimate (Schulman, Moritz,
    Levine, Jordan, Abbeel, ICLR 2016), cut off after `horizon` visits.

    Args:
        horizon: later visits that a return looks at.
        trace: lambda.
        discount: of each visit after the present one.
        longest_delay: the most steps by which a conversion is delayed.
    """

    def __init__(self, horizon: int, trace: float, discount: float, longest_delay: int) -> None:
        self.trace, self.discount, self.longest_delay = trace, discount, longest_delay
        self.horizon = horizon if discount else 0
        self.waiting: list[Visit] = []
        self.learned: list[Visit] = []  # those before, of which conversions may still arrive
        self.settled: list[Settled] = []  # whose rows are those of others by now

    def forget_shoppers(self) -> None:
        """The rows are those of others from now on: settle all visits by what is known."""
        while self.waiting:
            self.settled.append(self._settle())
        self.learned = []

    def arrive(self, delayed: DelayedConversions, credit: NDArray[np.float32]) -> list[Arrived]:
        """Add conversions that arrive now to their visits; call it before `add` of the present visit.

        Args:
            delayed: l conversions, already checked.
            credit: (l, M) of each for each objective.

        Returns:
            Those of visits that are settled already.
        """
        arrived = []
        for age, visit in enumerate(reversed(self.learned + self.waiting), start=1):
            which = np.flatnonzero((delayed.age == age) & (delayed.row < len(visit.slate)))
            rows, place = np.unique(delayed.row[which], return_inverse=True)
            earned = np.zeros((len(rows), *visit.outcome.shape[1:]))
            np.add.at(earned, (place, delayed.rank[which]), credit[which])
            visit.outcome[rows] += earned
            if age > len(self.waiting) and len(rows):
                arrived.append((visit, rows, earned))
        return arrived

    def add(self, visit: Visit) -> list[Settled]:
        """Add a visit, and take out those that are settled; all before it if it has other rows.

        Args:
            visit: the present one.
        """
        if self.waiting and len(self.waiting[-1].slate) != len(visit.slate):
            self.forget_shoppers()
        self.waiting.append(visit)
        if len(self.waiting) > self.horizon:
            self.settled.append(self._settle())
            self.learned.append(self.settled[-1][0])
        self.learned = self.learned[max(len(self.learned) + len(self.waiting) - self.longest_delay, 0) :]
        settled, self.settled = self.settled, []
        return settled

    def _settle(self) -> Settled:
        """The first visit, and the return that follows it."""
        following = self.waiting[-1].later
        for here, after in zip(self.waiting[-2::-1], self.waiting[:0:-1], strict=True):
            earned, expected = after.outcome.sum(axis=1) + following, after.now.sum(axis=1) + after.later
            following = self.discount * here.goes_on[:, None] * ((1 - self.trace) * expected + self.trace * earned)
        return self.waiting.pop(0), following
