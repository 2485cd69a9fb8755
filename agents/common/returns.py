"""What a click and a conversion are worth beyond the visit: a regression of what shoppers still earn on what they did."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FADING = 0.9  # what a visit leaves of what was clicked before
RIDGE = 100.0  # visits
LEAST = 200  # finished episodes before anything is said

Floats = NDArray[np.floating]


class ReturnModel:
    """Prices of clicks and conversions by their effect on what a shopper earns later, from finished episodes.

    The return of the visits from one on is regressed on the context, the time left, and the time left times a fading sum of the
    features of what was clicked, of clicks and of conversions. The coefficients of the last say what one more of each adds, for
    all the time that is left.

    Args:
        features: (m, d) float32, of the items.
        context: c, the number of context columns.
    """

    def __init__(self, features: NDArray[np.float32], context: int) -> None:
        self.features = features
        self.width = features.shape[1] + 2
        self.sums = np.zeros((context + 2 + self.width, context + 2 + self.width))
        self.moments = np.zeros(len(self.sums))
        self.prices = np.zeros(self.width)
        self.episodes = 0
        self.steps: list[tuple[Floats, Floats]] = []  # of the visits under way: regressors (n, p) and rewards (n,)
        self.begun = np.zeros(0, np.int64)  # how many of those are of each row's present shopper
        self.faded = np.zeros((0, self.width))

    def grow(self, features: NDArray[np.float32]) -> None:
        """Take on further items.

        Args:
            features: (m + f, d) float32, of all items.
        """
        self.features = features

    def learn(
        self,
        context: NDArray[np.float32],
        left: NDArray[np.float32],
        items: NDArray[np.int64],
        clicks: NDArray[np.bool_],
        conversions: NDArray[np.bool_],
        reward: Floats,
        over: NDArray[np.bool_],
    ) -> None:
        """Note a visit of n shoppers, and learn from those whose last one it was.

        Args:
            context: (n, c) float32, standardised.
            left: (n,) the share of the time that is left.
            items: (n, k) the items shown.
            clicks: (n, k).
            conversions: (n, k).
            reward: (n,) the weighted sum of the objectives.
            over: (n,) who is followed by another shopper.
        """
        if len(reward) != len(self.begun):  # another batch: what was under way is forgotten
            self.steps, self.begun = [], np.zeros(len(reward), np.int64)
            self.faded = np.zeros((len(reward), self.width))
        ones = np.ones((len(reward), 1))
        self.steps.append((np.concatenate([ones, context, left[:, None], left[:, None] * self.faded], axis=1), reward))
        self.begun += 1
        clicked = (clicks[:, :, None] * self.features[items]).sum(axis=1)
        counts = np.stack([clicks.sum(axis=1), conversions.sum(axis=1)], axis=1)
        self.faded = FADING * self.faded + np.concatenate([clicked, counts], axis=1)
        gone = np.flatnonzero(over)
        if len(gone):
            self._finish(gone)
        self.steps = self.steps[len(self.steps) - int(self.begun.max(initial=0)) :]

    def click_prices(self) -> tuple[NDArray[np.float32], float]:
        """(m,) what a click on each item adds to the return for all the time left, and what a conversion adds."""
        return (self.features @ self.prices[:-2] + self.prices[-2]).astype(np.float32), float(self.prices[-1])

    def _finish(self, gone: NDArray[np.int64]) -> None:
        """Add the visits of episodes that are over to the sums, the last one first, and solve."""
        later = np.zeros(len(gone))
        for age, (regressors, reward) in enumerate(reversed(self.steps)):
            there = self.begun[gone] > age
            rows = gone[there]
            if len(rows) == 0:
                break
            later[there] += reward[rows]
            some = regressors[rows]
            self.sums += some.T @ some
            self.moments += some.T @ later[there]
        self.begun[gone], self.faded[gone] = 0, 0
        self.episodes += len(gone)
        if self.episodes >= LEAST:
            scale = np.sqrt(np.diag(self.sums) / max(self.sums[0, 0], 1.0) + 1e-9)
            standard = self.sums / np.outer(scale, scale) + RIDGE * np.eye(len(scale))
            self.prices = (np.linalg.solve(standard, self.moments / scale) / scale)[-self.width :]
