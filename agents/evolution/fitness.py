"""Measures the mean objectives of the individuals of a population, which take turns to serve the same shoppers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Problem
from slategym.agents.common.credit import ItemCredit
from slategym.agents.common.inputs import check_feedback
from slategym.agents.common.step_buffer import StepBuffer
from slategym.sim.feedback import Feedback
from slategym.utils.arrays import check_numbers

Indices = NDArray[np.int64]
Numbers = NDArray[np.float64]


class Fitness:
    """A comparison of p individuals on the same shoppers, as far as possible with shoppers who come and go.

    At each step, every individual serves an equal share of the rows, and at the next step the rows of its neighbour. After p
    steps, each individual has served each row once (a Latin square), so that no row, shopper or time favours an individual. The
    order is then shuffled, so that no individual always follows the same one. The simulation's outcomes depend only on shopper,
    visit and item, so random numbers are common for the same shoppers.

    A delayed conversion is credited to the individual that served the row when the slate was shown.

    Args:
        problem: defines the longest delay and the objectives.
        random: generator that shuffles the order.

    Attributes:
        number: (p,) int64, the number of each individual, ascending.
        total: (p, M) float64, the sum of each objective over the slates in `shown`.
        shown: (p,) float64, number of slates of each individual in this generation, plus a discounted number of earlier ones.
        completed: (p,) int64, slates of each individual in this generation whose delayed conversions have arrived.
    """

    def __init__(self, problem: Problem, random: np.random.Generator) -> None:
        self.problem = problem
        self.item_credit = ItemCredit(problem)
        self.random = random
        # For each step: the number (n,) of the individual that served each row, and the objectives (n, M).
        self._steps: StepBuffer[tuple[Indices, Numbers]] = StepBuffer(problem.longest_delay)
        self.begin(np.zeros(1, np.int64), np.zeros((1, len(problem.objective_names))), np.zeros(1))

    def begin(self, number: Indices, total: Numbers, shown: Numbers) -> None:
        """Start a generation. Incomplete slates of removed individuals are dropped.

        Args:
            number: (p,) int64, the number of each individual, ascending.
            total: (p, M) float64, the sums of each objective that are carried over from earlier generations.
            shown: (p,) float64, the numbers of slates that are carried over.
        """
        self.number, self.total, self.shown = number, np.array(total, np.float64), np.array(shown, np.float64)
        self.completed = np.zeros(len(number), np.int64)
        self._turn, self._order = 0, np.arange(len(number))

    @property
    def value(self) -> Numbers:
        """(p, M) the mean objectives per slate of each individual; -inf for individuals without slates."""
        return np.where(self.shown[:, None] > 0, self.total / np.maximum(self.shown, 1)[:, None], -np.inf)

    def assign(self, rows: int) -> Indices:
        """(n,) the individual that serves each row at this step."""
        count = len(self.shown)
        if self._turn % count == 0:
            self._order = self.random.permutation(count)
        self._turn += 1
        return self._order[(np.arange(rows) + self._turn) % count]

    def credit(self, which: Indices | None, feedback: Feedback) -> None:
        """Count the feedback of a step.

        Args:
            which: (n,) int64, the individual that served each row; None if another agent chose the slates.
            feedback: the answer to the n slates.

        Raises:
            ValueError: the feedback is not for n slates, or `which` contains a number that is not an individual.
        """
        if which is not None:
            which = check_numbers(which, len(self.number), "which", "an individual", (None,))
        check_feedback(self.problem, feedback, len(feedback.terminated) if which is None else len(which))
        delayed, credit = feedback.delayed, self.item_credit.delayed(feedback).astype(np.float64)
        reward = feedback.objectives.astype(np.float64)
        np.subtract.at(reward, delayed.row, credit)
        for (_, earlier_reward), entries in self._steps.arrivals(delayed):
            np.add.at(earlier_reward, delayed.row[entries], credit[entries])
        served = np.full(len(reward), -1) if which is None else self.number[which]
        complete = self._steps.push((served, reward), len(reward))
        if complete is not None:
            self._count(*complete)

    def _count(self, served: Indices, reward: Numbers) -> None:
        """Add a complete step to the individuals that are still in the population."""
        position = np.searchsorted(self.number, served) % len(self.number)
        present = self.number[position] == served
        np.add.at(self.total, position[present], reward[present])
        slates = np.bincount(position[present], minlength=len(self.number))
        self.shown += slates
        self.completed += slates
