"""Credits the objectives of a step to the items shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from slategym.sim.feedback import DelayedConversions, Feedback
from slategym.sim.objectives.base import CLICK, CONVERSION
from slategym.sim.slate import check_items
from slategym.utils.arrays import check_numbers

if TYPE_CHECKING:
    from slategym.agents.base import Problem

Items = NDArray[np.int64]
Numbers = NDArray[np.float32]


class ItemCredit:
    """Credits each objective to the items of the slate, for learners that need an outcome per item.

    Clicks, conversions and amounts of money are known for each item. For other objectives, only the sum over the slate is known.
    It is divided evenly among the items that caused it: the clicked items (satisfaction, novelty), the items that converted,
    immediately or delayed, or all items of the slate (diversity, retention).

    Args:
        problem: defines the objectives, and the margins and bids of the items.
        clicks: whether to append clicks with weight 0 if they are not among the objectives, for learners that need them.

    Attributes:
        objective_names: the names of the M objectives.
        causes: (M,), the event that yields each objective (`Objective.cause`).
    """

    def __init__(self, problem: Problem, *, clicks: bool = False) -> None:
        self.added = clicks and CLICK not in problem.objective_names
        self.objective_names = (*problem.objective_names, *([CLICK] if self.added else []))
        self.margin, self.bid = problem.margin, problem.bid
        self.causes = (*problem.causes, *([CLICK] if self.added else []))

    def __call__(self, feedback: Feedback, items: Items) -> Numbers:
        """Credit the immediate outcomes.

        Args:
            feedback: the answer to n slates.
            items: (n, k) int64, the items of the slates.

        Returns:
            (n, k, M) float32, the outcome of each item for each objective.
        """
        items = check_items(items, len(self.margin), "items", np.shape(feedback.clicks))
        columns = [self._credit(number, name, feedback, items) for number, name in enumerate(self.objective_names)]
        return np.stack(columns, axis=2).astype(np.float32)

    def weights(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """(M,) the weights of the problem's objectives, with a 0 for clicks if they were appended."""
        return np.append(weights, 0.0) if self.added else weights

    def delayed(self, feedback: Feedback, delayed: DelayedConversions | None = None) -> Numbers:
        """Credit delayed conversions.

        Args:
            feedback: the feedback with which they arrived.
            delayed: l of its delayed conversions; None: all.

        Returns:
            (l, M) float32, the outcome of each conversion for each objective.
        """
        delayed = feedback.delayed if delayed is None else delayed
        check_numbers(delayed.row, len(feedback.conversions), "delayed.row", "a row", (None,))
        check_numbers(delayed.item, len(self.margin), "delayed.item", shape=(len(delayed),))
        result = np.zeros((len(delayed), len(self.objective_names)), np.float32)
        for number, name in enumerate(self.objective_names):
            if name == "conversion":
                result[:, number] = 1
            elif name == "revenue":
                result[:, number] = delayed.revenue
            elif name == "profit":
                result[:, number] = delayed.revenue * self.margin[delayed.item]
            elif self.causes[number] == CONVERSION and len(delayed):
                result[:, number] = (feedback.objectives[:, number] / self._conversions(feedback))[delayed.row]
        return result

    def _credit(self, number: int, name: str, feedback: Feedback, items: Items) -> NDArray[np.floating | np.bool_]:
        match name:
            case "click":
                return feedback.clicks
            case "conversion":
                return feedback.conversions
            case "revenue":
                return feedback.revenue
            case "profit":
                return feedback.revenue * self.margin[items]
            case "ad-revenue":
                return feedback.clicks * self.bid[items]
        total = feedback.objectives[:, number, None]
        if self.causes[number] == CLICK:
            return np.asarray(feedback.clicks * (total / np.maximum(feedback.clicks.sum(axis=1, keepdims=True), 1)))
        if self.causes[number] == CONVERSION:
            return np.asarray(feedback.conversions * (total / self._conversions(feedback)[:, None]))
        return np.broadcast_to(total / items.shape[1], items.shape)

    @staticmethod
    def _conversions(feedback: Feedback) -> NDArray[np.int64]:
        """(n,) the number of immediate and delayed conversions in the feedback; 1 if there are none."""
        delayed = np.bincount(feedback.delayed.row, minlength=len(feedback.conversions))
        return np.asarray(np.maximum(feedback.conversions.sum(axis=1) + delayed, 1))
