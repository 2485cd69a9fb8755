"""What an agent estimates of answers: the chance of a click, and that a click converts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slategym.sim.objectives.base import CLICK, CONVERSION
from slategym.utils.short_repr import Brief

LEAST = 1e-4  # the least probability of a click that a rate stands for


@dataclass(frozen=True, repr=False)
class Estimates(Brief):
    """Estimated probabilities of n shoppers' answers to m items, or to C candidates.

    Attributes:
        click: (n, m) float32, of a click on the item at the best rank.
        conversion: (n, m) float32, that a click on the item converts.
    """

    click: NDArray[np.float32]
    conversion: NDArray[np.float32]

    @staticmethod
    def of_rates(
        click: NDArray[np.floating], converted: NDArray[np.floating], prior: tuple[float, float] = (0.0, 0.0)
    ) -> Estimates:
        """Estimates from rates of clicks and of conversions per examined impression, which need not be probabilities.

        Clicks are clipped to [`LEAST`, 1]; that a click converts is the ratio of both rates, clipped to [0, 1].

        Args:
            click: (n, m), clicks per examined impression.
            converted: (n, m), conversions per examined impression.
            prior: rates of clicks and of conversions that are added before the ratio is taken, which is noise where both are
                nearly 0.
        """
        clicked = np.clip(click, LEAST, 1)
        ratio = (np.maximum(converted, 0) + prior[1]) / (clicked + prior[0])
        return Estimates(clicked.astype(np.float32), np.clip(ratio, 0, 1).astype(np.float32))


def rates_of(agent: str, objective_names: Sequence[str]) -> tuple[int, int]:
    """The places of clicks and conversions among the objectives that an agent counts.

    Args:
        agent: its name, for the message.
        objective_names: what it counts, clicks among it.

    Raises:
        NotImplementedError: conversions are not among them.
    """
    if CONVERSION not in objective_names:
        raise NotImplementedError(f"{agent} counts {', '.join(objective_names)}: expected conversions among the objectives")
    return objective_names.index(CLICK), objective_names.index(CONVERSION)
