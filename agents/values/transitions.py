"""Transitions: slates with the rewards of their clicks, the rewards of the next visits, and the observation after these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Observation, Problem
from slategym.agents.common.credit import ItemCredit
from slategym.sim.feedback import Feedback
from slategym.sim.objectives.base import IMPRESSION
from slategym.utils.short_repr import Brief

FIRST = 1024  # initial capacity of the arrays


class Transitions(NamedTuple):
    """Slates and their consequences.

    Attributes:
        seen: (n, o - C) float32, what was seen of the shoppers.
        items: (n, k) int64, the items shown.
        clicks: (n, k) bool.
        own: (n, k, M) float32, the rewards of each click, with delayed conversions; 0 where there was no click.
        rest: (n, M) float32, the other rewards of the slate, and the discounted rewards of the next visits.
        left: (n,) float32, the discount factor of what follows these visits; 0 if the episode is over.
        after: (n, o) float32, the observation from which the rest is estimated.
    """

    seen: NDArray[np.float32]
    items: NDArray[np.int64]
    clicks: NDArray[np.bool_]
    own: NDArray[np.float32]
    rest: NDArray[np.float32]
    left: NDArray[np.float32]
    after: NDArray[np.float32]


@dataclass(repr=False)
class Pending(Brief):
    """A step of n shoppers whose transitions are incomplete.

    Attributes:
        seen: (n, o - C) float32.
        items: (n, k) int64.
        clicks: (n, k) bool.
        outcomes: (n, k, M) float32, the known outcomes of each item for each objective.
        goes_on: (n,) bool, whether the same shopper visits again.
        after: (n, o) float32, what is observed of the same shoppers after the step.
    """

    seen: NDArray[np.float32]
    items: NDArray[np.int64]
    clicks: NDArray[np.bool_]
    outcomes: NDArray[np.float32]
    goes_on: NDArray[np.bool_]
    after: NDArray[np.float32]


class Horizon:
    """The latest steps of a batch; a step is complete when `horizon` visits and all delayed conversions are known.

    The n-step return is that of Sutton and Barto, "Reinforcement Learning", 2nd edition, 2018, section 7.1, without a correction
    for slates that the agent would no longer choose. If the size of the batch changes, the earlier steps are completed with what
    is known.

    Args:
        problem: gives the objectives and the longest delay.
        horizon: number of visits, including the present one, whose observed rewards are used.
        discount: discount factor per visit.
    """

    def __init__(self, problem: Problem, horizon: int, discount: float) -> None:
        self.problem, self.horizon, self.discount = problem, horizon if discount else 1, discount
        self.item_credit = ItemCredit(problem)
        self.of_clicks = np.array([cause != IMPRESSION for cause in problem.causes])
        self.forget_shoppers()

    def forget_shoppers(self) -> None:
        """Forget the incomplete steps, because the rows will belong to other shoppers."""
        self.pending: list[Pending] = []

    def grow(self, problem: Problem) -> None:
        """Add items."""
        self.problem, self.item_credit = problem, ItemCredit(problem)

    def __call__(self, observation: Observation, slate: NDArray[np.int64], feedback: Feedback) -> list[Transitions]:
        """Add a step, and return the steps that are complete.

        Args:
            observation: (n, o) float32, checked.
            slate: (n, k) int64, checked.
            feedback: the shoppers' feedback, checked.
        """
        done: list[Transitions] = []
        if self.pending and len(self.pending[-1].items) != len(slate):
            while self.pending:
                done.append(self._take())
        credit = self.item_credit.delayed(feedback)
        for age, step in enumerate(reversed(self.pending), start=1):
            entries = np.flatnonzero(feedback.delayed.age == age)
            place = feedback.delayed.row[entries], feedback.delayed.rank[entries]
            np.add.at(step.outcomes, place, credit[entries])
        items = self.problem.shown(observation, slate)
        step = Pending(
            self.problem.seen(observation).copy(),
            items.copy(),
            feedback.clicks.copy(),
            self.item_credit(feedback, items),
            ~(feedback.terminated | feedback.truncated),
            feedback.next_observation.copy(),
        )
        self.pending.append(step)
        if len(self.pending) >= self.horizon + self.problem.longest_delay:
            done.append(self._take())
        return done

    def _take(self) -> Transitions:
        """Remove the first step, and return it with what followed."""
        first, *others = self.pending[: self.horizon]
        of_clicks = first.clicks[:, :, None] & self.of_clicks
        rest = np.where(self.of_clicks, 0, first.outcomes).sum(axis=1, dtype=np.float64)
        left, last = first.goes_on * self.discount, first
        for step in others:
            rest += left[:, None] * step.outcomes.sum(axis=1, dtype=np.float64)
            left, last = left * step.goes_on * self.discount, step
        self.pending.pop(0)
        return Transitions(
            first.seen,
            first.items,
            first.clicks,
            np.where(of_clicks, first.outcomes, 0).astype(np.float32),
            rest.astype(np.float32),
            left.astype(np.float32),
            last.after,
        )


class TransitionReplay:
    """The latest transitions, up to a capacity.

    Args:
        capacity: largest number of transitions kept.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.count = 0  # transitions so far
        self.arrays: tuple[NDArray[np.generic], ...] = ()

    def __len__(self) -> int:
        return min(self.count, self.capacity)

    def add(self, transitions: Transitions) -> None:
        """Add transitions; if there are more than the capacity, the latest are kept."""
        kept = slice(max(len(transitions.items) - self.capacity, 0), None)
        number = np.arange(self.count, self.count + len(transitions.items))[kept]
        self.count += len(transitions.items)
        self._make_room(transitions)
        columns: tuple[NDArray[np.generic], ...] = tuple(transitions)
        for array, values in zip(self.arrays, columns, strict=True):
            array[number % self.capacity] = values[kept]

    def draw(self, random: np.random.Generator, count: int) -> Transitions:
        """Draw transitions uniformly, with replacement.

        Args:
            random: the random generator.
            count: number of transitions.
        """
        places = random.integers(len(self), size=count)
        return Transitions._make(array[places] for array in self.arrays)

    def _make_room(self, like: Transitions) -> None:
        room = len(self.arrays[0]) if self.arrays else min(self.capacity, FIRST)
        while room < len(self):
            room = min(2 * room, self.capacity)
        before = self.arrays or tuple(array[:0] for array in like)
        if not self.arrays or room > len(self.arrays[0]):
            self.arrays = tuple(
                np.concatenate([array, np.zeros((room - len(array), *array.shape[1:]), array.dtype)]) for array in before
            )
