"""Logs of fitted worlds whose parameters are known, for the tests of fitting."""

import numpy as np
from scipy.special import expit

from slategym.bench.fitting.effects import WIDE, Effects, _centring
from slategym.bench.fitting.shown import Shown
from slategym.bench.fitting.trials import Trials
from slategym.logs.impressions import ImpressionLog

SIZES = (3, 2)
CELLS = np.stack(np.unravel_index(np.arange(6), SIZES), axis=1)
COLUMNS = CELLS + np.array([0, 3])


def drawn(random, items=30, spreads=(0.4, 0.6, 0.4), level=-2.0):
    """Effects drawn from their priors: the common ones (1 + v,) and those of items (m, 1 + v)."""
    common = np.concatenate([[level], random.normal(0, spreads[0], sum(SIZES))])
    own = np.concatenate([random.normal(0, spreads[1], (items, 1)), random.normal(0, spreads[2], (items, sum(SIZES)))], axis=1)
    return common, own


def told_one_way(common, own):
    """The same effects with items, levels and items at levels that add up to 0."""
    centring, mean = _centring(SIZES), own.mean(axis=0)
    return centring @ (common + mean), (own - mean) @ centring.T


def probability(common, own, cell, item):
    """P(success | examined) of items (n, k) for cells (n,)."""
    columns = 1 + COLUMNS[cell]
    logit = common[0] + own[item, 0] + common[columns].sum(axis=1)[:, None]
    return expit(logit + own[item[:, :, None], columns[:, None, :]].sum(axis=2))


def slates(random, count, ranks, items):
    """Cells (n,) and slates (n, k) without repeats, at random."""
    return random.integers(0, len(CELLS), count), random.random((count, items)).argsort(axis=1)[:, :ranks]


def shown(random, effects, click_model, count, ranks=4):
    """The impressions of random slates under a click model."""
    cell, item = slates(random, count, ranks, len(effects[1]))
    attraction = probability(*effects, cell, item)
    clicks = click_model.sample_clicks(attraction, random.random((count, ranks)), random.random(count))
    place = np.tile(np.arange(ranks), count)
    rows = (np.repeat(np.arange(count), ranks), place, item.ravel(), np.repeat(cell, ranks), clicks.ravel())
    return Shown(*rows, CELLS, SIZES, len(effects[1]), ranks)


def trials(random, effects, examination, count):
    """Trials of a position-based log of random slates."""
    from slategym.sim.click_models import PositionBased

    made = shown(random, effects, PositionBased(examination), count, len(examination))
    return Trials.of(made.item, made.cell, CELLS, made.click, SIZES, made.items, made.rank, made.ranks)


def covered(rates, effects, examination):
    """Which true effects lie inside the fitted 95 % intervals, by kind."""
    found = Effects.of(rates, SIZES)
    common, own = told_one_way(*effects)
    places = np.log(np.asarray(examination) / examination[rates.reference])
    pairs = {
        "intercept": (found.common[:1], common[:1], found.common_error[:1]),
        "level": (found.common[1:], common[1:], found.common_error[1:]),
        "item": (found.own[:, 0], own[:, 0], found.own_error[:, 0]),
        "item by level": (found.own[:, 1:], own[:, 1:], found.own_error[:, 1:]),
        "place": tuple(np.delete(each, rates.reference) for each in (found.place, places, found.place_error)),
    }
    return {name: np.abs(value - truth) <= WIDE * error for name, (value, truth, error) in pairs.items()}


def log_of(random, effects, click_model, count, ranks=4, conversions=None, **columns):
    """An impression log of random slates, with two context columns; `conversions` are effects on conversions given a click."""
    made = shown(random, effects, click_model, count, ranks)
    events = {"click": made.click}
    if conversions is not None:
        rate = probability(*conversions, made.cell, made.item[:, None])[:, 0]
        events["conversion"] = made.click & (random.random(len(rate)) < rate)
    colour, size = CELLS[made.cell].T
    return ImpressionLog(
        slate=made.slate,
        rank=made.rank,
        item=made.item,
        ids={
            "item": np.array([f"i{number}" for number in range(made.items)]),
            "colour": np.array(["red", "green", "blue"]),
            "size": np.array(["small", "large"]),
        },
        events=events,
        context={"colour": colour, "size": size},
        **columns,
    )
