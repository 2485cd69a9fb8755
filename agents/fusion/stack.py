"""Stacking: a logistic regression on the log-odds of members' probabilities."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slategym.agents.fusion.held_out import softened
from slategym.utils.lazy_scipy import expit
from slategym.utils.optional import require

Floats = NDArray[np.floating]
FEWEST = 50  # smallest number of events, and of impressions without an event, for a fit; before, the stack is the mean log-odds
PRIOR = 2000.0  # weight of the mean of the log-odds, in events, when it is averaged with the regression
GROWTH = 0.2  # relative growth of the impressions before a new fit


def log_odds(chance: Floats) -> NDArray[np.float32]:
    """The log-odds of probabilities, which are clipped to [1e-4, 1 - 1e-4].

    Args:
        chance: probabilities, of any shape.
    """
    clipped = np.clip(chance, 1e-4, 1 - 1e-4)
    return np.asarray(np.log(clipped / (1 - clipped)), np.float32)


class Stack:
    """A logistic regression of events on the `softened` log-odds of J members (Wolpert, "Stacked generalization", 1992).

    The regression of scikit-learn is fitted to the last impressions whenever their number has grown by a fifth. Before the first
    fit, the prediction is the mean of the log-odds. Afterwards, the coefficients of the regression are averaged with those of the
    mean, which counts as `PRIOR` events: a regression on a few conversions is noisy, and the agent would show items whose values
    are overestimated. The coefficients are kept as arrays, so that saving needs no objects of another library.

    Args:
        members: J.
        capacity: largest number of impressions that are kept.
    """

    def __init__(self, members: int, capacity: int) -> None:
        self.capacity = capacity
        self.inputs = np.zeros((0, members), np.float32)
        self.happened = np.zeros(0, np.bool_)
        self.coefficients, self.intercept = np.full(members, 1 / members), 0.0
        self.new = 0  # impressions since the last fit

    def __call__(self, chances: Floats) -> NDArray[np.float32]:
        """(...) float32, the stacked probability for members' probabilities (J, ...)."""
        logits = np.tensordot(self.coefficients.astype(np.float32), log_odds(softened(chances)), 1) + np.float32(self.intercept)
        return np.asarray(expit(logits), np.float32)

    def learn(self, chances: Floats, happened: NDArray[np.bool_]) -> None:
        """Add impressions that members predicted before learning from them, and fit again if there are enough new ones.

        Args:
            chances: (J, l), predicted probabilities.
            happened: (l,), whether the event happened.
        """
        self.inputs = np.concatenate([self.inputs, log_odds(softened(chances)).T])[-self.capacity :]
        self.happened = np.concatenate([self.happened, happened])[-self.capacity :]
        self.new += len(happened)
        events = int(self.happened.sum())
        if self.new >= GROWTH * len(self.happened) / (1 + GROWTH) and min(events, len(self.happened) - events) >= FEWEST:
            self.fit()

    def fit(self) -> None:
        """Fit the regression to the impressions that are kept."""
        fitted = require("sklearn.linear_model", "peers").LogisticRegression().fit(self.inputs, self.happened)
        events = int(min(self.happened.sum(), (~self.happened).sum()))
        share = events / (events + PRIOR)
        self.coefficients = share * np.asarray(fitted.coef_[0], np.float64) + (1 - share) / self.inputs.shape[1]
        self.intercept, self.new = share * float(fitted.intercept_[0]), 0
