"""The fitness of a population: which individual serves which shopper, and the rewards of each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Problem
from slategym.agents.common.credit import ItemCredit
from slategym.agents.common.inputs import check_feedback
from slategym.agents.common.pending import PendingRewards
from slategym.sim.feedback import Feedback
from slategym.utils.arrays import check_numbers

Indices = NDArray[np.int64]
Numbers = NDArray[np.float64]


class Fitness:
    """Compares p individuals on the same shoppers, as far as that can be done while they come and go.

    The individuals go around: at each step every one of them serves an equal share of the rows, and at the next step the rows of
    its neighbour, so that after p steps each has served each row once (a Latin square), and differences between rows and steps
    favour no individual. Then they are shuffled, so that none always comes after the same one. Random numbers depend on shopper,
    visit and item alone, so they are common as far as the shoppers are.

    A delayed conversion is credited to the individual that served the impression.

    Args:
        problem: says how long a conversion can be delayed.
        random: shuffles.

    Attributes:
        number: (p,) int64, the individuals' numbers, rising.
        total: (p, M) the sum of the rewards of each, of this generation and, as far as they are carried over, of earlier ones.
        shown: (p,) the slates of those sums.
        settled: (p,) the slates of this generation alone.
    """

    def __init__(self, problem: Problem, random: np.random.Generator) -> None:
        self.problem = problem
        self.outcomes = ItemCredit(problem)
        self.random = random
        # With each step the numbers (n,) of the individuals that served its rows.
        self._pending: PendingRewards[Indices] = PendingRewards(problem.longest_delay)
        self.begin(np.zeros(1, np.int64), np.zeros((1, len(problem.objective_names))), np.zeros(1))

    def begin(self, number: Indices, total: Numbers, shown: Numbers) -> None:
        """Start a generation. Pending impressions of removed individuals are dropped.

        Args:
            number: (p,) the individuals' numbers, rising.
            total: (p, M) the rewards carried over.
            shown: (p,) the slates carried over.
        """
        self.number, self.total, self.shown = number, np.array(total, np.float64), np.array(shown, np.float64)
        self.settled = np.zeros(len(number), np.int64)
        self._turn, self._order = 0, np.arange(len(number))

    @property
    def value(self) -> Numbers:
        """(p, M) the mean objectives per slate of each individual; -inf of those that were never shown."""
        return np.where(self.shown[:, None] > 0, self.total / np.maximum(self.shown, 1)[:, None], -np.inf)

    def assign(self, rows: int) -> Indices:
        """(n,) the individual that serves each row at this step.

        Args:
            rows: n.
        """
        count = len(self.shown)
        if self._turn % count == 0:
            self._order = self.random.permutation(count)
        self._turn += 1
        return self._order[(np.arange(rows) + self._turn) % count]

    def credit(self, which: Indices | None, feedback: Feedback) -> None:
        """Take the feedback of a step.

        Args:
            which: (n,) the individuals that served the rows; None if the slates were another agent's.
            feedback: of the slates.

        Raises:
            ValueError: the feedback is no answer to that many slates, or somebody served who is not of the population.
        """
        if which is not None:
            which = check_numbers(which, len(self.number), "which", "an individual", (None,))
        check_feedback(self.problem, feedback, len(feedback.terminated) if which is None else len(which))
        delayed, arrived = feedback.delayed, self.outcomes.delayed(feedback).astype(np.float64)
        reward = feedback.objectives.astype(np.float64)
        np.subtract.at(reward, delayed.row, arrived)
        self._pending.add_delayed(delayed, arrived)
        complete = self._pending.push(np.full(len(reward), -1) if which is None else self.number[which], reward)
        if complete:
            served, rewards = complete
            at = np.searchsorted(self.number, served) % len(self.number)
            here = self.number[at] == served
            np.add.at(self.total, at[here], rewards[here])
            slates = np.bincount(at[here], minlength=len(self.number))
            self.shown += slates
            self.settled += slates
