"""Fits click models to a log, and compares them by the likelihood of held-out slates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.bench.fitting.effects import WIDE
from slategym.bench.fitting.interaction import interaction_p_value
from slategym.bench.fitting.rates import MOST_PROBABILITY, Rates, fit_rates, log_likelihood
from slategym.bench.fitting.shown import Shown
from slategym.bench.fitting.trials import Floats, Ints, Trials, first_columns
from slategym.utils.short_repr import Brief

NONE, POSITION, CASCADE, DEPENDENT, BROWSING = "none", "position-based", "cascade", "dependent-click", "user-browsing"
MODELS = (NONE, CASCADE, POSITION, DEPENDENT, BROWSING)
ROUNDS, CLOSE = 8, 1e-4
BROWSING_SPREAD = 0.5  # prior standard deviation of the log examination of a rank at one distance around that of the rank
MOST_BROWSED = 40  # the largest number of ranks for which the user-browsing model is fitted
SIGNIFICANT = 0.05


@dataclass(frozen=True, repr=False)
class Clicking(Brief):
    """A click model with the attraction of items to segments.

    Attributes:
        name: one of `MODELS`.
        rates: attraction, and the log examination of places.
        ranks: k.
        continuation: (k,) in the dependent-click model, the probability of continuing after a click at each rank.
        continuation_error: (k,) its standard errors, given the attraction; NaN where the log has no information.
        interaction: the p-value of "no effects of items at levels"; None before it is tested.
    """

    name: str
    rates: Rates
    ranks: int
    continuation: Floats
    continuation_error: Floats
    interaction: float | None = None

    def examined(self, shown: Shown) -> Floats:
        """(r,) the probability that each row is examined, given the clicks above it.

        Args:
            shown: impressions with the same items, segments and ranks.
        """
        if self.name == CASCADE:
            return (shown.last_click < 0).astype(np.float64)
        if self.name == DEPENDENT:
            return _examined_by_dependent(shown, self._attraction(shown), self.continuation)
        return np.minimum(np.exp(self.rates.place[_places(self.name, shown)[0]]), 1.0)

    def log_likelihood(self, shown: Shown) -> Floats:
        """(s,) the log-likelihood of the clicks on each slate.

        Args:
            shown: impressions with the same items, segments and ranks.
        """
        probability = np.minimum(self.examined(shown) * self._attraction(shown), MOST_PROBABILITY)
        with np.errstate(divide="ignore"):
            of_rows = log_likelihood(probability, 1.0, shown.click.astype(np.float64))
        return np.asarray(np.bincount(shown.slate, of_rows, shown.slates), np.float64)

    def _attraction(self, shown: Shown) -> Floats:
        return self.rates.probability(shown.item, shown.cells[shown.cell] + first_columns(shown.sizes))

    def to_json(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The click model in the form of a fitted world's file, and the ends of the 95 % intervals of its numbers."""
        if self.name == CASCADE:
            return {"name": CASCADE}, {}
        if self.name == DEPENDENT:
            ends = [self.continuation + sign * WIDE * np.nan_to_num(self.continuation_error, nan=1.0) for sign in (-1, 1)]
            interval = np.clip(np.stack(ends, axis=-1), 0, 1)
            return {"name": DEPENDENT, "continuation": self.continuation}, {"continuation": interval}
        place, error = self.rates.place, np.zeros(len(self.rates.place))
        if self.rates.curvature is not None and len(place) > 1:
            others = np.delete(np.arange(len(place)), self.rates.reference)
            error[others] = np.sqrt(np.diag(self.rates.curvature.covariance)[len(self.rates.common) :])
        low, middle, high = (np.minimum(np.exp(place + sign * WIDE * error), 1.0) for sign in (-1, 0, 1))
        if self.name == BROWSING:
            low, middle, high = (_square(values, self.ranks) for values in (low, middle, high))
            return {"name": BROWSING, "examination": middle}, {"examination": np.stack([low, high], axis=-1)}
        if self.name == NONE:
            low = middle = high = np.ones(self.ranks)
        return {"name": POSITION, "examination": middle}, {"examination": np.stack([low, high], axis=-1)}


def fit_clicks(
    shown: Shown,
    name: str,
    *,
    interacting: bool | None = False,
    start: Rates | None = None,
    test: bool = False,
    quick: bool = False,
) -> Clicking:
    """Fit a click model: the attraction by item and segment, and the examination of ranks.

    The probability that a row is clicked, given the clicks above it, is examination times attraction. In the position-based model
    (Richardson, Dominowska, Ragno, WWW 2007) and the user-browsing model (Dupret, Piwowarski, SIGIR 2008), the examination of a
    place is estimated together with the attraction, by maximum likelihood. In the cascade (Craswell, Zoeter, Taylor, Ramsey,
    WSDM 2008), it is 1 down to the first click and 0 below. In the dependent-click model (Guo, Liu, Wang, WSDM 2009), it is
    latent whether shoppers continued below their last click: the continuation is estimated by expectation-maximisation, in
    alternation with the attraction.

    Args:
        shown: the impressions.
        name: one of `MODELS`.
        interacting: whether items differ in the effects of levels; None lets a test decide.
        start: a fit to start from.
        test: whether to test for such effects for any value of `interacting`.
        quick: see `fit_rates`; also leaves out effects of items at levels.
    """
    k = shown.ranks
    nothing = np.full(k, np.nan)

    def rated(trials: Trials, begin: Rates | None, **options: Any) -> tuple[Rates, float | None]:
        plain = fit_rates(trials, start=begin, quick=True, **options)
        p_value = interaction_p_value(trials, plain) if test or interacting is None else None
        several = interacting or (interacting is None and p_value is not None and p_value < SIGNIFICANT)
        return (plain if quick else fit_rates(trials, bool(several), start=plain, **options)), p_value

    if name == CASCADE:
        rates, p_value = rated(_trials(shown.rows(shown.last_click < 0), NONE), start)
        return Clicking(name, rates, k, nothing, nothing, p_value)
    if name == DEPENDENT:
        return _fit_dependent(shown, start, rated)
    trials = _trials(shown, name)
    if name == NONE:
        rates, p_value = rated(trials, start)
        return Clicking(name, rates, k, nothing, nothing, p_value)
    plain = _with_best_reference(_trials(shown, POSITION), start)
    options: dict[str, Any] = {"reference": plain.reference}
    if name == BROWSING:
        rank = _ranks_of_places(k)
        options = {
            "reference": plain.reference * (plain.reference + 1) // 2 + plain.reference,
            "place_centre": plain.place[rank],
            "place_spread": BROWSING_SPREAD,
        }
        plain = replace(plain, place=plain.place[rank], curvature=None)
    rates, p_value = rated(trials, plain, **options)
    return Clicking(name, rates, k, nothing, nothing, p_value)


def compare_click_models(shown: Shown, held_out: Shown, names: Sequence[str] = MODELS) -> dict[str, dict[str, float]]:
    """The mean log-likelihood of held-out slates under each click model that can be fitted, and its difference to the best.

    Args:
        shown: the impressions to fit.
        held_out: the impressions to evaluate on.
        names: some of `MODELS`.

    Returns:
        By name, the best model first: the mean `log_likelihood` of a slate, the difference `below_best` to the best model, and
        its standard error over slates, `error`.
    """
    found: dict[str, Floats] = {}
    start: Rates | None = None
    for name in fitting_models(shown, held_out, names):
        fit = fit_clicks(shown, name, start=start, quick=True)
        found[name] = fit.log_likelihood(held_out)
        start = start or replace(fit.rates, curvature=None) if name == NONE else start
    best = max(found, key=lambda name: float(found[name].mean()))
    told = {}
    for name in sorted(found, key=lambda name: -float(found[name].mean())):
        below = found[best] - found[name]
        error = float(below.std(ddof=1) / np.sqrt(len(below))) if len(below) > 1 else 0.0
        told[name] = {"log_likelihood": float(found[name].mean()), "below_best": float(below.mean()), "error": error}
    return told


def choose_click_model(compared: Mapping[str, Mapping[str, float]]) -> str:
    """The simplest click model that is within a standard error of the best (Breiman, Friedman, Olshen, Stone, 1984, section 3.4).

    Args:
        compared: the result of `compare_click_models`. The simplest model is the first one in `MODELS`.
    """
    near = [name for name, found in compared.items() if found["below_best"] <= found["error"]]
    return min(near, key=MODELS.index)


def fitting_models(shown: Shown, held_out: Shown, names: Sequence[str] = MODELS) -> list[str]:
    """The click models that are consistent with the log.

    With one rank, all models are equal. If the log does not contain which rows belong to the same slate, the clicks above a rank
    are not known. A cascade never has a second click, and without second clicks the models that describe them are not fitted.

    Args:
        shown: the impressions to fit.
        held_out: the impressions to evaluate on.
        names: some of `MODELS`.
    """
    if shown.ranks == 1:
        return [NONE]
    if shown.single:
        return [name for name in names if name in (NONE, POSITION)]
    several = any(bool((each.last_click[each.click] >= 0).any()) for each in (shown, held_out))
    unfit = {CASCADE} if several else {DEPENDENT, BROWSING}
    return [name for name in names if name not in unfit and not (name == BROWSING and shown.ranks > MOST_BROWSED)]


def _trials(shown: Shown, name: str, examined: Floats | None = None) -> Trials:
    place, places = _places(name, shown)
    return Trials.of(shown.item, shown.cell, shown.cells, shown.click, shown.sizes, shown.items, place, places, examined)


def _places(name: str, shown: Shown) -> tuple[Ints, int]:
    """(r,) the place of each row, which its examination depends on, and the number of places."""
    if name == POSITION:
        return shown.rank, shown.ranks
    if name == BROWSING:
        distance = shown.rank - shown.last_click - 1
        return shown.rank * (shown.rank + 1) // 2 + distance, shown.ranks * (shown.ranks + 1) // 2
    return np.zeros(len(shown.rank), np.int64), 1


def _ranks_of_places(ranks: int) -> Ints:
    """The rank of each place of the user-browsing model."""
    return np.repeat(np.arange(ranks), np.arange(ranks) + 1)


def _square(values: Floats, ranks: int) -> Floats:
    """(k, k) values by rank and distance, from values by place; impossible distances get the value of the longest possible."""
    distance = np.minimum(np.arange(ranks)[None, :], np.arange(ranks)[:, None])
    rank = np.arange(ranks)[:, None]
    return np.asarray(values[rank * (rank + 1) // 2 + distance], np.float64)


def _with_best_reference(trials: Trials, start: Rates | None) -> Rates:
    """The position-based rates with the most examined rank as the reference, whose examination is 1."""
    rates = fit_rates(trials, start=_same_places(start, trials.places), quick=True)
    for _ in range(3):
        best = int(rates.place.argmax())
        if best == rates.reference:
            break
        shift = rates.place[best]
        common = rates.common.copy()
        common[0] += shift
        start = replace(rates, common=common, place=rates.place - shift)
        rates = fit_rates(trials, start=start, reference=best, quick=True)
    return rates


def _same_places(start: Rates | None, places: int) -> Rates | None:
    if start is None or len(start.place) == places:
        return start
    nothing = np.zeros(places)
    return replace(start, place=nothing, place_centre=nothing, reference=0)


def _fit_dependent(shown: Shown, start: Rates | None, rated: Any) -> Clicking:
    continuation, rates = np.full(shown.ranks, 0.5), start
    error = np.full(shown.ranks, np.nan)
    unclicked = np.ones(len(shown.item))
    examined = unclicked
    for _ in range(ROUNDS):
        rates = fit_rates(_trials(shown, NONE, examined), start=rates, quick=True)
        attraction = Clicking(DEPENDENT, rates, shown.ranks, continuation, error)._attraction(shown)
        before = continuation
        continuation, error = _continuation(shown, attraction, continuation)
        examined = _examined_by_dependent(shown, attraction, continuation)
        if np.abs(continuation - before).max() < CLOSE:
            break
    rates, p_value = rated(_trials(shown, NONE, examined), rates)
    return Clicking(DEPENDENT, rates, shown.ranks, continuation, error, p_value)


def _examined_by_dependent(shown: Shown, attraction: Floats, continuation: Floats) -> Floats:
    """(r,) the probability that each row is examined, given the clicks above it; it is 1 down to the first click."""
    found = np.ones(len(shown.item))
    clicked = np.zeros(shown.slates, np.bool_)
    clicked[shown.slate[shown.click]] = True
    rows = np.flatnonzero(clicked[shown.slate])
    if len(rows) == 0:
        return found
    number = (np.cumsum(clicked) - 1)[shown.slate[rows]]
    attracted, clicks = _dense(shown, rows, number, attraction)
    state, below = np.ones(len(attracted)), np.ones(attracted.shape)
    for rank in range(shown.ranks):
        below[:, rank] = state
        a = attracted[:, rank]
        missed = state * (1 - a) / np.maximum(1 - state * a, 1e-12)
        state = np.where(clicks[:, rank], continuation[rank], missed)
    found[rows] = below[number, shown.rank[rows]]
    return found


def _dense(shown: Shown, rows: Ints, number: Ints, attraction: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """(slates, k) attraction, 0 where nothing was shown, and clicks, for some rows, by the number of their slate."""
    shape = (int(number[-1]) + 1, shown.ranks)
    attracted, clicks = np.zeros(shape), np.zeros(shape, np.bool_)
    attracted[number, shown.rank[rows]] = attraction[rows]
    clicks[number, shown.rank[rows]] = shown.click[rows]
    return attracted, clicks


def _continuation(shown: Shown, attraction: Floats, start: Floats) -> tuple[Floats, Floats]:
    """(k,) the continuation after a click at each rank, by expectation-maximisation for a given attraction, with errors."""
    k = shown.ranks
    last = np.full(shown.slates, -1)
    last[shown.slate[shown.click]] = shown.rank[shown.click]  # the largest rank is written last
    clicks = np.bincount(shown.rank[shown.click], minlength=k).astype(np.float64)
    ends = np.bincount(last[last >= 0], minlength=k).astype(np.float64)
    below = shown.rank > last[shown.slate]
    passed = np.ones(shown.slates)  # P(no click below the last click | all rows there are examined)
    logs = np.bincount(shown.slate[below], np.log1p(-np.minimum(attraction[below], MOST_PROBABILITY)), shown.slates)
    passed = np.exp(logs)
    tells = (last >= 0) & (passed < 1)
    rank, passed = last[tells], passed[tells]
    went_on = clicks - ends
    trials = went_on + np.bincount(rank, minlength=k)
    found = start.copy()
    for _ in range(500):
        stayed = found[rank] * passed
        expected = went_on + np.bincount(rank, stayed / np.maximum(1 - found[rank] + stayed, 1e-300), k)
        updated = (expected + 0.5) / (trials + 1)
        moved = np.abs(updated - found).max()
        found = updated
        if moved < 1e-7:
            break
    share = 1 - found[rank] + found[rank] * passed
    information = went_on / np.maximum(found, 1e-9) ** 2 + np.bincount(rank, ((1 - passed) / share) ** 2, k)
    error = np.where(trials > 0, 1 / np.sqrt(np.maximum(information, 1e-9)), np.nan)
    return found, error
