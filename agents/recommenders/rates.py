"""How often items are clicked and convert, for everybody, with recent answers counting more."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Problem
from slategym.sim.feedback import Feedback
from slategym.utils.standardize import standardised, standardised_as

Numbers = NDArray[np.float64]
FARTHEST = 4.0  # times the mean rate, or the mean rate divided by it, that features may say of an item
NOISE = 10.0  # clicks in which features are known as well as they are guessed before


class ItemRates:
    """Clicks per examined impression and conversions per click of each item, with exponential decay.

    Rates are shrunk to what is known of an item before it is shown: of clicks, to what a ridge regression on the features of the
    items says; of conversions, to the mean.

    Args:
        problem: gives the items, their features and the slate size.
        halflife: slates after which an answer counts half; None forgets nothing.
        prior: strength of what is known before, in clicks, and in conversions.
    """

    def __init__(self, problem: Problem, halflife: float | None, prior: float) -> None:
        self.halflife, self.prior = halflife, prior
        self.features = standardised(problem.features)
        self.shown = np.zeros((problem.slate_size, problem.items))
        self.clicks, self.conversions = np.zeros(problem.items), np.zeros(problem.items)
        self.expected: Numbers | None = None  # (m,) rates of clicks by the features

    def grow(self, problem: Problem) -> None:
        """Take on further items, of which features alone tell."""
        before, further = self.shown.shape[1], problem.items - self.shown.shape[1]
        self.shown = np.pad(self.shown, ((0, 0), (0, further)))
        self.clicks, self.conversions = np.pad(self.clicks, (0, further)), np.pad(self.conversions, (0, further))
        scaled = standardised_as(problem.features[before:], problem.features[:before])
        self.features = np.concatenate([self.features, scaled])
        self.expected = None

    def learn(self, items: NDArray[np.int64], feedback: Feedback) -> None:
        """Count a step.

        Args:
            items: (n, k) int64, what was shown.
            feedback: the answer to it; late conversions count as those of today.
        """
        if self.halflife is not None:
            for counts in (self.shown, self.clicks, self.conversions):
                counts *= 0.5 ** (len(items) / self.halflife)
        k, m = self.shown.shape
        self.shown += np.bincount((items + m * np.arange(k)).ravel(), minlength=k * m).reshape(k, m)
        self.clicks += np.bincount(items[feedback.clicks], minlength=m)
        self.conversions += np.bincount(items[feedback.conversions], minlength=m)
        self.conversions += np.bincount(feedback.delayed.item, minlength=m)

    def fit(self, examination: Numbers) -> None:
        """Learn what features say of rates of clicks.

        Args:
            examination: (k,) of each rank, relative to the first.
        """
        examined, mean = examination @ self.shown, self._mean(examination)
        gram = (self.features.T * examined) @ self.features + np.eye(self.features.shape[1]) * NOISE / mean
        slope = np.linalg.solve(gram, self.features.T @ (self.clicks - mean * examined))
        self.expected = np.clip(mean + self.features @ slope, mean / FARTHEST, mean * FARTHEST)

    def click(self, examination: Numbers) -> Numbers:
        """(m,) the probability of a click at the first rank.

        Args:
            examination: (k,) of each rank, relative to the first.
        """
        mean = self._mean(examination)
        expected = np.full(len(self.clicks), mean) if self.expected is None else self.expected
        rate = (self.clicks + self.prior) / (examination @ self.shown + self.prior / expected)
        return np.asarray(np.clip(rate, 1e-6, 1))

    def conversion(self) -> Numbers:
        """(m,) the probability that a click converts."""
        mean = (self.conversions.sum() + 1) / (self.clicks.sum() + 10)
        return np.asarray(np.clip((self.conversions + self.prior) / (self.clicks + self.prior / mean), 0, 1))

    def _mean(self, examination: Numbers) -> float:
        return float((self.clicks.sum() + 1) / ((examination @ self.shown).sum() + 100))
