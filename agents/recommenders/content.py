"""Items like those that a shopper clicked, by their features."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Problem
from slategym.agents.recommenders.base import Model
from slategym.agents.recommenders.interactions import Interactions
from slategym.utils.standardize import centre_and_spread

Numbers = NDArray[np.float64]


class Content(Model):
    """The cosine of an item's features and a shopper's profile, the mean of the features of what was liked.

    Features are standardised over the catalogue, scaled to length 1 for each item, and weighted in the profile by the preferences
    (Pazzani, Billsus, "Content-based recommendation systems", 2007). There is nothing to fit, and a new item is as well known as
    any other.

    Args:
        problem: gives the items and their features.
    """

    def __init__(self, problem: Problem) -> None:
        self.centre, spread = centre_and_spread(problem.features)
        self.spread = np.where(spread > 0, spread, 1.0)
        self.features = np.zeros((0, len(spread)))
        self.grow(problem)

    def grow(self, problem: Problem) -> None:
        """Take on further items, on the scale of the first ones."""
        further = (problem.features[len(self.features) :] - self.centre) / self.spread
        self.features = np.concatenate([self.features, _of_length_one(further)])

    def fit(self, interactions: Interactions) -> None:
        """Do nothing."""

    def scores(self, interactions: Interactions) -> Numbers:
        """(n, m) the cosines of profiles and items; 0 where nothing was liked.

        Args:
            interactions: of n shoppers.
        """
        return _of_length_one(interactions.preferences @ self.features) @ self.features.T


def _of_length_one(vectors: Numbers) -> Numbers:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(length > 0, length, 1))
