"""Propensities of given slates: the probability of each item given the items above it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.random import Generator, Philox
from numpy.typing import NDArray

from slategym.agents.choosing.eligibility import choice_of, choose_among
from slategym.agents.choosing.exploration import best_left
from slategym.agents.choosing.noise import blocks
from slategym.agents.choosing.parts import parts_of
from slategym.agents.choosing.repeated_draws import leads
from slategym.agents.problem import Chances, Observation, Problem, Slate
from slategym.sim.choice import Choice, Mask, highest
from slategym.sim.slate import first_shown

if TYPE_CHECKING:
    from slategym.agents.base import Agent

STREAM = 0xD4A5  # random stream of the draws for estimated propensities


def possible(problem: Problem, observation: Observation, slate: Slate, allowed: Mask | None) -> NDArray[np.bool_]:
    """(n, k) bool, the items of slates that the mask, the rules and the items above allow.

    Args:
        problem: defines the rules.
        observation: (n, o) float32.
        slate: (n, k).
        allowed: (n, m) bool, the items that may be shown, or (n, C) for candidates; None: all, without rules.
    """
    if allowed is None:
        return first_shown(slate)
    choice, rows, found = choice_of(problem, observation, allowed), np.arange(len(slate)), np.empty(slate.shape, np.bool_)
    for rank, column in enumerate(slate.T):
        found[:, rank] = choice.eligible()[rows, column]
        choice.take(column)
    return found


def exploring(agent: Agent, observation: Observation, slate: Slate, allowed: Mask | None, epsilon: float) -> Chances:
    """(n, k) the probabilities of an agent that shows its best items with random exploration (`explore`, `explore_among`).

    Args:
        agent: an agent that chooses by `best` and `scores`.
        observation: (n, o) float32.
        slate: (n, k), slates that satisfy the mask and the rules.
        allowed: (n, m) bool, the items that may be shown, or (n, C) for candidates; None: all.
        epsilon: probability of a random item at each rank, 0 to 1.
    """
    if allowed is None:
        return ranked(agent.best(observation), slate, epsilon, agent.problem.choices)
    return scored(np.asarray(agent.scores(observation)), slate, epsilon, choice_of(agent.problem, observation, allowed))


def ranked(order: Slate, slate: Slate, epsilon: float, items: int) -> Chances:
    """(n, k) the probabilities if each rank shows the best remaining item, or with `epsilon` a random remaining item.

    If `epsilon` is 0, they are 0 or 1, for an agent that always shows `order`.

    Args:
        order: (n, k) the k best items of each row, best first.
        slate: (n, k).
        epsilon: probability of a random item at each rank, 0 to 1.
        items: m, the number of items.
    """
    found = np.empty(slate.shape)
    for rank in range(slate.shape[1]):
        best = best_left(order, slate[:, :rank])
        found[:, rank] = epsilon / (items - rank) + (1 - epsilon) * (slate[:, rank] == best)
    return found


def scored(
    scores: NDArray[np.floating], slate: Slate, epsilon: float, choice: Choice, on_trial: NDArray[np.bool_] | None = None
) -> Chances:
    """(n, k) the probabilities if each rank shows the eligible item with the highest score, or with `epsilon` a random one.

    Args:
        scores: (n, m), or (n, C) for candidates.
        slate: (n, k).
        epsilon: probability of a random item at each rank, 0 to 1.
        choice: the items that may be shown; chosen items are taken from it.
        on_trial: (n, m) bool, or (n, C), items that are shown first, in random order, while any of them is eligible.
    """
    found, rows = np.empty(slate.shape), np.arange(len(slate))
    for rank, items in enumerate(slate.T):
        eligible = choice.eligible()
        first = (items == highest(scores, eligible)).astype(np.float64)
        if on_trial is not None:
            tried = eligible & on_trial
            left = tried.sum(axis=1)
            first = np.where(left > 0, tried[rows, items] / np.maximum(left, 1), first)
        found[:, rank] = epsilon / np.maximum(eligible.sum(axis=1), 1) + (1 - epsilon) * first
        choice.take(items)
    return found


def certain(agent: Agent, observation: Observation, slate: Slate, allowed: Mask | None) -> Chances:
    """(n, k) the probabilities of an agent whose own slates have propensity 1: 1 for these slates, 0 for others.

    Args:
        agent: the agent.
        observation: (n, o) float32.
        slate: (n, k).
        allowed: (n, m) bool, the items that may be shown, or (n, C) for candidates; None: all.

    Raises:
        NotImplementedError: the agent's own slates have other propensities.
    """
    with other_draws(agent):
        own = agent.choose(observation) if allowed is None else choose_among(agent, observation, allowed)
    if own.estimated or not (own.propensity == 1).all():
        raise unknown(agent, f"define {type(agent).__name__}.chances (slategym.agents.choosing.given_slates has helpers for it)")
    return ranked(own.slate, slate, 0.0, agent.problem.choices)


def unknown(agent: Agent, remedy: str) -> NotImplementedError:
    """The error for an agent that cannot compute the probability of given slates.

    Args:
        agent: the agent.
        remedy: what to do, apart from using another agent.
    """
    return NotImplementedError(
        f"{agent.name} cannot compute the probability of given slates: {remedy}, or use an agent that can, such as "
        "epsilon-greedy, lin-epsilon-greedy, lin-ts, logistic-ts or policy-gradient"
    )


def mixed(parts: Iterable[tuple[float, Chances]]) -> Chances:
    """(n, k) the probabilities under a mixture of policies, one of which is drawn for the whole slate.

    Each is the probability of the slate down to this rank, divided by the probability down to the rank above; 0 below a rank of
    probability 0. NaN if the probability under one of the policies is unknown.

    Args:
        parts: for each policy its probability, and its probabilities (n, k) of each choice given the choices above it; NaN if
            unknown.
    """
    joint = sum(probability * np.cumprod(chances, axis=1) for probability, chances in parts)
    assert isinstance(joint, np.ndarray)
    return conditional(joint)


def conditional(joint: NDArray[np.floating]) -> Chances:
    """(n, k) the probability of the choice at each rank given the choices above it; 0 below a rank of probability 0.

    Args:
        joint: (n, k) the probability of each slate down to the rank.
    """
    before = np.concatenate([np.ones((len(joint), 1)), joint[:, :-1]], axis=1)
    return np.asarray(np.where(before == 0, 0.0, joint / np.where(before == 0, 1.0, before)))


@contextmanager
def other_draws(agent: Agent) -> Iterator[None]:
    """Use other random numbers in an agent within the block, the same in each block; its random state does not change.

    Args:
        agent: the agent; the generators of the agent and all its parts must be of Philox.
    """
    held = (value for part in parts_of(agent) for value in vars(part).values() if isinstance(value, Generator))
    generators = list({id(generator): generator.bit_generator for generator in held}.values())
    before = [generator.state for generator in generators]
    for number, generator in enumerate(generators):
        if generator.state["bit_generator"] == "Philox":
            generator.state = Philox(key=np.array([agent.seed, STREAM + number], np.uint64)).state
    try:
        yield
    finally:
        for generator, state in zip(generators, before, strict=True):
            generator.state = state


def drawn(
    agent: Agent, observation: Observation, slate: Slate, allowed: Mask | None, draws: int, *, by_rows: bool = False
) -> Chances:
    """(n, k) estimates from repeated choices: among the slates with the same items above, the share with the given item.

    The product over a slate's ranks is the share of choices that equal the slate, which is unbiased.

    Args:
        agent: the agent, which must draw from its own generators alone.
        observation: (n, o) float32.
        slate: (n, k).
        allowed: (n, m) bool, the items that may be shown, or (n, C) for candidates; None: all.
        draws: number of draws.
        by_rows: whether the agent's choice depends on the row; otherwise equal observations share their draws.
    """
    where, pair, back = _distinct(observation, slate, allowed, by_rows)
    some, mask = observation[where], None if allowed is None else allowed[where]
    asked, of = slate[pair[0]], pair[1]
    count = np.zeros(asked.shape)
    with other_draws(agent):
        for _ in range(draws):
            count += np.logical_and.accumulate(agent.choose(some, mask).slate[of] == asked, axis=1)
    return conditional(count / draws)[back]


def drawn_by_rank(
    agent: Agent,
    draw: Callable[[Observation], NDArray[np.float32]],
    observation: Observation,
    slate: Slate,
    allowed: Mask | None,
    draws: int,
) -> Chances:
    """(n, k) estimates for an agent with a new draw per rank (`draw_by_rank`): the share of draws in which an item is best.

    Args:
        agent: the agent, which must draw from its own generators alone.
        draw: returns scores for some observations, with a new draw at each call.
        observation: (n, o) float32.
        slate: (n, k).
        allowed: (n, m) bool, the items that may be shown, or (n, C) for candidates; None: all.
        draws: number of draws.
    """
    _, pair, back = _distinct(observation, slate, allowed, False)
    some, asked, mask = observation[pair[0]], slate[pair[0]], None if allowed is None else allowed[pair[0]]
    found = np.empty(asked.shape)
    with other_draws(agent):
        for rows in blocks(len(some)):
            choice = choice_of(agent.problem, some[rows], None if mask is None else mask[rows])
            eligible = []
            for column in asked[rows].T:
                eligible.append(choice.eligible().copy())
                choice.take(column)
            found[rows] = leads(partial(draw, some[rows]), eligible, asked[rows], draws) / draws
    return found[back]


def thompson(
    agent: Any,
    draw: Callable[[Observation], NDArray[np.float32]],
    observation: Observation,
    slate: Slate,
    allowed: Mask | None,
    draws: int,
) -> Chances:
    """(n, k) estimates for an agent with the option `propensity_draws`: `drawn_by_rank` if it is above 0, else `drawn`.

    Args:
        agent: the agent, which must draw from its own generators alone.
        draw: returns scores for some observations, with a new draw at each call.
        observation: (n, o) float32.
        slate: (n, k).
        allowed: (n, m) bool, the items that may be shown, or (n, C) for candidates; None: all.
        draws: number of draws.
    """
    if agent.propensity_draws:
        return drawn_by_rank(agent, draw, observation, slate, allowed, draws)
    return drawn(agent, observation, slate, allowed, draws)


def _distinct(
    observation: Observation, slate: Slate, allowed: Mask | None, by_rows: bool
) -> tuple[NDArray[np.int64], tuple[NDArray[np.int64], NDArray[np.int64]], NDArray[np.int64]]:
    """Rows of distinct observations; rows of distinct (observation, slate) pairs, with their observations; and the inverse."""
    rows = np.arange(len(slate))
    if by_rows:
        return rows, (rows, rows), rows
    known = observation if allowed is None else np.concatenate([observation, allowed], axis=1)
    _, first, inverse = np.unique(known, axis=0, return_index=True, return_inverse=True)
    pairs = np.concatenate([inverse.reshape(-1, 1), slate], axis=1)
    _, where, back = np.unique(pairs, axis=0, return_index=True, return_inverse=True)
    return first, (where, inverse.reshape(-1)[where]), back.reshape(-1)
