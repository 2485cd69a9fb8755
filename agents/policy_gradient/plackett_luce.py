"""The Plackett-Luce model of slates: each rank chooses among the items that are left, in proportion to exp(score)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.agents.choosing.eligibility import choice_of
from slategym.agents.problem import Problem
from slategym.sim.choice import Mask
from slategym.sim.slate import check_items
from slategym.utils.arrays import check_array

Numbers = NDArray[np.float32]
Items = NDArray[np.int64]
LEAST = np.float32(np.exp(-80.0))  # smallest propensity; above the smallest float32
NEVER = np.float32(-1e4)  # below the score of any item
Sets = Sequence[NDArray[np.bool_]]


def log_propensity(score: Numbers, slate: Items, *, check: bool = True) -> Numbers:
    """(n, k) float32, the log-probability of each choice of a slate given the choices above it.

    It is the item's score minus the log-sum-exp of the scores of the items that were left, itself included.

    Args:
        score: (n, m) float32.
        slate: (n, k) int64, distinct items in each row.
        check: False if score and slate have been checked.

    Raises:
        ValueError: the shapes do not match, or a number is not an item.
    """
    from slategym.agents.policy_gradient.kernel import log_propensities  # compiled, so imported only here

    slate = _checked(score, slate) if check else slate
    out = np.empty(slate.shape, np.float32)
    log_propensities(np.ascontiguousarray(score), np.ascontiguousarray(slate), out)
    return out


def gradient(
    score: Numbers,
    slate: Items,
    advantage: Numbers,
    entropy: float,
    *,
    propensity: Numbers | None = None,
    largest_ratio: float = 1.0,
    check: bool = True,
) -> Numbers:
    """(n, m) float32, the gradient of REINFORCE's loss with respect to the scores, in one pass.

    The loss is the mean over shoppers of - sum_r advantage[r] * log_propensity[r] + entropy * sum_j p_j log p_j, where p is the
    probability of the first choice. If `propensity` is given, each advantage is multiplied by the ratio of the present
    probability to the propensity, at most `largest_ratio`.

    Args:
        score: (n, m) float32.
        slate: (n, k) int64, distinct items in each row.
        advantage: (n, k) float32, of each choice.
        entropy: weight of the entropy of the first choice.
        propensity: (n, k) float32, the probability of each choice when it was made; where it is NaN, the ratio is 1.
        largest_ratio: limit of the ratio.
        check: False if the arrays have been checked.

    Raises:
        ValueError: the shapes do not match, or a number is not an item.
    """
    from slategym.agents.policy_gradient.kernel import gradients  # compiled, so imported only here

    if check:
        slate = _checked(score, slate)
        check_array(advantage, slate.shape, "advantage", "f", "numbers")
        if propensity is not None:
            check_array(propensity, slate.shape, "propensity", "f", "numbers")
    out = np.empty_like(score)
    before = np.full(slate.shape, np.nan, np.float32) if propensity is None else propensity
    score, slate, advantage, before = map(np.ascontiguousarray, (score, slate, advantage, before))
    gradients(score, slate, advantage, before, float(largest_ratio), float(entropy), out)
    return out


def log_propensity_among(score: Numbers, slate: Items, sets: Sets) -> Numbers:
    """`log_propensity` where each rank may show only the items of a set, as required by slate rules.

    Args:
        score: (n, m) float32.
        slate: (n, k) int64, distinct items in each row.
        sets: k masks (n, m) of the items that each rank may show; the item shown is always included.
    """
    out = np.empty(slate.shape, np.float32)
    for rank, chosen, probability in _choices(score, slate, sets):
        out[:, rank] = np.log(np.take_along_axis(probability, chosen, axis=1)[:, 0])
    return out


def gradient_among(
    score: Numbers,
    slate: Items,
    advantage: Numbers,
    entropy: float,
    sets: Sets,
    propensity: Numbers | None = None,
    largest_ratio: float = 1.0,
) -> Numbers:
    """`gradient` where each rank may show only the items of a set.

    Args:
        score: (n, m) float32.
        slate: (n, k) int64, distinct items in each row.
        advantage: (n, k) float32, of each choice.
        entropy: weight of the entropy of the first choice.
        sets: as for `log_propensity_among`.
        propensity: (n, k) float32, as for `gradient`.
        largest_ratio: as for `gradient`.
    """
    total = np.zeros(score.shape)
    for rank, chosen, probability in _choices(score, slate, sets):
        gain = advantage[:, rank, None]
        if propensity is not None:
            before = np.maximum(propensity[:, rank, None], LEAST)  # NaN stays NaN
            now = np.take_along_axis(probability, chosen, axis=1)
            gain = gain * np.where(np.isnan(before), 1, np.minimum(now / before, largest_ratio))
        total += gain * probability
        np.put_along_axis(total, chosen, np.take_along_axis(total, chosen, axis=1) - gain, axis=1)
        if rank == 0 and entropy:
            log = np.log(np.where(probability > 0, probability, 1))
            total += entropy * probability * (log - (probability * log).sum(axis=1, keepdims=True))
    return (total / len(score)).astype(np.float32)


class PlackettLuce:
    """The model of slates in which some items must not be shown, or not at some ranks.

    Args:
        allowed: (n, m) bool, the items that may be shown; None for all.
        sets: k masks (n, m) of the items that each rank may show, if slate rules restrict more than `allowed`.
    """

    def __init__(self, allowed: NDArray[np.bool_] | None = None, sets: Sets | None = None) -> None:
        self.allowed, self.sets = allowed, sets

    def log_propensity(self, score: Numbers, slate: Items) -> Numbers:
        """(n, k) float32, like the function `log_propensity`, for scores (n, m) and slates (n, k) that have been checked."""
        if self.sets is not None:
            return log_propensity_among(score, slate, self.sets)
        return log_propensity(self._masked(score, slate), slate, check=False)

    def gradient(
        self,
        score: Numbers,
        slate: Items,
        advantage: Numbers,
        entropy: float,
        propensity: Numbers | None = None,
        largest_ratio: float = 1.0,
    ) -> Numbers:
        """(n, m) float32, like the function `gradient`; zero for items that must not be shown."""
        if self.sets is not None:
            return gradient_among(score, slate, advantage, entropy, self.sets, propensity, largest_ratio)
        made: dict[str, Any] = {"propensity": propensity, "largest_ratio": largest_ratio, "check": False}
        return gradient(self._masked(score, slate), slate, advantage, entropy, **made)

    def _masked(self, score: Numbers, slate: Items) -> Numbers:
        """The scores, lowered for items that must not be shown to give them probability 0; items in the slate keep theirs."""
        if self.allowed is None:
            return score
        mask = self.allowed.copy()
        np.put_along_axis(mask, slate, True, axis=1)
        return np.where(mask, score, NEVER)


def model_of(problem: Problem, observation: NDArray[np.float32], slate: Items, allowed: Mask | None) -> PlackettLuce:
    """The model of the slates that a mask and a problem's rules allow.

    Args:
        problem: gives the items and the rules.
        observation: (n, o) float32.
        slate: (n, k) int64, which satisfy the mask and the rules.
        allowed: (n, m) bool, the items that may be shown, or (n, C) of candidates; None for all.
    """
    if allowed is None or not problem.rules.more_than_never:
        return PlackettLuce(allowed)
    choice, sets = choice_of(problem, observation, allowed), []
    for column in slate.T:
        sets.append(choice.eligible().copy())
        choice.take(column)
    return PlackettLuce(allowed, sets)


def _choices(score: Numbers, slate: Items, sets: Sets) -> Iterator[tuple[int, Items, NDArray[np.float64]]]:
    """Each rank with the items shown (n, 1) and the probabilities (n, m) of all items that could be shown."""
    for rank, among in enumerate(sets):
        chosen, might = slate[:, rank, None], among.copy()
        np.put_along_axis(might, chosen, True, axis=1)
        masked = np.where(might, score.astype(np.float64), -np.inf)
        weight = np.exp(masked - masked.max(axis=1, keepdims=True))
        yield rank, chosen, weight / weight.sum(axis=1, keepdims=True)


def _checked(score: Numbers, slate: Items) -> Items:
    """Checks that all items of the slates (n, k) have scores (n, m), because the kernels do not check."""
    check_array(score, (len(score), score.shape[-1]), "score", "f", "numbers")
    return check_items(slate, score.shape[1], "slate", (len(score), None))
