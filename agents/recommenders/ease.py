"""EASE: a linear model of items by items, in closed form."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Problem
from slategym.agents.recommenders.base import Model
from slategym.agents.recommenders.interactions import Interactions

MOST = 5000  # items, of which a matrix items by items is inverted


class EASE(Model):
    """The weights B with a diagonal of 0 that minimise |X - X B|^2 + regularisation |B|^2, for preferences X (s, m).

    B = I - P diag(1 / diag(P)), P = (X'X + regularisation I)^-1 (Steck, "Embarrassingly shallow autoencoders for sparse data",
    WWW 2019). Of impressions it uses how often the clicked items were shown.

    Args:
        items: m.
        regularisation: of the weights.

    Raises:
        ValueError: there are too many items.
    """

    def __init__(self, items: int, regularisation: float) -> None:
        self.regularisation = regularisation
        _refuse_many(items)
        self.weights = np.zeros((items, items))

    def grow(self, problem: Problem) -> None:
        """Take on further items, whose weights are 0.

        Raises:
            ValueError: there are too many items.
        """
        _refuse_many(problem.items)
        self.weights = np.pad(self.weights, (0, problem.items - len(self.weights)))

    def fit(self, interactions: Interactions) -> None:
        """Solve for the weights.

        Args:
            interactions: of s shoppers.
        """
        preferences = interactions.preferences
        gram = (preferences.T @ preferences).toarray()
        np.fill_diagonal(gram, gram.diagonal() + self.regularisation)
        inverse = np.linalg.inv(gram)
        self.weights = -inverse / inverse.diagonal()
        np.fill_diagonal(self.weights, 0)

    def scores(self, interactions: Interactions) -> NDArray[np.float64]:
        """(n, m) the preferences times the weights.

        Args:
            interactions: of n shoppers.
        """
        return np.asarray(interactions.preferences @ self.weights)


def _refuse_many(items: int) -> None:
    if items > MOST:
        raise ValueError(
            f"there are {items:,} items: expected at most {MOST:,}, since a matrix items by items is inverted. "
            "Take recommender:item-knn or recommender:als instead"
        )
