"""Neighbours by cosine: of items, and of shoppers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from slategym.agents.base import Problem
from slategym.agents.recommenders.base import Model
from slategym.agents.recommenders.interactions import Interactions

PAIRS = 5_000_000  # similarities of shoppers that are held at once


def strongest(matrix: Any, count: int) -> Any:
    """(r, c) CSR, the `count` largest entries of each row of a CSR; ties: lowest column.

    Args:
        matrix: (r, c) CSR.
        count: entries that a row keeps.
    """
    row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    order = np.lexsort((matrix.indices, -matrix.data, row))
    kept = order[np.arange(len(order)) - matrix.indptr[row] < count]
    made = sparse.coo_array((matrix.data[kept], (row[kept], matrix.indices[kept])), matrix.shape)
    return made.tocsr()


class ItemNeighbours(Model):
    """Items that the same shoppers like: cosines of the items' columns of preferences, shrunk where few shoppers tell.

    The score of an item is the sum of the preferences for its neighbours, weighted by their similarity (Deshpande, Karypis,
    "Item-based top-N recommendation algorithms", ACM TOIS 22, 2004; shrinkage as in Bell, Koren, ICDM 2007). Of impressions it
    uses how often the clicked items were shown, by the preferences.

    Args:
        items: m.
        neighbours: N, of an item.
        shrinkage: the number of shoppers who like both items at which their similarity is halved.
    """

    def __init__(self, items: int, neighbours: int, shrinkage: float) -> None:
        self.neighbours, self.shrinkage = neighbours, shrinkage
        self.parts = _taken_apart(sparse.csr_array((items, items)))

    def grow(self, problem: Problem) -> None:
        """Take on further items, without neighbours."""
        items = problem.items
        similarity = _put_together(self.parts, len(self.parts[2]) - 1)
        similarity.resize((items, items))
        self.parts = _taken_apart(similarity)

    def fit(self, interactions: Interactions) -> None:
        """Find the neighbours of each item.

        Args:
            interactions: of s shoppers.
        """
        preferences = interactions.preferences
        length = np.sqrt(np.asarray(preferences.multiply(preferences).sum(axis=0)).ravel())
        scaled = preferences.copy()
        scaled.data = scaled.data / length[scaled.indices]
        both = preferences.copy()
        both.data = np.ones_like(both.data)
        cosine, common = (scaled.T @ scaled).tocsr(), (both.T @ both).tocsr()
        for matrix in (cosine, common):
            matrix.sort_indices()  # so that entries of both stand at the same places
        cosine.data = cosine.data * common.data / (common.data + self.shrinkage)
        row = np.repeat(np.arange(cosine.shape[0]), np.diff(cosine.indptr))
        cosine.data[row == cosine.indices] = 0
        cosine.eliminate_zeros()
        self.parts = _taken_apart(strongest(cosine, self.neighbours))

    def scores(self, interactions: Interactions) -> NDArray[np.float64]:
        """(n, m) the preferences for each item's neighbours, weighted by similarity.

        Args:
            interactions: of n shoppers.
        """
        similarity = _put_together(self.parts, interactions.liked.shape[1])
        return np.asarray((interactions.preferences @ similarity.T).toarray())


class ShopperNeighbours(Model):
    """What the shoppers like who like the same items: cosines of the rows of preferences to those of shoppers learned from.

    The score of an item is the sum of the preferences of the most similar shoppers, weighted by their similarity; those as
    similar as the last of them count too (Resnick et al., "GroupLens", CSCW 1994; Sarwar et al., EC 2000). Of impressions it uses
    how often the clicked items were shown.

    Args:
        items: m.
        neighbours: N, of a shopper.
    """

    def __init__(self, items: int, neighbours: int) -> None:
        self.neighbours = neighbours
        self.who = np.zeros(0, np.int64)
        self.parts = _taken_apart(sparse.csr_array((0, items)))

    def grow(self, problem: Problem) -> None:
        """Take on further items, which no shopper that is remembered has seen."""

    def fit(self, interactions: Interactions) -> None:
        """Remember shoppers.

        Args:
            interactions: of s shoppers.
        """
        self.who, self.parts = interactions.who, _taken_apart(interactions.preferences)

    def scores(self, interactions: Interactions) -> NDArray[np.float64]:
        """(n, m) the preferences of the most similar shoppers, of whom the shopper is none.

        Args:
            interactions: of n shoppers.
        """
        items = interactions.liked.shape[1]
        preferences, known = interactions.preferences, _put_together(self.parts, items)
        scores = np.zeros((len(interactions), items))
        if not len(self.who):
            return scores
        mine, theirs = _unit(preferences), _unit(known)
        block = max(PAIRS // len(self.who), 1)
        for start in range(0, len(interactions), block):
            rows = slice(start, min(start + block, len(interactions)))
            cosine = (mine[rows] @ theirs.T).toarray()
            cosine[self.who == interactions.who[rows, None]] = 0
            if self.neighbours < len(self.who):
                least = np.partition(cosine, -self.neighbours, axis=1)[:, -self.neighbours]
                cosine[cosine < least[:, None]] = 0
            scores[rows] = (sparse.csr_array(cosine) @ known).toarray()
        return scores


def _unit(matrix: Any) -> Any:
    """A CSR with rows of length 1."""
    length = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    made = matrix.copy()
    made.data = made.data / np.repeat(length, np.diff(made.indptr))
    return made


def _taken_apart(matrix: Any) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """A CSR as arrays, which a saved agent can hold."""
    return matrix.data, matrix.indices, matrix.indptr


def _put_together(parts: tuple[NDArray[Any], NDArray[Any], NDArray[Any]], columns: int) -> Any:
    return sparse.csr_array(parts, (len(parts[2]) - 1, columns))
