"""How well the individuals of a population do: who of them serves which shopper, and what each has earned."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Problem
from slategym.agents.common.credit import ItemCredit
from slategym.agents.common.inputs import check_feedback
from slategym.sim.feedback import Feedback
from slategym.utils.arrays import check_numbers

Indices = NDArray[np.int64]
Numbers = NDArray[np.float64]


class Fitness:
    """Compares p individuals on the same shoppers, as far as that can be done while they come and go.

    The individuals go around: at each step every one of them serves an equal share of the rows, and at the next step the rows of
    its neighbour, so that after p steps each has served each row once (a Latin square): what a row, a shopper who stays or a
    moment is like favours nobody. Then they are shuffled, so that nobody always comes after the same one. The simulation answers
    by shopper, visit and item, not by who asks, so the random numbers are common as far as the shoppers are.

    A delayed arrival is credited to the individual that served then, not now.

    Args:
        problem: says how long a conversion can be delayed.
        random: shuffles.

    Attributes:
        number: (p,) int64, each one's own number, rising.
        total: (p, M) what each earned, and
        shown: (p,) in how many slates, of this generation and, as far as they were carried on, of earlier ones.
        settled: (p,) in how many since this generation began.
    """

    def __init__(self, problem: Problem, random: np.random.Generator) -> None:
        self.problem = problem
        self.outcomes = ItemCredit(problem)
        self.steps = problem.longest_delay
        self.random = random
        self._open: deque[tuple[Indices, Numbers]] = deque()  # the number of who served each row, what it earned (n, M)
        self.begin(np.zeros(1, np.int64), np.zeros((1, len(problem.objective_names))), np.zeros(1))

    def begin(self, number: Indices, total: Numbers, shown: Numbers) -> None:
        """Start a generation, with what is known of its individuals. Open impressions of removed individuals are dropped."""
        self.number, self.total, self.shown = number, np.array(total, np.float64), np.array(shown, np.float64)
        self.settled = np.zeros(len(number), np.int64)
        self._turn, self._order = 0, np.arange(len(number))

    @property
    def value(self) -> Numbers:
        """(p, M) the mean objectives per slate of each individual; -inf of those that were never shown."""
        return np.where(self.shown[:, None] > 0, self.total / np.maximum(self.shown, 1)[:, None], -np.inf)

    def assign(self, rows: int) -> Indices:
        """(n,) the individual that serves each row at this step."""
        count = len(self.shown)
        if self._turn % count == 0:
            self._order = self.random.permutation(count)
        self._turn += 1
        return self._order[(np.arange(rows) + self._turn) % count]

    def credit(self, which: Indices | None, feedback: Feedback) -> None:
        """Take a step's answer: `which` (n,) served the rows, or None if nobody of the population did.

        Raises:
            ValueError: the feedback is no answer to that many slates, or somebody served who is not of the population.
        """
        if which is not None:
            which = check_numbers(which, len(self.number), "which", "an individual", (None,))
        check_feedback(self.problem, feedback, len(feedback.terminated) if which is None else len(which))
        delayed, arrived = feedback.delayed, self.outcomes.delayed(feedback).astype(np.float64)
        reward = feedback.objectives.astype(np.float64)
        np.subtract.at(reward, delayed.row, arrived)
        for age in range(1, len(self._open) + 1):
            then = self._open[-age][1]
            entries = (delayed.age == age) & (delayed.row < len(then))
            np.add.at(then, delayed.row[entries], arrived[entries])
        self._open.append((np.full(len(reward), -1) if which is None else self.number[which], reward))
        if len(self._open) > self.steps:
            served, reward = self._open.popleft()
            at = np.searchsorted(self.number, served) % len(self.number)
            here = self.number[at] == served
            np.add.at(self.total, at[here], reward[here])
            slates = np.bincount(at[here], minlength=len(self.number))
            self.shown += slates
            self.settled += slates
