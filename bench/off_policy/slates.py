"""Estimators for policies that choose slates; each is a function of arrays over the n slates and k ranks of a log.

`behaviour` and `target` are the probabilities of each choice given those above it in the slate. Rewards and predictions are (n,
k), or (n, k, M) for M objectives; the value of a slate is the sum over its ranks. `Slates` fills the missing ranks of shorter
slates with rewards and predictions of 0 and probabilities of 1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from slategym.bench.off_policy.terms import Floats, Terms, columns, corrected, cumulated, mean_of, normalised, numbers, ratio
from slategym.utils.checked import checked


@checked
def sips(reward: ArrayLike, behaviour: ArrayLike, target: ArrayLike, *, self_normalised: bool = False) -> Terms:
    """Standard slate IPS: mean of w sum_l r_l, with w the importance weight of the whole slate.

    Unbiased for any behaviour of shoppers; its variance grows exponentially with the size of slates (Precup, Sutton, Singh, ICML
    2000, for trajectories; "standard IPS" of McInerney et al., KDD 2020).

    Args:
        reward: (n, k) or (n, k, M) the reward of each rank.
        behaviour: (n, k) probability of each choice given those above it, under the logging policy; or (n,) of the whole slate.
        target: the same under the policy to evaluate.
        self_normalised: whether to divide by the sum of the weights instead of n.
    """
    weight = ratio(behaviour, target)
    weight = weight.prod(axis=1) if weight.ndim == 2 else weight
    total = columns("reward", reward, np.shape(reward)[:2]).sum(axis=1)
    if len(total) != len(weight):
        raise ValueError(f"reward has {len(total)} slates: expected {len(weight)}, the number of slates of behaviour")
    values = weight[:, None] * total
    return normalised(values, weight) if self_normalised else mean_of(values, weight)


@checked
def iips(reward: ArrayLike, marginal_behaviour: ArrayLike, marginal_target: ArrayLike, *, self_normalised: bool = False) -> Terms:
    """Independent IPS: mean of sum_l w_l r_l, with w_l the weight of the item at its rank, independent of the other items.

    Unbiased if a rank's reward depends only on its own item (Li, Abbasi-Yadkori, Kveton, Muthukrishnan, Vinay, Wen, "Offline
    evaluation of ranking policies with click models", KDD 2018, the item-position model).

    Args:
        reward: see `sips`.
        marginal_behaviour: (n, k) probability that the logging policy shows the item at this rank, summed over all possible items
            above.
        marginal_target: (n, k) the same under the policy to evaluate.
        self_normalised: whether to divide by the sum of each rank's weights instead of n.
    """
    return _by_rank(reward, ratio(marginal_behaviour, marginal_target), self_normalised)


@checked
def rips(reward: ArrayLike, behaviour: ArrayLike, target: ArrayLike, *, self_normalised: bool = False) -> Terms:
    """Reward-interaction IPS: mean of sum_l w_1:l r_l, with w_1:l the weight of the slate down to rank l.

    Unbiased if shoppers look from top to bottom, so that a rank's reward depends only on the items down to this rank (McInerney,
    Brost, Chandar, Mehrotra, Carterette, "Counterfactual evaluation of slate recommendations with sequential reward
    interactions", KDD 2020).

    Args:
        reward: see `sips`.
        behaviour: (n, k) see `sips`.
        target: (n, k) see `sips`.
        self_normalised: whether to divide by the sum of each rank's weights instead of n.
    """
    return _by_rank(reward, cumulated(ratio(behaviour, target)), self_normalised)


@checked
def cascade_dr(reward: ArrayLike, behaviour: ArrayLike, target: ArrayLike, predicted: ArrayLike, expected: ArrayLike) -> Terms:
    """Cascade doubly robust: mean of sum_l w_1:l (r_l - Q_l) + w_1:l-1 E_target[Q_l].

    `rips` with a model Q_l of the reward from rank l on, given the items down to l. It is unbiased under the same condition, for
    any model (Kiyohara, Saito, Matsuhiro, Narita, Shimizu, Yamamoto, "Doubly robust off-policy evaluation for ranking policies
    under the cascade behavior model", WSDM 2022).

    Args:
        reward: see `sips`.
        behaviour: (n, k) see `sips`.
        target: (n, k) see `sips`.
        predicted: (n, k) or (n, k, M) Q_l of the logged item, given the logged items above it.
        expected: (n, k) or (n, k, M) the mean of Q_l if the policy to evaluate chooses rank l below the logged items.
    """
    weight = cumulated(ratio(behaviour, target))
    given = (("reward", reward), ("predicted", predicted), ("expected", expected))
    return corrected(weight, *(columns(name, values, weight.shape) for name, values in given))


@checked
def pseudo_inverse(
    reward: ArrayLike, product_behaviour: ArrayLike, product_target: ArrayLike, *, self_normalised: bool = False
) -> Terms:
    """Pseudo-inverse estimator for logging policies whose ranks are independent: mean of (sum_l w_l - (k - 1)) sum_l r_l.

    Unbiased if the reward of the whole slate is a sum of unknown effects of each item at its rank (Swaminathan, Krishnamurthy,
    Agarwal, Dudik, Langford, Jose, Zitouni, "Off-policy evaluation for slate recommendation", NeurIPS 2017;
    self-normalised: their wPI).

    Args:
        reward: see `sips`.
        product_behaviour: (n, k) probability of the item at its rank under a logging policy that draws each rank independently.
        product_target: (n, k) probability that the policy to evaluate shows the item at this rank.
        self_normalised: whether to divide by the sum of the weights instead of n.
    """
    each = ratio(product_behaviour, product_target)
    weight = each.sum(axis=1) - (each.shape[1] - 1)
    values = weight[:, None] * columns("reward", reward, each.shape).sum(axis=1)
    return normalised(values, weight) if self_normalised else mean_of(values, weight)


@checked
def position_based(
    reward: ArrayLike, places_behaviour: ArrayLike, places_target: ArrayLike, *, examination: ArrayLike | None = None
) -> Terms:
    """Position-based estimator: mean of sum_l r_l (sum_j e_j target_j(a_l)) / (sum_j e_j behaviour_j(a_l)).

    Unbiased under the position-based click model, where the click probability is the examination of the rank times the attraction
    of the item, so that an item's clicks at one rank determine those at all others (Li et al., KDD 2018).

    Args:
        reward: see `sips`.
        places_behaviour: (n, k, k) for the item shown at rank l, the probability that the logging policy shows it at rank j.
        places_target: (n, k, k) the same under the policy to evaluate.
        examination: (k,) the examination of each rank, up to a common factor; by default it is the same for all ranks.
    """
    below, above = numbers("places_behaviour", places_behaviour), numbers("places_target", places_target)
    if below.ndim != 3 or below.shape != above.shape:
        raise ValueError(f"places_target has shape {above.shape}, places_behaviour {below.shape}: expected (n, k, k) for both")
    seen = np.ones(below.shape[2]) if examination is None else numbers("examination", examination)
    if seen.shape != (below.shape[2],) or not (seen >= 0).all() or not seen.any():
        raise ValueError(f"examination is {examination!r}: expected {below.shape[2]} numbers from 0, one per rank, not all 0")
    return _by_rank(reward, ratio(below @ seen, above @ seen), False)


def _by_rank(reward: ArrayLike, weight: Floats, self_normalised: bool) -> Terms:
    values = weight[:, :, None] * columns("reward", reward, weight.shape)
    return normalised(values, weight) if self_normalised else mean_of(values.sum(axis=1), weight)
