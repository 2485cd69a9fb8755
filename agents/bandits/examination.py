"""Infers from clicks which impressions of a slate were examined."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Examination = Literal["position", "cascade", "dependent-click"]


def read(examination: Examination, clicks: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    """(n, k) the impressions that were examined; None for "position", in which only the probability of each rank is known.

    Clicked items were examined. In the cascade model, shoppers read from the top down to the first click (Kveton, Szepesvari,
    Wen, Ashkan, ICML 2015); in the dependent-click model, at least down to the last click (Katariya, Kveton, Szepesvari, Wen,
    ICML 2016). Without a click, they read the whole slate.

    Args:
        examination: the model of examination.
        clicks: (n, k) bool.
    """
    if examination == "position":
        return None
    clicks = np.asarray(clicks, np.bool_)
    if examination == "cascade":
        return np.asarray((np.cumsum(clicks, axis=1) - clicks == 0) | clicks)
    clicks_from_here = np.cumsum(clicks[:, ::-1], axis=1)[:, ::-1]
    return np.asarray((clicks_from_here > 0) | ~clicks.any(axis=1, keepdims=True))
