"""Estimators for policies that choose single actions; each is a function of arrays over the n rounds of a log.

All take the reward and two probabilities of the logged action: `behaviour`, under the logging policy, and `target`, under the
policy to evaluate; w = target / behaviour is the importance weight. Estimators with a reward model q also take its predictions:
`predicted`, q(x, a) for the logged action, and `expected`, sum_a target(a | x) q(x, a). Rewards and predictions are (n,), or (n,
M) for M objectives.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from slategym.bench.off_policy.terms import Floats, Terms, columns, mean_of, normalised, numbers, ratio
from slategym.utils.checked import checked
from slategym.utils.ranges import NonNegative, Positive, Share

TINY = np.finfo(np.float64).tiny


@checked
def ipw(reward: ArrayLike, behaviour: ArrayLike, target: ArrayLike, *, clip: Positive | None = None) -> Terms:
    """Inverse propensity weighting: mean of min(w, clip) r.

    Unbiased without clipping, if the log supports the target policy (Horvitz, Thompson, JASA 1952; Strehl et al., "Learning
    from logged implicit exploration data", 2010). Clipping: Ionides, "Truncated importance sampling", 2008; Bottou et al., JMLR
    2013.

    Args:
        reward: (n,) or (n, M) the reward of each round.
        behaviour: (n,) probability of the logged action under the logging policy.
        target: (n,) its probability under the policy to evaluate.
        clip: the largest weight; None for no limit.
    """
    weight = _clipped(ratio(behaviour, target), clip)
    return mean_of(_times("reward", weight, reward), weight)


@checked
def snipw(reward: ArrayLike, behaviour: ArrayLike, target: ArrayLike, *, clip: Positive | None = None) -> Terms:
    """Self-normalised inverse propensity weighting: sum of w r / sum of w.

    Consistent, bounded by the rewards, and with a variance that does not change if a constant is added to the rewards
    (Swaminathan, Joachims, "The self-normalized estimator for counterfactual learning", NeurIPS 2015).

    Args:
        reward: see `ipw`.
        behaviour: see `ipw`.
        target: see `ipw`.
        clip: the largest weight; None for no limit.
    """
    weight = _clipped(ratio(behaviour, target), clip)
    return normalised(_times("reward", weight, reward), weight)


@checked
def dm(expected: ArrayLike) -> Terms:
    """Direct method: mean of sum_a target(a | x) q(x, a).

    It has the bias of the reward model (Beygelzimer, Langford, "The offset tree", KDD 2009).

    Args:
        expected: (n,) or (n, M) the reward model's expectation under the policy to evaluate.
    """
    values = numbers("expected", expected)
    return mean_of(values if values.ndim == 2 else columns("expected", values, (len(values),)))


@checked
def dr(reward: ArrayLike, behaviour: ArrayLike, target: ArrayLike, predicted: ArrayLike, expected: ArrayLike) -> Terms:
    """Doubly robust: mean of sum_a target(a | x) q(x, a) + w (r - q(x, a)).

    Unbiased with true propensities, for any model; the better the model, the smaller the variance from the weights (Dudik,
    Langford, Li, ICML 2011).

    Args:
        reward: see `ipw`.
        behaviour: see `ipw`.
        target: see `ipw`.
        predicted: (n,) or (n, M) the model's prediction for the logged action.
        expected: (n,) or (n, M) the model's expectation under the policy to evaluate.
    """
    return _doubly_robust(ratio(behaviour, target), reward, predicted, expected)


@checked
def sndr(reward: ArrayLike, behaviour: ArrayLike, target: ArrayLike, predicted: ArrayLike, expected: ArrayLike) -> Terms:
    """Self-normalised doubly robust: mean of sum_a target(a | x) q(x, a), plus sum of w (r - q) / sum of w.

    Kallus, Uehara, "Intrinsically efficient, stable, and bounded off-policy evaluation", NeurIPS 2019; Narita, Yasui, Yata,
    "Debiased off-policy evaluation for recommendation systems", RecSys 2021.

    Args:
        reward: see `dr`.
        behaviour: see `dr`.
        target: see `dr`.
        predicted: see `dr`.
        expected: see `dr`.
    """
    weight = ratio(behaviour, target)
    top = _times("reward", weight, reward) - _times("predicted", weight, predicted)
    return normalised(top, weight, columns("expected", expected, weight.shape))


@checked
def switch_dr(
    reward: ArrayLike,
    behaviour: ArrayLike,
    target: ArrayLike,
    predicted: ArrayLike,
    expected: ArrayLike,
    *,
    threshold: NonNegative | None,
) -> Terms:
    """Switch-DR: doubly robust where w <= threshold, the direct method elsewhere.

    Wang, Agarwal, Dudik, "Optimal and adaptive off-policy evaluation in contextual bandits", ICML 2017, the
    switch estimator with the doubly robust correction.

    Args:
        reward: see `dr`.
        behaviour: see `dr`.
        target: see `dr`.
        predicted: see `dr`.
        expected: see `dr`.
        threshold: the largest weight with which the model is corrected; None gives `dr`, 0 gives `dm`.
    """
    weight = ratio(behaviour, target)
    return _doubly_robust(weight if threshold is None else np.where(weight <= threshold, weight, 0), reward, predicted, expected)


@checked
def dr_os(
    reward: ArrayLike,
    behaviour: ArrayLike,
    target: ArrayLike,
    predicted: ArrayLike,
    expected: ArrayLike,
    *,
    shrinkage: NonNegative | None,
) -> Terms:
    """Doubly robust with optimistic shrinkage: the weight is shrinkage w / (w^2 + shrinkage).

    Su, Dimakopoulou, Krishnamurthy, Dudik, "Doubly robust off-policy evaluation with shrinkage", ICML 2020, the "optimistic"
    weights.

    Args:
        reward: see `dr`.
        behaviour: see `dr`.
        target: see `dr`.
        predicted: see `dr`.
        expected: see `dr`.
        shrinkage: lambda of the paper; None gives `dr`, 0 gives `dm`.
    """
    weight = ratio(behaviour, target)
    shrunk = weight if shrinkage is None else weight * (shrinkage / np.maximum(weight**2 + shrinkage, TINY))
    return _doubly_robust(shrunk, reward, predicted, expected)


@checked
def mrdr(
    reward: ArrayLike, behaviour: ArrayLike, target: ArrayLike, robust_predicted: ArrayLike, robust_expected: ArrayLike
) -> Terms:
    """More robust doubly robust: `dr` with a reward model fitted with the weights of `mrdr_weights`.

    Farajtabar, Chow, Ghavamzadeh, "More robust doubly robust off-policy evaluation", ICML 2018.

    Args:
        reward: see `dr`.
        behaviour: see `dr`.
        target: see `dr`.
        robust_predicted: `predicted` of `dr`, from this model.
        robust_expected: `expected` of `dr`, from this model.
    """
    return _doubly_robust(ratio(behaviour, target), reward, robust_predicted, robust_expected)


def mrdr_weights(behaviour: ArrayLike, target: ArrayLike) -> Floats:
    """(n,) the weights of the rounds in the least-squares fit of the reward model of `mrdr`: w^2 (1 - behaviour).

    The fit then minimises the part of the variance of `dr` that depends on the model, sum_a target^2 (1 - behaviour) /
    behaviour (r - q)^2 over contexts. This is exact for deterministic target policies, which have no covariance between actions
    (Farajtabar et al. 2018).

    Args:
        behaviour: (n,) see `ipw`.
        target: (n,) see `ipw`.
    """
    weight = ratio(behaviour, target)
    return np.asarray(weight**2 * (1 - np.where(weight > 0, behaviour, 0)))


@checked
def subgaussian_ipw(reward: ArrayLike, behaviour: ArrayLike, target: ArrayLike, *, rate: Share) -> Terms:
    """Sub-Gaussian inverse propensity weighting: the weight is w / (1 - rate + rate w).

    Metelli, Russo, Restelli, "Subgaussian and differentiable importance sampling for off-policy evaluation and learning",
    NeurIPS 2021: the power mean of w and 1 with s = -1, which is the weighted harmonic mean.

    Args:
        reward: see `ipw`.
        behaviour: see `ipw`.
        target: see `ipw`.
        rate: lambda of the paper, 0 to 1; 0 gives `ipw`, and with 1 every round with a positive weight has the weight 1.
    """
    weight = _harmonic(ratio(behaviour, target), rate)
    return mean_of(_times("reward", weight, reward), weight)


@checked
def subgaussian_dr(
    reward: ArrayLike, behaviour: ArrayLike, target: ArrayLike, predicted: ArrayLike, expected: ArrayLike, *, rate: Share
) -> Terms:
    """Sub-Gaussian doubly robust: `dr` with the weights of `subgaussian_ipw`.

    Args:
        reward: see `dr`.
        behaviour: see `dr`.
        target: see `dr`.
        predicted: see `dr`.
        expected: see `dr`.
        rate: lambda of the paper, 0 to 1; 0 gives `dr`, and with 1 every round with a positive weight has the weight 1.
    """
    return _doubly_robust(_harmonic(ratio(behaviour, target), rate), reward, predicted, expected)


def _clipped(weight: Floats, clip: float | None) -> Floats:
    return weight if clip is None else np.minimum(weight, clip)


def _times(name: str, weight: Floats, values: ArrayLike) -> Floats:
    return np.asarray(weight[:, None] * columns(name, values, weight.shape))


def _doubly_robust(weight: Floats, reward: ArrayLike, predicted: ArrayLike, expected: ArrayLike) -> Terms:
    residual = columns("reward", reward, weight.shape) - columns("predicted", predicted, weight.shape)
    return mean_of(columns("expected", expected, weight.shape) + weight[:, None] * residual, weight)


def _harmonic(weight: Floats, rate: float) -> Floats:
    below = 1 - rate + rate * weight
    return np.divide(weight, below, out=np.zeros_like(weight), where=below > 0)
