"""Policies over a short list of items with exact probabilities: softmax choices, sequential or independent for each rank."""

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
    """Chooses the items of a slate one after the other by softmax, each among the remaining items.

    Plackett, "The analysis of permutations", 1975; with a single rank it is a softmax policy.

    Attributes:
        logits: (P, m) the logit of each item in each context.
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
        """(n, k) slates, drawn with Gumbel noise.

        Args:
            random: the random generator.
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
        """(P, k, m) the probability of every item at each rank, computed exactly over all subsets of items above."""
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
    """Draws each rank by softmax from separate items, so that ranks are independent and no item is repeated.

    Attributes:
        logits: (P, m) the logit of each item in each context.
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
        """(n, k) random slates.

        Args:
            random: the random generator.
            context: (n,) numbers of contexts.
        """
        cumulated = self.marginals.cumsum(axis=2)[context]
        uniform = random.random((len(context), self.ranks, 1)) * cumulated[:, :, -1:]
        return np.asarray((cumulated <= uniform).sum(axis=2))

    def choices(self, context: Rows, slate: Rows) -> Floats:
        """(n, k, m) the probability of every item at each rank, which does not depend on the items above.

        Args:
            context: (n,) numbers of contexts.
            slate: (n, k) logged items.
        """
        return np.asarray(self.marginals[context])


def of_items(table: Floats, slate: Rows) -> Floats:
    """(n, k) the entries of a table (n, k, m) for the items of slates (n, k).

    Args:
        table: values of every item at each rank.
        slate: the items.
    """
    return np.asarray(np.take_along_axis(table, slate[:, :, None], axis=2)[:, :, 0])


def places(table: Floats, context: Rows, slate: Rows) -> Floats:
    """(n, k, k) the probability at every rank of the item at each rank of the slates.

    Args:
        table: (P, k, m) marginals of a policy.
        context: (n,) numbers of contexts.
        slate: (n, k) the items.
    """
    return np.asarray(table[context[:, None], :, slate])
