"""Impressions that members predicted before they learned them, with the answers: what fusions learn from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slategym.agents.common.step_buffer import StepBuffer
from slategym.agents.problem import Decision
from slategym.sim.feedback import Feedback
from slategym.utils.short_repr import Brief

Numbers = NDArray[np.float32]
SOFT = 0.1
MOST = 10.0  # weight of an impression, relative to the mean of its step


@dataclass(frozen=True, repr=False)
class HeldOut(Brief):
    """The impressions of n slates, predicted by J members before they learned them.

    Attributes:
        click: (J, n, k) float32, each member's probability of a click at the best rank.
        conversion: (J, n, k) float32, that a click converts.
        clicks: (n, k) bool.
        conversions: (n, k) bool, delayed ones among them.
        weight: (n, k) float64, of each impression, with mean 1: one over its propensity, at most `MOST` times the mean.
    """

    click: Numbers
    conversion: Numbers
    clicks: NDArray[np.bool_]
    conversions: NDArray[np.bool_]
    weight: NDArray[np.float64]


class HeldOutBuffer:
    """Keeps the last impressions until their delayed conversions have arrived.

    Args:
        longest_delay: the most steps by which a conversion is delayed.
    """

    def __init__(self, longest_delay: int) -> None:
        self._steps: StepBuffer[HeldOut] = StepBuffer(longest_delay)

    def __call__(self, click: Numbers, conversion: Numbers, decision: Decision, feedback: Feedback) -> HeldOut | None:
        """Add the present step and return the one that is complete now, if there is one yet.

        Args:
            click: (J, n, k) float32, predicted before the answer was learned.
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
    """(n, k) weights with mean 1 by which impressions stand for slates that were drawn uniformly.

    They are one over the propensity, normalised (self-normalised inverse propensities, Swaminathan, Joachims, NIPS 2015) and
    clipped, since a few would dominate. What is not known counts 1.

    Args:
        propensity: (n, k), the probability of each choice; NaN if unknown.
    """
    known = np.isfinite(propensity) & (propensity > 0)
    weight = np.where(known, 1 / np.where(known, propensity, 1), np.nan).astype(np.float64)
    mean = np.nanmean(weight) if known.any() else 1.0
    weight = np.where(known, np.minimum(weight / mean, MOST), 1.0)
    return np.asarray(weight / weight.mean())


def softened(chances: NDArray[np.floating]) -> NDArray[np.floating]:
    """(J, ...) members' probabilities with a tenth of the mean of all members in each.

    A member that clips its probabilities at 0 is then not lost by a single event: none has a log-loss of more than ln(10) beyond
    that of the mean.

    Args:
        chances: (J, ...).
    """
    return np.asarray((1 - SOFT) * chances + SOFT * chances.mean(axis=0))


def log_loss(chance: NDArray[np.floating], happened: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The log-loss of probabilities, clipped so that none is above `-log(1e-4)`.

    Args:
        chance: of any shape.
        happened: that it is broadcast with.
    """
    clipped = np.clip(chance, 1e-4, 1 - 1e-4).astype(np.float64)
    return np.asarray(-np.log(np.where(happened, clipped, 1 - clipped)))
