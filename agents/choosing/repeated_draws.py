"""Draws slates rank by rank, with propensities estimated by repeated draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from slategym.agents.choosing.eligibility import choice_of
from slategym.agents.choosing.noise import blocks
from slategym.agents.problem import Decision, Observation, Problem
from slategym.sim.choice import Choice, Mask, highest


def decide_by_draws(
    problem: Problem,
    observation: Observation,
    allowed: Mask | None,
    draw: Callable[[Observation], NDArray[np.float32]],
    draws: int,
) -> Decision:
    """Decide by `draw_by_rank`, for one block of shoppers at a time.

    Args:
        problem: the items, observation layout and objectives of the world.
        observation: (n, o) float32.
        allowed: (n, m) bool, the items that may be shown, or (n, C) for candidates; None: all.
        draw: returns scores for some of the observations, with a new draw at each call.
        draws: number of draws for the propensities.
    """
    shape = (len(observation), problem.slate_size)
    slate, propensity = np.empty(shape, np.int64), np.empty(shape, np.float32)
    for rows in blocks(len(observation)):
        choice = choice_of(problem, observation[rows], None if allowed is None else allowed[rows])
        slate[rows], propensity[rows] = draw_by_rank(partial(draw, observation[rows]), choice, draws)
    return Decision(slate, propensity, estimated=True)


def draw_by_rank(
    draw: Callable[[], NDArray[np.float32]], choice: Choice, draws: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Show at each rank the eligible item with the highest score in a new draw, and estimate the probability of this choice.

    One draw for the whole slate would make the choices at its ranks dependent, and their conditional probabilities could not be
    counted. With a draw for each rank, the propensity of an item given the items above it is the probability that it has the
    highest score in a draw without them. It is estimated by (1 + leads) / (1 + draws), where leads is the number of further draws
    in which the item has the highest score; the choice itself is counted, so that the estimate is never zero. The standard error
    is at most 1 / (2 sqrt(draws)).

    Args:
        draw: returns scores (n, m) of the items, or (n, C) for candidates, with a new draw at each call.
        choice: the items that may be shown; nothing has been taken from it yet.
        draws: number of draws for the propensities.

    Returns:
        Slates (n, k) int64 and propensities (n, k) float32.
    """
    eligible, shown = [], []
    for _ in range(choice.slate_size):
        eligible.append(choice.eligible().copy())
        shown.append(highest(draw(), eligible[-1]))
        choice.take(shown[-1])
    slate = np.stack(shown, axis=1)
    return slate, (1 + leads(draw, eligible, slate, draws)) / np.float32(1 + draws)


def leads(
    draw: Callable[[], NDArray[np.float32]], eligible: Sequence[Mask], slate: NDArray[np.int64], draws: int
) -> NDArray[np.float32]:
    """(n, k) the number of draws in which the item at each rank has the highest score among the eligible items.

    Args:
        draw: returns scores (n, m) of the items, or (n, C) for candidates, with a new draw at each call.
        eligible: k masks (n, m), the eligible items of each rank.
        slate: (n, k).
        draws: number of draws.
    """
    found = np.zeros(slate.shape, np.float32)
    for _ in range(draws):
        scores = draw()
        found += np.stack([highest(scores, among) for among in eligible], axis=1) == slate
    return found
