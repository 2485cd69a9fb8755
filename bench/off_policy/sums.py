"""Sums over the rounds of a log, added block by block, from which an estimate and its intervals are computed."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slategym.bench.off_policy.terms import Floats, Terms
from slategym.utils.short_repr import Brief

GROUPS = 1024  # the largest number of groups of rounds, whose sums the bootstrap draws from


class Sums(Brief):
    """The sums of the terms of one estimator: moments of each column, and the sums of up to 1,024 groups of rounds.

    Rounds are assigned to the groups in turn, so that each group is a sample of the log. The rounds of a cluster are assigned to
    the same group, so that groups are independent even if rounds are not. Memory does not grow with the log.

    Attributes:
        count: n, the number of rounds so far.
    """

    def __init__(self) -> None:
        self.count = 0
        self._parts = self._objectives = 0
        self._plain = self._clustered = False
        self._mean = self._scatter = self._low = self._high = self._groups = self._sizes = np.zeros(0)
        self._weights = np.zeros((3, 0))

    def add(self, terms: Terms, cluster: NDArray[np.int64] | None = None) -> None:
        """Add the terms of further rounds.

        Args:
            terms: terms of the same estimator.
            cluster: (n,) the numbers, from 0, of the clusters that the rounds belong to; None if rounds are independent.

        Raises:
            ValueError: the shape of the terms differs from that of earlier terms.
        """
        if not len(terms):
            return
        n, parts, objectives = terms.top.shape
        if not self.count:
            self._start(terms, cluster is not None)
        if (parts, objectives, terms.bottom is None) != (self._parts, self._objectives, self._plain):
            raise ValueError(
                f"a block has {parts} parts of {objectives} objectives: expected {self._parts} of {self._objectives}, as in the "
                "earlier blocks; pass the same steps to Episodes.from_steps for all blocks"
            )
        values = terms.top.reshape(n, -1)
        values = values if terms.bottom is None else np.concatenate([values, terms.bottom], axis=1)
        self._add_groups(values, cluster)
        self._add_moments(values)
        if terms.weight is not None:
            self._weights[0] += terms.weight.sum(axis=0)
            self._weights[1] += np.einsum("nh,nh->h", terms.weight, terms.weight)
            np.maximum(self._weights[2], np.abs(terms.weight).max(axis=0), out=self._weights[2])

    def _start(self, terms: Terms, clustered: bool) -> None:
        _, self._parts, self._objectives = terms.top.shape
        self._plain, self._clustered = terms.bottom is None, clustered
        width = self._parts * self._objectives + (0 if self._plain else self._parts)
        self._mean, self._scatter = np.zeros(width), np.zeros((width, width))
        self._low, self._high = np.full(width, np.inf), np.full(width, -np.inf)
        self._groups, self._sizes = np.zeros((GROUPS, width)), np.zeros(GROUPS)
        self._weights = np.zeros((3, 0 if terms.weight is None else terms.weight.shape[1]))

    def _add_groups(self, values: Floats, cluster: NDArray[np.int64] | None) -> None:
        if (cluster is not None) != self._clustered:
            raise ValueError("some blocks have clusters and others have none: expected clusters in all blocks or in none")
        n, width = values.shape
        if cluster is None and self.count % GROUPS == 0 and n >= GROUPS:
            whole = n - n % GROUPS  # a reshape assigns the rounds in turn
            self._groups += values[:whole].reshape(-1, GROUPS, width).sum(axis=0)
            self._groups[: n - whole] += values[whole:]
            self._sizes += whole // GROUPS
            self._sizes[: n - whole] += 1
            return
        group = (np.arange(self.count, self.count + n) if cluster is None else cluster) % GROUPS
        self._sizes += np.bincount(group, minlength=GROUPS)
        for column in range(width):
            self._groups[:, column] += np.bincount(group, values[:, column], GROUPS)

    def _add_moments(self, values: Floats) -> None:
        """Update the moments (Chan, Golub, LeVeque, "Updating formulae ... for computing sample variances", 1979)."""
        n = len(values)
        mean = values.mean(axis=0)
        centred = values - mean
        step = mean - self._mean
        total = self.count + n
        self._scatter += centred.T @ centred + np.outer(step, step) * (self.count * n / total)
        self._mean += step * (n / total)
        self.count = total
        np.minimum(self._low, values.min(axis=0), out=self._low)
        np.maximum(self._high, values.max(axis=0), out=self._high)

    @property
    def value(self) -> Floats:
        """(M,) the estimate of each objective; NaN without rounds, or if a denominator adds up to 0."""
        if not self.count:
            return np.full(max(self._objectives, 1), np.nan)
        top, bottom = self._split(self._mean[None], np.ones(1))
        return np.asarray(_value(top, bottom)[0])

    @property
    def resampled_parts(self) -> tuple[Floats, Floats]:
        """(G, width) the sums of the groups that have rounds, and (G,) their numbers of rounds."""
        some = self._sizes > 0
        return self._groups[some], self._sizes[some]

    @property
    def clustered(self) -> bool:
        """Whether the rounds are in clusters."""
        return self._clustered

    @property
    def weighted(self) -> bool:
        """Whether the estimator uses importance weights."""
        return bool(self._weights.shape[1])

    def weighted_by(self, weights: ArrayLike) -> Sums:
        """The sums for one objective instead of M: the weighted sum of all objectives.

        Args:
            weights: (M,), the weights of the objectives.

        Raises:
            ValueError: there are not M weights.
        """
        given = np.asarray(weights, np.float64)
        if given.shape != (self._objectives,):
            raise ValueError(f"the scalarizer has {given.size} weights: expected {self._objectives}, one per objective of reward")
        parts, other = self._parts, Sums()
        mix = np.zeros((len(self._mean), len(self._mean) - parts * (self._objectives - 1)))
        for part in range(parts):
            mix[part * self._objectives : (part + 1) * self._objectives, part] = given
            if not self._plain:
                mix[parts * self._objectives + part, parts + part] = 1
        other.count, other._parts, other._objectives = self.count, parts, 1
        other._plain, other._clustered = self._plain, self._clustered
        other._mean, other._scatter, other._groups = self._mean @ mix, mix.T @ self._scatter @ mix, self._groups @ mix
        rising, falling = np.maximum(mix, 0), np.minimum(mix, 0)
        other._low = self._low @ rising + self._high @ falling
        other._high = self._high @ rising + self._low @ falling
        other._sizes, other._weights = self._sizes, self._weights
        return other

    @property
    def effective_size(self) -> float:
        """The effective sample size (sum w)^2 / sum w^2, the least over the columns of weights; n without weights.

        Kish, "Survey sampling", 1965.
        """
        if not self._weights.shape[1]:
            return float(self.count)
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(np.nan_to_num(self._weights[0] ** 2 / self._weights[1]).min())

    @property
    def largest_share(self) -> float:
        """The share of the largest weight in the sum of all weights, the largest over the columns; 0 without weights."""
        if not self._weights.shape[1] or not (self._weights[0] > 0).all():
            return 0.0
        return float((self._weights[2] / self._weights[0]).max())

    def values_of(self, sums: Floats, sizes: Floats) -> Floats:
        """(B, M) the estimates from other sums than those of the whole log.

        Args:
            sums: (B, width) the sums of the columns.
            sizes: (B,) their numbers of rounds.
        """
        return _value(*self._split(sums, sizes))

    def influence(self) -> Floats:
        """(width, M) the derivatives of the estimates with respect to the means of the columns."""
        parts, objectives = self._parts, self._objectives
        top, bottom = self._split(self._mean[None], np.ones(1))
        with np.errstate(divide="ignore", invalid="ignore"):
            share = 1 / bottom[0]
            slopes = -top[0] * share[:, None] ** 2
        follow = np.zeros((len(self._mean), objectives))
        for part in range(parts):
            follow[part * objectives + np.arange(objectives), np.arange(objectives)] = share[part]
            if not self._plain:
                follow[parts * objectives + part] = slopes[part]
        return follow

    def covariance(self) -> Floats:
        """(M, M) covariance of the estimates' errors, from the linearised terms of rounds, or of groups with clusters."""
        follow = self.influence()
        if not np.isfinite(follow).all():  # a denominator of 0
            return np.full((self._objectives, self._objectives), np.nan)
        if not self._clustered:
            return np.asarray(follow.T @ self._scatter @ follow / (max(self.count - 1, 1) * self.count))
        linear = self._linear()
        g = len(linear)
        return np.asarray(linear.T @ linear * (g / (max(g - 1, 1) * self.count**2)))

    def skewness(self) -> Floats:
        """(M,) skewness of the estimates' errors, to first order: that of a term divided by sqrt(n); 0 if all terms are equal."""
        if not np.isfinite(self.influence()).all():
            return np.zeros(self._objectives)
        linear = self._linear()
        second, third = (linear**2).sum(axis=0), (linear**3).sum(axis=0)
        return np.asarray(np.divide(third, second**1.5, out=np.zeros_like(second), where=second > 0))

    def _linear(self) -> Floats:
        """(G, M) the sums of the linearised terms of each group."""
        follow = self.influence()
        groups, sizes = self.resampled_parts
        return np.asarray(groups @ follow - np.outer(sizes, self._mean @ follow))

    @property
    def freedom(self) -> int:
        """Degrees of freedom of `covariance`."""
        return (int((self._sizes > 0).sum()) if self._clustered else self.count) - 1

    def spread(self) -> Floats:
        """(M,) the length of an interval that contains all linearised terms so far; exact for plain means, else a bound."""
        follow = np.abs(self.influence())
        return np.asarray((self._high - self._low) @ follow)

    def _split(self, sums: Floats, sizes: Floats) -> tuple[Floats, Floats]:
        """(B, g, M) the numerators and (B, g) the denominators from sums of columns."""
        width = self._parts * self._objectives
        top = sums[:, :width].reshape(len(sums), self._parts, self._objectives)
        bottom = np.repeat(sizes[:, None], self._parts, axis=1) if self._plain else sums[:, width:]
        return top, bottom


def _value(top: Floats, bottom: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((top / bottom[:, :, None]).sum(axis=1))
