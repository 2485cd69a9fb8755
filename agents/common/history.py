"""Keeps the observations and decisions of the last steps, to find those that delayed conversions belong to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Decision, Observation
from slategym.agents.choosing.eligibility import stacked
from slategym.agents.common.step_buffer import StepBuffer
from slategym.sim.feedback import DelayedConversions, check_delayed
from slategym.utils.short_repr import Brief

MOST = 2**62  # upper bound of rows, ranks and items, whose numbers are not known here


@dataclass(frozen=True, repr=False)
class Recalled(Brief):
    """The impressions of delayed conversions, one row per conversion, as they were when shown.

    Attributes:
        observation: (l, o) float32.
        slate: (l, k) int64.
        propensity: (l, k) float32.
        delayed: the conversions, in the same order.
        allowed: (l, m) bool, the items that could be shown, or (l, C) for candidates; None: all.
    """

    observation: Observation
    slate: NDArray[np.int64]
    propensity: NDArray[np.float32]
    delayed: DelayedConversions
    allowed: NDArray[np.bool_] | None = None


class DecisionHistory:
    """Keeps the last observations and decisions, and finds those that delayed conversions belong to.

    For models that learn an impression at once and its delayed conversions when they arrive. For models that learn each
    impression once, see `DelayedFeedbackBuffer`.

    Args:
        longest_delay: the largest delay of a conversion, in steps; 0: nothing is kept.
    """

    def __init__(self, longest_delay: int) -> None:
        self._steps: StepBuffer[tuple[Observation, Decision]] = StepBuffer(longest_delay)

    def recall(self, delayed: DelayedConversions) -> Recalled | None:
        """Find the impressions of delayed conversions; call this before `remember` of the current step.

        Args:
            delayed: the delayed conversions of a feedback.

        Returns:
            The impressions; None if there are none. Conversions that are older than the history, or whose row did not exist at
            their step, are omitted.

        Raises:
            ValueError: a negative row, rank or item, or an age below 1.
        """
        check_delayed(delayed, MOST, MOST, MOST)
        if len(delayed) == 0:
            return None
        parts, masks = [], []
        for (observation, decision), entries in self._steps.arrivals(delayed):
            rows = delayed.row[entries]
            masks.append((None if decision.allowed is None else decision.allowed[rows], len(rows)))
            parts.append((entries, observation[rows], decision.slate[rows], decision.propensity[rows]))
        if not parts:
            return None
        order, observation, slate, propensity = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        if len(order) == 0:
            return None
        return Recalled(observation, slate, propensity, delayed.take(order), stacked(masks))

    def remember(self, observation: Observation, decision: Decision) -> None:
        """Keep a copy of a step; the caller may reuse its arrays.

        Args:
            observation: (n, o) float32.
            decision: the slates shown for it, with their propensities.

        Raises:
            ValueError: the numbers of observations, slates and rows of propensities differ.
        """
        if not len(observation) == len(decision.slate) == len(decision.propensity):
            raise ValueError(
                f"there are {len(observation)} observations, {len(decision.slate)} slates and {len(decision.propensity)} rows "
                "of propensities: expected the same number of each"
            )
        if self._steps.longest_delay:
            mask = None if decision.allowed is None else decision.allowed.copy()
            step = (observation.copy(), Decision(decision.slate.copy(), decision.propensity.copy(), allowed=mask))
            self._steps.push(step, len(observation))
