"""How well the fitted world reproduces a part of the log that was not used for fitting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlog1py, xlogy
from scipy.stats import beta

from slategym.bench.fitting.episodes import DAY, Visits
from slategym.bench.fitting.fit import EVERY, fit_log, held_out
from slategym.bench.fitting.fitted_log import FittedLog
from slategym.bench.fitting.shown import Shown
from slategym.bench.fitting.trials import Floats, Ints, first_columns
from slategym.logs.impressions import ImpressionLog
from slategym.sim.catalog import Catalog
from slategym.sim.simulation import Simulation
from slategym.sim.slate import first_shown
from slategym.sim.world import World
from slategym.sim.worlds.fitted.world import world_of

LEAST_EXPECTED = 5.0  # groups with fewer expected events are not compared
PERIODS = 10  # parts of the time of a log without days
EPISODES, SEED = 4000, 0
SMOOTH = 1.0  # pseudo-successes at the mean rate, added to a baseline's rate of each item or rank
EVENTS = ("click", "conversion")


def certify(
    log: ImpressionLog,
    fitted: FittedLog,
    *,
    items: Catalog | None = None,
    progress: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """The certificate of a fit: the fit is repeated with four fifths of the log, and compared with the held-out fifth.

    The log is divided by shoppers, or by sessions or slates if no shoppers are known. The held-out slates are shown in the world
    that was fitted to the others, which gives exact expectations; episodes are simulated.

    Args:
        log: the log that was fitted.
        fitted: the fit of the whole log; its segments, its click model and its choice of effects of items at levels are reused.
        items: see `fit_log`.
        progress: called with a description of each part before it begins.

    Returns:
        `slates`, the numbers of fitted and held-out slates; `log_likelihood` of clicks and of conversions, with baselines; and
        `rates` by rank, item, segment and day, and of lengths of episodes, with the share of those inside their 95 % intervals.

    Raises:
        ValueError: the log is too small to fit four fifths of it.
    """
    say = progress or (lambda text: None)
    out = held_out(log)
    if not (~out).any() or not out.any():
        raise ValueError(f"{log.source} has {log.slates} slates: expected 5 or more, because a fifth is held out")
    say("fitting four fifths of the log")
    train, test = log.part(~out), log.part(out)
    refit = fit_log(train, items=items, like=fitted)
    world = world_of(refit.parameters)
    say("comparing the fitted world with the held-out part")
    shown = Shown.of(test, fitted.segments)
    click, conversion = _expected(world, shown)
    observed = {name: test.events[name].astype(np.float64) for name in EVENTS if name in test.events}
    expected = {"click": click, "conversion": conversion}
    found: dict[str, Any] = {
        "slates": {"fitted": train.slates, "held_out": test.slates},
        "log_likelihood": {"click": _of_clicks(train, test, refit, shown)},
        "rates": {},
    }
    if refit.conversions is not None and observed.get("conversion", np.zeros(1)).any():
        found["log_likelihood"]["conversion"] = _of_conversions(train, test, refit, shown)
    groups = _groups(test, fitted, shown)
    known = test.shopper if test.shopper is not None else test.session
    unit = test.slate if known is None else known
    for name, rates in observed.items():
        if name == "click" or refit.conversions is not None:
            happened = rates if name == "click" else rates * observed["click"]
            found["rates"][name] = {
                by: rates_by(labels, group, happened, expected[name], unit, len(train) / len(test))
                for by, (labels, group) in groups.items()
            }
    visits = Visits.of(test)
    if visits is not None and world.visits > 1 and len(visits.lengths):
        found["rates"]["episodes"] = {"length": _lengths(world, test, visits)}
    return found


def _expected(world: World, shown: Shown) -> tuple[Floats, Floats]:
    """(r,) the probability of a click, and of a conversion, for each row in the fitted world."""
    model: Any = world.user_model
    slate = np.zeros((shown.slates, shown.ranks), np.int64)
    here = np.zeros(slate.shape, np.bool_)
    slate[shown.slate, shown.rank] = shown.item
    here[shown.slate, shown.rank] = True
    cell = np.zeros(shown.slates, np.int64)
    cell[shown.slate] = shown.cell
    attraction = np.where(here, model.click[cell[:, None], slate], 0.0)
    repeated = ~first_shown(np.where(here, slate, -1 - np.arange(shown.ranks)))
    click = model.click_model.click_probability(np.where(repeated, 0.0, attraction))[shown.slate, shown.rank]
    return click, click * model.conversion_rate[shown.cell, shown.item]


def _of_clicks(train: ImpressionLog, test: ImpressionLog, refit: FittedLog, shown: Shown) -> dict[str, Any]:
    of_slates = refit.clicking.log_likelihood(shown)
    clicks, seen = test.click.astype(np.float64), train.click.astype(np.float64)
    return _against_baselines(of_slates, shown.slate, clicks, train.item, train.rank, seen, test.item, test.rank, len(of_slates))


def _of_conversions(train: ImpressionLog, test: ImpressionLog, refit: FittedLog, shown: Shown) -> dict[str, Any]:
    rates = refit.conversions
    assert rates is not None
    clicked = shown.rows(shown.click)
    probability = rates.probability(clicked.item, clicked.cells[clicked.cell] + first_columns(shown.sizes))
    converted, seen = test.conversion[test.click].astype(np.float64), train.conversion[train.click].astype(np.float64)
    of_rows = xlogy(converted, probability) + xlog1py(1 - converted, -probability)
    of_slates = np.asarray(np.bincount(clicked.slate, of_rows, shown.slates), np.float64)
    return _against_baselines(
        of_slates,
        clicked.slate,
        converted,
        train.item[train.click],
        train.rank[train.click],
        seen,
        clicked.item,
        clicked.rank,
        shown.slates,
    )


def _against_baselines(
    fitted: Floats,
    slate: Ints,
    happened: Floats,
    item: Ints,
    rank: Ints,
    seen: Floats,
    test_item: Ints,
    test_rank: Ints,
    slates: int,
) -> dict[str, Any]:
    """The mean log-likelihood of a slate under the fit and under baselines, and the difference to each baseline."""
    mean = (seen.sum() + SMOOTH / 2) / (len(seen) + SMOOTH)

    def rates(group: Ints, test_group: Ints) -> Floats:
        size = int(max(group.max(initial=0), test_group.max(initial=0))) + 1
        count, total = np.bincount(group, minlength=size), np.bincount(group, seen, size)
        return np.asarray(((total + SMOOTH) / (count + SMOOTH / mean))[test_group])

    baselines = {
        "constant rate": np.full(len(happened), mean),
        "rates of items": rates(item, test_item),
        "rates of ranks": rates(rank, test_rank),
    }
    found: dict[str, Any] = {"fitted": float(fitted.mean()), "baselines": {}}
    for name, probability in baselines.items():
        of_rows = xlogy(happened, probability) + xlog1py(1 - happened, -np.minimum(probability, 1 - 1e-12))
        above = fitted - np.bincount(slate, of_rows, slates)
        error = float(above.std(ddof=1) / np.sqrt(len(above)))
        mean_above = float(above.mean())
        found["baselines"][name] = {
            "log_likelihood": float(fitted.mean() - mean_above),
            "fitted_above": {"mean": mean_above, "low": mean_above - 1.96 * error, "high": mean_above + 1.96 * error},
        }
    return found


def _groups(test: ImpressionLog, fitted: FittedLog, shown: Shown) -> dict[str, tuple[list[str], Ints]]:
    """(r,) the group of each row by rank, item, level of a segment and day, with the names of the groups."""
    found = {
        "rank": ([str(rank + 1) for rank in range(shown.ranks)], shown.rank),
        "item": ([str(each) for each in test.ids["item"].tolist()], shown.item),
    }
    for place, (name, levels) in enumerate(fitted.segments.levels.items()):
        found[f"segment: {name}"] = (list(levels), shown.cells[shown.cell, place])
    if test.time is not None:
        start, end = float(test.time.min()), float(test.time.max())
        days = np.floor(test.time / DAY).astype(np.int64) if test.time_unit == "seconds" else np.zeros(len(test), np.int64)
        if days.max(initial=0) > days.min(initial=0):
            first = int(days.min())
            found["day"] = ([str(np.datetime64(day, "D")) for day in range(first, int(days.max()) + 1)], days - first)
        elif end > start:
            period = np.minimum((test.time - start) / (end - start) * PERIODS, PERIODS - 1).astype(np.int64)
            found["tenth of the log's time"] = ([str(each + 1) for each in range(PERIODS)], period)
    return found


def rates_by(
    labels: list[str], group: Ints, happened: Floats, expected: Floats, unit: Ints, fitted_per_held: float = np.inf
) -> dict[str, Any]:
    """Rates by group in the log, with 95 % intervals, and in the fitted world, with the share of the latter inside the intervals.

    The intervals are Clopper and Pearson's. Rows of a unit may depend on each other, and the fitted rates are also uncertain.
    Therefore the number of rows is divided by the design effect (the variance between units divided by that of independent rows,
    over all groups; Kish, "Survey sampling", 1965), and by 1 + held-out rows / fitted rows. Groups with fewer than five expected
    events are left out.

    Args:
        labels: the names of the groups.
        group: (r,) the group of each row.
        happened: (r,) 0 or 1.
        expected: (r,) probabilities.
        unit: (r,) the shopper, session or slate of each row; rows of the same unit may depend on each other.
        fitted_per_held: the number of fitted rows divided by the number of held-out rows.
    """
    size = len(labels)
    count, total = np.bincount(group, minlength=size), np.asarray(np.bincount(group, happened, size), np.float64)
    world = np.bincount(group, expected, size) / np.maximum(count, 1)
    return _told(labels, count, total, world, design_effect(group, happened, unit) * (1 + 1 / fitted_per_held))


def design_effect(group: Ints, happened: Floats, unit: Ints) -> float:
    """The factor by which the variance of rates by group exceeds that of independent rows; at least 1.

    Args:
        group: (r,) the group of each row.
        happened: (r,) 0 or 1.
        unit: (r,) the unit of each row.
    """
    rate = np.bincount(group, happened) / np.maximum(np.bincount(group), 1)
    residual = happened - rate[group]
    pair = np.unique(unit * (int(group.max(initial=0)) + 1) + group, return_inverse=True)[1]
    alone = float((rate * (1 - rate))[group].sum())
    return max(float((np.bincount(pair, residual) ** 2).sum()) / alone, 1.0) if alone > 0 else 1.0


def _told(labels: list[str], count: Ints, total: Floats, world: Floats, divisor: float) -> dict[str, Any]:
    """Compare groups of `count` rows with `total` events in the log with the rates of the fitted world."""
    low, high = binomial_interval(total / divisor, count / divisor)
    told = np.flatnonzero(world * count >= LEAST_EXPECTED)
    inside = (world >= low) & (world <= high)
    return {
        "groups": len(labels),
        "judged": len(told),
        "inside": float(inside[told].mean()) if len(told) else None,
        "rates": [
            {
                "name": labels[each],
                "count": int(count[each]),
                "log": float(total[each] / count[each]),
                "low": float(low[each]),
                "high": float(high[each]),
                "world": float(world[each]),
            }
            for each in told
        ],
    }


def binomial_interval(successes: NDArray[np.floating[Any]], trials: NDArray[Any]) -> tuple[Floats, Floats]:
    """The ends of the 95 % intervals of shares (Clopper and Pearson, Biometrika 26, 1934).

    Args:
        successes: (g,) numbers of successes.
        trials: (g,) numbers of trials.
    """
    failures = trials - successes
    low = np.where(successes > 0, beta.ppf(0.025, np.maximum(successes, 1e-9), failures + 1), 0.0)
    high = np.where(failures > 0, beta.ppf(0.975, successes + 1, np.maximum(failures, 1e-9)), 1.0)
    return low, high


def _lengths(world: World, test: ImpressionLog, visits: Visits) -> dict[str, Any]:
    """Compare the shares of episodes of each length with those in the fitted world, where slates of the log are shown."""
    slates = test.dense("item", -1)
    whole = np.flatnonzero((slates >= 0).all(axis=1))
    simulation, random = Simulation(world, SEED, EPISODES), np.random.default_rng(SEED)
    length = np.zeros(EPISODES, np.int64)
    for visit in range(world.visits if len(whole) else 0):
        feedback = simulation.show(slates[random.choice(whole, EPISODES)])
        gone = (feedback.terminated | feedback.truncated) & (length == 0)
        length[gone] = visit + 1
        if (length > 0).all():
            break
        simulation.restart(feedback.terminated | feedback.truncated)
    seen = np.minimum(visits.lengths, world.visits)
    labels = [str(each + 1) for each in range(world.visits)]
    simulated = np.bincount(length[length > 0] - 1, minlength=world.visits) / max((length > 0).sum(), 1)
    counts = np.bincount(seen - 1, minlength=world.visits).astype(np.float64)
    ratio = 1 + 1 / (EVERY - 1) + len(seen) / EPISODES
    return _told(labels, np.full(world.visits, len(seen)), counts, simulated, ratio)
