"""A slate and its answer as a small readable text."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slategym.sim.catalog import Catalog
from slategym.sim.feedback import Feedback


def slate_text(catalog: Catalog, slate: NDArray[np.int64], feedback: Feedback, row: int) -> str:
    """A line a rank: the item, its category and price, and what the shopper of that row did; a last line if that was the end."""
    lines = []
    for rank, item in enumerate(slate):
        deeds = "clicked" * bool(feedback.clicks[row, rank])
        if feedback.conversions[row, rank]:
            deeds += f", bought for {feedback.revenue[row, rank]:.2f}"
        about = f"item {catalog.name(int(item))} of category {catalog.category[item]} at {catalog.price[item]:.2f}"
        lines.append(f"{rank + 1:2d}. {about}  {deeds}".rstrip())
    if feedback.left[row]:
        lines.append("the shopper left")
    elif feedback.ended[row]:
        lines.append("the last visit")
    return "\n".join(lines)
