"""The user browsing model: examination depends on the rank and on its distance from the last click above."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from typing_extensions import override

from slategym.sim.click_models.base import ClickKernel, ClickModel, Floats, Items, check_attraction, check_gains
from slategym.sim.click_models.coordinate_ascent import coordinate_ascent
from slategym.utils.checked import checked
from slategym.utils.ranges import PositiveShare, SlateSize


class UserBrowsing(ClickModel):
    """The user browsing model: examination depends on the rank and on its distance from the last click above.

    P(examine rank r | last click at rank j) = examination[r, r - j - 1], with j = -1 if nothing was clicked (Dupret, Piwowarski,
    "A user browsing model to predict search engine click data", SIGIR 2008).

    No polynomial algorithm for the best slate is known to us: `best_slate` is coordinate ascent. `bound` is the value of a
    relaxation in which a shop may show an item again as if it were new, leave ranks empty, and choose each rank with knowledge of
    the clicks above it.

    Args:
        examination: (k, k) probabilities; row r holds those of rank r for distances 0..r from the rank below the last click.
    """

    largest_attraction = 1.0
    exact = False

    def __init__(self, examination: ArrayLike) -> None:
        self.examination = np.asarray(examination, np.float64)
        shape = self.examination.shape
        if len(shape) != 2 or shape[0] != shape[1] or not ((self.examination >= 0) & (self.examination <= 1)).all():
            raise ValueError(f"examination must be a square of probabilities, rank by distance; got shape {shape}")

    @classmethod
    @checked
    def geometric(
        cls, slate_size: SlateSize, rank_decay: PositiveShare = 0.95, distance_decay: PositiveShare = 0.85
    ) -> UserBrowsing:
        """Make the model with examination rank_decay**rank * distance_decay**distance.

        Args:
            slate_size: k.
            rank_decay: factor per rank.
            distance_decay: factor per rank since the last click.
        """
        steps = np.arange(slate_size)
        return cls(rank_decay ** steps[:, None] * distance_decay ** steps[None, :])

    def _given_last(self, rank: int, slate_size: int) -> Floats:
        """(rank + 1,) examination of a rank if the last click was at -1, 0, ..., rank - 1."""
        if slate_size > len(self.examination):
            raise ValueError(
                f"examination is given for {len(self.examination)} ranks and the slate has {slate_size}: give one row per rank"
            )
        return self.examination[rank, rank::-1]

    @override
    def click_probability(self, attraction: Floats) -> Floats:
        check_attraction(attraction)
        n, k = attraction.shape
        last = np.zeros((n, k + 1))  # P(last click at rank j - 1) so far
        last[:, 0] = 1
        result = np.empty((n, k))
        for rank in range(k):
            clicked = last[:, : rank + 1] * (self._given_last(rank, k) * attraction[:, rank, None])
            result[:, rank] = clicked.sum(axis=1)
            last[:, : rank + 1] -= clicked
            last[:, rank + 1] = result[:, rank]
        return result

    @override
    def sample_clicks(self, attraction: Floats, item_uniforms: Floats, slate_uniforms: Floats) -> NDArray[np.bool_]:
        check_attraction(attraction, item_uniforms, slate_uniforms)
        n, k = attraction.shape
        last = np.zeros(n, np.int64)
        result = np.empty((n, k), np.bool_)
        for rank in range(k):
            result[:, rank] = item_uniforms[:, rank] < attraction[:, rank] * self._given_last(rank, k)[last]
            last[result[:, rank]] = rank + 1
        return result

    @override
    def kernel_parameters(self, slate_size: int) -> tuple[ClickKernel, NDArray[np.float64]]:
        return ClickKernel.USER_BROWSING, np.array(self.examination[:slate_size, :slate_size])

    @override
    def best_slate(self, attraction: Floats, gain: Floats, slate_size: int) -> Items:
        return coordinate_ascent(self, attraction, gain, slate_size)

    @override
    def bound(self, attraction: Floats, gain: Floats, slate_size: int) -> NDArray[np.float64]:
        check_gains(attraction, gain, slate_size)
        after = np.zeros((len(attraction), slate_size + 1))  # value of the ranks below, by the last click
        for rank in range(slate_size - 1, -1, -1):
            examined = self._given_last(rank, slate_size)
            now = np.empty((len(attraction), rank + 1))
            for j in range(rank + 1):
                click = attraction * examined[j]
                now[:, j] = (click * (gain + after[:, rank + 1, None]) + (1 - click) * after[:, j, None]).max(axis=1)
            if rank:  # any rank but the first may be left empty
                np.maximum(now, after[:, : rank + 1], out=now)
            after[:, : rank + 1] = now
        return after[:, 0]
