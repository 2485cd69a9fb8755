"""The items that the next rank of a slate may take, under a mask of allowed items and rules."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slategym.sim.rules import SlateRules

Mask = NDArray[np.bool_]


class Choice:
    """Fills the slates of n shoppers rank by rank, so that they comply with a mask and with rules.

    The slates that comply with the rules are the bases of a matroid (lower and upper bounds on each part of a partition, k items
    in all), and `eligible` returns the items that may come next. So taking the highest eligible score at each rank gives the
    slate with the highest sum of scores, best first (Edmonds, "Matroids and the greedy algorithm", Mathematical Programming 1,
    1971). An item that is not eligible never becomes eligible again. The highest scores plus Gumbel noise are therefore a sample
    of the Plackett-Luce model in which every choice is made among the eligible items.

    Args:
        allowed: (n, m) bool, the items that may be shown; or (n, C), the candidates.
        slate_size: k.
        category: (m,) of the items, or (n, C) of the candidates.
        rules: the rules of the slates.
        items: (n, C) the candidates; None if slates are chosen among all items.

    Raises:
        ValueError: too few items are allowed for a slate; the message names the row.
    """

    def __init__(
        self,
        allowed: Mask,
        slate_size: int,
        category: NDArray[np.int64],
        rules: SlateRules,
        items: NDArray[np.int64] | None = None,
    ) -> None:
        self.slate_size, self.rules = slate_size, rules
        self.mask = allowed if not rules.never else allowed & ~self._named(rules.never, allowed.shape, items)
        self.rows, self.rank = np.arange(len(allowed)), 0
        self.left = self.mask.copy()
        self.category = category if category.ndim == 2 else np.broadcast_to(category, allowed.shape)
        _refuse(self.mask.sum(axis=1) < slate_size, f"fewer items are allowed than the {slate_size} of a slate", self.mask)
        if rules.more_than_never:
            self._begin(items)

    def _begin(self, items: NDArray[np.int64] | None) -> None:
        """Determine what the rules require, and raise an error for rows that cannot comply."""
        rules, n = self.rules, len(self.left)
        groups = int(self.category.max(initial=0)) + 1
        groups = max([groups, *(number + 1 for number in rules.must_category)])
        self.owed = self._named(rules.must, self.left.shape, items)
        _refuse((self.owed & ~self.mask).any(axis=1), "an item that must be shown is not allowed", self.mask)
        there, owed = self._by_category(self.mask, groups), self._by_category(self.owed, groups)
        self.owed_category = np.zeros((n, groups), np.bool_)
        self.owed_category[:, list(rules.must_category)] = True
        _refuse((self.owed_category & (there == 0)).any(axis=1), "no item of a category that must be shown is allowed", self.mask)
        self.owed_category &= owed == 0
        _refuse(self._owing() > self.slate_size, f"more must be shown than the {self.slate_size} of a slate", self.mask)
        if rules.at_most is not None:
            _refuse((owed > rules.at_most).any(axis=1), f"more than {rules.at_most} of a category must be shown", self.mask)
            room = np.minimum(there, rules.at_most).sum(axis=1)
            lack = f"with at most {rules.at_most} of a category fewer items are allowed than the {self.slate_size} of a slate"
            _refuse(room < self.slate_size, lack, self.mask)
            self.room = rules.at_most - owed  # (n, g) for items that are not owed

    def _named(self, numbers: tuple[int, ...], shape: tuple[int, ...], items: NDArray[np.int64] | None) -> Mask:
        """(n, m) bool, which of the items have one of some numbers."""
        if items is not None:
            return np.isin(items, numbers)
        return np.broadcast_to(np.isin(np.arange(shape[1]), numbers), shape).copy()

    def _by_category(self, which: Mask, groups: int) -> NDArray[np.int64]:
        """(n, g) the number of items of a mask (n, m) in each category."""
        flat = (self.rows[:, None] * groups + self.category)[which]
        return np.bincount(flat, minlength=len(which) * groups).reshape(len(which), groups)

    def _owing(self) -> NDArray[np.int64]:
        """(n,) the number of ranks needed for the items and categories that must still be shown."""
        return np.asarray(self.owed.sum(axis=1) + self.owed_category.sum(axis=1))

    def eligible(self) -> Mask:
        """(n, m) bool, the items that the next rank may take."""
        if not self.rules.more_than_never:
            return self.left
        free = self.left
        if self.rules.at_most is not None:
            free = free & ((np.take_along_axis(self.room, self.category, axis=1) > 0) | self.owed)
        tight = self._owing() >= self.slate_size - self.rank
        if tight.any():
            owed = self.owed[tight] | np.take_along_axis(self.owed_category[tight], self.category[tight], axis=1)
            free = free.copy()
            free[tight] &= owed
        return free

    def take(self, column: NDArray[np.int64]) -> None:
        """Fill the next rank.

        Args:
            column: (n,) the items, or positions, that it shows, which must be eligible.
        """
        rows = self.rows
        if self.rules.more_than_never:
            category = self.category[rows, column]
            if self.rules.at_most is not None:
                self.room[rows, category] -= ~self.owed[rows, column]
            self.owed[rows, column] = False
            self.owed_category[rows, category] = False
        self.left[rows, column] = False
        self.rank += 1

    def best(self, scores: NDArray[np.floating]) -> NDArray[np.int64]:
        """(n, k) the slates with the highest sum of scores (n, m), best first; ties: lowest column.

        Raises:
            ValueError: a score is NaN.
        """
        bad = np.isnan(scores)
        if bad.any():
            row, column = np.argwhere(bad)[0]
            raise ValueError(f"scores[{row}, {column}] is NaN: every item needs a finite score")
        slate = np.empty((len(scores), self.slate_size), np.int64)
        for rank in range(self.slate_size):
            slate[:, rank] = highest(scores, self.eligible())
            self.take(slate[:, rank])
        return slate

    def keeps(self, slate: NDArray[np.int64]) -> Mask:
        """(n,) bool, whether slates (n, k) comply with the mask and the rules."""
        kept = np.ones(len(slate), np.bool_)
        for rank in range(self.slate_size):
            kept &= self.eligible()[self.rows, slate[:, rank]]
            self.take(slate[:, rank])
        return kept

    def fitting(self, slate: NDArray[np.int64], rank: int) -> Mask:
        """(n, m) bool, the items that one rank of slates may show while the other ranks stay; call it before any `take`.

        Args:
            slate: (n, k), which comply with the rules.
            rank: the rank.
        """
        others = np.delete(slate, rank, axis=1)
        free = self.mask.copy()
        np.put_along_axis(free, others, False, axis=1)
        if self.rules.more_than_never:
            rows, category = self.rows[:, None], self.category[self.rows[:, None], others]
            owed, owed_category = self.owed.copy(), self.owed_category.copy()
            owed[rows, others] = False
            owed_category[rows, category] = False
            owing = np.flatnonzero(owed.any(axis=1) | owed_category.any(axis=1))
            of_owed = np.take_along_axis(owed_category[owing], self.category[owing], axis=1)
            free[owing] &= owed[owing] | of_owed
            if self.rules.at_most is not None:
                counts = np.zeros(self.owed_category.shape, np.int64)
                np.add.at(counts, (rows, category), 1)
                free &= np.take_along_axis(counts, self.category, axis=1) < self.rules.at_most
        return free


def allowed_mask(
    allowed: ArrayLike | None, count: int, items: int, candidates: int | None, among: NDArray[np.int64] | None = None
) -> Mask:
    """(n, c) bool, which of the items that slates are chosen among are allowed.

    Args:
        allowed: (m,) or (n, m) bool, the items that may be shown; (n, C) positions if there are candidates; None for all.
        count: n.
        items: m.
        candidates: C, or None.
        among: (n, c) the candidates, or other items that slates are chosen among; None for all items.

    Raises:
        ValueError: not a bool array, or the wrong shape.
    """
    if allowed is None:
        return np.ones((count, items) if among is None else among.shape, np.bool_)
    mask, choices = np.asarray(allowed), items if candidates is None else candidates
    if mask.dtype != np.bool_:
        raise ValueError(f"allowed holds {mask.dtype}: expected True for each item that may be shown, and False for the others")
    if mask.shape == (items,):
        return np.broadcast_to(mask, (count, items)) if among is None else np.asarray(mask[among])
    if mask.shape != (count, choices):
        what = f"({items},), for all rows, or ({count}, {choices}), one row per shopper"
        raise ValueError(f"allowed has shape {mask.shape}: expected {what}")
    return mask if among is None or candidates is not None else np.take_along_axis(mask, among, axis=1)


def highest(scores: NDArray[np.floating], among: Mask) -> NDArray[np.int64]:
    """(n,) the column of the highest score in each row of (n, m), among the columns of a mask; ties: lowest column."""
    masked = np.where(among, scores, -np.inf)
    column = masked.argmax(axis=1)
    nothing = ~among[np.arange(len(among)), column]  # all are minus infinity
    column[nothing] = among[nothing].argmax(axis=1)
    return np.asarray(column)


def _refuse(wrong: Any, what: str, mask: Mask) -> None:
    if wrong.any():
        row = int(wrong.argmax())
        raise ValueError(f"row {row}: {what} ({int(mask[row].sum())} of {mask.shape[1]} are allowed)")


def check_rules(rules: SlateRules, category: NDArray[np.int64], slate_size: int, candidates: int | None) -> None:
    """Check that some slate can comply with the rules.

    Args:
        rules: the rules of the slates.
        category: (m,) of the items.
        slate_size: k.
        candidates: C, or None.

    Raises:
        ValueError: an item or a category does not exist, items must be shown that may not be among the candidates, or no slate
            complies with all rules.
    """
    if not rules:
        return
    for name, numbers, count in (
        ("must", rules.must, len(category)),
        ("never", rules.never, len(category)),
        ("must_category", rules.must_category, int(category.max()) + 1),
    ):
        wrong = [number for number in numbers if number >= count]
        if wrong:
            what = "a category" if name == "must_category" else "an item"
            raise ValueError(f"the rule {name} names {wrong[0]}, which is not {what}: expected numbers 0..{count - 1}")
    if candidates is not None and (rules.must or rules.must_category):
        raise ValueError(
            f"the rules {rules} require items that may not be among the candidates: omit these rules, or the candidates"
        )
    if candidates is None:
        Choice(np.ones((1, len(category)), np.bool_), slate_size, category, rules)
