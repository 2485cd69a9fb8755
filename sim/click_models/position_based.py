"""The position-based model: each rank has its own examination probability, independent of the other ranks."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from typing_extensions import override

from slategym.sim.click_models.base import Chooser, ClickKernel, ClickModel, Floats, Items, check_attraction, check_gains
from slategym.sim.selection import top_k
from slategym.sim.slate import leave_out
from slategym.utils.checked import checked
from slategym.utils.ranges import NonNegative, PositiveShare, SlateSize


class PositionBased(ClickModel):
    """P(click at rank r) = examination[r] * attraction (Richardson, Dominowska, Ragno, WWW 2007).

    Examination and attraction are independent, and so are the ranks. The best slate is exact: the k items with the highest
    attraction * gain, the highest at the rank of highest examination (rearrangement inequality); those below 0 are left out.

    Args:
        examination: (k,) probabilities, one per rank; a longer list also serves shorter slates.
    """

    largest_attraction = 1.0
    exact_under_rules = True

    def __init__(self, examination: ArrayLike) -> None:
        self.examination = np.asarray(examination, np.float64)
        if self.examination.ndim != 1 or not ((self.examination >= 0) & (self.examination <= 1)).all():
            raise ValueError(f"examination must be one probability per rank, each in [0, 1]; got {examination!r}")

    @classmethod
    @checked
    def geometric(cls, slate_size: SlateSize, decay: PositiveShare = 0.85) -> PositionBased:
        """Make the model with examination decay**r at rank r = 0, 1, ...

        Args:
            slate_size: k.
            decay: the ratio of the examination of a rank to that of the rank above.
        """
        return cls(decay ** np.arange(slate_size))

    @classmethod
    @checked
    def reciprocal(cls, slate_size: SlateSize, power: NonNegative = 1.0) -> PositionBased:
        """Make the model with examination (r + 1)**-power at rank r = 0, 1, ... (Joachims, Swaminathan, Schnabel, WSDM 2017).

        Args:
            slate_size: k.
            power: how fast the examination falls.
        """
        return cls((np.arange(slate_size) + 1.0) ** -power)

    @override
    def click_probability(self, attraction: Floats) -> Floats:
        check_attraction(attraction)
        return attraction * self._ranks(attraction.shape[1])

    @override
    def sample_clicks(self, attraction: Floats, item_uniforms: Floats, slate_uniforms: Floats) -> NDArray[np.bool_]:
        check_attraction(attraction, item_uniforms, slate_uniforms)
        return item_uniforms < self.click_probability(attraction)

    @override
    def kernel_parameters(self, slate_size: int) -> tuple[ClickKernel, NDArray[np.float64]]:
        return ClickKernel.POSITION_BASED, np.array(self.examination[None, :slate_size])

    @override
    def best_slate(self, attraction: Floats, gain: Floats, slate_size: int) -> Items:
        check_gains(attraction, gain, slate_size)
        score, examined = attraction * gain, self._ranks(slate_size)
        best = top_k(score, slate_size)
        shown_score = np.take_along_axis(score, best, axis=1)
        order = np.argsort(-examined, kind="stable")
        slate, losing = np.empty_like(best), np.empty(best.shape, np.bool_)
        slate[:, order], losing[:, order] = best, shown_score < 0
        first = np.flatnonzero(losing[:, 0])
        if len(first):  # the first rank must show something
            slate[first, 0] = _least_loss(best[first], shown_score[first], examined[order], examined[0])
        return leave_out(slate, losing)

    @override
    def best_slate_among(self, attraction: Floats, gain: Floats, choose: Chooser) -> Items:
        # At each rank no other slate has a higher score than the greedy one, so it is the best for any examination of the ranks.
        best = choose(np.asarray(attraction * gain, np.float64))
        slate = np.empty_like(best)
        slate[:, np.argsort(-self._ranks(best.shape[1]), kind="stable")] = best
        return slate

    def _ranks(self, slate_size: int) -> Floats:
        if slate_size > len(self.examination):
            raise ValueError(
                f"examination is given for {len(self.examination)} ranks and the slate has {slate_size}: give one per rank"
            )
        return self.examination[:slate_size]


def _least_loss(best: Items, shown_score: Floats, examined: Floats, at_first: float) -> Items:
    """(n,) the item at the first rank, if fewer items have a score of at least 0 than ranks are examined more often.

    It is either the last of these items, which then leaves its better rank empty, or the best item with a negative score.

    Args:
        best: (n, k) items, best first.
        shown_score: (n, k) the expected gain of each, given that it is examined.
        examined: (k,) the examination of the ranks, highest first.
        at_first: the examination of the first rank.
    """
    rows, losing = np.arange(len(best)), (shown_score >= 0).sum(axis=1)
    last = np.maximum(losing - 1, 0)
    moved = shown_score[rows, last] * (examined[last] - at_first)
    shown = -shown_score[rows, losing] * at_first
    return np.asarray(best[rows, np.where((losing > 0) & (moved < shown), last, losing)])
