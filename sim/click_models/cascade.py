"""Models of shoppers who read from the top: the cascade stops at a click, the dependent-click model may continue after it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from typing_extensions import override

from slategym.sim.click_models.base import ClickKernel, ClickModel, Floats, Items, check_attraction, check_gains
from slategym.sim.click_models.coordinate_ascent import coordinate_ascent
from slategym.sim.selection import best_by_value, top_k
from slategym.sim.slate import leave_out
from slategym.utils.arrays import check_finite


def reached(goes_on: Floats) -> Floats:
    """(n, k) the probability of reaching each rank, given the probability of continuing from each rank to the next."""
    return np.cumprod(np.concatenate([np.ones_like(goes_on[:, :1]), goes_on[:, :-1]], axis=1), axis=1)


def best_cascade(attraction: Floats, gain: Floats, slate_size: int) -> Items:
    """(n, k) the exact best slate of a cascade with unequal gains, in O(m k) per shopper.

    For a given set of items the best order is by gain, highest first: exchanging neighbours i, j changes the value by
    a_i a_j (g_i - g_j). In that order a dynamic programme includes or skips each item:
    V(i, r) = max(V(i + 1, r), a_i g_i + (1 - a_i) V(i + 1, r - 1)), with r ranks to fill from items i, i + 1, ...
    Items with negative gain come last and only reduce the value: they are left out, except for the one that loses least if all
    gains are negative.

    Raises:
        ValueError: there are fewer items than ranks, or a number is not finite.
    """
    check_gains(attraction, gain, slate_size)
    check_finite(attraction, attraction.shape, "attraction")
    check_finite(gain, attraction.shape, "gain")
    n, m = attraction.shape
    order = np.argsort(-gain, axis=1, kind="stable")
    a = np.take_along_axis(attraction, order, axis=1).astype(np.float64).T
    ag = a * np.take_along_axis(gain, order, axis=1).T
    best = np.full((n, slate_size + 1), -np.inf)
    best[:, 0] = 0
    taken = np.zeros((m, n, slate_size), np.bool_)
    for item in range(m - 1, -1, -1):
        reach = min(slate_size, m - item)  # no more ranks than items left
        take = ag[item][:, None] + (1 - a[item][:, None]) * best[:, :reach]
        np.greater_equal(take, best[:, 1 : reach + 1], out=taken[item, :, :reach])
        np.maximum(best[:, 1 : reach + 1], take, out=best[:, 1 : reach + 1])
    slate = np.empty((n, slate_size), np.int64)
    rows, filled = np.arange(n), np.zeros(n, np.int64)
    for item in range(m):
        open_ = filled < slate_size
        chosen = rows[open_ & taken[item, rows, np.where(open_, slate_size - 1 - filled, 0)]]
        slate[chosen, filled[chosen]] = order[chosen, item]
        filled[chosen] += 1
    losing = np.take_along_axis(gain, slate, axis=1) < 0
    alone = np.flatnonzero(losing[:, 0])
    slate[alone, 0] = top_k(attraction[alone] * gain[alone], 1)[:, 0]
    return leave_out(slate, losing)


class Cascade(ClickModel):
    """The cascade model: a shopper reads from the top, clicks an item with its attraction as probability, and stops at the click.

    There is at most one click (Craswell, Zoeter, Taylor, Ramsey, WSDM 2008). The best slate is exact, by dynamic programming.
    """

    largest_attraction = 1.0

    @override
    def click_probability(self, attraction: Floats) -> Floats:
        check_attraction(attraction)
        return reached(1 - attraction) * attraction

    @override
    def sample_clicks(self, attraction: Floats, item_uniforms: Floats, slate_uniforms: Floats) -> NDArray[np.bool_]:
        check_attraction(attraction, item_uniforms, slate_uniforms)
        drawn = item_uniforms < attraction
        return np.asarray(drawn & (np.cumsum(drawn, axis=1) == 1))

    @override
    def kernel_parameters(self, slate_size: int) -> tuple[ClickKernel, NDArray[np.float64]]:
        return ClickKernel.DEPENDENT_CLICK, np.zeros((1, slate_size))  # never continues after a click

    @override
    def best_slate(self, attraction: Floats, gain: Floats, slate_size: int) -> Items:
        return best_cascade(attraction, gain, slate_size)


class DependentClick(ClickModel):
    """The dependent-click model: a cascade that continues after a click at rank r with probability continuation[r].

    Guo, Liu, Wang, "Efficient multiple-click models in web search", WSDM 2009. If all ranks have the same continuation, the best
    slate is exact: it is that of a cascade with attraction (1 - continuation) a and gain g / (1 - continuation). If they differ,
    no polynomial algorithm is known to us: the slate comes from coordinate ascent, and `bound` from the relaxation that may
    repeat items.

    Args:
        continuation: one probability for all ranks, or one per rank.
    """

    largest_attraction = 1.0

    def __init__(self, continuation: ArrayLike = 0.5) -> None:
        self.continuation = np.asarray(continuation, np.float64)
        if self.continuation.ndim > 1 or not ((self.continuation >= 0) & (self.continuation <= 1)).all():
            raise ValueError(f"continuation must be a probability in [0, 1], or one per rank; got {continuation!r}")
        self.exact = self.continuation.size == 1 or bool((self.continuation == self.continuation[0]).all())

    @override
    def click_probability(self, attraction: Floats) -> Floats:
        check_attraction(attraction)
        return reached(1 - attraction * (1 - self._ranks(attraction.shape[1]))) * attraction

    @override
    def sample_clicks(self, attraction: Floats, item_uniforms: Floats, slate_uniforms: Floats) -> NDArray[np.bool_]:
        check_attraction(attraction, item_uniforms, slate_uniforms)
        drawn = item_uniforms < attraction
        # Given that it is below the attraction, the uniform is uniform again: in its upper part, the shopper stops reading.
        stops = drawn & (item_uniforms >= attraction * self._ranks(attraction.shape[1]))
        return np.asarray(drawn & (np.cumsum(stops, axis=1) - stops == 0))

    @override
    def kernel_parameters(self, slate_size: int) -> tuple[ClickKernel, NDArray[np.float64]]:
        return ClickKernel.DEPENDENT_CLICK, np.array(np.broadcast_to(self.continuation, (1, slate_size)))

    @override
    def best_slate(self, attraction: Floats, gain: Floats, slate_size: int) -> Items:
        if not self.exact:
            return coordinate_ascent(self, attraction, gain, slate_size)
        check_gains(attraction, gain, slate_size)
        stop = 1 - float(self.continuation.flat[0])
        # Shoppers who always continue see every rank: gains add up.
        if stop == 0:
            return best_by_value(attraction * gain, slate_size)
        return best_cascade(attraction * stop, gain / stop, slate_size)

    @override
    def bound(self, attraction: Floats, gain: Floats, slate_size: int) -> NDArray[np.float64]:
        if self.exact:
            return super().bound(attraction, gain, slate_size)
        check_gains(attraction, gain, slate_size)
        value = np.zeros((len(attraction), 1))
        for rank, stop in reversed(list(enumerate(1 - self._ranks(slate_size)))):
            shown = (attraction * gain + (1 - attraction * stop) * value).max(axis=1, keepdims=True)
            value = np.maximum(shown, value) if rank else shown  # any rank but the first may be left empty
        return value[:, 0]

    def _ranks(self, slate_size: int) -> Floats:
        if self.continuation.ndim == 0:
            return np.full(slate_size, self.continuation)
        if slate_size > len(self.continuation):
            raise ValueError(
                f"continuation is given for {len(self.continuation)} ranks and the slate has {slate_size}: give one per rank"
            )
        return self.continuation[:slate_size]
