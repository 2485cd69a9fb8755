"""The effect of a click on later visits: a regression of leaving on past clicks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FADING = 0.9  # factor by which the effect of a click shrinks at each visit
RIDGE = 1000.0  # strength of the ridge penalty, in visits

Floats = NDArray[np.floating]


class StayingModel:
    """The effect of a click on each item on how long a shopper stays, and the mean rewards of an episode.

    Whether a shopper leaves after a visit is regressed on the context and on a decaying sum over the shopper's visits: of the
    features of the clicked items, and of the number of clicks. A click counts at all later visits, with less weight at each.
    Its effect is therefore the prediction for its item, summed over the later visits: the expected number of departures that
    the click prevents. Each prevented departure is worth about one episode, and is valued at the mean of all episodes.

    Every visit is used at once, and the shoppers' tastes do not bias the estimate. A regression of later rewards would be biased:
    shoppers who click much also earn much later, and it would count this as an effect of the clicks.

    Args:
        features: (m, d) float32, standardised, of the items.
        context: c, the number of context columns.
        objectives: M, the number of objectives.
    """

    def __init__(self, features: NDArray[np.float32], context: int, objectives: int) -> None:
        self.features = features
        self.width = features.shape[1] + 1
        self.sums = np.zeros((context + 1 + self.width, context + 1 + self.width))
        self.moments = np.zeros(len(self.sums))
        self.visits, self.leavings, self.stays = 0, 0, 0
        self.earned = np.zeros(objectives)
        self.coefficients = np.zeros(self.width)
        self.forget_shoppers()

    def forget_shoppers(self) -> None:
        """Forget the clicks of the present shoppers, because the rows will belong to other shoppers."""
        self.memory = np.zeros((0, self.width))  # the decaying sum of the present shopper in each row

    def grow(self, features: NDArray[np.float32]) -> None:
        """Add items.

        Args:
            features: (m + f, d) float32, of all items.
        """
        self.features = features

    def learn(
        self,
        context: NDArray[np.float32],
        items: NDArray[np.int64],
        clicks: NDArray[np.bool_],
        objectives: Floats,
        terminated: NDArray[np.bool_],
        truncated: NDArray[np.bool_],
    ) -> None:
        """Learn from a visit of n shoppers.

        Args:
            context: (n, c) float32, standardised.
            items: (n, k) the items shown.
            clicks: (n, k).
            objectives: (n, M), the rewards of the visit.
            terminated: (n,) the shoppers who left.
            truncated: (n,) the shoppers whose simulated period ended; whether they would have left is unknown.
        """
        n = len(terminated)
        if n != len(self.memory):  # another batch: the past clicks of its shoppers are unknown
            self.memory = np.zeros((n, self.width))
        clicked = np.einsum("nk,nkd->nd", clicks.astype(np.float32), self.features[items])
        self.memory = FADING * self.memory + np.concatenate([clicked, clicks.sum(axis=1, keepdims=True)], axis=1)
        known = ~truncated
        design = np.concatenate([np.ones((n, 1)), context, self.memory], axis=1)[known]
        self.sums += design.T @ design
        self.moments -= design.T @ terminated[known]
        self.visits += int(known.sum())
        self.leavings += int(terminated.sum())
        self.stays += int((terminated | truncated).sum())
        self.earned += objectives.sum(axis=0, dtype=np.float64)
        self.memory[terminated | truncated] = 0
        if self.leavings in (0, self.visits):  # nobody leaves, or everybody does whatever they clicked, as after a single visit
            return
        scale = np.sqrt(np.diag(self.sums) / self.visits + 1e-9)
        standard = self.sums / np.outer(scale, scale) + RIDGE * np.eye(len(scale))
        self.coefficients = (np.linalg.solve(standard, self.moments / scale) / scale)[-self.width :]

    def effects(self) -> NDArray[np.float32]:
        """(m,) by how much a click on each item lowers the expected number of departures in all later visits."""
        stays = 1 - self.leavings / max(self.visits, 1)
        at_once = self.features @ self.coefficients[:-1] + self.coefficients[-1]
        return np.asarray(at_once / (1 - FADING * stays), np.float32)

    @property
    def stay(self) -> NDArray[np.float64]:
        """(M,) the mean rewards of an episode; zeros before the first episode ends."""
        return self.earned / self.stays if self.stays else np.zeros_like(self.earned)
