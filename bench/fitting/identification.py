"""Sentences on what a log cannot identify about its shop."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.stats import chi2_contingency

from slategym.bench.fitting.arrowhead import variances
from slategym.bench.fitting.clicking import CASCADE, DEPENDENT, NONE
from slategym.bench.fitting.effects import WIDE
from slategym.bench.fitting.episodes import Visits
from slategym.bench.fitting.fitted_log import FittedLog
from slategym.bench.fitting.items import Described
from slategym.logs.impressions import ImpressionLog

MOST_NAMED = 5
FEW_CLICKS, FEW_CONVERSIONS, UNKNOWN = 100, 50, 0.9
WIDE_EXAMINATION = 0.25  # half the width of an interval of log examination above which a rank is reported as uncertain
DEPENDS, LEVEL = 0.05, 0.001  # Cramer's V of items and ranks, and the p-value of their independence


def cannot_identify(
    log: ImpressionLog,
    fitted: FittedLog,
    visits: Visits | None,
    changing: tuple[str, ...],
    possible: bool,
    described: Described,
) -> list[str]:
    """Sentences on what this log cannot identify, each computed from the log or its fit.

    Args:
        log: the impressions.
        fitted: the fit.
        visits: the visits of shoppers or sessions; None if they are not known.
        changing: columns of the context that change between visits.
        possible: whether effects of items at levels could be fitted.
        described: the descriptions of the items.
    """
    return [
        *_of_clicks(log, fitted, possible),
        *_of_positions(log, fitted),
        *_of_choice(log),
        *_of_conversions(log, fitted, visits, described),
        *_of_shoppers(log, fitted, visits, changing),
    ]


def not_modelled() -> list[str]:
    """Sentences on what fitted worlds never contain, for any log."""
    return [
        "effects of the slates shown on tastes: fitted shoppers keep their tastes",
        "changes of rates with time: the fitted world is an average over the days of the log",
        "differences between shoppers of the same segment",
        "effects of the items of a slate on each other's attraction, except those of the click model",
    ]


def _of_clicks(log: ImpressionLog, fitted: FittedLog, possible: bool) -> list[str]:
    found = []
    clicks = int(log.click.sum())
    if clicks < FEW_CLICKS:
        found.append(f"click rates with any precision: there are {clicks} clicks, and intervals are wide")
    curvature = fitted.clicking.rates.curvature
    assert curvature is not None
    unknown = variances(curvature)[:, 0] > (UNKNOWN * fitted.clicking.rates.spread[1]) ** 2
    if unknown.any():
        found.append(
            f"the click rates of {int(unknown.sum()):,} of {log.items:,} items, which were shown too rarely: they get the rates "
            "of an average item"
        )
    never = int((np.bincount(log.item, minlength=log.items) == 0).sum())
    if never:
        found.append(f"anything about the {never:,} items that were never shown")
    p_value = fitted.clicking.interaction
    if not fitted.segments.variables:
        found.append("which shoppers click what: nothing is known of shoppers that distinguishes them")
    elif not possible:
        found.append("which segments like which items: there are too many items and levels to fit this")
    elif p_value is not None and not fitted.clicking.rates.interacting:
        found.append(
            f"which segments like which items: a score test finds no such differences in clicks (p = {p_value:.2g}), so an agent "
            "has nothing to personalise in the fitted world"
        )
    return found


def _of_positions(log: ImpressionLog, fitted: FittedLog) -> list[str]:
    if log.ranks == 1:
        return ["which ranks are examined: slates have one item"]
    found = []
    sizes = np.bincount(log.slate)
    if len(sizes) == len(log):
        found.append("which rows were shown together, and whether clicks depend on those above: each row is a separate slate")
    elif (sizes == sizes[0]).all():
        found.append(f"the effect of slates of another size than {log.ranks}: all slates have this size")
    pairs, counts = np.unique(log.item * log.ranks + log.rank, return_counts=True)
    item, rank = pairs // log.ranks, pairs % log.ranks
    several = int((np.bincount(item, minlength=log.items) > 1).sum())
    graph = coo_array((np.ones(len(item)), (item, log.items + rank)), shape=(log.items + log.ranks,) * 2)
    shown = np.unique(np.concatenate([item, log.items + rank]))
    parts = len(np.unique(connected_components(graph, directed=False)[1][shown]))
    if parts > 1:
        found.append(
            f"the examination of ranks separately from the items shown there: items and ranks form {parts} groups without common "
            "items or ranks"
        )
    elif (confounded := _confounded(counts, item, rank, log)) is not None:
        found.append(
            f"the examination of ranks without assuming the click model: ranks are not random but depend on the item (Cramer's V "
            f"= {confounded:.2f}), so it rests on the {several:,} of {log.items:,} items that were shown at several ranks"
        )
    clicking = fitted.clicking
    if clicking.name not in (NONE, CASCADE, DEPENDENT) and clicking.rates.curvature is not None:
        error = np.sqrt(np.diag(clicking.rates.curvature.covariance)[len(clicking.rates.common) :])
        wide = int((WIDE * error > WIDE_EXAMINATION).sum())
        if wide:
            found.append(
                f"the examination of {wide} of {len(error) + 1} places within {WIDE_EXAMINATION:.0%}: see their intervals"
            )
    return found


def _confounded(counts: np.ndarray, item: np.ndarray, rank: np.ndarray, log: ImpressionLog) -> float | None:
    """Cramer's V of items and ranks if they depend on each other, else None."""
    table = np.zeros((log.items, log.ranks))
    table[item, rank] = counts
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    if min(table.shape) < 2:
        return None
    test = chi2_contingency(table, correction=False)
    strength = float(np.sqrt(test.statistic / table.sum() / (min(table.shape) - 1)))
    return strength if test.pvalue < LEVEL and strength > DEPENDS else None


def _of_choice(log: ImpressionLog) -> list[str]:
    if log.propensity is None and log.joint_propensity is None:
        return [
            "whether items were shown to shoppers who like them, by information that is not in the log: there are no "
            "propensities, so rates are correct only if they depend on the segments alone"
        ]
    if log.propensity is None and log.ranks > 1:
        return ["the propensity of each choice: only those of whole slates are known"]
    return []


def _of_conversions(log: ImpressionLog, fitted: FittedLog, visits: Visits | None, described: Described) -> list[str]:
    if "conversion" not in log.events or not log.conversion.any():
        return ["conversions: there are none in the log, and fitted shoppers never convert"]
    found = []
    count = int(log.conversion.sum())
    if count < FEW_CONVERSIONS:
        found.append(f"conversion rates with any precision: there are {count} conversions, and intervals are wide")
    unclicked = int((log.conversion & ~log.click).sum())
    if unclicked:
        found.append(f"conversions without a click: {unclicked:,} of {count:,} are left out, because fitted shoppers click first")
    if log.revenue is None:
        known = "prices are those of the items" if described.priced else "every price is 1"
        found.append(f"the amounts paid: the log has no revenue, and {known}")
    found.append("the shop's share of a price: margins are 1")
    if log.delay is None:
        found.append("when conversions become known: they count at once")
    elif visits is None:
        late = float(np.nanmean(log.delay[log.conversion])) if np.isfinite(log.delay[log.conversion]).any() else 0.0
        found.append(
            f"the number of visits until conversions become known: no shopper comes twice, so they count at once (in the log "
            f"after {late:,.3g} {log.time_unit} on average)"
        )
    else:
        found.append("conversions that would have become known after the end of the log")
    if fitted.conversion_test is not None and fitted.conversions is not None and not fitted.conversions.interacting:
        found.append(
            f"which segments convert which items: a score test finds no such differences (p = {fitted.conversion_test:.2g})"
        )
    return found


def _of_shoppers(log: ImpressionLog, fitted: FittedLog, visits: Visits | None, changing: tuple[str, ...]) -> list[str]:
    found = []
    if visits is None:
        nobody = log.shopper is None and log.session is None
        known = "neither shoppers nor sessions are known" if nobody else "nobody comes twice"
        found.append(f"leaving and coming back: {known}, so each visit in the fitted world has a new shopper")
    else:
        if fitted.parameters["leaving"] is None:
            found.append(f"leaving: either no {visits.name} or every {visits.name} leaves before the last visit")
        if fitted.parameters["days_away"] is None:
            unit = "times are in steps" if log.time is not None and log.time_unit != "seconds" else "there are no times"
            why = "almost nobody comes back on another day" if log.time is not None and log.time_unit == "seconds" else unit
            found.append(f"the number of days until shoppers come back: {why}")
    if changing:
        found.append(
            f"the relation of {_some(changing)} to clicks: {'it changes' if len(changing) == 1 else 'they change'} between "
            "visits, but the context of fitted shoppers is constant"
        )
    rest = [name for name in fitted.segments.left_out if name not in changing]
    if rest:
        found.append(f"the relation of {_some(rest)} to clicks: as segments, they would give only one or too many")
    return found


def _some(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= MOST_NAMED else f"{', '.join(names[:MOST_NAMED])} and {len(names) - MOST_NAMED} more"
