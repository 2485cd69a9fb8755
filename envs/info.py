"""The info of a step: what Gymnasium returns in addition to observation and reward."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.logs.schema import behaviour_column
from slategym.sim.feedback import Feedback

Array = NDArray[Any]
Mask = NDArray[np.bool_]


def answer_in(feedback: Feedback) -> dict[str, Array]:
    """Copy the arrays (n, ...) of a feedback that belong to the info."""
    answer: dict[str, Array] = {
        "objectives": feedback.objectives.copy(),
        "clicks": feedback.clicks.copy(),
        "conversions": feedback.conversions.copy(),
        "revenue": feedback.revenue.copy(),
        **{behaviour_column(name): amount.copy() for name, amount in feedback.behaviours.items()},
    }
    if feedback.days_away is not None:
        answer["days_away"] = feedback.days_away.copy()
    return answer


def in_rows(rows: NDArray[np.int64], values: Array) -> Array:
    """Return a copy of values (n, ...) that is 0 outside the given rows (r,)."""
    from slategym.sim.kernel.batch import copy_rows  # compiled: imported on first use

    kept = np.zeros(values.shape, values.dtype)
    copy_rows(rows, values.reshape(len(values), -1), kept.reshape(len(values), -1))
    return kept


def with_masks(values: dict[str, Array], mask: Mask) -> dict[str, Any]:
    """Return Gymnasium's vector info: each array (n, ...) with the mask of the rows that have a value."""
    return values | {f"_{name}": mask.copy() for name in values}
