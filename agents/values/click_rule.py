"""How shoppers choose from a slate: at most one item by the multinomial logit, or each rank for itself."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from slategym.agents.common.position_bias import PositionBiasEstimator

ClickRule = Literal["auto", "multinomial", "position-based"]
Floats = NDArray[np.float64]
LARGEST = 10.0  # of a logit, on either side


class ClickChances:
    """The probability of a click on each item of a slate, from the odds v of a click on it.

    "multinomial" is the conditional choice of SlateQ: at most one click, P(i) = v_i / (1 + sum of v over the slate).
    "position-based" clicks rank by rank, P(click at rank r) = examination[r] v / (1 + v), with examinations that are learned.

    Args:
        rule: "multinomial", "position-based", or "auto": the former until a slate gets several clicks, and the latter from then
            on.
        slate_size: k.
    """

    def __init__(self, rule: ClickRule, slate_size: int) -> None:
        self.auto, self.single = rule == "auto", rule != "position-based"
        self.position_bias = PositionBiasEstimator(slate_size)
        self.clicked, self.attracted = np.zeros(slate_size), np.zeros(slate_size)

    @property
    def examination(self) -> Floats:
        """(k,) of each rank, at most 1."""
        relative = self.position_bias.relative
        return np.asarray(relative / relative.max())

    def __call__(self, odds: Floats) -> Floats:
        """(n, k) the probabilities of clicks, for the odds (n, k) of the items of slates."""
        if self.single:
            return np.asarray(odds / (1 + odds.sum(axis=1, keepdims=True)))
        return np.asarray(self.examination * odds / (1 + odds))

    def learn(self, clicks: NDArray[np.bool_], odds: Floats) -> None:
        """Learn how ranks are examined, and whether there is more than one click.

        Args:
            clicks: (n, k).
            odds: (n, k) of the items shown, as they are estimated before.
        """
        if self.auto and (clicks.sum(axis=1) > 1).any():
            self.single = False
        self.clicked += clicks.sum(axis=0)
        self.attracted += (odds / (1 + odds)).sum(axis=0)
        self.position_bias.update(self.clicked, self.attracted)
