"""How popularity and what a recommender says of a shopper come to one probability."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slategym.utils.short_repr import Brief

Numbers = NDArray[np.float64]
FORGETTING = 0.98  # what earlier steps count for, for each step since
FIRST = np.array([0.0, 1.0, 0.3, 0.5])  # of the constant, popularity, the model, and the shopper's own answers to the item
CERTAINTY = np.array([20.0, 50.0, 20.0, 20.0])  # of those, in clicks


@dataclass(frozen=True, repr=False)
class Parts(Brief):
    """What the probabilities of n shoppers' clicks on m items are made of, apart from the constant.

    Attributes:
        rate: (m,) the log rate of each item.
        score: (n, m) the model's standardised score; None where there is none.
        row: (e,) the shoppers of whom an own answer to an item is known.
        item: (e,) those items, at most once for a shopper.
        own: (e,) the log of how much more the shopper clicked the item than others do.
    """

    rate: Numbers
    score: Numbers | None
    row: NDArray[np.int64]
    item: NDArray[np.int64]
    own: Numbers

    def at(self, items: NDArray[np.int64]) -> Numbers:
        """(n, k, 4) the parts of some items, with the constant 1 before them.

        Args:
            items: (n, k) int64.
        """
        score = np.zeros(items.shape) if self.score is None else np.take_along_axis(self.score, items, axis=1)
        own = np.zeros((len(items), len(self.rate)))
        own[self.row, self.item] = self.own
        return np.stack([np.ones(items.shape), self.rate[items], score, np.take_along_axis(own, items, axis=1)], axis=-1)


class Mixture:
    """A Poisson regression of clicks with few coefficients: log P(click) = log examination + coefficients . parts.

    It is learned online: each step is a Laplace approximation of the posterior, with that of the step before as its prior
    (Spiegelhalter, Lauritzen, 1990). It learns from predictions that were made before the answers came, so that a model that has
    learned its shoppers by heart gets a small coefficient.
    """

    def __init__(self) -> None:
        self.coefficients = FIRST.copy()
        self.precision = np.diag(CERTAINTY)

    def __call__(self, parts: Numbers) -> Numbers:
        """(...) the probability of a click at the first rank.

        Args:
            parts: (..., 4) the constant 1, the log rate of the item, the model's standardised score, and the log of how much
                more the shopper clicked the item than others do.
        """
        return np.asarray(np.exp(np.clip(parts @ self.coefficients, -20, 0)))

    def clicks(self, parts: Parts, shoppers: int) -> Numbers:
        """(n, m) the probabilities of clicks at the first rank.

        Args:
            parts: of them.
            shoppers: n.
        """
        constant, rate, score, own = self.coefficients
        total = np.tile(constant + rate * parts.rate, (shoppers, 1))
        if parts.score is not None:
            total += score * parts.score
        total[parts.row, parts.item] += own * parts.own
        return np.asarray(np.exp(np.clip(total, -20, 0)))

    def update(self, parts: Numbers, examination: Numbers, clicks: NDArray[np.bool_]) -> None:
        """Learn from impressions.

        Args:
            parts: (e, 4).
            examination: (e,) of their ranks, relative to the first.
            clicks: (e,) bool.
        """
        before, precision = self.coefficients, FORGETTING * self.precision + (1 - FORGETTING) * np.diag(CERTAINTY)
        coefficients = before.copy()
        for _ in range(4):
            expected = examination * np.exp(np.clip(parts @ coefficients, -20, 0))
            slope = parts.T @ (clicks - expected) - precision @ (coefficients - before)
            curvature = (parts.T * expected) @ parts + precision
            step = np.linalg.solve(curvature, slope)
            coefficients = coefficients + step / max(1.0, np.abs(step).max())
        expected = examination * np.exp(np.clip(parts @ coefficients, -20, 0))
        self.coefficients, self.precision = coefficients, precision + (parts.T * expected) @ parts
