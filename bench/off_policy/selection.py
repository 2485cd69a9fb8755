"""The choice of an estimator's option by the data."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from slategym.bench.off_policy.sums import Sums


def slope(candidates: Sequence[Sums]) -> int:
    """The number of the candidate that SLOPE chooses.

    Candidates come from the least bias to the least variance. Around each estimate stands an interval of two standard errors to
    either side; the last candidate is chosen whose interval, and those of all before it, have a point in common, for then its
    bias is still small beside their spread (Su, Srinath, Krishnamurthy, "Adaptive estimator selection for off-policy
    evaluation", ICML 2020, with the standard error for CNF as in their experiments). Of several objectives all
    must meet.

    Args:
        candidates: the sums of each, over the same rounds.

    Raises:
        ValueError: there is none.
    """
    if not candidates:
        raise ValueError("there is no candidate: expected at least one")
    values = np.array([each.value for each in candidates])
    errors = np.array([np.sqrt(np.diagonal(each.covariance())) for each in candidates])
    errors = np.maximum.accumulate(errors[::-1], axis=0)[::-1]  # they fall along the candidates, but for noise
    low = np.maximum.accumulate(values - 2 * errors, axis=0)
    high = np.minimum.accumulate(values + 2 * errors, axis=0)
    apart = ~(low <= high).all(axis=1)
    return max(int(apart.argmax()) - 1, 0) if apart.any() else len(candidates) - 1
