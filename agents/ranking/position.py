"""Bandits of the position-based model, which account for ranks that were not examined."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.agents.bandits.agent import Floats, Items, Tally
from slategym.agents.bandits.indices import Optimist
from slategym.agents.bandits.rules import LEAST
from slategym.agents.bandits.thompson import BetaTS
from slategym.agents.base import Problem
from slategym.agents.scalarizers.base import Scalarizer
from slategym.utils.checked import checked
from slategym.utils.ranges import NonNegative

NEWTON = 12  # steps; a few are enough


class PBMUCB(Optimist):
    """PBM-UCB: UCB with a bound for impressions that may not have been examined (Lagree, Vernade, Cappe, NIPS 2016, section 5).

    For N impressions, of which N~ are examined in expectation, the bound is S / N~ + sqrt(N / N~) sqrt(delta / (2 N~)), where
    delta is (1 + epsilon) ln t. The examination of ranks is learned (`PositionBiasEstimator`); in the paper it is known.

    Args:
        epsilon: parameter of delta; the theorem requires it to be above 0.
        options: options of `ItemBandit`.
    """

    name = "ranking:pbm-ucb"

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        epsilon: NonNegative = 0.0,
        **options: Any,
    ) -> None:
        super().__init__(problem, seed, scalarizer, **options)
        self.epsilon = epsilon

    def upper(self, successes: Floats, trials: Floats, shown: Floats) -> Floats:
        """The upper confidence bounds of rates."""
        return pbm_ucb(successes, trials, shown, self.time, self.epsilon)


def pbm_ucb(successes: Floats, trials: Floats, shown: Floats, time: float, epsilon: float = 0.0) -> Floats:
    """PBM-UCB's bound (Lagree, Vernade, Cappe, NIPS 2016).

    Args:
        successes: (..., m) successes of each arm.
        trials: (..., m) impressions that were examined, in expectation.
        shown: (..., m) impressions.
        time: t, from 1.
        epsilon: parameter of delta = (1 + epsilon) ln t.
    """
    tried = np.maximum(trials, LEAST)
    width = (1 + epsilon) * np.log(time) / (2 * tried)
    return np.asarray(successes / tried + np.sqrt(np.maximum(shown, tried) / tried * width))


class PBMTS(BetaTS):
    """PBM-TS: Thompson sampling with the posterior of the position-based model (Lagree, Vernade, Cappe, NIPS 2016, section 5).

    The posterior of a click rate is proportional to the prior times theta^S prod_r (1 - e[r] theta)^(N[r] - S[r]). It is
    approximated by the Beta distribution with the same mode and curvature on the logit scale, which is exact if all ranks are
    examined equally.

    Args:
        options: options of `Thompson`.
    """

    name = "ranking:pbm-ts"
    by_rank = True

    def tally(self, items: Items | None = None) -> Tally:
        """The counts of items, with clicks and examined impressions replaced by those of the approximating Beta distribution."""
        if items is not None and items.size > self.problem.items:
            return self.tally().at(items)
        tally, counts = super().tally(items), self.memory.total()
        which = slice(None) if items is None else items
        misses = np.maximum(counts.shown[which] - counts.clicks[which], 0.0)
        hit, miss = tally.click_prior
        relative = self.position_bias.relative
        hits, fails = beta_like(tally.clicks + hit, miss, misses[None] if items is None else misses, relative / relative.max())
        return replace(tally, clicks=hits - hit, examined=hits - hit + np.maximum(fails - miss, 0.0))


def beta_like(hits: Floats, miss: float, misses: Floats, examination: NDArray[np.float64]) -> tuple[Floats, Floats]:
    """The Beta distributions that approximate the posteriors theta^a (1 - theta)^b prod_r (1 - e[r] theta)^n[r].

    Mode and curvature are matched for the logit of theta, whose density always has a mode.

    Args:
        hits: (...) a, above 0.
        miss: b, above 0.
        misses: (..., k) n, impressions without a click at each rank.
        examination: (k,) e, from 0 to 1.

    Returns:
        Both parameters of the Beta distributions, each (...).
    """
    theta = hits / (hits + miss + misses @ examination)
    for _ in range(NEWTON):
        gradient, curvature = _derivatives(theta, hits, miss, misses, examination)
        step = np.clip(gradient / curvature, -1, 1)
        odds = theta / (1 - theta) * np.exp(step)
        theta = np.clip(odds / (1 + odds), 1e-12, 1 - 1e-12)
    total = _derivatives(theta, hits, miss, misses, examination)[1] / (theta * (1 - theta))
    return theta * total, (1 - theta) * total


def _derivatives(
    theta: Floats, hits: Floats, miss: float, misses: Floats, examination: NDArray[np.float64]
) -> tuple[Floats, Floats]:
    """The derivative of the logit's log density, and minus its second derivative."""
    spread, e, t = theta * (1 - theta), examination, theta[..., None]
    unseen = 1 - e * t
    slope = hits * (1 - theta) - miss * theta - spread * (misses * (e / unseen)).sum(-1)
    bend = (misses * (e * (1 - 2 * t + e * t**2) / unseen**2)).sum(-1)
    return slope, spread * np.maximum(hits + miss + bend, 1e-12)
