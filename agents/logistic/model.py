"""A hierarchical logistic model: an item's estimates shrink to what its features say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slategym.agents.common.noise import normals
from slategym.utils.lazy_scipy import expit
from slategym.utils.short_repr import Brief

Floats = NDArray[np.floating]
Items = NDArray[np.int64]
# Prior precisions of the coefficients.
LEVEL, OF_FEATURES, OF_CONTEXT, CROSS = 1.0, 4.0, 12.5, 50.0
OF_CLOCK, OF_EXPOSURE = 20.0, 100.0
ITEM_LEVEL, ITEM_SLOPE = 10.0, 100.0
LONGEST_STEP = 1.0  # of a coefficient
CURVED = 1500  # impressions of a step that the curvature is taken from
LEAST = 1e-6  # distance of a probability from 0 and 1


@dataclass(frozen=True, repr=False)
class Shoppers(Brief):
    """What the model sees of n shoppers.

    Attributes:
        context: (n, a) float32, a one and the standardised context.
        clock: (n, 2) float32, sine and cosine of the clock.
        exposure: (n, g) float32, of each category; of no columns where there is none.
    """

    context: NDArray[np.float32]
    clock: NDArray[np.float32]
    exposure: NDArray[np.float32]


class LogisticModel:
    """The logit of an answer to item j, with its uncertainty by Laplace's approximation.

    It is x' (Theta f_j + v_j) + clock' C[category of j] + beta exposure[category of j], where x is [1, context] and f_j
    [1, features]. All coefficients have Gaussian priors around 0. Steps are Newton's, on batches, with the curvature of all
    impressions so far: in full for Theta, C and beta, of the diagonal for each item's v.

    Args:
        features: (m, b) float32, a one and the standardised features of the items.
        category: (m,) int64.
        context: a, the number of context columns with the column of ones.
        exposed: whether shoppers have an exposure for each category.
    """

    def __init__(self, features: NDArray[np.float32], category: Items, context: int, exposed: bool) -> None:
        self.features, self.category, self.columns, self.exposed = features, category, context, int(exposed)
        b, self.categories = features.shape[1], int(category.max()) + 1
        prior = np.full((context, b), CROSS)
        prior[0, :], prior[:, 0], prior[0, 0] = OF_FEATURES, OF_CONTEXT, LEVEL
        parts = [prior.ravel(), np.full(2 * self.categories, OF_CLOCK), np.full(self.exposed, OF_EXPOSURE)]
        self.prior = np.concatenate(parts)
        self.shared = np.zeros(len(self.prior))
        self.curvature = np.diag(self.prior)
        self.item_prior = np.concatenate([[ITEM_LEVEL], np.full(context - 1, ITEM_SLOPE)])
        self.own = np.zeros((len(features), context))
        self.item_curvature = np.tile(self.item_prior, (len(features), 1))
        self._factor()

    def grow(self, features: NDArray[np.float32], category: Items) -> None:
        """Append items, of which the features say what is known.

        Args:
            features: (f, b) float32, of the further items.
            category: (f,) int64, of which each has been among the others'.
        """
        self.features = np.concatenate([self.features, features])
        self.category = np.concatenate([self.category, category])
        self.own = np.concatenate([self.own, np.zeros((len(features), self.columns))])
        self.item_curvature = np.concatenate([self.item_curvature, np.tile(self.item_prior, (len(features), 1))])

    @property
    def theta(self) -> Floats:
        """(a, b) the coefficients of the products of context and features."""
        return self.shared[: self.columns * self.features.shape[1]].reshape(self.columns, -1)

    def logits(self, shoppers: Shoppers, items: Items | None = None) -> NDArray[np.float32]:
        """(n, m) the logits of every item, or (n, c) of some.

        Args:
            shoppers: n of them.
            items: (n, c), or None for every item.
        """
        of_items = (self.features @ self.theta.T + self.own).astype(np.float32)  # (m, a)
        rest = self.shared[self.theta.size :]
        clock = rest[: 2 * self.categories].reshape(2, -1).astype(np.float32)
        by_category = shoppers.clock @ clock
        if self.exposed:
            by_category = by_category + np.float32(rest[-1]) * shoppers.exposure
        if items is None:
            return np.asarray(shoppers.context @ of_items.T + by_category[:, self.category])
        logits = np.vecdot(of_items[items], shoppers.context[:, None, :])
        logits += np.take_along_axis(by_category, self.category[items], axis=1)
        return np.asarray(logits)

    def noise(self, shoppers: Shoppers, random: np.random.Generator, items: Items | None = None) -> NDArray[np.float32]:
        """(n, m) draws of the deviation of the logits from their posterior, or (n, c); one draw of the shared part a shopper.

        Args:
            shoppers: n of them.
            random: the generator.
            items: (n, c), or None for every item.
        """
        from slategym.agents.linear.kernel import contract  # compiled, so not on import

        n, b = len(shoppers.context), self.features.shape[1]
        drawn = normals(random, (n, len(self.shared))) @ self.inverse_root
        of_features = np.empty((n, b), np.float32)
        contract(shoppers.context, drawn, of_features)
        size = self.theta.size
        by_category = (drawn[:, size : size + 2 * self.categories].reshape(n, 2, -1) * shoppers.clock[:, :, None]).sum(axis=1)
        if self.exposed:
            by_category = by_category + drawn[:, -1:] * shoppers.exposure
        squares, spread = shoppers.context**2, (1 / self.item_curvature).astype(np.float32)
        if items is None:
            noise = of_features @ self.features.T + by_category[:, self.category]
            own = np.sqrt(squares @ spread.T)
        else:
            noise = np.vecdot(self.features[items], of_features[:, None, :])
            noise += np.take_along_axis(by_category, self.category[items], axis=1)
            own = np.sqrt(np.vecdot(spread[items], squares[:, None, :]))
        own *= normals(random, own.shape)
        noise += own
        return np.asarray(noise, np.float32)

    def learn(
        self, shoppers: Shoppers, row: Items, items: Items, answers: Floats, seen: Floats, share: float, *, new: bool
    ) -> None:
        """Take a step towards answers.

        Args:
            shoppers: n of them.
            row: (i,) the shopper of each impression.
            items: (i,) the item.
            answers: (i,) 0 or 1.
            seen: (i,) the probability that the item is examined, by which that of an answer is multiplied.
            share: of all impressions that these are, which is the share of the prior that they carry.
            new: whether the impressions count in the curvature, as those do that are learned for the first time.
        """
        if len(row) == 0:
            return
        x, f = shoppers.context[row], self.features[items]
        some = Shoppers(x, shoppers.clock[row], shoppers.exposure[row])
        residual, fisher = self._residual(some, items, answers, seen)
        category = self.category[items]
        if new:
            few = slice(None) if len(row) <= CURVED else slice(0, CURVED)  # impressions come in no order
            weight = fisher[few] * len(row) / min(len(row), CURVED)
            design = self._design(x[few], f[few], some, category, few)
            self.curvature += (design * weight[:, None].astype(np.float32)).T.astype(np.float64) @ design
            self._factor()
        gradient = np.concatenate([((x * residual[:, None]).T @ f).ravel(), self._beside(some, category, residual)])
        self.shared += self._step(gradient - share * self.prior * self.shared)

        # The items' own part, from what the shared part leaves.
        residual, fisher = self._residual(some, items, answers, seen)
        if new:
            np.add.at(self.item_curvature, items, fisher[:, None] * x**2)
        slopes = -share * self.item_prior * self.own
        np.add.at(slopes, items, residual[:, None] * x)
        self.own += np.clip(slopes / self.item_curvature, -LONGEST_STEP, LONGEST_STEP)

    def _residual(self, some: Shoppers, items: Items, answers: Floats, seen: Floats) -> tuple[Floats, Floats]:
        """(i,) the gradient of the log-likelihood of each answer in its logit, and Fisher's information.

        An answer comes with probability seen x p, of which only p depends on the logit.
        """
        p = expit(self.logits(some, items[:, None])[:, 0].astype(np.float64))
        probability = np.clip(seen * p, LEAST, 1 - LEAST)
        return (answers - probability) * (1 - p) / (1 - probability), probability * (1 - p) ** 2 / (1 - probability)

    def _design(self, x: Floats, f: Floats, some: Shoppers, category: Items, rows: slice) -> NDArray[np.float32]:
        """(i, p) the columns of the shared coefficients."""
        count, size = len(x), self.theta.size
        design = np.zeros((count, len(self.shared)), np.float32)
        design[:, :size] = (x[:, :, None] * f[:, None, :]).reshape(count, -1)
        each, of = np.arange(count), category[rows]
        design[each, size + of], design[each, size + self.categories + of] = some.clock[rows].T
        if self.exposed:
            design[:, -1] = some.exposure[rows][each, of]
        return design

    def _beside(self, some: Shoppers, category: Items, residual: Floats) -> Floats:
        """The gradient of the coefficients behind Theta."""
        clock = [np.bincount(category, residual * some.clock[:, part], self.categories) for part in range(2)]
        pressed = [(residual * some.exposure[np.arange(len(category)), category]).sum()] if self.exposed else []
        return np.concatenate([*clock, pressed])

    def _step(self, gradient: Floats) -> Floats:
        step = self.inverse_root.T.astype(np.float64) @ (self.inverse_root.astype(np.float64) @ gradient)
        return np.clip(step, -LONGEST_STEP, LONGEST_STEP)

    def _factor(self) -> None:
        """The inverse of the curvature's Cholesky factor: its products with normals are draws of the posterior."""
        lower = np.linalg.cholesky(self.curvature)
        self.inverse_root = np.linalg.solve(lower, np.eye(len(lower))).astype(np.float32)
