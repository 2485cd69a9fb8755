"""Slates drawn rank by rank, with propensities estimated by repeated draws."""

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
    """Slates of `draw_by_rank`, a block of shoppers at a time.

    Args:
        problem: what slates are chosen from.
        observation: (n, o) float32.
        allowed: (n, m) bool, the items that may be shown, or (n, C) of candidates; None for all.
        draw: gives scores for some of the observations, drawn anew at each call.
        draws: of which an item's leads are counted.
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
    """Show at each rank the item that leads a draw of its own, among those eligible, and estimate how probable that was.

    One draw for the whole slate would make the choices of its ranks depend on each other, and their conditional probabilities
    could not be counted. With a draw for each rank, the propensity of an item given those above it is the probability that it
    leads a draw without them. It is estimated by (1 + leads) / (1 + draws), the choice itself being counted, so that it is never
    zero; its standard error is at most 1 / (2 sqrt(draws)).

    Args:
        draw: gives scores (n, m) of the items, drawn anew at each call; or (n, C) of candidates.
        choice: what slates may take; nothing has been taken yet.
        draws: of which an item's leads are counted.

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
    """(n, k) of how many draws the item at each rank has the highest score among those eligible there.

    Args:
        draw: gives scores (n, m) of the items, drawn anew at each call; or (n, C) of candidates.
        eligible: k masks (n, m) of what each rank may show.
        slate: (n, k).
        draws: how many.
    """
    found = np.zeros(slate.shape, np.float32)
    for _ in range(draws):
        scores = draw()
        found += np.stack([highest(scores, among) for among in eligible], axis=1) == slate
    return found
