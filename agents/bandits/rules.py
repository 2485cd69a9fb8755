"""Rules of bandits: an index or a draw for each arm, from its successes and trials. Functions of arrays; no agents.

Arms are the last axis. Trials may be fractions, such as impressions that were examined with some probability.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.floating]
LEAST = 1e-6  # number of trials of an arm that was never tried, so that its bound is far above all others


def ucb1(successes: Floats, trials: Floats, time: ArrayLike, alpha: float = 2.0) -> Floats:
    """UCB1: the rate plus sqrt(alpha ln t / trials) (Auer, Cesa-Bianchi, Fischer, Machine Learning 2002, with alpha 2).

    Args:
        successes: (..., m), successes of each arm.
        trials: (..., m), trials of each arm, at least as many.
        time: t, at least 1.
        alpha: factor of ln t.
    """
    tried = np.maximum(trials, LEAST)
    return np.asarray(successes / tried + np.sqrt(alpha * np.log(time) / tried))


def kl_ucb(successes: Floats, trials: Floats, time: ArrayLike, c: float = 0.0) -> Floats:
    """KL-UCB: the largest q with trials * kl(rate, q) <= ln t + c ln ln t (Garivier, Cappe, COLT 2011, who use c = 0).

    The bound of an arm that was never tried is 2, so that it ranks above all others.

    Args:
        successes: (..., m), successes of each arm.
        trials: (..., m), trials of each arm, at least as many.
        time: t, at least 1.
        c: factor of ln ln t, which is taken as 0 where it is negative.
    """
    from slategym.agents.bandits.kernel import kl_upper  # compiled, so not on import

    tried = np.maximum(trials, LEAST)
    log = np.log(time)
    width = np.broadcast_to((log + c * np.log(np.maximum(log, 1.0))) / tried, tried.shape)
    out = np.empty(tried.shape)
    kl_upper(np.ravel(np.minimum(successes / tried, 1)), np.ravel(width), out.reshape(-1))
    return np.where(trials < LEAST, 2.0, out)


def beta_draws(random: np.random.Generator, successes: Floats, failures: Floats, rows: int) -> NDArray[np.float32]:
    """(n, m) float32 draws of each arm's rate from its Beta posterior (Thompson 1933; Chapelle, Li, NIPS 2011).

    Args:
        random: the generator.
        successes: (n, m), successes of each arm plus those of the prior, or (1, m) for all rows; above 0.
        failures: as `successes`.
        rows: n.
    """
    from slategym.agents.bandits.kernel import fill_betas  # compiled, so not on import
    from slategym.agents.choosing.noise import normals

    one, other = np.broadcast_arrays(*np.atleast_2d(successes, failures))
    out = np.empty((rows, one.shape[1]), np.float32)
    key = random.integers(2**64, dtype=np.uint64)
    one, other = (np.ascontiguousarray(each, np.float64) for each in (one, other))
    fill_betas(key, one, other, normals(random, (2, *out.shape)), out)
    return out


def gaussian_draws(random: np.random.Generator, mean: Floats, deviation: Floats, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Draws of each arm's mean from a normal posterior (Agrawal, Goyal, AISTATS 2013).

    Args:
        random: the generator.
        mean: mean of each arm.
        deviation: standard deviation of each arm's mean.
        shape: shape of the result, to which both broadcast.
    """
    from slategym.agents.choosing.noise import normals

    drawn = normals(random, shape)
    drawn *= deviation.astype(np.float32)
    drawn += mean.astype(np.float32)
    return drawn


def exp3_logits(gains: Floats, weight: Floats, time: float) -> Floats:
    """The logits of Exp3 without a fixed horizon: minus eta_t times the estimated losses.

    eta_t = sqrt(ln m / (t m)), for which the regret in t rounds is at most 2 sqrt(t m ln m) (Bubeck, Cesa-Bianchi,
    "Regret analysis of stochastic and nonstochastic multi-armed bandit problems", 2012, theorem 3.1).

    Args:
        gains: (..., m) the sum of importance weights times gains, which are between 0 and 1.
        weight: (..., m) the sum of importance weights.
        time: t, at least 1.
    """
    arms = gains.shape[-1]
    return np.asarray(np.sqrt(np.log(arms) / (time * arms)) * (gains - weight))


def importance(propensity: NDArray[np.floating], slate_size: int) -> Floats:
    """(n, k) the importance weight of each choice of a slate; an item's weights have the expected sum 1.

    With p the probability of the item at rank r = 0, 1, ..., given the items above it, the weight is (1 / p + k - 1 - r) / k.
    Before rank r, the expected sum of an item that has not been chosen yet is (k - r) / k, since p w + (1 - p) (k - 1 - r) / k
    has this value. Sums of weights times rewards are therefore unbiased, as with weights 1 / p in slates of one item.

    Args:
        propensity: (n, k), the probability of each choice given the choices above it.
        slate_size: k.
    """
    below = slate_size - 1 - np.arange(slate_size)
    return np.asarray((1 / propensity.astype(np.float64) + below) / slate_size)
