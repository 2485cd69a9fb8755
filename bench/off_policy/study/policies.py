"""Policies over a short list of items whose probabilities are exact: softmax choices, one after the other or rank by rank."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from slategym.utils.short_repr import Brief

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True, repr=False)
class PlackettLuce(Brief):
    """Chooses the items of a slate one after the other by softmax, each among those left.

    Plackett, "The analysis of permutations", 1975; of a single rank it is a softmax policy.

    Attributes:
        logits: (P, m) of each context and item.
        ranks: k, the size of a slate.
    """

    logits: Floats
    ranks: int

    @cached_property
    def strength(self) -> Floats:
        """(P, m) the softmax of the logits."""
        shifted = np.exp(self.logits - self.logits.max(axis=1, keepdims=True))
        return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))

    def sample(self, random: np.random.Generator, context: Rows) -> Rows:
        """(n, k) slates by Gumbel noise.

        Args:
            random: the generator.
            context: (n,) numbers of contexts.
        """
        noisy = self.logits[context] + random.gumbel(size=(len(context), self.logits.shape[1]))
        if self.ranks == 1:
            return np.asarray(noisy.argmax(axis=1)[:, None])
        return np.asarray(np.argsort(-noisy, axis=1, kind="stable")[:, : self.ranks])

    def choices(self, context: Rows, slate: Rows) -> Floats:
        """(n, k, m) the probability of every item at each rank, given the logged items above it.

        Args:
            context: (n,) numbers of contexts.
            slate: (n, k) logged items.
        """
        left = self.strength[context].copy()
        found = np.empty((len(context), self.ranks, left.shape[1]))
        rows = np.arange(len(context))
        for rank in range(self.ranks):
            found[:, rank] = left / left.sum(axis=1, keepdims=True)
            left[rows, slate[:, rank]] = 0
        return found

    @cached_property
    def marginals(self) -> Floats:
        """(P, k, m) the probability of every item at each rank, over all that may stand above: exact, over all subsets."""
        contexts, items = self.strength.shape
        found = np.zeros((contexts, self.ranks, items))
        reached: dict[frozenset[int], Floats] = {frozenset(): np.ones(contexts)}
        for rank in range(self.ranks):
            following = {frozenset(some): np.zeros(contexts) for some in combinations(range(items), rank + 1)}
            for taken, chance in reached.items():
                others = [item for item in range(items) if item not in taken]
                share = self.strength[:, others]
                share = share * (chance / share.sum(axis=1))[:, None]
                found[:, rank, others] += share
                for place, item in enumerate(others):
                    following[taken | {item}] += share[:, place]
            reached = following
        return found


@dataclass(frozen=True, repr=False)
class Product(Brief):
    """Draws each rank by softmax from items of its own, so that ranks are independent and nothing repeats.

    Attributes:
        logits: (P, m) of each context and item.
        ranks: k; item i belongs to rank i modulo k.
    """

    logits: Floats
    ranks: int

    @cached_property
    def marginals(self) -> Floats:
        """(P, k, m) the probability of every item at each rank."""
        own = np.arange(self.logits.shape[1]) % self.ranks == np.arange(self.ranks)[:, None]
        masked = np.where(own, self.logits[:, None], -np.inf)
        shifted = np.exp(masked - masked.max(axis=2, keepdims=True))
        return np.asarray(shifted / shifted.sum(axis=2, keepdims=True))

    def sample(self, random: np.random.Generator, context: Rows) -> Rows:
        """(n, k) slates.

        Args:
            random: the generator.
            context: (n,) numbers of contexts.
        """
        cumulated = self.marginals.cumsum(axis=2)[context]
        uniform = random.random((len(context), self.ranks, 1)) * cumulated[:, :, -1:]
        return np.asarray((cumulated <= uniform).sum(axis=2))

    def choices(self, context: Rows, slate: Rows) -> Floats:
        """(n, k, m) the probability of every item at each rank, whatever stands above.

        Args:
            context: (n,) numbers of contexts.
            slate: (n, k) logged items.
        """
        return np.asarray(self.marginals[context])


def of_items(table: Floats, slate: Rows) -> Floats:
    """(n, k) the entries of (n, k, m) that belong to the items of (n, k) slates.

    Args:
        table: of every item at each rank.
        slate: the items.
    """
    return np.asarray(np.take_along_axis(table, slate[:, :, None], axis=2)[:, :, 0])


def places(table: Floats, context: Rows, slate: Rows) -> Floats:
    """(n, k, k) for the item at each rank of the slates, its probability at every rank.

    Args:
        table: (P, k, m) marginals of a policy.
        context: (n,) numbers of contexts.
        slate: (n, k) the items.
    """
    return np.asarray(table[context[:, None], :, slate])
