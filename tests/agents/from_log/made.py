"""Small logs of impressions with known rates."""

import numpy as np

from slategym.logs.impressions import ImpressionLog

RATES = np.array([[0.30, 0.36, 0.10], [0.02, 0.08, 0.05]])  # of two kinds of shoppers; item 1 is better for both
CONFOUNDED = np.array([[0.80, 0.10, 0.10], [0.10, 0.80, 0.10]])  # shows item 0 to those who click, and item 1 to the others


def single(slates, chosen_by, seed=0, rates=RATES, **columns):
    """A log of one item a slate, which a policy chose by the kind of the shopper."""
    random = np.random.default_rng(seed)
    kind = random.integers(len(rates), size=slates)
    item = (random.random((slates, 1)) > np.cumsum(chosen_by[kind], axis=1)).sum(axis=1)
    click = random.random(slates) < rates[kind, item]
    return ImpressionLog(
        slate=np.arange(slates),
        rank=np.zeros(slates, np.int64),
        item=item,
        ids={"item": np.arange(rates.shape[1]), "kind": np.array(["a", "b"])},
        events={"click": click, "conversion": click & (random.random(slates) < 0.5)},
        propensity=chosen_by[kind, item],
        time=np.arange(slates) * 60.0,
        context={"kind": kind},
        **columns,
    )


def slates_of(items, clicks, shopper=None, **columns):
    """A log of slates of equal length, from arrays (s, k)."""
    items, clicks = np.asarray(items), np.asarray(clicks, np.bool_)
    s, k = items.shape
    return ImpressionLog(
        slate=np.repeat(np.arange(s), k),
        rank=np.tile(np.arange(k), s),
        item=items.ravel(),
        ids={"item": np.arange(items.max() + 1), "shopper": np.arange(s)},
        events={"click": clicks.ravel()},
        time=np.repeat(np.arange(s) * 86400.0, k),
        shopper=None if shopper is None else np.repeat(np.asarray(shopper), k),
        **columns,
    )
