"""The last decisions, for learning the delayed conversions of their impressions."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Decision, Observation
from slategym.sim.feedback import DelayedConversions, check_delayed
from slategym.utils.short_repr import Brief

MOST = 2**62  # of rows, ranks and items, where nothing says how many there are


@dataclass(frozen=True, repr=False)
class Recalled(Brief):
    """The impressions behind delayed conversions, one entry each, as they were when shown.

    Attributes:
        observation: (l, o) float32.
        slate: (l, k) int64.
        propensity: (l, k) float32.
        delayed: the conversions, in the same order.
    """

    observation: Observation
    slate: NDArray[np.int64]
    propensity: NDArray[np.float32]
    delayed: DelayedConversions


class DecisionHistory:
    """The last observations and decisions, to find those that delayed conversions belong to.

    `DelayedFeedbackBuffer` is for models that cannot take back what they learned.

    Args:
        steps: the most steps that a conversion can be delayed; 0 keeps nothing.
    """

    def __init__(self, steps: int) -> None:
        self._steps: deque[tuple[Observation, Decision]] = deque(maxlen=steps)

    def recall(self, delayed: DelayedConversions) -> Recalled | None:
        """The impressions of delayed conversions that arrive now; call it before `remember` of the present step.

        Those older than the history, or of a batch of another size, are left out; None if there are none.

        Args:
            delayed: l conversions.

        Raises:
            ValueError: a negative row, rank or item, or an age below 1.
        """
        check_delayed(delayed, MOST, MOST, MOST)
        if len(delayed) == 0 or not self._steps:
            return None
        found = [(age, np.flatnonzero(delayed.age == age)) for age in range(1, len(self._steps) + 1)]
        parts = []
        for age, entries in found:
            observation, decision = self._steps[-age]
            entries = entries[delayed.row[entries] < len(observation)]
            rows = delayed.row[entries]
            parts.append((entries, observation[rows], decision.slate[rows], decision.propensity[rows]))
        order, observation, slate, propensity = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        if len(order) == 0:
            return None
        return Recalled(
            observation,
            slate,
            propensity,
            replace(
                delayed,
                row=delayed.row[order],
                age=delayed.age[order],
                rank=delayed.rank[order],
                item=delayed.item[order],
                revenue=delayed.revenue[order],
            ),
        )

    def remember(self, observation: Observation, decision: Decision) -> None:
        """Keep a step; copies, since the caller may reuse its arrays.

        Args:
            observation: (n, o).
            decision: for it.

        Raises:
            ValueError: not one slate, and one row of propensities, for each observation.
        """
        if not len(observation) == len(decision.slate) == len(decision.propensity):
            raise ValueError(
                f"there are {len(observation)} observations, {len(decision.slate)} slates and {len(decision.propensity)} rows "
                "of propensities: expected as many of each"
            )
        if self._steps.maxlen:
            self._steps.append((observation.copy(), Decision(decision.slate.copy(), decision.propensity.copy())))
