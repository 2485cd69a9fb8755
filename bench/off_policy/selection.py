"""Chooses an option of an estimator from the data."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from slategym.bench.off_policy.sums import Sums


def slope(candidates: Sequence[Sums]) -> int:
    """The index of the candidate that SLOPE chooses.

    Candidates are ordered from the least bias to the least variance. Each estimate gets an interval of two standard errors to
    either side. SLOPE chooses the last candidate whose interval has a point in common with those of all candidates before it,
    because its bias is then still small compared with the standard errors (Su, Srinath, Krishnamurthy, "Adaptive estimator
    selection for off-policy evaluation", ICML 2020, with the standard error for CNF as in their experiments). With several
    objectives, this must hold for each.

    Args:
        candidates: the sums of each candidate, over the same rounds.

    Raises:
        ValueError: there is no candidate.
    """
    if not candidates:
        raise ValueError("there is no candidate: expected at least one")
    values = np.array([each.value for each in candidates])
    errors = np.array([np.sqrt(np.diagonal(each.covariance())) for each in candidates])
    errors = np.maximum.accumulate(errors[::-1], axis=0)[::-1]  # except for noise, they decrease along the candidates
    low = np.maximum.accumulate(values - 2 * errors, axis=0)
    high = np.minimum.accumulate(values + 2 * errors, axis=0)
    apart = ~(low <= high).all(axis=1)
    return max(int(apart.argmax()) - 1, 0) if apart.any() else len(candidates) - 1
