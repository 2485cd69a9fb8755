"""Probabilities by item and segment from few successes: a hierarchical logistic model, fitted by empirical Bayes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit, xlog1py, xlogy

from slategym.bench.fitting.arrowhead import Curvature, by_item, crossed_with_places, information, uncertainty, variances
from slategym.bench.fitting.trials import Floats, Ints, Trials
from slategym.utils.short_repr import Brief

START_SPREAD, PRIOR_SPREAD, PRIOR_WEIGHT = 0.5, 0.3, 1.0
MOST_STEPS, CLOSE, FIRST_STEPS = 60, 1e-3, 2
LONGEST_STEP = 4.0  # the largest change of an effect in one step
CALIBRATIONS, CORRECTIONS = 20, 4
FREE = 1e-8  # the precision of an effect without a prior, so that no matrix is singular
MOST_PROBABILITY = 1 - 1e-9


@dataclass(frozen=True, repr=False)
class Rates(Brief):
    """A fitted model: P(success) = examined * exp(place) * s(intercept + item + sum over variables of level and item by level).

    Attributes:
        common: (1 + v,) the intercept and the effects of the levels.
        place: (places,) log examination; 0 at the reference.
        own: (m, p) the effects of each item, added to `common`: only to the intercept if p = 1, or to every effect if p = 1 + v.
        spread: standard deviations of the effects of levels, of items, and of items at a level.
        reference: the place whose examination is 1.
        place_centre: (places,) prior means of `place`.
        place_spread: the prior standard deviation of `place`.
        curvature: the curvature of the log posterior at the estimates; None before the fit is finished.
        lift: a number added to every logit, so that the estimates have as many successes as the data. It is needed because the
            probability at the mean of an uncertain logit is below the mean probability.
    """

    common: Floats
    place: Floats
    own: Floats
    spread: tuple[float, float, float]
    reference: int
    place_centre: Floats
    place_spread: float
    curvature: Curvature | None = None
    lift: float = 0.0

    @property
    def interacting(self) -> bool:
        """Whether items differ in the effects of levels."""
        return bool(self.own.shape[1] > 1)

    def attraction(self, trials: Trials) -> Floats:
        """(g,) the probability of a success if examined.

        Args:
            trials: trials with the same items and levels.
        """
        return self.probability(trials.item, trials.columns)

    def probability(self, item: Ints, columns: Ints) -> Floats:
        """(r,) the probability of a success if examined.

        Args:
            item: (r,) the items.
            columns: (r, V), see `Trials.columns`.
        """
        return np.asarray(expit(self.logit(item, columns) + self.lift))

    def logit(self, item: Ints, columns: Ints) -> Floats:
        """(r,) the sum of the effects, without the lift.

        Args:
            item: (r,) the items.
            columns: (r, V), see `Trials.columns`.
        """
        logit = self.common[0] + self.own[item, 0] + self.common[1 + columns].sum(axis=1)
        if self.interacting:
            for column in columns.T:
                logit += self.own[item, 1 + column]
        return np.asarray(logit)

    def success(self, trials: Trials) -> Floats:
        """(g,) the probability of a success.

        Args:
            trials: trials with the same items, levels and places.
        """
        return np.minimum(trials.examined * np.exp(self.place[trials.place]) * self.attraction(trials), MOST_PROBABILITY)


def fit_rates(
    trials: Trials,
    interacting: bool = False,
    *,
    start: Rates | None = None,
    reference: int = 0,
    place_centre: Floats | None = None,
    place_spread: float = 2.0,
    fixed_spread: bool = False,
    quick: bool = False,
) -> Rates:
    """Fit the model: the posterior mode, with the spreads of the effects from the data.

    Effects of levels, of items and of items at levels are normal around 0 with three unknown standard deviations; the intercept
    is free. Modes are found by Fisher scoring. The spreads maximise the marginal likelihood in Laplace's approximation, by
    MacKay's fixed point, spread^2 = sum of squares / well-determined effects ("Bayesian interpolation", Neural Computation 4,
    1992; for logistic models the same as Breslow and Clayton's penalised quasi-likelihood, JASA 88, 1993). Each spread has a
    scaled inverse chi-squared prior with the weight of one effect of 0.3, which keeps it above 0. The Hessian is an arrowhead
    matrix in the items, so a step costs m p^3.

    Then the uncertainty of the logits is included: probabilities become means over logits with Laplace's variances, which removes
    most of the bias of modes with many effects (a Gaussian variational approximation; Ormerod and Wand, JCGS 21, 2012). Finally,
    the intercept and the places are set so that the expected number of successes of every place, including the reference, equals
    the observed one; otherwise the shrinkage of many effects would shift the reference relative to the other places.

    Args:
        trials: the observed trials.
        interacting: whether the effects of levels differ by item.
        start: a fit to start from.
        reference: the place whose examination is 1.
        place_centre: (places,) prior means of the log examination; 0 by default.
        place_spread: prior standard deviation of the log examination.
        fixed_spread: whether to keep the spreads of `start`.
        quick: whether to leave out the correction for uncertain logits, for a fit that is only compared or used as a start.
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
        lift=0.0,
    )
    state = _State.of(rates, trials)
    for step in range(MOST_STEPS):
        curvature, change_common, change_own = _newton_step(state, trials)
        state, moved = _walk(state, trials, change_common, change_own)
        before = state.rates.spread
        if not fixed_spread and step >= FIRST_STEPS - 1:
            state = replace(state, rates=replace(state.rates, spread=_spreads(state.rates, curvature)))
        if step >= FIRST_STEPS and moved < CLOSE and np.abs(np.log(state.rates.spread) - np.log(before)).max() < 5 * CLOSE:
            break
    for _ in range(0 if quick else CORRECTIONS):
        state = _State.of(state.rates, trials, uncertainty(curvature, trials))
        curvature, change_common, change_own = _newton_step(state, trials)
        state = _with_rates_of_places(_walk(state, trials, change_common, change_own)[0], trials)
        if not fixed_spread:
            state = replace(state, rates=replace(state.rates, spread=_spreads(state.rates, curvature)))
    curvature, *_ = _newton_step(state, trials)
    return replace(state.rates, curvature=curvature, lift=_lift(state, trials))


@dataclass(frozen=True, repr=False)
class _State(Brief):
    """Rates during the fit, with their probabilities and likelihood of the trials.

    Attributes:
        rates: the rates.
        attraction: (g,) the probability of a success if examined.
        success: (g,) the probability of a success; values of 1 or more are possible here, with a likelihood of -inf.
        likelihood: the log-likelihood.
        uncertainty: (g,) posterior standard deviations of the logits, over which attraction is averaged; None stands for 0.
    """

    rates: Rates
    attraction: Floats
    success: Floats
    likelihood: float
    uncertainty: Floats | None = None

    @staticmethod
    def of(rates: Rates, trials: Trials, uncertainty: Floats | None = None) -> _State:
        logit = rates.logit(trials.item, trials.columns)
        # The mean over two points is exact up to the third order of the uncertainty.
        ends = [logit] if uncertainty is None else [logit - uncertainty, logit + uncertainty]
        attraction = np.mean(expit(ends), axis=0)
        success = trials.examined * np.exp(rates.place)[trials.place] * attraction
        if (success > MOST_PROBABILITY).any():  # during the fit, an examination above 1 is allowed, but not a probability
            return _State(rates, attraction, success, -np.inf, uncertainty)
        likelihood = float(log_likelihood(success, trials.trials, trials.successes).sum())
        return _State(rates, attraction, success, likelihood, uncertainty)

    @property
    def value(self) -> float:
        """The log posterior."""
        precision, own_precision = _precisions(self.rates)
        prior = 0.5 * (precision @ _deviations(self.rates) ** 2 + (own_precision * self.rates.own**2).sum())
        return self.likelihood - float(prior)


def log_likelihood(probability: Floats, trials: Floats | float, successes: Floats) -> Floats:
    """(g,) the log-likelihood of groups of trials.

    Args:
        probability: (g,) the probability of a success.
        trials: (g,) the numbers of trials, or 1.
        successes: (g,) the numbers of successes.
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
    """(c,) the deviations of the common effects, and of the places other than the reference, from their prior means."""
    return np.concatenate([rates.common, np.delete(rates.place - rates.place_centre, rates.reference)])


def _newton_step(state: _State, trials: Trials) -> tuple[Curvature, Floats, Floats]:
    """The curvature, and the Newton step of the common effects and places (c,) and of the items' own effects (m, p)."""
    rates, attraction, success = state.rates, state.attraction, state.success
    p, v = rates.own.shape[1], trials.levels
    residual = (trials.successes - trials.trials * success) / (1 - success)
    weight = trials.trials * success / (1 - success)
    falling = 1 - attraction
    score = residual * falling
    of_items = by_item(trials, score)  # (m, 1 + v)
    data, places = information(trials, weight * falling**2, weight * falling, p)
    kept = np.delete(np.arange(trials.places), rates.reference)
    of_places = np.bincount(trials.place, residual, trials.places)[kept]
    gradient = np.concatenate([of_items.sum(axis=0), of_places])
    of_items = of_items[:, :p]

    precision, own_precision = _precisions(rates)
    gradient -= precision * _deviations(rates)
    of_items = of_items - own_precision * rates.own
    # The common block, and the blocks between it and each item.
    size = 1 + v
    common = np.zeros((size + len(kept), size + len(kept)))
    common[:size, :size] = data.sum(axis=0)
    between = np.concatenate([data[:, :p] if p > 1 else by_item(trials, weight * falling**2)[:, None, :], places], axis=2)
    crossed = crossed_with_places(trials, weight * falling)
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
    return Curvature((covariance + covariance.T) / 2, inverse, slope), change, own


def _walk(state: _State, trials: Trials, common: Floats, own: Floats) -> tuple[_State, float]:
    """The state after the longest of the steps 1, 1/2, ... that increases the log posterior, and the length of the step."""
    rates, value = state.rates, state.value
    split, kept = len(rates.common), np.delete(np.arange(trials.places), rates.reference)
    largest = max(np.abs(common).max(initial=0.0), np.abs(own).max(initial=0.0))
    share = min(1.0, LONGEST_STEP / max(largest, 1e-300))
    for _ in range(30):
        place = rates.place.copy()
        place[kept] += share * common[split:]
        moved = replace(rates, common=rates.common + share * common[:split], place=place, own=rates.own + share * own)
        after = _State.of(moved, trials, state.uncertainty)
        if after.value >= value - 1e-9 * abs(value):
            return after, share * largest
        share /= 2
    return state, 0.0


def _lift(state: _State, trials: Trials) -> float:
    """The number to add to every logit so that probabilities at the mean logits have the same sum as the mean probabilities."""
    wanted = float((trials.trials * state.success).sum())
    factor = trials.trials * trials.examined * np.exp(state.rates.place)[trials.place]
    logit, lift = state.rates.logit(trials.item, trials.columns), 0.0
    for _ in range(CALIBRATIONS):
        attraction = expit(logit + lift)
        change = (wanted - float((factor * attraction).sum())) / float((factor * attraction * (1 - attraction)).sum())
        lift += float(np.clip(change, -1, 1))
        if abs(change) < 1e-9:
            break
    return lift


def _with_rates_of_places(state: _State, trials: Trials) -> _State:
    """The state with intercept and places such that each place has the observed number of successes."""
    if trials.places == 1 or not (trials.place == state.rates.reference).any():
        return state
    for _ in range(CALIBRATIONS):
        rates = state.rates
        expected = np.bincount(trials.place, trials.trials * state.success, trials.places)
        found = np.bincount(trials.place, trials.successes, trials.places)
        precision = np.full(trials.places, rates.place_spread**-2)
        precision[rates.reference] = FREE
        residual = found - expected - precision * (rates.place - rates.place_centre)
        change = np.clip(residual / (expected + precision), -0.5, 0.5)
        here = trials.place == rates.reference
        shift = change[rates.reference]
        common = rates.common.copy()
        common[0] += shift / (1 - np.average(state.attraction[here], weights=state.success[here]))
        after = _State.of(replace(rates, common=common, place=rates.place + change - shift), trials, state.uncertainty)
        if not np.isfinite(after.likelihood):
            break
        state = after
        if np.abs(change).max() < 1e-6:
            break
    return state


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
