"""Stores visits until the following visits are known, and computes their returns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slategym.sim.feedback import DelayedConversions
from slategym.utils.short_repr import Brief

Floats = NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class Visit(Brief):
    """A visit of n shoppers, and the critics' predictions for it.

    Attributes:
        state: (n, s) float32, the observations, followed by the previous clicks.
        slate: (n, k) int64.
        propensity: (n, k) float32.
        outcome: (n, k, M) float64, outcome of each choice for each objective; delayed conversions are added when they arrive.
        clicks: (n, k) bool.
        goes_on: (n,) bool, whether the same shopper visits again.
        now: (n, k, M), predicted reward at each rank.
        later: (n, M), predicted return of later visits.
        allowed: (n, m) bool, the items that could be shown, or (n, C) for candidates; None: all.
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
Arrived = tuple[Visit, NDArray[np.int64], Floats]  # a visit, some of its rows (l,), and their delayed rewards (l, k, M)


class Visits:
    """The last visits of each row. A visit is settled, with its return computed, when enough visits have followed.

    The return after a visit is L = discount [(1 - trace) V' + trace (r' + L')], where r' is the reward of the next visit, L' the
    return after it, and V' the critics' prediction of r' + L'; after a shopper's last visit, L is 0. At the last known visit, L
    is the critics' prediction. So r + L - V is the generalised advantage estimate (Schulman, Moritz, Levine, Jordan, Abbeel,
    ICLR 2016), truncated after `horizon` visits.

    Args:
        horizon: number of later visits in a return.
        trace: lambda.
        discount: discount factor per later visit.
        longest_delay: the largest delay of a conversion, in steps.
    """

    def __init__(self, horizon: int, trace: float, discount: float, longest_delay: int) -> None:
        self.trace, self.discount, self.longest_delay = trace, discount, longest_delay
        self.horizon = horizon if discount else 0
        self.waiting: list[Visit] = []
        self.learned: list[Visit] = []  # settled visits whose conversions may still arrive
        self.settled: list[Settled] = []  # not returned yet by `add`

    def forget_shoppers(self) -> None:
        """Settle all visits with the rewards known so far, because the rows belong to other shoppers from now on."""
        while self.waiting:
            self.settled.append(self._settle())
        self.learned = []

    def arrive(self, delayed: DelayedConversions, credit: NDArray[np.float32]) -> list[Arrived]:
        """Add delayed conversions to their visits; call this before `add` of the current visit.

        Args:
            delayed: l conversions, already checked.
            credit: (l, M), the outcome of each conversion for each objective.

        Returns:
            The delayed rewards of visits that were settled before.
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
        """Add a visit, and return the visits that are settled now: all earlier ones if the number of rows has changed.

        Args:
            visit: the current visit.
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
        """Remove the first visit, and return it with the return after it."""
        following = self.waiting[-1].later
        for here, after in zip(self.waiting[-2::-1], self.waiting[:0:-1], strict=True):
            earned, expected = after.outcome.sum(axis=1) + following, after.now.sum(axis=1) + after.later
            following = self.discount * here.goes_on[:, None] * ((1 - self.trace) * expected + self.trace * earned)
        return self.waiting.pop(0), following
