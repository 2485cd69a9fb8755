"""Probabilities by item and segment from few successes: a hierarchical logistic model, fitted by empirical Bayes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, xlog1py, xlogy

from slategym.bench.fitting.trials import Floats, Ints, Trials
from slategym.utils.short_repr import Brief

START_SPREAD, PRIOR_SPREAD, PRIOR_WEIGHT = 0.5, 0.3, 1.0
MOST_STEPS, CLOSE, FIRST_STEPS = 60, 1e-3, 2
FREE = 1e-8  # the precision of an effect without a prior, so that no matrix is singular
MOST_PROBABILITY = 1 - 1e-9


@dataclass(frozen=True, repr=False)
class Rates(Brief):
    """A fitted model: P(success) = examined * exp(place) * s(intercept + item + sum over variables of level and item by level).

    Attributes:
        common: (1 + v,) the intercept and the effects of the levels.
        place: (places,) log examination; 0 at the reference.
        own: (m, p) what each item adds to `common`: to the intercept alone, p = 1, or to every effect, p = 1 + v.
        spread: standard deviations of the levels, the items, and the items at a level.
        reference: the place whose examination is 1.
        place_centre: (places,) prior means of `place`.
        place_spread: their prior standard deviation.
        curvature: of the log posterior at the estimates; None before the fit is finished.
    """

    common: Floats
    place: Floats
    own: Floats
    spread: tuple[float, float, float]
    reference: int
    place_centre: Floats
    place_spread: float
    curvature: Curvature | None = None

    @property
    def interacting(self) -> bool:
        """Whether items differ in the effects of levels."""
        return self.own.shape[1] > 1

    def attraction(self, trials: Trials) -> Floats:
        """(g,) the probability of a success if examined.

        Args:
            trials: of the same items and levels.
        """
        return self.probability(trials.item, trials.columns)

    def probability(self, item: Ints, columns: Ints) -> Floats:
        """(r,) the probability of a success if examined.

        Args:
            item: (r,).
            columns: (r, V), as `Trials.columns`.
        """
        logit = self.common[0] + self.own[item, 0] + self.common[1 + columns].sum(axis=1)
        if self.interacting:
            for column in columns.T:
                logit += self.own[item, 1 + column]
        return np.asarray(expit(logit))

    def success(self, trials: Trials) -> Floats:
        """(g,) the probability of a success.

        Args:
            trials: of the same items, levels and places.
        """
        return np.minimum(trials.examined * np.exp(self.place[trials.place]) * self.attraction(trials), MOST_PROBABILITY)


@dataclass(frozen=True, repr=False)
class Curvature(Brief):
    """The curvature of the log posterior, whose items touch one another through what is common alone (an arrowhead).

    Attributes:
        covariance: (c, c) of the common effects and the places other than the reference.
        inverse: (m, p, p) the covariance of an item's own effects given the common ones.
        slope: (m, p, c) how far an item's own effects fall as the common ones rise.
        data: (m, 1 + v, 1 + v) the information of the data on the effects of an item; (1, ...) of all where p = 1.
        places: (m, p, places) the same between an item's effects and places.
    """

    covariance: Floats
    inverse: Floats
    slope: Floats
    data: Floats
    places: Floats


def fit_rates(
    trials: Trials,
    interacting: bool = False,
    *,
    start: Rates | None = None,
    reference: int = 0,
    place_centre: Floats | None = None,
    place_spread: float = 2.0,
    fixed_spread: bool = False,
) -> Rates:
    """Fit the model: the posterior mode, with the spreads of the effects from the data.

    Effects of levels, of items and of items at levels are normal around 0 with three unknown standard deviations; the intercept
    is free. Modes are found by Fisher scoring. The spreads maximise the marginal likelihood in Laplace's approximation, by
    MacKay's fixed point, spread^2 = sum of squares / well-determined effects ("Bayesian interpolation", Neural Computation 4,
    1992; for logistic models the same as Breslow and Clayton's penalised quasi-likelihood, JASA 88, 1993), each with a scaled
    inverse chi-squared prior that weighs as much as one effect of 0.3 and keeps it above 0. The Hessian is an arrowhead in the
    items, so a step costs m p^3.

    Args:
        trials: what happened.
        interacting: whether the effects of levels differ by item.
        start: a fit to begin from.
        reference: the place whose examination is 1.
        place_centre: (places,) prior means of the log examination; 0 by default.
        place_spread: prior standard deviation of the log examination.
        fixed_spread: keep the spreads of `start`.
    """
    v, m = trials.levels, trials.items
    rates = start or _start(trials)
    own = np.zeros((m, 1 + v if interacting else 1))
    shared = min(own.shape[1], rates.own.shape[1])
    own[:, :shared] = rates.own[:, :shared]
    rates = replace(
        rates,
        own=own,
        reference=reference,
        place=rates.place - rates.place[reference],
        place_centre=np.zeros(trials.places) if place_centre is None else place_centre - place_centre[reference],
        place_spread=place_spread,
    )
    value = _log_posterior(rates, trials)
    for step in range(MOST_STEPS):
        curvature, change_common, change_own = _newton_step(rates, trials)
        rates, value, moved = _walk(rates, trials, change_common, change_own, value)
        before = rates.spread
        if not fixed_spread and step >= FIRST_STEPS - 1:
            rates = replace(rates, spread=_spreads(rates, curvature))
            value = _log_posterior(rates, trials)
        if step >= FIRST_STEPS and moved < CLOSE and np.abs(np.log(rates.spread) - np.log(before)).max() < 5 * CLOSE:
            break
    curvature, *_ = _newton_step(rates, trials)
    return replace(rates, curvature=curvature)


def log_likelihood(probability: Floats, trials: Floats | float, successes: Floats) -> Floats:
    """(g,) the log-likelihood of groups of trials.

    Args:
        probability: (g,) of a success.
        trials: (g,), or 1.
        successes: (g,).
    """
    return np.asarray(xlogy(successes, probability) + xlog1py(trials - successes, -probability))


def _start(trials: Trials) -> Rates:
    rate = (trials.successes.sum() + 0.5) / (trials.trials.sum() + 1)
    common = np.zeros(1 + trials.levels)
    common[0] = np.log(rate / (1 - rate)) if rate < 1 else 0.0
    nothing = np.zeros(trials.places)
    return Rates(common, nothing, np.zeros((trials.items, 1)), (START_SPREAD, START_SPREAD, 0.2), 0, nothing, 1.0)


def _precisions(rates: Rates) -> tuple[Floats, Floats]:
    """Prior precisions of the common effects and the places (c,), and of an item's own effects (p,)."""
    of_level, of_item, of_both = (spread**-2 for spread in rates.spread)
    common = np.full(len(rates.common), of_level)
    common[0] = FREE
    place = np.full(len(rates.place) - 1, rates.place_spread**-2)
    own = np.full(rates.own.shape[1], of_both)
    own[0] = of_item
    return np.concatenate([common, place]), own


def _deviations(rates: Rates) -> Floats:
    """(c,) the common effects and the places other than the reference, from their prior means."""
    return np.concatenate([rates.common, np.delete(rates.place - rates.place_centre, rates.reference)])


def _log_posterior(rates: Rates, trials: Trials) -> float:
    precision, own_precision = _precisions(rates)
    prior = 0.5 * (precision @ _deviations(rates) ** 2 + (own_precision * rates.own**2).sum())
    return float(log_likelihood(rates.success(trials), trials.trials, trials.successes).sum() - prior)


def _newton_step(rates: Rates, trials: Trials) -> tuple[Curvature, Floats, Floats]:
    """The curvature, and the step that it asks for: of the common effects and places (c,), and of the items' own (m, p)."""
    p, v = rates.own.shape[1], trials.levels
    attraction, success = rates.attraction(trials), rates.success(trials)
    residual = (trials.successes - trials.trials * success) / (1 - success)
    weight = trials.trials * success / (1 - success)
    falling = 1 - attraction
    score = residual * falling
    of_items = _by_item(trials, score)  # (m, 1 + v)
    data, places = information(trials, weight * falling**2, weight * falling, p)
    kept = np.delete(np.arange(trials.places), rates.reference)
    of_places = np.bincount(trials.place, residual, trials.places)[kept]
    gradient = np.concatenate([of_items.sum(axis=0), of_places])
    of_items = of_items[:, :p]

    precision, own_precision = _precisions(rates)
    gradient -= precision * _deviations(rates)
    of_items = of_items - own_precision * rates.own
    # The common block, and what stands between it and each item.
    size = 1 + v
    common = np.zeros((size + len(kept), size + len(kept)))
    common[:size, :size] = data.sum(axis=0)
    between = np.concatenate([data[:, :p] if p > 1 else _by_item(trials, weight * falling**2)[:, None, :], places], axis=2)
    crossed = _crossed(trials, weight * falling)
    common[:size, size:] = crossed[:, kept]
    common[size:, :size] = crossed[:, kept].T
    common[size:, size:] = np.diag(np.bincount(trials.place, weight, trials.places)[kept])
    common += np.diag(precision)
    between = between[:, :, np.concatenate([np.arange(size), size + kept])]
    inverse = np.linalg.inv(between[:, :, :p] + np.diag(own_precision))
    slope = inverse @ between
    schur = common - np.tensordot(between, slope, axes=((0, 1), (0, 1)))
    covariance = np.linalg.inv((schur + schur.T) / 2)
    change = covariance @ (gradient - np.tensordot(slope, of_items, axes=((0, 1), (0, 1))))
    own = np.einsum("ipq,iq->ip", inverse, of_items) - slope @ change
    return Curvature((covariance + covariance.T) / 2, inverse, slope, data, places), change, own


def _by_item(trials: Trials, values: Floats) -> Floats:
    """(m, 1 + v) sums of values (g,) by item, and by item and level."""
    m, found = trials.items, [np.bincount(trials.item, values, trials.items)[:, None]]
    for size, level in zip(trials.sizes, trials.level.T, strict=True):
        found.append(np.bincount(trials.item * size + level, values, m * size).reshape(m, size))
    return np.concatenate(found, axis=1)


def _crossed(trials: Trials, values: Floats) -> Floats:
    """(1 + v, places) sums of values (g,) by place, and by level and place."""
    found = [np.bincount(trials.place, values, trials.places)[None, :]]
    for size, level in zip(trials.sizes, trials.level.T, strict=True):
        found.append(np.bincount(level * trials.places + trials.place, values, size * trials.places).reshape(size, -1))
    return np.concatenate(found, axis=0)


def information(trials: Trials, weight: Floats, crossed: Floats, p: int) -> tuple[Floats, Floats]:
    """The information on the effects of each item and between these and places.

    Args:
        trials: g groups.
        weight: (g,) of the effects.
        crossed: (g,) of effects with places.
        p: how many effects of its own an item has: 1, or 1 + v.

    Returns:
        (m, 1 + v, 1 + v), or (1, 1 + v, 1 + v) summed over the items where p is 1; and (m, p, places).
    """
    m, size = (trials.items, 1 + trials.levels) if p > 1 else (1, 1 + trials.levels)
    item = trials.item if p > 1 else np.zeros(len(trials.item), np.int64)
    data = np.zeros((m, size, size))
    widths = [1, *trials.sizes]
    edges = np.concatenate([[0], np.cumsum(widths)])
    codes = [np.zeros(len(item), np.int64), *trials.level.T]
    for a, (wide, one) in enumerate(zip(widths, codes, strict=True)):
        left = (item * wide + one) if a else item
        for b in range(a, len(widths)):
            if b == a:
                sums = np.bincount(left, weight, m * wide).reshape(m, wide)
                block = np.zeros((m, wide, wide))
                block[:, np.arange(wide), np.arange(wide)] = sums
            else:
                block = np.bincount(left * widths[b] + codes[b], weight, m * wide * widths[b]).reshape(m, wide, widths[b])
            data[:, edges[a] : edges[a + 1], edges[b] : edges[b + 1]] = block
            data[:, edges[b] : edges[b + 1], edges[a] : edges[a + 1]] = np.swapaxes(block, 1, 2)
    places = np.zeros((trials.items, p, trials.places))
    for a in range(len(widths) if p > 1 else 1):
        place = (trials.item * widths[a] + codes[a]) * trials.places + trials.place
        found = np.bincount(place, crossed, trials.items * widths[a] * trials.places)
        places[:, edges[a] : edges[a + 1]] = found.reshape(trials.items, widths[a], trials.places)
    return data, places


def _walk(rates: Rates, trials: Trials, common: Floats, own: Floats, value: float) -> tuple[Rates, float, float]:
    """The rates after the longest of the steps 1, 1/2, ... that raises the log posterior, its value, and how far they moved."""
    split, kept = len(rates.common), np.delete(np.arange(trials.places), rates.reference)
    largest = max(np.abs(common).max(initial=0.0), np.abs(own).max(initial=0.0))
    share = min(1.0, 4.0 / max(largest, 1e-300))
    for _ in range(30):
        place = rates.place.copy()
        place[kept] += share * common[split:]
        moved = replace(rates, common=rates.common + share * common[:split], place=place, own=rates.own + share * own)
        # An examination above 1 is admitted on the way, but no probability above 1.
        if (trials.examined * np.exp(place[trials.place]) * moved.attraction(trials) < 1).all():
            after = _log_posterior(moved, trials)
            if after >= value - 1e-9 * abs(value):
                return moved, after, share * largest
        share /= 2
    return rates, value, 0.0


def _spreads(rates: Rates, curvature: Curvature) -> tuple[float, float, float]:
    """MacKay's next spreads of levels, of items, and of items at levels."""
    size, found = len(rates.common), []
    own_variance = variances(curvature)
    parts = (
        (rates.common[1:], np.diag(curvature.covariance)[1:size]),
        (rates.own[:, 0], own_variance[:, 0]),
        (rates.own[:, 1:], own_variance[:, 1:]),
    )
    for (effects, variance), spread in zip(parts, rates.spread, strict=True):
        if effects.size == 0:
            found.append(spread)
            continue
        determined = max(effects.size - float(variance.sum()) / spread**2, 0.0)
        squares = float((effects**2).sum()) + PRIOR_WEIGHT * PRIOR_SPREAD**2
        found.append(float(np.clip(np.sqrt(squares / (determined + PRIOR_WEIGHT)), 1e-3, 10)))
    return found[0], found[1], found[2]


def variances(curvature: Curvature) -> NDArray[np.float64]:
    """(m, p) the posterior variances of the items' own effects.

    Args:
        curvature: at the mode.
    """
    slope = curvature.slope
    through = ((slope @ curvature.covariance) * slope).sum(axis=2)
    return np.asarray(np.einsum("ipp->ip", curvature.inverse) + through)
