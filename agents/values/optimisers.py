"""Slates of the highest value, from the weight of each item in the shoppers' choice and the gain of a click on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from slategym.sim.choice import Choice, highest
from slategym.sim.click_models import Multinomial
from slategym.utils.lookup import choose

Optimiser = Literal["lp", "top-k", "greedy"]
Floats = NDArray[np.float64]
Slates = NDArray[np.int64]
# Takes scores (n, C); returns the slates (n, k) with the highest sums.
Chooser = Callable[[Floats], Slates]


def best_slates(optimiser: Optimiser, weight: Floats, gain: Floats, best: Chooser, choice: Callable[[], Choice]) -> Slates:
    """(n, k) int64, slates with a high expected gain sum v g / (1 + sum v), if shoppers click at most one item.

    The gain is relative to no click. "lp" finds the best of all slates of k items: it solves the linear program of SlateQ in its
    fractional form sum v g / (1 + sum v) by Dinkelbach's iteration, which takes a few top-k selections. "top-k" takes the items
    with the highest v g, and "greedy" fills each rank with the item that makes the value of the slate so far the highest; both
    are faster, but may miss the best slate. (Ie et al., "SlateQ", IJCAI 2019, section 5.)

    Args:
        optimiser: one of `Optimiser`.
        weight: (n, C) float64, v, the weight of each item in the multinomial logit, above 0; no click has weight 1.
        gain: (n, C) float64, g, the value of a click compared with no click.
        best: returns the slates with the highest sums of scores (n, C).
        choice: starts a choice of slates; used by "greedy".

    Raises:
        ValueError: there is no such optimiser.
    """
    choose("optimiser", optimiser, {name: name for name in get_args(Optimiser)})
    if optimiser == "top-k":
        return best(weight * gain)
    if optimiser == "lp":
        return Multinomial(1.0).best_slate_among(weight, gain, best)
    return _greedy(weight, gain, choice())


def _greedy(weight: Floats, gain: Floats, choice: Choice) -> Slates:
    rows = np.arange(len(weight))
    slate = np.empty((len(weight), choice.slate_size), np.int64)
    worth = weight * gain
    earned, total = np.zeros((len(weight), 1)), np.ones((len(weight), 1))
    for rank in range(choice.slate_size):
        column = highest((earned + worth) / (total + weight), choice.eligible())
        slate[:, rank] = column
        choice.take(column)
        earned[:, 0] += worth[rows, column]
        total[:, 0] += weight[rows, column]
    return slate
