"""Matrix factorisation of implicit feedback by alternating least squares."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Problem
from slategym.agents.recommenders.base import Model
from slategym.agents.recommenders.interactions import Interactions

Numbers = NDArray[np.float64]
NUMBERS = 20_000_000  # of the shoppers' matrices that are held at once


class ALS(Model):
    """Vectors of shoppers and items that minimise sum c (p - u'v)^2 + regularisation (|u|^2 + |v|^2) over all pairs.

    p is the preference, 0 for what was not clicked; c is 1 + alpha times the examined impressions, so that what was shown without
    a click tells against an item, and what was not shown hardly does (Hu, Koren, Volinsky, "Collaborative filtering for implicit
    feedback datasets", ICDM 2008). The vector of a shopper who is new, or did more since, is one solution of the same equations.

    Args:
        items: m.
        random: the generator of the first vectors.
        factors: f, the length of the vectors.
        alpha: certainty of an examined impression.
        regularisation: of the vectors.
        sweeps: times that a fit solves for shoppers and for items, beginning with the items' vectors of the fit before.
    """

    def __init__(
        self, items: int, random: np.random.Generator, factors: int, alpha: float, regularisation: float, sweeps: int
    ) -> None:
        self.alpha, self.regularisation, self.sweeps = alpha, regularisation, sweeps
        self.random = random
        self.vectors = random.normal(0, 0.1, (items, factors))

    def grow(self, problem: Problem) -> None:
        """Take on further items, whose vectors are 0."""
        self.vectors = np.pad(self.vectors, ((0, problem.items - len(self.vectors)), (0, 0)))

    def fit(self, interactions: Interactions) -> None:
        """Solve for shoppers and items in turn.

        Args:
            interactions: of s shoppers.
        """
        certainty, product = self._weighted(interactions)
        for _ in range(self.sweeps):
            shoppers = self.solve(certainty, product, self.vectors)
            self.vectors = self.solve(certainty.T.tocsr(), product.T.tocsr(), shoppers)

    def scores(self, interactions: Interactions) -> Numbers:
        """(n, m) the products of the shoppers' vectors, folded in, and the items'.

        Args:
            interactions: of n shoppers.
        """
        return self.solve(*self._weighted(interactions), self.vectors) @ self.vectors.T

    def _weighted(self, interactions: Interactions) -> tuple[Any, Any]:
        """(s, m) CSR, c - 1 and c p."""
        certainty, product = interactions.examined.copy(), interactions.liked.copy()
        certainty.data = self.alpha * certainty.data
        product.data = (1 + certainty.data) * product.data / (interactions.examined.data + 1)
        return certainty, product

    def solve(self, certainty: Any, product: Any, vectors: Numbers) -> Numbers:
        """(r, f) the vectors of one side, given those of the other.

        Args:
            certainty: (r, c) CSR, c - 1.
            product: (r, c) CSR, certainty times preference.
            vectors: (c, f), of the other side.
        """
        f = vectors.shape[1]
        outer = (vectors[:, :, None] * vectors[:, None]).reshape(-1, f * f)
        shared = vectors.T @ vectors + self.regularisation * np.eye(f)
        right, found = product @ vectors, np.empty((certainty.shape[0], f))
        block = max(NUMBERS // f**2, 1)
        for start in range(0, len(found), block):
            rows = slice(start, min(start + block, len(found)))
            left = (certainty[rows] @ outer).reshape(-1, f, f) + shared
            found[rows] = np.linalg.solve(left, right[rows][..., None])[..., 0]
        return found
