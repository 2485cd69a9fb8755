"""The probabilities by which agents choose the items of given slates, at each rank given those above it."""

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

STREAM = 0xD4A5  # of the draws by which propensities of given slates are estimated


def possible(problem: Problem, observation: Observation, slate: Slate, allowed: Mask | None) -> NDArray[np.bool_]:
    """(n, k) which items of slates the mask, the rules and the items above them admit.

    Args:
        problem: gives the rules.
        observation: (n, o) float32.
        slate: (n, k).
        allowed: (n, m) bool, the items that may be shown, or (n, C) of candidates; None for all, and no rules.
    """
    if allowed is None:
        return first_shown(slate)
    choice, rows, found = choice_of(problem, observation, allowed), np.arange(len(slate)), np.empty(slate.shape, np.bool_)
    for rank, column in enumerate(slate.T):
        found[:, rank] = choice.eligible()[rows, column]
        choice.take(column)
    return found


def exploring(agent: Agent, observation: Observation, slate: Slate, allowed: Mask | None, epsilon: float) -> Chances:
    """(n, k) of an agent that shows its best items, with random ones among them (`explore`, `explore_among`).

    Args:
        agent: whose `best` and `scores` it chooses by.
        observation: (n, o) float32.
        slate: (n, k), that keep to the mask and the rules.
        allowed: (n, m) bool, the items that may be shown, or (n, C) of candidates; None for all.
        epsilon: probability of a random item at each rank, 0 to 1.
    """
    if allowed is None:
        return ranked(agent.best(observation), slate, epsilon, agent.problem.choices)
    return scored(np.asarray(agent.scores(observation)), slate, epsilon, choice_of(agent.problem, observation, allowed))


def ranked(order: Slate, slate: Slate, epsilon: float, items: int) -> Chances:
    """(n, k) where a rank shows the best item left, or with probability `epsilon` a random one of those left.

    Without `epsilon` it is 0 or 1: of an agent that always shows `order`.

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
    """(n, k) where a rank shows the eligible item of the highest score, or with `epsilon` a random one of those eligible.

    Args:
        scores: (n, m), or (n, C) of candidates.
        slate: (n, k).
        epsilon: probability of a random item at each rank, 0 to 1.
        choice: what may be shown; it is taken from.
        on_trial: (n, m) bool, or (n, C), items of which a random one is shown first, as long as one is eligible.
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
    """(n, k) of an agent that says of its own slates that they are certain: 1 for these, 0 for others.

    Args:
        agent: who chooses.
        observation: (n, o) float32.
        slate: (n, k).
        allowed: (n, m) bool, the items that may be shown, or (n, C) of candidates; None for all.

    Raises:
        NotImplementedError: they are not certain.
    """
    with other_draws(agent):
        own = agent.choose(observation) if allowed is None else choose_among(agent, observation, allowed)
    if own.estimated or not (own.propensity == 1).all():
        raise unknown(agent, f"define {type(agent).__name__}.chances (slategym.agents.choosing.given_slates has what is needed)")
    return ranked(own.slate, slate, 0.0, agent.problem.choices)


def unknown(agent: Agent, remedy: str) -> NotImplementedError:
    """The error of an agent that does not know the probability of slates that it has not chosen.

    Args:
        agent: the one.
        remedy: what to do, beside taking another agent.
    """
    return NotImplementedError(
        f"{agent.name} does not know the probability of slates that it has not chosen: {remedy}, or take an agent that knows it, "
        "such as epsilon-greedy, lin-epsilon-greedy, lin-ts, logistic-ts or policy-gradient"
    )


def mixed(parts: Iterable[tuple[float, Chances]]) -> Chances:
    """(n, k) where one of several ways to choose is drawn for the whole slate.

    That is the probability of the slate up to the rank, over that of the slate up to the rank before; 0 behind a rank of
    probability 0. NaN where a way that may have led to the slate does not know.

    Args:
        parts: each with its probability and its chances (n, k) of each choice given those above it, NaN if unknown.
    """
    joint = sum(probability * np.cumprod(chances, axis=1) for probability, chances in parts)
    assert isinstance(joint, np.ndarray)
    return conditional(joint)


def conditional(joint: NDArray[np.floating]) -> Chances:
    """(n, k) the probability of each rank given those above it; 0 behind a rank of probability 0.

    Args:
        joint: (n, k) the probability of each slate up to the rank, in any unit.
    """
    before = np.concatenate([np.ones((len(joint), 1)), joint[:, :-1]], axis=1)
    return np.asarray(np.where(before == 0, 0.0, joint / np.where(before == 0, 1.0, before)))


@contextmanager
def other_draws(agent: Agent) -> Iterator[None]:
    """Let an agent draw from other random numbers, the same ones each time, and leave its own as they are.

    Args:
        agent: whose generators, and those of what it is made of, they are; all of Philox.
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
    """(n, k) estimates by repeated choices of whole slates: of those that begin alike, the share with the same item next.

    The product over a slate's ranks is the share of choices that are the slate, which is unbiased.

    Args:
        agent: who chooses, by its own generators alone.
        observation: (n, o) float32.
        slate: (n, k).
        allowed: (n, m) bool, the items that may be shown, or (n, C) of candidates; None for all.
        draws: how many.
        by_rows: whether the agent knows its shoppers by their rows; otherwise equal observations share their draws.
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
    """(n, k) estimates for an agent that draws anew for each rank (`draw_by_rank`): how often an item leads a draw.

    Args:
        agent: who draws, by its own generators alone.
        draw: gives scores for some observations, drawn anew at each call.
        observation: (n, o) float32.
        slate: (n, k).
        allowed: (n, m) bool, the items that may be shown, or (n, C) of candidates; None for all.
        draws: how many.
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
    """(n, k) estimates for an agent with an option `propensity_draws`: `drawn_by_rank` with it, `drawn` without.

    Args:
        agent: who draws, by its own generators alone.
        draw: gives scores for some observations, drawn anew at each call.
        observation: (n, o) float32.
        slate: (n, k).
        allowed: (n, m) bool, the items that may be shown, or (n, C) of candidates; None for all.
        draws: how many.
    """
    if agent.propensity_draws:
        return drawn_by_rank(agent, draw, observation, slate, allowed, draws)
    return drawn(agent, observation, slate, allowed, draws)


def _distinct(
    observation: Observation, slate: Slate, allowed: Mask | None, by_rows: bool
) -> tuple[NDArray[np.int64], tuple[NDArray[np.int64], NDArray[np.int64]], NDArray[np.int64]]:
    """Rows of different observations; of different pairs with a slate, and their observations; and the way back."""
    rows = np.arange(len(slate))
    if by_rows:
        return rows, (rows, rows), rows
    known = observation if allowed is None else np.concatenate([observation, allowed], axis=1)
    _, first, inverse = np.unique(known, axis=0, return_index=True, return_inverse=True)
    pairs = np.concatenate([inverse.reshape(-1, 1), slate], axis=1)
    _, where, back = np.unique(pairs, axis=0, return_index=True, return_inverse=True)
    return first, (where, inverse.reshape(-1)[where]), back.reshape(-1)
