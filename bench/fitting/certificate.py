"""How near the fitted world comes to a part of the log that it has not seen."""

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

LEAST_EXPECTED = 5.0  # events of a group, below which its rate says nothing
PERIODS = 10  # of a log without days
EPISODES, SEED = 4000, 0
SMOOTH = 1.0  # successes at the mean rate that are added to a baseline's rate of each item or rank
EVENTS = ("click", "conversion")


def certify(
    log: ImpressionLog,
    fitted: FittedLog,
    *,
    items: Catalog | None = None,
    progress: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """The certificate of a fit: the same fit of four fifths of the log, held against the last fifth.

    The log is divided by shoppers, or by sessions or slates where no shoppers are known. The held-out slates are shown to the
    world fitted to the others, whose expectations are exact; episodes are simulated.

    Args:
        log: that was fitted.
        fitted: the fit of all of it, whose segments, click model and effects of items at levels are used again.
        items: as for `fit_log`.
        progress: told what is done next.

    Returns:
        `log_likelihood` of clicks and of conversions against baselines, and `rates` by rank, item, segment, day and length of
        episodes, with the share of them that lie inside their 95 % intervals.

    Raises:
        ValueError: four fifths of the log are too little to fit.
    """
    say = progress or (lambda text: None)
    out = held_out(log)
    if not (~out).any() or not out.any():
        raise ValueError(f"{log.source} has {log.slates} slates: expected 5 or more, a fifth of which is held out")
    say("fitting four fifths of the log, to judge by the last")
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
    """(r,) the probability of a click, and of a click that converts, of each row in the fitted world."""
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
    """The log-likelihood of a slate under the fit and under baselines, and by how much the fit is above each."""
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
    """(r,) the group of each row by rank, item, level of a segment and day, with the groups' names."""
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
    """Rates by group in the log, with 95 % intervals, and those that the fitted world expects; the share of them inside.

    Intervals are Clopper and Pearson's. Rows of a unit may depend on each other, and the fitted rates are uncertain themselves:
    the number of rows is divided by the design effect (the variance between units over that of independent rows, over all
    groups; Kish, "Survey sampling", 1965), and by 1 + held-out rows / fitted rows. Groups of which fewer than five events are
    expected are left out.

    Args:
        labels: of the groups.
        group: (r,) the group of each row.
        happened: (r,) 0 or 1.
        expected: (r,) probabilities.
        unit: (r,) whose rows may depend on each other: the shopper, session or slate.
        fitted_per_held: rows that were fitted for each that is held out.
    """
    size = len(labels)
    count, total = np.bincount(group, minlength=size), np.asarray(np.bincount(group, happened, size), np.float64)
    world = np.bincount(group, expected, size) / np.maximum(count, 1)
    return _told(labels, count, total, world, design_effect(group, happened, unit) * (1 + 1 / fitted_per_held))


def design_effect(group: Ints, happened: Floats, unit: Ints) -> float:
    """By how much rates by group vary more than those of independent rows; at least 1.

    Args:
        group: (r,).
        happened: (r,) 0 or 1.
        unit: (r,).
    """
    rate = np.bincount(group, happened) / np.maximum(np.bincount(group), 1)
    residual = happened - rate[group]
    pair = np.unique(unit * (int(group.max(initial=0)) + 1) + group, return_inverse=True)[1]
    alone = float((rate * (1 - rate))[group].sum())
    return max(float((np.bincount(pair, residual) ** 2).sum()) / alone, 1.0) if alone > 0 else 1.0


def _told(labels: list[str], count: Ints, total: Floats, world: Floats, divisor: float) -> dict[str, Any]:
    """Groups of `count` rows with `total` events in the log, against the rates of the fitted world."""
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
    """The ends of the 95 % intervals of shares: Clopper and Pearson, Biometrika 26 (1934).

    Args:
        successes: (g,).
        trials: (g,).
    """
    failures = trials - successes
    low = np.where(successes > 0, beta.ppf(0.025, np.maximum(successes, 1e-9), failures + 1), 0.0)
    high = np.where(failures > 0, beta.ppf(0.975, successes + 1, np.maximum(failures, 1e-9)), 1.0)
    return low, high


def _lengths(world: World, test: ImpressionLog, visits: Visits) -> dict[str, Any]:
    """The share of episodes of each length, against episodes in the fitted world that are shown slates of the log."""
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
