"""Agents that fuse the click and conversion probabilities of other agents by means, weights or stacking."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slategym.agents.base import Problem
from slategym.agents.fusion.base import MEMBERS, Fusion, Numbers
from slategym.agents.fusion.held_out import HeldOut, log_loss, softened
from slategym.agents.fusion.stack import Stack
from slategym.agents.fusion.weights import ExponentialWeights
from slategym.agents.scalarizers.base import Scalarizer
from slategym.utils.checked import checked
from slategym.utils.optional import require
from slategym.utils.ranges import Count, NonNegative, Positive, Share


class MeanFusion(Fusion):
    """The mean of the members' probabilities."""

    name = "fusion:mean"

    def fused(self, chances: Numbers, conversion: bool) -> Numbers:
        """The mean over members.

        Args:
            chances: (J, ...) float32.
            conversion: not used.
        """
        return np.asarray(chances.mean(axis=0))


class FixedFusion(Fusion):
    """A mean of the members' probabilities with fixed weights.

    Args:
        problem: the items, observation layout and objectives of the world.
        seed: seed of the agent's random numbers; the seeds of its members are derived from it.
        scalarizer: combines the objectives; default: the fixed sum with the problem's weights.
        agents: see `Fusion`.
        click: see `Fusion`.
        conversion: see `Fusion`.
        epsilon: see `Fusion`.
        shares: weight of each member, as in "2,1"; they are divided by their sum. None: equal weights.

    Raises:
        ValueError: as for `Fusion`, or `shares` is not a non-negative number for each member, with a positive sum.
    """

    name = "fusion:fixed"

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        agents: str | Sequence[str] = MEMBERS,
        click: str | Sequence[str] | None = None,
        conversion: str | Sequence[str] | None = None,
        epsilon: Share | None = None,
        shares: ArrayLike | None = None,
    ) -> None:
        super().__init__(problem, seed, scalarizer, agents=agents, click=click, conversion=conversion, epsilon=epsilon)
        given = np.ones(len(self.texts)) if shares is None else np.asarray(shares, np.float64)
        fits = given.shape == (len(self.texts),) and np.isfinite(given).all() and (given >= 0).all()
        if not fits or not all(given[which].sum() > 0 for which in (self.click, self.conversion)):
            expected = f"expected a number from 0 for each of {' + '.join(self.texts)}, not all 0 for clicks or conversions"
            raise ValueError(f"shares is {shares!r}: {expected}")
        self.shares = [given[which] / given[which].sum() for which in (self.click, self.conversion)]

    def fused(self, chances: Numbers, conversion: bool) -> Numbers:
        """The weighted mean.

        Args:
            chances: (J, ...) float32.
            conversion: whether these are probabilities of conversions.
        """
        return weighted(self.shares[conversion], chances)


class ExponentialFusion(Fusion):
    """A mean of the members' probabilities with exponential weights of their recent losses (`ExponentialWeights`).

    Clicks and conversions have separate weights. The loss of a member is the log-loss of its predictions. Impressions are
    weighted by 1 / propensity, so that all items count equally, not in proportion to how often they are shown. Click
    probabilities are multiplied by the examination of the rank.

    Args:
        problem: the items, observation layout and objectives of the world.
        seed: seed of the agent's random numbers; the seeds of its members are derived from it.
        scalarizer: combines the objectives; default: the fixed sum with the problem's weights.
        agents: see `Fusion`.
        click: see `Fusion`.
        conversion: see `Fusion`.
        epsilon: see `Fusion`.
        rate: learning rate of the weights, per unit of log-loss of an impression; 1 selects the best member, 0 gives equal
            weights.
        halflife: number of slates after which a loss counts half; None: no forgetting.
        robustness: weight of the standard deviation of a member's losses between steps, which is added to their mean.

    Raises:
        ValueError: as for `Fusion`.
    """

    name = "fusion:exponential"

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        agents: str | Sequence[str] = MEMBERS,
        click: str | Sequence[str] | None = None,
        conversion: str | Sequence[str] | None = None,
        epsilon: Share = 0.02,
        rate: NonNegative = 0.02,
        halflife: Positive | None = 10_000.0,
        robustness: NonNegative = 0.1,
    ) -> None:
        super().__init__(problem, seed, scalarizer, agents=agents, click=click, conversion=conversion, epsilon=epsilon)
        self.experts = [ExponentialWeights(len(which), rate, halflife, robustness) for which in (self.click, self.conversion)]

    def fused(self, chances: Numbers, conversion: bool) -> Numbers:
        """The mean by the current weights.

        Args:
            chances: (J, ...) float32.
            conversion: whether these are probabilities of conversions.
        """
        return weighted(self.experts[conversion].weights, chances)

    def learn_members(self, held: HeldOut) -> None:
        """Add the losses of the members.

        Args:
            held: the members' predictions and the outcomes.
        """
        click = log_loss(softened(held.click) * self.position_bias.relative, held.clicks) * held.weight
        conversion = log_loss(softened(held.conversion), held.conversions) * held.weight * held.clicks
        for experts, losses in zip(self.experts, (click, conversion), strict=True):
            experts.update(losses.sum(axis=(1, 2)), len(held.clicks))


class StackingFusion(Fusion):
    """Stacking of the members by two logistic regressions of scikit-learn, for clicks and for conversions (`Stack`).

    Args:
        problem: the items, observation layout and objectives of the world.
        seed: seed of the agent's random numbers; the seeds of its members are derived from it.
        scalarizer: combines the objectives; default: the fixed sum with the problem's weights.
        agents: see `Fusion`.
        click: see `Fusion`.
        conversion: see `Fusion`.
        epsilon: see `Fusion`.
        kept: number of last impressions that the click regression is fitted to, and of last clicks for the conversion
            regression.

    Raises:
        ValueError: as for `Fusion`.
        ImportError: scikit-learn is not installed.
    """

    name = "fusion:stacking"

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        agents: str | Sequence[str] = MEMBERS,
        click: str | Sequence[str] | None = None,
        conversion: str | Sequence[str] | None = None,
        epsilon: Share | None = None,
        kept: Count = 200_000,
    ) -> None:
        super().__init__(problem, seed, scalarizer, agents=agents, click=click, conversion=conversion, epsilon=epsilon)
        require("sklearn", "peers")
        self.stacks = [Stack(len(which), kept) for which in (self.click, self.conversion)]

    def fused(self, chances: Numbers, conversion: bool) -> Numbers:
        """The probabilities by the regression.

        Args:
            chances: (J, ...) float32.
            conversion: whether these are probabilities of conversions.
        """
        return self.stacks[conversion](chances)

    def learn_members(self, held: HeldOut) -> None:
        """Add the impressions to the data of the regressions.

        Args:
            held: the members' predictions and the outcomes.
        """
        examined = held.click * self.position_bias.relative.astype(np.float32)
        self.stacks[0].learn(examined.reshape(len(examined), -1), held.clicks.ravel())
        self.stacks[1].learn(held.conversion[:, held.clicks], held.conversions[held.clicks])


def weighted(weights: NDArray[np.float64], chances: Numbers) -> Numbers:
    """(...) float32, the weighted mean of probabilities.

    Args:
        weights: (J,), which sum to 1.
        chances: (J, ...) float32.
    """
    return np.asarray(np.tensordot(weights.astype(np.float32), chances, 1), np.float32)
