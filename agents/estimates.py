"""What an agent estimates of answers: the chance of a click, and that a click converts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slategym.utils.short_repr import Brief


@dataclass(frozen=True, repr=False)
class Estimates(Brief):
    """Estimated probabilities of n shoppers' answers to m items, or to C candidates.

    Attributes:
        click: (n, m) float32, of a click on the item at the best rank.
        conversion: (n, m) float32, that a click on the item converts.
    """

    click: NDArray[np.float32]
    conversion: NDArray[np.float32]
