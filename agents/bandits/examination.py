"""Which impressions of a slate were examined, by the clicks on it."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Examination = Literal["position", "cascade", "dependent-click"]


def read(examination: Examination, clicks: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    """(n, k) the impressions that were examined; None where that is only known as a probability, by the position.

    What was clicked was examined. In the cascade model shoppers read from the top down to the first click (Kveton, Szepesvari,
    Wen, Ashkan, ICML 2015); in the dependent-click model down to the last one at least (Katariya, Kveton, Szepesvari, Wen, ICML
    2016). Without a click they read everything.

    Args:
        examination: by which model.
        clicks: (n, k) bool.
    """
    if examination == "position":
        return None
    clicks = np.asarray(clicks, np.bool_)
    if examination == "cascade":
        return np.asarray((np.cumsum(clicks, axis=1) - clicks == 0) | clicks)
    clicks_from_here = np.cumsum(clicks[:, ::-1], axis=1)[:, ::-1]
    return np.asarray((clicks_from_here > 0) | ~clicks.any(axis=1, keepdims=True))
