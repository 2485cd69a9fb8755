"""An agent's estimates: the probability of a click, and the probability that a click converts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slategym.sim.objectives.base import CLICK, CONVERSION
from slategym.utils.short_repr import Brief

LEAST = 1e-4  # smallest click probability that a rate is converted to


@dataclass(frozen=True, repr=False)
class Estimates(Brief):
    """Estimated probabilities that n shoppers click and convert m items, or C candidates.

    Attributes:
        click: (n, m) float32, the probability of a click on the item at the first rank.
        conversion: (n, m) float32, the probability that a click on the item converts.
    """

    click: NDArray[np.float32]
    conversion: NDArray[np.float32]

    @staticmethod
    def of_rates(
        click: NDArray[np.floating], converted: NDArray[np.floating], prior: tuple[float, float] = (0.0, 0.0)
    ) -> Estimates:
        """Estimates from clicks and conversions per examined impression, which need not lie between 0 and 1.

        The click probability is clipped to [`LEAST`, 1]. The conversion probability of a click is the ratio of both rates,
        clipped to [0, 1].

        Args:
            click: (n, m), clicks per examined impression.
            converted: (n, m), conversions per examined impression.
            prior: a click rate and a conversion rate that are added before the division, since the ratio is noisy where both
                rates are nearly 0.
        """
        clicked = np.clip(click, LEAST, 1)
        ratio = (np.maximum(converted, 0) + prior[1]) / (clicked + prior[0])
        return Estimates(clicked.astype(np.float32), np.clip(ratio, 0, 1).astype(np.float32))


def rates_of(agent: str, objective_names: Sequence[str]) -> tuple[int, int]:
    """The indices of clicks and conversions among the objectives that an agent counts.

    Args:
        agent: name of the agent, for the error message.
        objective_names: the objectives that it counts, including clicks.

    Raises:
        NotImplementedError: conversions are not among the objectives.
    """
    if CONVERSION not in objective_names:
        raise NotImplementedError(f"{agent} counts {', '.join(objective_names)}: expected conversions among the objectives")
    return objective_names.index(CLICK), objective_names.index(CONVERSION)
