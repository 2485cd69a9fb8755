"""Episodes in a log: when shoppers leave, when they come back, and when conversions become known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

from slategym.bench.fitting.effects import WIDE, Effects
from slategym.bench.fitting.rates import fit_rates
from slategym.bench.fitting.trials import Floats, Ints, Trials
from slategym.logs.impressions import ImpressionLog
from slategym.utils.short_repr import Brief

DAY = 86_400.0
LONGEST, MOST_VISITS, MOST_DELAY, MOST_DAYS = 0.99, 1000, 120, 365
TAIL = 0.995  # the share of delays and days that keep their length; longer ones count as the longest of these
USUAL = 0.99  # slates are censored if less time is left in the log than this quantile of the times until a return
LEAST_DELAYS = 20  # the number of delays with enough visits after them from which shares are estimated
LEAST_RETURNS = 0.001  # days are not counted if a smaller share of the returns is on another day


@dataclass(frozen=True, repr=False)
class Visits(Brief):
    """The slates of a log as visits of shoppers, or of sessions if shoppers are not known.

    Attributes:
        unit: (s,) the shopper or session.
        number: (s,) the number of earlier slates of the same unit.
        last: (s,) bool, whether it is the unit's last slate.
        gap: (s,) time until the next slate of the unit; NaN after the last one, and without times.
        censored: (s,) bool, whether the slate is so close to the end of the log that the next one may come after the end.
        name: "shopper" or "session".
    """

    unit: Ints
    number: Ints
    last: NDArray[np.bool_]
    gap: Floats
    censored: NDArray[np.bool_]
    name: str

    @property
    def lengths(self) -> Ints:
        """(e,) the number of visits of each whole episode."""
        return self.number[self.last & ~self.censored] + 1

    @staticmethod
    def of(log: ImpressionLog) -> Visits | None:
        """The visits of a log; None if it contains neither shoppers nor sessions, or none of them comes twice.

        Args:
            log: a log whose slates are in the order of time.
        """
        name = "shopper" if log.shopper is not None else "session"
        column = log.shopper if log.shopper is not None else log.session
        if column is None:
            return None
        unit = log.of_slate(column)
        s = len(unit)
        order = np.argsort(unit, kind="stable")
        ascending = unit[order]
        first = np.concatenate([[True], ascending[1:] != ascending[:-1]])
        start = np.maximum.accumulate(np.where(first, np.arange(s), 0))
        number, last, gap = np.empty(s, np.int64), np.empty(s, np.bool_), np.full(s, np.nan)
        number[order] = np.arange(s) - start
        last[order] = np.concatenate([first[1:], [True]])
        if number.max(initial=0) == 0:
            return None
        censored = np.zeros(s, np.bool_)
        if log.time is not None:
            when = log.of_slate(log.time)
            ahead = np.concatenate([when[order][1:], [np.nan]])
            gap[order] = np.where(last[order], np.nan, ahead - when[order])
            censored = when + np.quantile(gap[~last], USUAL) > when.max()
        return Visits(unit, number, last, gap, censored, name)


def most_visits(visits: Visits | None) -> int:
    """The largest number of visits of an episode in the fitted world: the 99th percentile in the log.

    Args:
        visits: the visits of the log.
    """
    if visits is None:
        return 1
    lengths = visits.number[visits.last] + 1
    return int(min(np.quantile(lengths, LONGEST, method="inverted_cdf"), MOST_VISITS))


def fit_leaving(log: ImpressionLog, visits: Visits, most: int) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """The logit of leaving after each visit, and the effects of a click and of a conversion in the visit, with 95 % intervals.

    This is a discrete-time hazard model (Cox, "Regression models and life-tables", 1972, section 7), logistic in the number of
    the visit, whose effects are shrunk like those of items, and in the events of the visit. Visits after which a return may come
    after the end of the log are left out, and so are visits from the `most`-th on, where episodes are cut.

    Args:
        log: the impressions.
        visits: the visits of the same log.
        most: the largest number of visits of an episode.

    Returns:
        The parameters and their intervals; None if nobody leaves, or everybody leaves, before the last visit.
    """
    known = ~visits.censored & (visits.number < most - 1)
    left = visits.last[known]
    if left.sum() == 0 or left.all() or most < 2:
        return None
    names = ("click", "conversion")
    happened = {each: np.bincount(log.slate, log.events[each], log.slates)[known] > 0 for each in names if each in log.events}
    told = {name: did for name, did in happened.items() if 0 < did.sum() < len(did)}
    cells = (
        np.stack(np.unravel_index(np.arange(2 ** len(told)), (2,) * len(told)), axis=1) if told else np.zeros((1, 0), np.int64)
    )
    cell = np.zeros(len(left), np.int64)
    for did in told.values():
        cell = 2 * cell + did
    trials = Trials.of(visits.number[known], cell, cells, left, (2,) * len(told), most - 1)
    effects = Effects.of(fit_rates(trials), trials.sizes)
    start = effects.common[0] + effects.common[1::2].sum()
    by_visit = np.append(start + effects.own[:, 0], start)  # the value after the last visit is never used
    error = np.append(np.hypot(effects.own_error[:, 0], effects.common_error[0]), 0)
    place = {name: number for number, name in enumerate(told)}

    def added(event: str) -> tuple[float, list[float]]:
        if event not in place:
            return 0.0, [0.0, 0.0]
        # The two levels add up to 0, so the effect of the event is twice the second one.
        value, spread = (2 * float(part[2 + 2 * place[event]]) for part in (effects.common, effects.common_error))
        return value, [value - WIDE * spread, value + WIDE * spread]

    clicked, clicked_ends = added("click")
    converted, converted_ends = added("conversion")
    return (
        {"by_visit": by_visit, "clicked": clicked, "converted": converted},
        {
            "by_visit": np.stack([by_visit - WIDE * error, by_visit + WIDE * error], axis=-1),
            "clicked": clicked_ends,
            "converted": converted_ends,
        },
    )


def fit_days_away(log: ImpressionLog, visits: Visits) -> tuple[Floats, Floats] | None:
    """The shares of returns after 0, 1, 2, ... days, with 95 % intervals; None if days are not known, or hardly any passes.

    Args:
        log: a log with times in seconds.
        visits: the visits of the same log.
    """
    if log.time is None or log.time_unit != "seconds":
        return None
    known = ~visits.last & ~visits.censored
    when = log.of_slate(log.time)[known]
    days = (np.floor((when + visits.gap[known]) / DAY) - np.floor(when / DAY)).astype(np.int64)
    if len(days) == 0 or (days > 0).mean() < LEAST_RETURNS:
        return None
    longest = int(min(max(np.quantile(days, TAIL, method="inverted_cdf"), 1), MOST_DAYS))
    return shares(np.minimum(days, longest), longest)


def fit_delay(log: ImpressionLog, visits: Visits | None, most: int) -> tuple[Floats, Floats] | None:
    """The shares of conversions that become known 0, 1, ... visits later, with 95 % intervals; None if the log has no delays.

    A conversion becomes known at the first visit of the shopper at or after its time. Conversions that are followed by fewer
    visits than the longest delay are left out, if enough others remain.

    Args:
        log: a log with delays.
        visits: the visits of the same log.
        most: the largest number of visits of an episode.
    """
    if log.delay is None or log.time is None or visits is None or most < 2:
        return None
    rows = np.flatnonzero(log.conversion & ~np.isnan(log.delay))
    if len(rows) == 0 or not (log.delay[rows] > 0).any():
        return None
    slate = log.slate[rows]
    when = log.of_slate(log.time)
    low, wide = when.min(), float(when.max() - when.min()) + 1
    until = np.minimum(when[slate] + log.delay[rows], when.max() + 0.5)
    keys = np.sort(visits.unit * (2 * wide) + (when - low))
    place = np.searchsorted(keys, visits.unit[slate] * (2 * wide) + (until - low), side="left")
    here = np.searchsorted(keys, visits.unit[slate] * (2 * wide) + (when[slate] - low), side="left")
    later = np.where(log.delay[rows] > 0, place - here, 0)
    longest = int(min(np.quantile(later, TAIL, method="inverted_cdf"), MOST_DELAY, most - 1))
    # For conversions near a shopper's last visit, long delays would not be observed.
    ahead = np.bincount(visits.unit)[visits.unit[slate]] - visits.number[slate] - 1
    whole = ahead >= longest
    if whole.sum() >= LEAST_DELAYS:
        later = later[whole]
    return shares(np.minimum(later, longest), longest) if longest else None


def shares(values: Ints, longest: int) -> tuple[Floats, Floats]:
    """(longest + 1,) the shares of 0, 1, ..., longest, and the ends of their 95 % intervals (Jeffreys' binomial intervals).

    Args:
        values: values from 0 to `longest`.
        longest: the highest value.
    """
    counts = np.bincount(values, minlength=longest + 1).astype(np.float64)
    n = counts.sum()
    ends = [beta.ppf(q, counts + 0.5, n - counts + 0.5) for q in (0.025, 0.975)]
    return counts / n, np.stack(ends, axis=-1)


def fit_prices(item: Ints, paid: Floats, items: int) -> tuple[Floats, Floats, float]:
    """The mean amount paid for each item, its 95 % intervals, and the standard deviation of the log amount within an item.

    Log amounts are normal around the item's mean, and the items' means are normal around a common mean, with both variances from
    the data (Efron and Morris, "Data analysis using Stein's estimator and its generalizations", JASA 70, 1975; the variance
    between items is the moment estimate of DerSimonian and Laird, 1986).

    Args:
        item: (c,) the items of the conversions.
        paid: (c,) the amounts paid, above 0.
        items: m.
    """
    logs = np.log(paid)
    count = np.bincount(item, minlength=items).astype(np.float64)
    sold = count > 0
    mean = np.bincount(item, logs, items) / np.maximum(count, 1)
    within = float(((logs - mean[item]) ** 2).sum() / max(len(logs) - sold.sum(), 1))
    within = within if within > 1e-12 else 0.0
    weight = count[sold]
    centre = float((weight * mean[sold]).sum() / weight.sum())
    scatter = float((weight * (mean[sold] - centre) ** 2).sum())
    size = weight.sum() - (weight**2).sum() / weight.sum()
    between = max((scatter - (sold.sum() - 1) * within) / size, 0.0) if size > 0 else 0.0
    noise = within / np.maximum(count, 1e-12)
    trust = between / np.maximum(between + noise, 1e-300) if between > 0 else np.zeros(items)
    trust = np.where(sold, trust, 0.0) if within > 0 or between == 0 else sold.astype(np.float64)
    middle = float(np.average(mean[sold], weights=1 / (between + noise[sold]))) if between + within > 0 else centre
    posterior = middle + trust * (mean - middle)
    error = np.sqrt(np.where(sold, trust * noise, between) + (1 - trust) ** 2 * (between + within) / max(sold.sum(), 1))
    price = np.exp(posterior + within / 2)
    return price, np.exp(np.stack([np.log(price) - WIDE * error, np.log(price) + WIDE * error], axis=-1)), float(np.sqrt(within))
