"""What a click does to the visits to come: a regression of who leaves on what was clicked."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FADING = 0.9  # what a visit leaves of the effect of earlier clicks
RIDGE = 1000.0  # visits

Floats = NDArray[np.floating]


class StayingModel:
    """The effect of a click on each item on how long a shopper stays, and what a stay earns.

    Whether a shopper leaves after a visit is regressed on the context and on a fading sum, over the visits so far, of the
    features of what was clicked and of the number of clicks. A click counts for all later visits, less at each, so its effect is
    the coefficients' share for its item, summed over the visits that it is remembered for: the expected number of times that
    the shopper does not leave because of the click. Each of those saves about a stay, which is priced by the mean of all stays.

    Every visit tells something at once, and it is not confused by what shoppers like: those who click much earn much later too,
    which a regression of later earnings takes for an effect of the clicks.

    Args:
        features: (m, d) float32, standardised, of the items.
        context: c, the number of context columns.
        objectives: M.
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
        """Forget what the present shoppers clicked: the rows are those of others from now on."""
        self.memory = np.zeros((0, self.width))  # of each row's present shopper

    def grow(self, features: NDArray[np.float32]) -> None:
        """Take on further items.

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
            objectives: (n, M), what the visit earned.
            terminated: (n,) who left.
            truncated: (n,) whose time was over, of whom nobody knows whether they would have left.
        """
        n = len(terminated)
        if n != len(self.memory):  # another batch: what its shoppers clicked is not known
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
        """(m,) by how much a click on each item lowers the expected number of leavings in all later visits together."""
        stays = 1 - self.leavings / max(self.visits, 1)
        at_once = self.features @ self.coefficients[:-1] + self.coefficients[-1]
        return np.asarray(at_once / (1 - FADING * stays), np.float32)

    @property
    def stay(self) -> NDArray[np.float64]:
        """(M,) what a stay earns on average; zeros before the first one is over."""
        return self.earned / self.stays if self.stays else np.zeros_like(self.earned)
