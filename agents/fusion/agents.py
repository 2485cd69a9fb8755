"""Agents that fuse the click and conversion probabilities of other agents, by their mean, weights or stacking."""

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
            conversion: makes no difference.
        """
        return np.asarray(chances.mean(axis=0))


class FixedFusion(Fusion):
    """A mean of the members' probabilities with fixed weights.

    Args:
        problem: what slates are chosen from.
        seed: of the agent's own random numbers; its members' follow from it.
        scalarizer: how the objectives are mixed; by default the fixed sum with the problem's weights.
        agents: see `Fusion`.
        click: see `Fusion`.
        conversion: see `Fusion`.
        epsilon: see `Fusion`.
        shares: the weight of each member, as in "2,1"; equal ones if None. They are divided by their sum.

    Raises:
        ValueError: as `Fusion`, or not one number from 0 for each member, some above 0.
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
            expected = f"expected a number from 0 for each of {' + '.join(self.texts)}, some above 0 for both"
            raise ValueError(f"shares is {shares!r}: {expected}")
        self.shares = [given[which] / given[which].sum() for which in (self.click, self.conversion)]

    def fused(self, chances: Numbers, conversion: bool) -> Numbers:
        """The weighted mean.

        Args:
            chances: (J, ...) float32.
            conversion: whether they are of conversions.
        """
        return weighted(self.shares[conversion], chances)


class ExponentialFusion(Fusion):
    """A mean with exponential weights of the members' recent losses, for clicks and for conversions apart (`ExponentialWeights`).

    The loss of a member is the log-loss of its predictions, where impressions are weighted by one over their propensities, so
    that members are compared on items as they are and not as they are shown; clicks at lower ranks are expected less often.

    Args:
        problem: what slates are chosen from.
        seed: of the agent's own random numbers; its members' follow from it.
        scalarizer: how the objectives are mixed; by default the fixed sum with the problem's weights.
        agents: see `Fusion`.
        click: see `Fusion`.
        conversion: see `Fusion`.
        epsilon: see `Fusion`.
        rate: of the weights, per unit of log-loss of an impression; 1 picks the best member, 0 none.
        halflife: slates after which a loss counts half; None forgets nothing.
        robustness: weight of the deviation of a member's losses between steps, beside their mean.

    Raises:
        ValueError: as `Fusion`.
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
        """The mean by the present weights.

        Args:
            chances: (J, ...) float32.
            conversion: whether they are of conversions.
        """
        return weighted(self.experts[conversion].weights, chances)

    def learn_members(self, held: HeldOut) -> None:
        """Add the losses of the members.

        Args:
            held: what they predicted, with the answers.
        """
        click = log_loss(softened(held.click) * self.position_bias.relative, held.clicks) * held.weight
        conversion = log_loss(softened(held.conversion), held.conversions) * held.weight * held.clicks
        for experts, losses in zip(self.experts, (click, conversion), strict=True):
            experts.update(losses.sum(axis=(1, 2)), len(held.clicks))


class StackingFusion(Fusion):
    """Stacking of the members by scikit-learn's logistic regression, for clicks and for conversions apart (`Stack`).

    Args:
        problem: what slates are chosen from.
        seed: of the agent's own random numbers; its members' follow from it.
        scalarizer: how the objectives are mixed; by default the fixed sum with the problem's weights.
        agents: see `Fusion`.
        click: see `Fusion`.
        conversion: see `Fusion`.
        epsilon: see `Fusion`.
        kept: impressions, and clicks, of which the regressions are fitted to the last ones.

    Raises:
        ValueError: as `Fusion`.
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
            conversion: whether they are of conversions.
        """
        return self.stacks[conversion](chances)

    def learn_members(self, held: HeldOut) -> None:
        """Add the impressions to those of the regressions.

        Args:
            held: what the members predicted, with the answers.
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
