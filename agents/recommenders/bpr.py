"""Bayesian personalised ranking: matrix factorisation that ranks what was clicked above what was not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from slategym.agents.base import Problem
from slategym.agents.recommenders.base import Model
from slategym.agents.recommenders.interactions import Interactions

Numbers = NDArray[np.float64]
BATCH = 500  # pairs
STEPS = 30  # of gradient ascent when a shopper is folded in


class BPR(Model):
    """Vectors of shoppers and items, and a bias for each item, by which clicked items rank above others.

    For a shopper u, a clicked item i, drawn in proportion to the preference, and another item j, stochastic gradient ascent of ln
    sigmoid(x_ui - x_uj) - regularisation |.|^2 / 2, with x_ui = b_i + u'v_i, in mini-batches (Rendle, Freudenthaler, Gantner,
    Schmidt-Thieme, "BPR", UAI 2009). A shopper who is new, or did more since, is folded in by gradient ascent of the same with
    the mean of all items in place of j. It makes no difference between what was shown without a click and what was not shown.

    Args:
        items: m.
        random: the generator of first vectors and of pairs.
        factors: f, the length of the vectors.
        learning_rate: of a pair.
        regularisation: of vectors and biases.
        epochs: times that a fit draws as many pairs as there are clicked items of shoppers.
    """

    def __init__(
        self, items: int, random: np.random.Generator, factors: int, learning_rate: float, regularisation: float, epochs: int
    ) -> None:
        self.random, self.learning_rate, self.regularisation, self.epochs = random, learning_rate, regularisation, epochs
        self.vectors, self.bias = random.normal(0, 0.1, (items, factors)), np.zeros(items)

    def grow(self, problem: Problem) -> None:
        """Take on further items, whose vectors and biases are 0."""
        further = problem.items - len(self.bias)
        self.vectors, self.bias = np.pad(self.vectors, ((0, further), (0, 0))), np.pad(self.bias, (0, further))

    def fit(self, interactions: Interactions) -> None:
        """Go on with gradient ascent, after the shoppers were folded in.

        Args:
            interactions: of s shoppers.
        """
        preferences = interactions.preferences
        if preferences.nnz == 0:
            return
        shoppers, m = self.fold_in(interactions), len(self.bias)
        row = np.repeat(np.arange(len(interactions)), np.diff(preferences.indptr))
        liked = row * m + preferences.indices  # in ascending order
        drawn = np.cumsum(preferences.data)
        for _ in range(-(-self.epochs * len(liked) // BATCH)):
            pair = np.searchsorted(drawn, self.random.random(BATCH) * drawn[-1], side="right")
            other = self.random.integers(m, size=BATCH)
            place = np.minimum(np.searchsorted(liked, row[pair] * m + other), len(liked) - 1)
            unliked = liked[place] != row[pair] * m + other
            self._step(shoppers, row[pair][unliked], preferences.indices[pair][unliked], other[unliked])

    def _step(self, shoppers: Numbers, who: NDArray[np.int64], clicked: NDArray[np.int64], other: NDArray[np.int64]) -> None:
        """Ascend the gradient of some pairs."""
        u, difference = shoppers[who], self.vectors[clicked] - self.vectors[other]
        slope = expit(-(self.bias[clicked] - self.bias[other] + (u * difference).sum(axis=1)))
        rate, decay = self.learning_rate, self.regularisation
        np.add.at(shoppers, who, rate * (slope[:, None] * difference - decay * u))
        for item, sign in ((clicked, 1.0), (other, -1.0)):
            np.add.at(self.vectors, item, rate * (sign * slope[:, None] * u - decay * self.vectors[item]))
            np.add.at(self.bias, item, rate * (sign * slope - decay * self.bias[item]))

    def fold_in(self, interactions: Interactions) -> Numbers:
        """(n, f) the vectors of shoppers, given those of the items.

        Args:
            interactions: of n shoppers.
        """
        preferences = interactions.preferences
        difference, bias = self.vectors - self.vectors.mean(axis=0), self.bias - self.bias.mean()
        row = np.repeat(np.arange(len(interactions)), np.diff(preferences.indptr))
        item, pull = preferences.indices, preferences.copy()
        # A pair is drawn with the share that its preference has of the shopper's, and there are as many as clicked items.
        count, total = np.diff(preferences.indptr), np.bincount(row, preferences.data, len(interactions))
        weight = preferences.data * (count / np.maximum(total, 1e-12))[row]
        steepest = np.bincount(row, weight * (difference[item] ** 2).sum(axis=1) / 4, len(interactions))
        regularisation = self.regularisation * np.maximum(count, 1)
        u = np.zeros((len(interactions), self.vectors.shape[1]))
        for _ in range(STEPS):
            pull.data = weight * expit(-(bias[item] + (u[row] * difference[item]).sum(axis=1)))
            u += (pull @ difference - regularisation[:, None] * u) / (steepest + regularisation)[:, None]
        return u

    def scores(self, interactions: Interactions) -> Numbers:
        """(n, m) the products of the shoppers' vectors and the items'; biases, which everybody shares, are left to popularity.

        Args:
            interactions: of n shoppers.
        """
        return np.asarray(self.fold_in(interactions) @ self.vectors.T)
