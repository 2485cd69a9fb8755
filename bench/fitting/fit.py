"""Fits the parameters of a world to a log of impressions, each with its interval."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.bench.fitting.clicking import MODELS, NONE, Clicking, choose_click_model, compare_click_models, fit_clicks
from slategym.bench.fitting.effects import Effects
from slategym.bench.fitting.episodes import Visits, fit_days_away, fit_delay, fit_leaving, fit_prices, most_visits
from slategym.bench.fitting.fitted_log import FittedLog
from slategym.bench.fitting.identification import cannot_identify, not_modelled
from slategym.bench.fitting.interaction import interaction_p_value
from slategym.bench.fitting.items import Described, describe_items
from slategym.bench.fitting.rates import Rates, fit_rates
from slategym.bench.fitting.shown import Shown
from slategym.bench.fitting.trials import Trials
from slategym.logs.impressions import ImpressionLog
from slategym.logs.segments import Segments
from slategym.sim.catalog import Catalog
from slategym.sim.worlds.fitted.parameters import NAME, VERSION, check_parameters
from slategym.utils.lookup import choose

LEAST_CLICKS = 5
EVERY, HELD_OUT = 5, 4  # every fifth unit is held out
MOST_COMPARED = 60_000  # approximate number of slates for the comparison of click models
SIGNIFICANT = 0.05
LARGEST_TABLE = 20_000_000  # the largest segments x items of the fitted world
LARGEST_EFFECTS = 40_000_000  # effects of items at levels are not fitted if their information has more numbers
CHANGING = 0.5  # a column is no trait if its level changes between visits more often than this share of chance changes
HISTORY = ("clock", "day", "exposure", "engagement")  # fields of a shopper's history in the observations of worlds
DIGITS = 8


def fit_log(
    log: ImpressionLog,
    *,
    items: Catalog | None = None,
    click_model: str | None = None,
    segments: Segments | None = None,
    like: FittedLog | None = None,
    progress: Callable[[str], None] | None = None,
) -> FittedLog:
    """Fit a world to a log.

    Args:
        log: a log with clicks.
        items: a description of the items, with the ids of the log as their names.
        click_model: one of `clicking.MODELS`; by default the simplest that is within a standard error of the one that
            predicts held-out slates best.
        segments: the segments of the shoppers; by default made from the columns of the context that are constant for a shopper.
        like: a fit whose segments, click model and choice of effects of items at levels are used, instead of those from the log.
        progress: called with a description of each part before it begins.

    Raises:
        ValueError: the log has no clicks, or too few to fit anything; or items are missing.
    """
    say = progress or (lambda text: None)
    clicks = int(log.click.sum())
    if clicks < LEAST_CLICKS:
        raise ValueError(f"{log.source} has {clicks} clicks: expected at least {LEAST_CLICKS} to estimate rates")
    if click_model is not None:
        choose("click model", click_model, dict.fromkeys(MODELS))
    visits = Visits.of(log)
    changing = changing_columns(log, visits)
    if like is not None:
        segments = like.segments
    if segments is None:
        segments = segment(log, changing)
    shown, described = Shown.of(log, segments), describe_items(log, items)
    compared: dict[str, Any] = {}
    if like is not None:
        click_model = like.clicking.name
    elif click_model is None:
        say("comparing click models on held-out slates")
        held = held_out(log)
        some = np.arange(log.slates) % max(log.slates // MOST_COMPARED, 1) == 0
        compared = compare_click_models(shown.of_slates(~held & some), shown.of_slates(held & some))
        click_model = choose_click_model(compared)
    say("fitting clicks")
    possible = log.items * (1 + sum(shown.sizes)) ** 2 <= LARGEST_EFFECTS
    interacting = None if like is None else like.clicking.rates.interacting
    clicking = fit_clicks(shown, click_model, interacting=interacting if possible else False, test=possible and like is None)
    if "conversion" in log.events:
        say("fitting conversions")
    converting = _conversions(log, shown, like, possible)
    most = most_visits(visits)
    parameters = _parameters(log, segments, shown, described, clicking, converting, visits, most)
    found = FittedLog(parameters, segments, clicking, *converting)
    parameters["fit"] |= {"click_models": _plain(compared)}
    parameters["cannot_identify"] = cannot_identify(log, found, visits, changing, possible, described)
    parameters["not_modelled"] = not_modelled()
    check_parameters(parameters)
    return found


def segment(log: ImpressionLog, changing: tuple[str, ...]) -> Segments:
    """The segments of a log's shoppers; their number is limited, so that the table of segments and items is not too large.

    Args:
        log: the impressions.
        changing: columns of the context that are not constant for a shopper.
    """
    columns = [name for name in log.context if name not in changing]
    most = int(np.clip(LARGEST_TABLE // max(log.items, 1), 1, 1024))
    found = Segments.fit(log, columns, most_cells=most)
    return replace(found, left_out=tuple(name for name in log.context if name not in found.levels))


def changing_columns(log: ImpressionLog, visits: Visits | None) -> tuple[str, ...]:
    """The columns of the context that change between visits of a shopper, including the history columns of slategym's logs.

    A column counts as changing if its levels at two visits half an episode apart differ more than half as often as those of
    different shoppers.

    Args:
        log: the impressions.
        visits: the visits of the same log.
    """
    if visits is None:
        return ()
    length = (np.bincount(visits.unit))[visits.unit]
    order = np.lexsort((visits.number, visits.unit))
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    # Pair each visit with the one of the same shopper half an episode away.
    other = order[place - visits.number + (visits.number + length // 2) % length][length > 1]
    found = []
    for name in log.context:
        if log.time_unit == "steps" and name.split("_")[0] in HISTORY:
            found.append(name)
            continue
        variables = Segments.fit(log, [name]).variables
        if not variables:
            continue
        level = variables[0].codes(log)
        share = np.bincount(level) / len(level)
        differs = float((level[length > 1] != level[other]).mean())
        if differs > CHANGING * (1 - (share**2).sum()):
            found.append(name)
    return tuple(found)


def held_out(log: ImpressionLog) -> NDArray[np.bool_]:
    """(s,) the slates that are held out: every fifth shopper's, or session's if no shoppers are known, or every fifth slate.

    Args:
        log: the impressions.
    """
    column = log.shopper if log.shopper is not None else log.session
    unit = np.arange(log.slates) if column is None else log.of_slate(column)
    if len(np.unique(unit)) < 2 * EVERY:
        unit = np.arange(log.slates)
    return np.asarray(unit % EVERY == HELD_OUT)


def _conversions(log: ImpressionLog, shown: Shown, like: FittedLog | None, possible: bool) -> tuple[Rates | None, float | None]:
    """The rates of conversions given a click, and the p-value of no effects of items at levels."""
    if "conversion" not in log.events:
        return None, None
    clicked = shown.rows(shown.click)
    converted = log.conversion[shown.click]
    if not converted.any():
        return None, None
    trials = Trials.of(clicked.item, clicked.cell, clicked.cells, converted, clicked.sizes, clicked.items)
    plain, p_value = fit_rates(trials, quick=True), None
    several = like is not None and like.conversions is not None and like.conversions.interacting
    if like is None and possible:
        p_value = interaction_p_value(trials, plain)
        several = p_value < SIGNIFICANT
    return fit_rates(trials, several, start=plain), p_value


def _parameters(
    log: ImpressionLog,
    segments: Segments,
    shown: Shown,
    described: Described,
    clicking: Clicking,
    converting: tuple[Rates | None, float | None],
    visits: Visits | None,
    most: int,
) -> dict[str, Any]:
    levels = segments.levels
    click, click_ends = Effects.of(clicking.rates, shown.sizes).to_json(levels)
    click_model, click_model_ends = clicking.to_json()
    intervals: dict[str, Any] = {"click": click_ends, "click_model": click_model_ends}
    conversion = None
    if converting[0] is not None:
        conversion, intervals["conversion"] = Effects.of(converting[0], shown.sizes).to_json(levels)
    price, spread = described.price, 0.0
    if log.revenue is not None and "conversion" in log.events:
        paid = log.conversion & (log.revenue > 0)
        if paid.any():
            price, intervals["price"], spread = fit_prices(log.item[paid], log.revenue[paid], log.items)
    delay, leaving, away = np.ones(1), None, None
    if "conversion" in log.events and (found := fit_delay(log, visits, most)) is not None:
        delay, intervals["delay"] = found
    if visits is not None and (left := fit_leaving(log, visits, most)) is not None:
        leaving, intervals["leaving"] = left
    if visits is not None and most > 1 and (days := fit_days_away(log, visits)) is not None:
        away, intervals["days_away"] = days
    weight = np.bincount(segments.cell(log), minlength=segments.cells)
    spreads = {"clicks": clicking.rates.spread, "conversions": None if converting[0] is None else converting[0].spread}
    parameters = {
        "world": NAME,
        "version": VERSION,
        "source": log.source,
        "fit": {
            "impressions": len(log),
            "slates": log.slates,
            "clicks": int(log.click.sum()),
            "conversions": int(log.conversion.sum()) if "conversion" in log.events else 0,
            "click_model": clicking.name,
            "item_by_segment_p_value": {"clicks": clicking.interaction, "conversions": converting[1]},
            "spreads": {
                name: None if each is None else dict(zip(("level", "item", "item_by_level"), each, strict=True))
                for name, each in spreads.items()
            },
            "intervals": "95 %; for rates, examination and leaving: Laplace's approximation, given the spreads; for prices: "
            "empirical Bayes, given the variances; for shares of delays and days: Jeffreys' intervals",
        },
        "slate_size": log.ranks,
        "visits": most,
        "items": {
            "ids": [str(each) for each in log.ids["item"].tolist()],
            "category": described.category,
            "price": price,
            "feature_names": list(described.feature_names),
            "features": described.features,
        },
        "segments": segments.to_json(),
        "context": list(segments.names),
        "weight": weight,
        "click_model": click_model,
        "click": click,
        "conversion": conversion,
        "spend_spread": spread,
        "delay": delay / delay.sum(),
        "leaving": leaving,
        "days_away": None if away is None else away / away.sum(),
        "intervals": intervals,
    }
    plain: dict[str, Any] = _plain(parameters)
    return plain


def _plain(value: Any) -> Any:
    """Convert to JSON values, with eight digits for numbers."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


def click_model_name(text: str | None) -> str | None:
    """Check the name of a click model from the command line; "none" means that every rank is examined.

    Args:
        text: one of `MODELS`; None for the best one.

    Raises:
        ValueError: there is none of that name.
    """
    return None if text is None else choose("click model", text, {name: name for name in (*MODELS[1:], NONE)})
