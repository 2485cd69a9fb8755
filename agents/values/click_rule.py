"""How shoppers choose from a slate: at most one item (multinomial logit), or each rank independently."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from slategym.agents.common.position_bias import PositionBiasEstimator

ClickRule = Literal["auto", "multinomial", "position-based"]
Floats = NDArray[np.float64]
LARGEST = 10.0  # largest absolute value of a logit


class ClickChances:
    """The probability of a click on each item of a slate, from the odds v of each item.

    "multinomial" is the choice model of SlateQ: at most one click, P(i) = v_i / (1 + sum of v over the slate). "position-based"
    treats ranks independently, P(click at rank r) = examination[r] v / (1 + v), with learned examinations.

    Args:
        rule: "multinomial", "position-based", or "auto": multinomial until a slate gets several clicks, and position-based from
            then on.
        slate_size: k.
    """

    def __init__(self, rule: ClickRule, slate_size: int) -> None:
        self.auto, self.single = rule == "auto", rule != "position-based"
        self.position_bias = PositionBiasEstimator(slate_size)
        self.clicked, self.attracted = np.zeros(slate_size), np.zeros(slate_size)

    @property
    def examination(self) -> Floats:
        """(k,) the examination of each rank, at most 1."""
        relative = self.position_bias.relative
        return np.asarray(relative / relative.max())

    def __call__(self, odds: Floats) -> Floats:
        """(n, k) the probabilities of clicks, from the odds (n, k) of the items in slates."""
        if self.single:
            return np.asarray(odds / (1 + odds.sum(axis=1, keepdims=True)))
        return np.asarray(self.examination * odds / (1 + odds))

    def learn(self, clicks: NDArray[np.bool_], odds: Floats) -> None:
        """Learn the examination of ranks, and whether slates get more than one click.

        Args:
            clicks: (n, k).
            odds: (n, k) of the items shown, as estimated before the clicks.
        """
        if self.auto and (clicks.sum(axis=1) > 1).any():
            self.single = False
        self.clicked += clicks.sum(axis=0)
        self.attracted += (odds / (1 + odds)).sum(axis=0)
        self.position_bias.update(self.clicked, self.attracted)
