"""Explanations of scores: contributions that add up to the score of an item."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slategym.agents.problem import Problem
from slategym.utils.short_repr import Brief

Numbers = NDArray[np.floating]
Columns = Mapping[str, NDArray[np.int64]]


@dataclass(frozen=True, repr=False)
class Explanation(Brief):
    """Contributions to the scores of the items of slates. `print` shows the first slate as a table.

    Attributes:
        of: the explained quantity: "score", "click logit" or "conversion logit".
        items: (n, k) int64, the items shown.
        names: (p,) names of the contributions.
        contributions: (n, k, p) float64; they add up to `total` up to rounding.
        total: (n, k) float64, as the agent computes it.
        details: explanations of the contributions themselves; empty if there are none.
    """

    of: str
    items: NDArray[np.int64]
    names: tuple[str, ...]
    contributions: Numbers
    total: Numbers
    details: tuple[Explanation, ...] = ()

    def _told(self) -> Iterable[str]:
        yield f"of the {self.of} of {len(self.items)} slates"
        yield ", ".join(self.names)

    def __str__(self) -> str:
        return "\n\n".join(self.table(0))

    def table(self, row: int) -> list[str]:
        """The tables of a slate, with a column per item and a row per contribution: this explanation's, then the details'.

        Args:
            row: row of the slate.
        """
        width = max(len(name) for name in (*self.names, self.of))
        lines = [f"{'item':<{width}} " + " ".join(f"{item:>10}" for item in self.items[row])]
        for name, values in zip((*self.names, self.of), (*self.contributions[row].T, self.total[row]), strict=True):
            lines.append(f"{name:<{width}} " + " ".join(f"{value:>+10.5f}" for value in values))
        return ["\n".join(lines), *(table for detail in self.details for table in detail.table(row))]


def context_fields(problem: Problem, columns: NDArray[np.int64]) -> Columns:
    """The columns of [1, context] that belong to each field of the observation.

    Args:
        problem: defines the fields.
        columns: (c,) the columns of the observation that form the context.
    """
    found = {}
    for name, where in problem.fields.items():
        own = 1 + np.flatnonzero((columns >= where.start) & (columns < where.stop))
        if len(own):
            found[name] = own
    return found


def products(context: Numbers, theta: Numbers, features: Numbers, fields: Columns) -> dict[str, Numbers]:
    """The summands (n, k) of context' theta features, by the names of their factors.

    Args:
        context: (n, a), [1, context].
        theta: (a, b).
        features: (n, k, b), [1, features] of each item.
        fields: the columns of each field of the context.
    """
    parts = {"intercept": np.full(features.shape[:2], theta[0, 0])}
    parts["item features"] = features[:, :, 1:] @ theta[0, 1:]
    for name, columns in fields.items():
        query = context[:, columns] @ theta[columns]
        parts[name] = np.broadcast_to(query[:, :1], features.shape[:2])
        parts[f"{name} x item features"] = np.vecdot(features[:, :, 1:], query[:, None, 1:])
    return parts


def explained(
    of: str, items: NDArray[np.int64], parts: Mapping[str, Numbers], total: Numbers, *details: Explanation
) -> Explanation:
    """Make an explanation.

    Args:
        of: the explained quantity.
        items: (n, k) int64.
        parts: (n, k) contributions by name.
        total: (n, k).
        details: explanations of the contributions.
    """
    stacked = np.stack([np.asarray(part, np.float64) for part in parts.values()], axis=2)
    return Explanation(of, items, tuple(parts), stacked, np.asarray(total, np.float64), details)
