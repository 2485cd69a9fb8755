"""The items that an agent may show: those that the caller and the rules of the problem allow."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slategym.sim.choice import Choice, Mask, allowed_mask
from slategym.sim.selection import top_k

if TYPE_CHECKING:
    from slategym.agents.base import Agent
    from slategym.agents.problem import Decision, Problem

Observation = NDArray[np.float32]


def choice_of(problem: Problem, observation: Observation, allowed: ArrayLike | None) -> Choice:
    """Start a choice of slates under a mask and the problem's rules.

    Args:
        problem: defines the items and the rules.
        observation: (n, o) float32.
        allowed: (m,) or (n, m) bool, the items that may be shown; (n, C) for candidates; None: all.

    Raises:
        ValueError: the mask is not bool or has a wrong shape, or fewer items are allowed than a slate needs; the message names
            the row.
    """
    among = problem.candidates_in(observation)
    category = problem.category if among is None else problem.category[among]
    mask = allowed_mask(allowed, len(observation), problem.items, problem.candidates, among)
    return Choice(mask, problem.slate_size, category, problem.rules, among)


def eligible(problem: Problem, observation: Observation, allowed: ArrayLike | None) -> Mask | None:
    """(n, m) bool, the items that may be shown, or (n, C) for candidates; None if all may be shown and there are no rules.

    Args:
        problem: defines the items and the rules.
        observation: (n, o) float32.
        allowed: as for `choice_of`.

    Raises:
        ValueError: as for `choice_of`.
    """
    if allowed is None and not problem.rules:
        return None
    return choice_of(problem, observation, allowed).mask


def best_of(problem: Problem, scores: NDArray[Any], observation: Observation, allowed: Mask | None) -> NDArray[np.int64]:
    """(n, k) int64, the slates with the highest sums of scores under a mask and the rules, best item first.

    Ties: lowest column.

    Args:
        problem: defines the items and the rules.
        scores: (n, m), or (n, C) for candidates.
        observation: (n, o) float32.
        allowed: (n, m) bool, or (n, C) for candidates; None: all.

    Raises:
        ValueError: a score is NaN, or fewer items are allowed than a slate needs.
    """
    if problem.rules.more_than_never:
        return choice_of(problem, observation, allowed).best(scores)
    mask = eligible(problem, observation, allowed)
    if mask is None:
        return top_k(scores, problem.slate_size)
    if scores.dtype != np.float32:
        scores = scores.astype(np.float64)
    return top_k(np.where(mask, scores, scores.dtype.type(-np.inf)), problem.slate_size)


def choose_among(agent: Agent, observation: Observation, allowed: Mask) -> Decision:
    """The decision of an agent under a mask and the rules of its problem; the slates are checked.

    Args:
        agent: an agent whose `choose` takes `allowed`.
        observation: (n, o) float32.
        allowed: (n, m) bool, or (n, C) for candidates.

    Raises:
        ValueError: the agent's `choose` does not take `allowed`, or its slates violate the mask or the rules.
    """
    name = type(agent).__name__
    check_takes(agent.choose, name, "choose")
    decision = agent.choose(observation, allowed)
    choice = choice_of(agent.problem, observation, allowed)
    kept = choice.keeps(decision.slate)
    if not kept.all():
        row = int(kept.argmin())
        rules = f" or the rules {agent.problem.rules}" if agent.problem.rules else ""
        raise ValueError(
            f"{name}.choose gave row {row} the slate {decision.slate[row].tolist()}, which violates `allowed`{rules}: "
            "choose with self.best_of(scores, observation, allowed)"
        )
    return decision


def check_takes(function: Callable[..., Any], name: str, what: str) -> None:
    """Check that a method takes the argument `allowed`.

    Args:
        function: the method.
        name: name of the class.
        what: name of the method.

    Raises:
        ValueError: it does not; the message says how to support it.
    """
    if not _takes(getattr(function, "__func__", function)):
        raise ValueError(
            f"{name}.{what} takes only an observation, so it cannot leave out items or apply rules: define "
            f"{what}(observation, allowed=None), with allowed (n, m) bool, "
            "and choose with self.best_of(scores, observation, allowed)"
        )


@cache
def _takes(function: Callable[..., Any]) -> bool:
    parameters = inspect.signature(function).parameters
    return "allowed" in parameters or any(each.kind is each.VAR_KEYWORD for each in parameters.values())


def stacked(masks: Sequence[tuple[Mask | None, int]]) -> Mask | None:
    """Concatenate masks (n, m); None if all are None. Items that were launched after a mask was made are not allowed by it.

    Args:
        masks: the masks with their numbers of rows; a mask of None allows all items.
    """
    width = max((mask.shape[1] for mask, _ in masks if mask is not None), default=None)
    if width is None:
        return None
    parts = [np.ones((rows, width), np.bool_) if mask is None else mask for mask, rows in masks]
    return np.concatenate([np.pad(part, ((0, 0), (0, width - part.shape[1]))) for part in parts])
