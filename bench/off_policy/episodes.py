"""Estimators for policies over whole episodes; each is a function of arrays over e episodes of up to T steps.

`ratio` is the importance weight of each step's choice, target / behaviour. `Episodes` fills the missing steps of shorter episodes
with rewards of 0 and ratios of 1, so that the weight of a finished episode does not change. Rewards are (e, T), or (e, T, M) for
M objectives.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from slategym.bench.off_policy.terms import Floats, Terms, columns, corrected, cumulated, mean_of, normalised, numbers
from slategym.utils.checked import checked
from slategym.utils.ranges import Share


@checked
def trajectory(reward: ArrayLike, ratio: ArrayLike, *, discount: Share = 1.0, self_normalised: bool = False) -> Terms:
    """Trajectory-wise importance sampling: mean of w_1:T sum_t discount^t r_t.

    Precup, Sutton, Singh, "Eligibility traces for off-policy policy evaluation", ICML 2000; self-normalised: their
    weighted importance sampling.

    Args:
        reward: (e, T) or (e, T, M) the reward of each step.
        ratio: (e, T) importance weight of each step.
        discount: the factor for each further step.
        self_normalised: whether to divide by the sum of the weights instead of e.
    """
    each = numbers("ratio", ratio)
    weight = each.prod(axis=1)
    values = weight[:, None] * _discounted(reward, each.shape, discount).sum(axis=1)
    return normalised(values, weight) if self_normalised else mean_of(values, weight)


@checked
def per_decision(reward: ArrayLike, ratio: ArrayLike, *, discount: Share = 1.0, self_normalised: bool = False) -> Terms:
    """Per-decision importance sampling: mean of sum_t discount^t w_1:t r_t, because later choices do not affect earlier rewards.

    Precup et al. 2000; self-normalised step by step: the consistent weighted form (CWPDIS) of Thomas, "Safe reinforcement
    learning", 2015.

    Args:
        reward: see `trajectory`.
        ratio: see `trajectory`.
        discount: the factor for each further step.
        self_normalised: whether to divide each step's sum by the sum of its weights instead of e.
    """
    weight = cumulated(ratio)
    values = weight[:, :, None] * _discounted(reward, weight.shape, discount)
    return normalised(values, weight) if self_normalised else mean_of(values.sum(axis=1), weight)


@checked
def episode_dr(reward: ArrayLike, ratio: ArrayLike, predicted: ArrayLike, expected: ArrayLike, *, discount: Share = 1.0) -> Terms:
    """Doubly robust over episodes: mean of sum_t discount^t (w_1:t (r_t - Q_t) + w_1:t-1 E_target[Q_t]).

    Jiang, Li, "Doubly robust off-policy value evaluation for reinforcement learning", ICML 2016, unrolled.

    Args:
        reward: see `trajectory`.
        ratio: see `trajectory`.
        predicted: (e, T) or (e, T, M) a model's expected return from this step on, given the logged choice.
        expected: (e, T) or (e, T, M) its mean if the policy to evaluate chooses.
        discount: the factor for each further step.
    """
    weight = cumulated(ratio)
    given = (("reward", reward), ("predicted", predicted), ("expected", expected))
    return corrected(weight, *(_discounted(values, weight.shape, discount, name) for name, values in given))


def _discounted(values: ArrayLike, shape: tuple[int, ...], discount: float, name: str = "reward") -> Floats:
    return np.asarray(columns(name, values, shape) * discount ** np.arange(shape[1])[:, None])
