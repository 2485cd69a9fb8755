"""The multinomial model: at most one click, chosen among the items shown and no click."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from slategym.sim.click_models.base import Chooser, ClickKernel, ClickModel, Floats, Items, check_attraction, check_gains
from slategym.sim.selection import best_by_value
from slategym.utils.checked import checked
from slategym.utils.ranges import NonNegative


class Multinomial(ClickModel):
    """The multinomial logit: P(click i) = v_i / (no_click + sum of v), with attraction as the weight v (McFadden, 1974).

    There is at most one click, and ranks do not matter. Clicks are a race of exponential clocks -log(u) / v, one per item and
    one for no click, so that an item's clock does not depend on the other items. The best slate is exact: a value V can be
    reached if and only if some 1 to k items have sum v (g - V) >= no_click V, and Dinkelbach's iteration on V finds the optimum
    with a finite number of top-k selections, which leave out items with g < V, because these would take clicks from better ones
    (Rusmevichientong, Shen, Shmoys, Operations Research 58, 2010; Dinkelbach, Management Science 13, 1967).

    Args:
        no_click: the weight of no click, above 0.
    """

    exact_under_rules = True

    @checked
    def __init__(self, no_click: NonNegative = 1.0) -> None:
        if not (np.isfinite(no_click) and no_click > 0):
            raise ValueError(f"no_click is {no_click!r}: expected a finite weight above 0")
        self.no_click = float(no_click)

    @override
    def click_probability(self, attraction: Floats) -> Floats:
        check_attraction(attraction)
        return np.asarray(attraction / (self.no_click + attraction.sum(axis=1, keepdims=True)))

    @override
    def sample_clicks(self, attraction: Floats, item_uniforms: Floats, slate_uniforms: Floats) -> NDArray[np.bool_]:
        check_attraction(attraction, item_uniforms, slate_uniforms)
        shown = attraction > 0
        clocks = np.where(shown, -np.log1p(-item_uniforms) / np.where(shown, attraction, 1), np.inf)
        nothing = -np.log1p(-slate_uniforms) / self.no_click
        first = clocks.argmin(axis=1)
        result = np.zeros(attraction.shape, np.bool_)
        rows = np.flatnonzero(clocks[np.arange(len(clocks)), first] < nothing)
        result[rows, first[rows]] = True
        return result

    @override
    def kernel_parameters(self, slate_size: int) -> tuple[ClickKernel, NDArray[np.float64]]:
        return ClickKernel.MULTINOMIAL, np.full((1, slate_size), self.no_click, np.float64)

    @override
    def best_slate(self, attraction: Floats, gain: Floats, slate_size: int) -> Items:
        weight, gain = np.asarray(attraction, np.float64), np.asarray(gain, np.float64)
        check_gains(weight, gain, slate_size)
        return self._best_of(weight, gain, lambda scores: best_by_value(scores, slate_size))

    @override
    def best_slate_among(self, attraction: Floats, gain: Floats, choose: Chooser) -> Items:
        return self._best_of(np.asarray(attraction, np.float64), np.asarray(gain, np.float64), choose)

    def _best_of(self, weight: Floats, gain: Floats, choose: Chooser) -> Items:
        """(n, k) the best slates, where `choose` returns the slates with the highest sum of scores (n, m)."""
        slate = choose(weight * gain)
        value = self.value_of(weight, gain, slate)
        while True:
            better = choose(weight * (gain - value[:, None]))  # the slates with the highest sum v (g - value)
            reached = self.value_of(weight, gain, better)
            # The value rises at each step until it is optimal; rounding must not make the loop endless.
            rises = reached > value * (1 + np.sign(value) * 1e-12)
            if not rises.any():
                return slate
            slate[rises], value[rises] = better[rises], reached[rises]
