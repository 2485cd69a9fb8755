"""Impressions that members predicted before learning from them, with their outcomes, as training data of fusions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slategym.agents.common.step_buffer import StepBuffer
from slategym.agents.problem import Decision
from slategym.sim.feedback import Feedback
from slategym.utils.short_repr import Brief

Numbers = NDArray[np.float32]
SOFT = 0.1  # share of the mean of all members in `softened`
MOST = 10.0  # largest weight of an impression, relative to the mean of its step


@dataclass(frozen=True, repr=False)
class HeldOut(Brief):
    """The impressions of n slates, predicted by J members before they learned from them.

    Attributes:
        click: (J, n, k) float32, each member's probability of a click at the first rank.
        conversion: (J, n, k) float32, each member's probability that a click converts.
        clicks: (n, k) bool.
        conversions: (n, k) bool, including delayed conversions.
        weight: (n, k) float64, the weight of each impression: 1 / propensity, at most `MOST` times the mean, scaled to mean 1.
    """

    click: Numbers
    conversion: Numbers
    clicks: NDArray[np.bool_]
    conversions: NDArray[np.bool_]
    weight: NDArray[np.float64]


class HeldOutBuffer:
    """Keeps the last impressions until their delayed conversions have arrived.

    Args:
        longest_delay: the largest delay of a conversion, in steps.
    """

    def __init__(self, longest_delay: int) -> None:
        self._steps: StepBuffer[HeldOut] = StepBuffer(longest_delay)

    def __call__(self, click: Numbers, conversion: Numbers, decision: Decision, feedback: Feedback) -> HeldOut | None:
        """Add the current step, and return the step that is complete now, or None.

        Args:
            click: (J, n, k) float32, predicted before learning from the feedback.
            conversion: (J, n, k) float32, as `click`.
            decision: the slates, checked.
            feedback: the answer to them, checked.
        """
        for step, entries in self._steps.arrivals(feedback.delayed):
            step.conversions[feedback.delayed.row[entries], feedback.delayed.rank[entries]] = True
        weight = corrected(decision.propensity)
        step = HeldOut(click, conversion, feedback.clicks.copy(), feedback.conversions.copy(), weight)
        return self._steps.push(step, len(weight))


def corrected(propensity: Numbers) -> NDArray[np.float64]:
    """(n, k) weights with mean 1 that correct impressions to those of uniformly drawn slates.

    The weights are 1 / propensity, normalised (self-normalised inverse propensities, Swaminathan, Joachims, NIPS 2015) and
    clipped, so that a few do not dominate. The weight of an unknown propensity is 1 before the final normalisation.

    Args:
        propensity: (n, k), the probability of each choice; NaN if unknown.
    """
    known = np.isfinite(propensity) & (propensity > 0)
    weight = np.where(known, 1 / np.where(known, propensity, 1), np.nan).astype(np.float64)
    mean = np.nanmean(weight) if known.any() else 1.0
    weight = np.where(known, np.minimum(weight / mean, MOST), 1.0)
    return np.asarray(weight / weight.mean())


def softened(chances: NDArray[np.floating]) -> NDArray[np.floating]:
    """(J, ...) members' probabilities, mixed with a tenth of the mean of all members.

    The log-loss of a member is then at most ln(10) above the log-loss of the mean, so that a member that predicts a probability
    of 0 is not excluded by a single event.

    Args:
        chances: (J, ...).
    """
    return np.asarray((1 - SOFT) * chances + SOFT * chances.mean(axis=0))


def log_loss(chance: NDArray[np.floating], happened: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The log-loss of probabilities, clipped to at most `-log(1e-4)`.

    Args:
        chance: probabilities, of any shape.
        happened: whether the events happened; broadcast with `chance`.
    """
    clipped = np.clip(chance, 1e-4, 1 - 1e-4).astype(np.float64)
    return np.asarray(-np.log(np.where(happened, clipped, 1 - clipped)))
