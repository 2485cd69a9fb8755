"""The items that each shopper clicked last."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NONE = -1  # an entry without a click


def with_clicks(recent: NDArray[np.int64], shown: NDArray[np.int64], clicks: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(n, L) the last clicked items, the latest last, after a visit; its clicks count in the order of the ranks.

    Args:
        recent: (n, L) int64, before the visit; -1 for entries without a click.
        shown: (n, k) int64, the items of the visit.
        clicks: (n, k) bool.
    """
    joined = np.concatenate([recent, np.where(clicks, shown, NONE)], axis=1)
    # Clicked items move to the end and keep their order.
    order = np.argsort(joined != NONE, axis=1, kind="stable")[:, joined.shape[1] - recent.shape[1] :]
    return np.take_along_axis(joined, order, axis=1)


def texts_of(recent: NDArray[np.int64], texts: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The texts of each row's items; entries without an item are omitted.

    Args:
        recent: (n, L) int64, -1 for entries without an item.
        texts: (m,) of all items.
    """
    return [tuple(texts[item] for item in row if item != NONE) for row in recent.tolist()]
