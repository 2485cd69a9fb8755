"""The Plackett-Luce model, compiled; described in `slategym.agents.policy_gradient.plackett_luce`."""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np

from slategym.sim.kernel.functions import exponential
from slategym.sim.kernel.top_k import highest

_LOWEST, _NOTHING = np.float32(-3e38), np.float32(1e-20)
_LEAST = np.exp(-80.0)  # smallest propensity; above the smallest float32


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _exponentials(score: Any, top: Any, out: Any) -> None:
    for column in range(len(score)):
        out[column] = exponential(score[column] - top)


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract"})
def _sums(weight: Any, score: Any) -> Any:
    total, moment = np.float32(0), np.float32(0)
    for column in range(len(score)):
        total += weight[column]
        moment += weight[column] * score[column]
    return total, moment


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _rest(score: Any, chosen: Any, weight: Any) -> Any:
    """Write exp(score - top) of the items that are not chosen into `weight` (m,), and 0 for those chosen.

    Returns `top`, the highest score of an item that is not chosen; the sum of the weights; and the sum of weight times score.
    """
    for column in range(len(score)):
        weight[column] = score[column]
    for item in chosen:
        weight[item] = _LOWEST
    top = highest(weight)
    _exponentials(score, top, weight)
    for item in chosen:
        weight[item] = np.float32(0)
    total, moment = _sums(weight, score)
    return top, total, moment


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _climb(score: Any, chosen: Any, top: Any, total: Any, log: Any) -> Any:
    """Write the log-probability of each choice into `log` (k,), from the last rank to the first, which avoids cancellation.

    Returns the logarithm of the sum of exp(score) over all items.
    """
    left = np.float64(top) + np.log(np.float64(total)) if total > 0 else -np.inf
    for back in range(len(chosen)):
        rank = len(chosen) - 1 - back
        own = np.float64(score[chosen[rank]])
        high, low = max(own, left), min(own, left)
        left = high + np.log1p(np.exp(low - high))
        log[rank] = own - left
    return left


@nb.njit(cache=True, nogil=True, error_model="numpy")
def log_propensities(scores: Any, slates: Any, out: Any) -> None:
    """Write the log-probability of each choice of slates (n, k), given those above it, for scores (n, m), into out (n, k)."""
    weight, log = np.empty(scores.shape[1], np.float32), np.empty(slates.shape[1])
    for row in range(scores.shape[0]):
        top, total, _ = _rest(scores[row], slates[row], weight)
        _climb(scores[row], slates[row], top, total, log)
        for rank in range(len(log)):
            out[row, rank] = log[rank]


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _spread(score: Any, weight: Any, of_weight: Any, of_first: Any, shift: Any, out: Any) -> None:
    """Add weight * (of_weight + of_first * (score - shift)) to `out`. weight is 0 for items that are already written.

    Tiny values become 0, because arithmetic with subnormal numbers takes a hundred times as long.
    """
    for column in range(len(score)):
        value = weight[column] * (of_weight + of_first * (score[column] - shift))
        out[column] += value if abs(value) > _NOTHING else np.float32(0)


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _ratio(log: Any, before: Any, largest: Any) -> Any:
    """The present probability of a choice relative to its propensity, at most `largest`; 1 if the propensity is NaN."""
    if np.isnan(before):
        return 1.0
    return np.exp(min(log - np.log(max(np.float64(before), _LEAST)), np.log(largest)))


@nb.njit(cache=True, nogil=True, error_model="numpy")
def gradients(
    scores: Any, slates: Any, advantages: Any, propensities: Any, largest_ratio: float, entropy: float, out: Any
) -> None:
    """Write the gradient of the loss in `slategym.agents.policy_gradient.plackett_luce.gradient` into out (n, m)."""
    n, k = slates.shape
    weight, log, gain = np.empty(scores.shape[1], np.float32), np.empty(k), np.empty(k)
    for row in range(n):
        score, chosen = scores[row], slates[row]
        top, total, moment = _rest(score, chosen, weight)
        everything = _climb(score, chosen, top, total, log)
        for rank in range(k):
            gain[rank] = advantages[row, rank] * _ratio(log[rank], propensities[row, rank], largest_ratio)
        # The sum of p log p over the first choice; `left` is the probability that none of the items above is chosen.
        left, disorder = 1.0, 0.0
        for rank in range(k):
            chance = np.exp(log[rank])
            disorder += left * chance * (np.float64(score[chosen[rank]]) - everything)
            left *= 1.0 - chance
        inverse = 1.0 / np.float64(total) if total > 0 else 0.0
        disorder += left * (np.float64(moment) * inverse - everything)
        for column in range(len(score)):
            out[row, column] = 0
        # Each choice lowers the items that were left, in proportion to their probability; `blame` is the sum to distribute.
        blame, share = 0.0, left
        left = 1.0
        for rank in range(k):
            chance, own = np.exp(log[rank]), np.float64(score[chosen[rank]])
            blame += gain[rank]
            pull = entropy * left * (own - everything - disorder)
            out[row, chosen[rank]] = (chance * (blame + pull) - gain[rank]) / n
            blame *= 1.0 - chance
            left *= 1.0 - chance
        scale, shift = inverse / n, np.float32(everything + disorder)
        _spread(score, weight, np.float32(scale * blame), np.float32(scale * entropy * share), shift, out[row])
