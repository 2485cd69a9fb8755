"""The value of clicks, conversions and impressions of each item, for weighted objectives."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Problem
from slategym.agents.common.credit import ItemCredit
from slategym.agents.common.pooling import pooled_total
from slategym.sim.feedback import Feedback
from slategym.sim.objectives.base import CLICK, CONVERSION, IMPRESSION

PRIOR = 10.0  # weight of the mean over all items, in events of an item
Numbers = NDArray[np.float32]


class AnswerValues:
    """The mean reward per click, conversion or impression of each item, for each objective by its cause.

    The rewards of the objectives "click" and "conversion" are 1 per event. For other objectives, the mean reward per event is
    learned for each item, shrunk to the mean of all items.

    Args:
        problem: defines the objectives and the items.
    """

    def __init__(self, problem: Problem) -> None:
        self.item_credit = ItemCredit(problem)
        self.known = np.array([name in (CLICK, CONVERSION) for name in problem.objective_names])
        self.causes = problem.causes
        self.events = np.zeros((3, problem.items))  # clicks, conversions and impressions of each item
        self.reward = np.zeros((len(problem.causes), problem.items))

    def grow(self, problem: Problem) -> None:
        """Add new items."""
        further = ((0, 0), (0, problem.items - self.events.shape[1]))
        self.events, self.reward = np.pad(self.events, further), np.pad(self.reward, further)
        self.item_credit = ItemCredit(problem)

    def learn(self, feedback: Feedback, items: NDArray[np.int64]) -> None:
        """Count events and rewards of the items of slates, including delayed conversions that arrive now.

        Args:
            feedback: the shoppers' answer to the slates.
            items: (n, k) int64.
        """
        if self.known.all():
            return
        m, events, reward = self.events.shape[1], np.zeros_like(self.events), np.zeros_like(self.reward)
        flat, delayed = items.ravel(), feedback.delayed.item
        for event, happened in enumerate((feedback.clicks, feedback.conversions, np.ones(items.shape))):
            events[event] += np.bincount(flat, happened.ravel().astype(np.float64), m)
        events[1] += np.bincount(delayed, minlength=m)
        at_once, later = self.item_credit(feedback, items), self.item_credit.delayed(feedback)
        for number in np.flatnonzero(~self.known):
            reward[number] += np.bincount(flat, at_once[:, :, number].ravel().astype(np.float64), m)
            reward[number] += np.bincount(delayed, later[:, number].astype(np.float64), m)
        step = pooled_total(events=events, reward=reward)
        self.events += step["events"]
        self.reward += step["reward"]

    def __call__(self, weights: NDArray[np.float64], items: NDArray[np.int64] | None) -> tuple[Numbers, Numbers, Numbers]:
        """The weighted value of a click, of a conversion and of an impression.

        Args:
            weights: (M,), weights of the objectives.
            items: (n, c); None: all.

        Returns:
            Three arrays (1, m), or (n, c); (1, c) if all items have the same value.
        """
        shape = (1, self.events.shape[1] if items is None else items.shape[1])
        total: list[NDArray[np.float64]] = [np.zeros(shape) for _ in range(3)]
        for number, (cause, weight) in enumerate(zip(self.causes, weights, strict=True)):
            event = (CLICK, CONVERSION, IMPRESSION).index(cause)
            if self.known[number]:
                total[event] = total[event] + weight
            else:
                mean = self._mean(number, event)
                total[event] = total[event] + weight * (mean[None] if items is None else mean[items])
        click, conversion, impression = (values.astype(np.float32) for values in total)
        return click, conversion, impression

    def _mean(self, number: int, event: int) -> NDArray[np.float64]:
        events, reward = self.events[event], self.reward[number]
        mean = reward.sum() / max(events.sum(), 1.0)
        return np.asarray((reward + PRIOR * mean) / (events + PRIOR))
