"""A hierarchical logistic model: the estimates of an item are shrunk towards those predicted from its features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import ssyrk, strmm

from slategym.agents.choosing.explanation import Columns, products
from slategym.agents.choosing.noise import normals
from slategym.agents.common.roots import inverse_root
from slategym.utils.short_repr import Brief

Floats = NDArray[np.floating]
Items = NDArray[np.int64]
# Prior precisions of the coefficients.
LEVEL, OF_FEATURES, OF_CONTEXT, CROSS = 1.0, 4.0, 12.5, 50.0
OF_CLOCK, OF_EXPOSURE = 20.0, 100.0
ITEM_LEVEL, ITEM_SLOPE = 10.0, 100.0
LONGEST_STEP = 1.0  # largest change of a coefficient in a step
# The largest number of impressions of a step from which the curvature of the shared coefficients is computed. It must be well
# above the number of coefficients: otherwise some directions have no curvature, and steps in these are far too long.
CURVED, CURVED_PER_COLUMN = 750, 4


@dataclass(frozen=True, repr=False)
class Shoppers(Brief):
    """The model's inputs for n shoppers.

    Attributes:
        context: (n, a) float32, a one and the standardised context.
        clock: (n, 2) float32, sine and cosine of the clock.
        exposure: (n, g) float32, of each category; (n, 0) if the world has no exposure.
    """

    context: NDArray[np.float32]
    clock: NDArray[np.float32]
    exposure: NDArray[np.float32]


class Answers(NamedTuple):
    """Impressions: row (i,) the shopper, items (i,), answers (i,) bool, and examined (i,) the probability of examination."""

    row: Items
    items: Items
    answers: NDArray[np.bool_]
    examined: Floats


class Expected(NamedTuple):
    """The number of positive answers that a model expected for some impressions, and its variance."""

    answers: float
    variance: float


class LogisticModel:
    """The logit of a positive answer to item j; Laplace's approximation gives its uncertainty.

    The logit is x' (Theta f_j + v_j) + clock' C[category of j] + beta exposure[category of j], where x is [1, context] and
    f_j is [1, features]. All coefficients have Gaussian priors with mean 0. Each batch makes one Newton step with the curvature
    of all impressions so far: the full matrix for Theta, C and beta, the diagonal for each item's v.

    Args:
        features: (m, b) float32, a column of ones and the standardised features of the items.
        category: (m,) int64, the category of each item.
        context: a, the number of context columns, including the column of ones.
        exposed: whether the observation contains an exposure for each category.

    Attributes:
        shared: (p,) the coefficients Theta, C and beta.
        own: (m, a) float32, the coefficients v of each item.
        information: (p, p) the Fisher information of the shared coefficients.
        item_information: (m, a) the Fisher information of each item's coefficients.
        impressions: (m,) the number of impressions of each item learned so far.
    """

    def __init__(self, features: NDArray[np.float32], category: Items, context: int, exposed: bool) -> None:
        self.features, self.category, self.columns, self.exposed = features, category, context, int(exposed)
        b, self.categories = features.shape[1], int(category.max()) + 1
        prior = np.full((context, b), CROSS)
        prior[0, :], prior[:, 0], prior[0, 0] = OF_FEATURES, OF_CONTEXT, LEVEL
        parts = [prior.ravel(), np.full(2 * self.categories, OF_CLOCK), np.full(self.exposed, OF_EXPOSURE)]
        self.prior = np.concatenate(parts)
        self.shared = np.zeros(len(self.prior))
        self.information = np.zeros((len(self.prior), len(self.prior)))
        self.item_prior = np.concatenate([[ITEM_LEVEL], np.full(context - 1, ITEM_SLOPE)])
        self.own = np.zeros((len(features), context), np.float32)
        self.item_information = np.zeros((len(features), context))
        self.impressions = np.zeros(len(features))
        # Computed when first needed.
        self._pairs: NDArray[np.float32] | None = None
        self._joined: NDArray[np.float32] | None = None
        self._factor()

    def grow(self, features: NDArray[np.float32], category: Items) -> None:
        """Add items; their estimates start from their features.

        Args:
            features: (f, b) float32, of the new items.
            category: (f,) int64; each must be a category of an earlier item.
        """
        further = len(features)
        self.features = np.concatenate([self.features, features])
        self.category = np.concatenate([self.category, category])
        self.own = np.pad(self.own, ((0, further), (0, 0)))
        self.item_information = np.pad(self.item_information, ((0, further), (0, 0)))
        self.impressions = np.pad(self.impressions, (0, further))
        self._pairs = self._joined = None

    def forget(self, kept: float) -> None:
        """Discount what was learned so far: the estimates stay, but become less certain and change faster.

        Args:
            kept: the share of the information that is kept; 0 leaves the uncertainty of the prior around the present estimates.
        """
        self.information *= kept
        self.item_information *= kept
        self.impressions *= kept
        self._factor()

    @property
    def theta(self) -> Floats:
        """(a, b) the coefficients of the products of context and features."""
        return self.shared[: self.columns * self.features.shape[1]].reshape(self.columns, -1)

    # ---- logits

    def logits(self, shoppers: Shoppers, items: Items | None = None) -> NDArray[np.float32]:
        """(n, m) the logits of every item, or (n, c) of the given items.

        Args:
            shoppers: n shoppers.
            items: (n, c), or None for every item.
        """
        return self._logits(shoppers, self.shared[None].astype(np.float32), items)

    def contributions(self, shoppers: Shoppers, items: Items, fields: Columns) -> dict[str, Floats]:
        """The terms whose sum is the logits of items (n, k), by name; each is (n, k).

        Args:
            shoppers: n shoppers.
            items: (n, k).
            fields: the columns of the context that belong to each field.
        """
        context, own, category = shoppers.context.astype(np.float64), self.own[items].astype(np.float64), self.category[items]
        parts = products(context, self.theta, self.features[items].astype(np.float64), fields)
        parts["item"] = own[:, :, 0]
        for name, columns in fields.items():
            parts[f"{name} x item"] = np.vecdot(own[:, :, columns], context[:, None, columns])
        clock = self.shared[self.theta.size : self.theta.size + 2 * self.categories].reshape(2, -1)[:, category]
        parts["clock x category"] = np.einsum("nt,tnk->nk", shoppers.clock.astype(np.float64), clock)
        if self.exposed:
            parts["exposure"] = self.shared[-1] * np.take_along_axis(shoppers.exposure, category, axis=1)
        return parts

    def draw(
        self, shoppers: Shoppers, random: np.random.Generator, alpha: float, items: Items | None = None
    ) -> NDArray[np.float32]:
        """(n, m) draws of the logits from their posterior, or (n, c); the shared coefficients are drawn once per shopper.

        Args:
            shoppers: n shoppers.
            random: the random generator.
            alpha: factor of the deviations from the mean.
            items: (n, c), or None for every item.
        """
        from slategym.agents.logistic.kernel import add_spread, candidate_variance  # compiled, so imported only here

        n = len(shoppers.context)
        # The root is triangular, which halves the cost of the product.
        drawn = strmm(np.float32(alpha), self.inverse_root, normals(random, (n, len(self.shared))).T, trans_a=1, lower=1).T
        drawn += self.shared.astype(np.float32)
        logits = self._logits(shoppers, drawn, items)
        squares = shoppers.context**2
        if items is None:
            variance = squares @ (1 / (self.item_prior + self.item_information)).astype(np.float32).T
        else:
            variance = np.empty(items.shape, np.float32)
            candidate_variance(squares, items, self.item_prior, self.item_information, variance)
        add_spread(variance, normals(random, logits.shape), np.float32(alpha), logits)
        return logits

    def width(self, shoppers: Shoppers, items: Items | None = None) -> NDArray[np.float32]:
        """(n, m) the standard errors of the logits of every item, or (n, c) of the given items.

        Args:
            shoppers: n shoppers.
            items: (n, c), or None for every item.
        """
        if items is not None:
            row = np.repeat(np.arange(len(items)), items.shape[1])
            design = self.design(shoppers, row, items.ravel())
            root = design @ self.inverse_root.T
            own = (shoppers.context[row] ** 2 / (self.item_prior + self.item_information[items.ravel()])).sum(axis=1)
            return np.asarray(np.sqrt(np.vecdot(root, root) + own).reshape(items.shape), np.float32)
        seen = np.concatenate([shoppers.context, shoppers.clock], axis=1)
        left, right = np.triu_indices(seen.shape[1])
        variance = (seen[:, left] * seen[:, right]) @ self._pair_matrix()
        if self.exposed:
            pressure = shoppers.exposure[:, self.category]
            cross, square = self._exposure_terms()
            variance += pressure * (2 * (seen @ cross) + square * pressure)
        return np.asarray(np.sqrt(np.maximum(variance, 0)), np.float32)

    def _logits(self, shoppers: Shoppers, shared: NDArray[np.float32], items: Items | None) -> NDArray[np.float32]:
        """The logits for shared coefficients (1, p), or (n, p) with different coefficients for each shopper."""
        from slategym.agents.linear.kernel import contract  # compiled, so imported only here
        from slategym.agents.logistic.kernel import add_by_category, candidate_logits

        n, b, size = len(shoppers.context), self.features.shape[1], self.theta.size
        if len(shared) == 1:
            query = shoppers.context @ shared[0, :size].reshape(self.columns, b)
        else:
            query = np.empty((n, b), np.float32)
            contract(shoppers.context, shared, query)
        clock = shared[:, size : size + 2 * self.categories].reshape(len(shared), 2, -1)
        by_category = shoppers.clock[:, :1] * clock[:, 0] + shoppers.clock[:, 1:] * clock[:, 1]
        if self.exposed:
            by_category += shared[:, -1:] * shoppers.exposure
        if items is None:
            logits = np.concatenate([query, shoppers.context], axis=1) @ self._of_items.T
            add_by_category(by_category, self.category, logits)
        else:
            logits = np.empty(items.shape, np.float32)
            candidate_logits(shoppers.context, query, by_category, items, self.features, self.own, self.category, logits)
        return logits

    # ---- learning

    def learn(self, shoppers: Shoppers, impressions: Answers, share: float, random: np.random.Generator | None) -> Expected:
        """Make a Newton step on some impressions.

        Args:
            shoppers: n shoppers.
            impressions: i impressions of them, with the answers.
            share: these impressions as a share of all so far; this share of the prior enters the step.
            random: chooses the impressions for the curvature. Give it only for new impressions, whose information is added.

        Returns:
            The answers that the model expected before the step.
        """
        row, items, *_ = impressions
        if len(row) == 0:
            return Expected(0.0, 0.0)
        if len(self.features) <= len(items):
            known, place = np.arange(len(self.features)), items
        else:  # in a large catalogue, only the items that were shown
            known, place = np.unique(items, return_inverse=True)
        count = np.bincount(place, minlength=len(known))
        if random is not None:
            self.impressions[known] += count
        slopes, _, beside, fisher, expected = self._sums(shoppers, impressions, known, place, squared=False)
        if random is not None:
            most = max(CURVED, CURVED_PER_COLUMN * len(self.shared))
            few = random.permutation(len(row))[:most] if len(row) > most else np.arange(len(row))
            design = self.design(shoppers, row[few], items[few])
            design *= np.sqrt(fisher[few] * np.float32(len(row) / len(few)))[:, None]
            half = ssyrk(1.0, design.T, lower=1)  # the lower half of a symmetric product
            self.information += half + np.tril(half, -1).T
            self._factor()
        gradient = np.concatenate([(slopes.T @ self.features[known]).ravel(), beside])
        self.shared += self._step(gradient - share * self.prior * self.shared)

        # The items' own coefficients, from the residuals of the shared ones.
        slopes, squares, *_ = self._sums(shoppers, impressions, known, place, squared=random is not None)
        if random is not None:
            self.item_information[known] += squares
        own = self.own[known]
        carried = count / np.maximum(self.impressions[known], np.maximum(count, 1))  # share of the prior, at most 1
        slopes -= carried[:, None] * self.item_prior * own
        step = slopes / (self.item_prior + self.item_information[known])
        self.own[known] = own + np.clip(step, -LONGEST_STEP, LONGEST_STEP)
        self._joined = None
        return expected

    def design(self, shoppers: Shoppers, row: Items, items: Items) -> NDArray[np.float32]:
        """(i, p) the design matrix of the shared coefficients.

        Args:
            shoppers: n shoppers.
            row: (i,) the shopper of each impression.
            items: (i,) the item of each impression.
        """
        from slategym.agents.linear.kernel import write_products  # compiled, so imported only here

        count, size, of = len(row), self.theta.size, self.category[items]
        design = np.zeros((count, len(self.shared)), np.float32)
        write_products(shoppers.context, row, self.features, items, design)
        each = np.arange(count)
        design[each, size + of], design[each, size + self.categories + of] = shoppers.clock[row].T
        if self.exposed:
            design[:, -1] = shoppers.exposure[row, of]
        return design

    def _sums(
        self, shoppers: Shoppers, impressions: Answers, known: Items, place: Items, *, squared: bool
    ) -> tuple[Floats, Floats, Floats, NDArray[np.float32], Expected]:
        """The kernel's sums, for the known items.

        Returns:
            The gradient of the items' coefficients; their information, if `squared`; the gradient of C and beta; the information
            of each impression; the expected answers.
        """
        from slategym.agents.logistic.kernel import answer_sums  # compiled, so imported only here

        features, rest = self.features[known], self.shared[self.theta.size :].astype(np.float32)
        coefficients = (features @ self.theta.T + self.own[known]).astype(np.float32)
        slopes = np.zeros(coefficients.shape)
        squares = np.zeros(coefficients.shape if squared else (0, 0))
        clock, fisher = np.zeros((2, self.categories)), np.empty(len(place), np.float32)
        pressed, count, variance = answer_sums(
            shoppers.context,
            shoppers.clock,
            shoppers.exposure,
            impressions.row,
            place,
            self.category[known],
            impressions.answers,
            impressions.examined,
            coefficients,
            rest[: 2 * self.categories].reshape(2, -1),
            rest[-1],
            slopes,
            squares,
            clock,
            fisher,
        )
        beside = np.concatenate([clock.ravel(), [pressed] if self.exposed else []])
        return slopes, squares, beside, fisher, Expected(count, variance)

    def _step(self, gradient: Floats) -> Floats:
        root = self.inverse_root.astype(np.float64)
        return np.clip(root.T @ (root @ gradient), -LONGEST_STEP, LONGEST_STEP)

    def _factor(self) -> None:
        """Compute the inverse Cholesky factor of the curvature; its products with normal numbers are draws from the posterior."""
        self.inverse_root = np.asfortranarray(inverse_root(self.information + np.diag(self.prior)), np.float32)
        self._pairs = self._joined = None

    @property
    def _of_items(self) -> NDArray[np.float32]:
        """(m, b + a) the features and the items' own coefficients, side by side, so that one matrix product covers both."""
        if self._joined is None:
            self._joined = np.concatenate([self.features, self.own], axis=1)
        return self._joined

    @property
    def _inverse(self) -> NDArray[np.float32]:
        """(p, p) the covariance of the shared coefficients."""
        return np.asarray(self.inverse_root.T @ self.inverse_root)

    def _exposure_terms(self) -> tuple[NDArray[np.float32], np.float32]:
        """(a + 2, m) each item's covariance of context and clock with the exposure, and the variance of the exposure."""
        last, size = self._inverse[-1], self.theta.size
        of_context = last[:size].reshape(self.columns, -1) @ self.features.T
        of_clock = last[size : size + 2 * self.categories].reshape(2, -1)[:, self.category]
        return np.concatenate([of_context, of_clock]), last[-1]

    def _pair_matrix(self) -> NDArray[np.float32]:
        """The variance of each item as a quadratic form in [context, clock], as (pairs, items); computed once per step."""
        if self._pairs is None:
            a, b, size, m = self.columns, self.features.shape[1], self.theta.size, len(self.features)
            inverse, clocks = self._inverse, slice(size, size + 2 * self.categories)
            form = np.empty((m, a + 2, a + 2), np.float32)
            shared = inverse[:size, :size].reshape(a, b, a, b).transpose(0, 2, 1, 3).reshape(a * a, b * b)
            outer = (self.features[:, :, None] * self.features[:, None, :]).reshape(m, b * b)
            form[:, :a, :a] = (outer @ shared.T).reshape(m, a, a)
            form[:, np.arange(a), np.arange(a)] += (1 / (self.item_prior + self.item_information)).astype(np.float32)
            between = inverse[:size, clocks].reshape(a, b, 2, -1)[..., self.category]
            form[:, :a, a:] = np.einsum("abcm,mb->mac", between, self.features)
            form[:, a:, :a] = form[:, :a, a:].transpose(0, 2, 1)
            form[:, a:, a:] = inverse[clocks, clocks].reshape(2, self.categories, 2, -1)[:, self.category, :, self.category]
            left, right = np.triu_indices(a + 2)
            self._pairs = (form[:, left, right] * np.where(left == right, 1, 2).astype(np.float32)).T.copy()
        return self._pairs
