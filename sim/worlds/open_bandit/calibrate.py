"""Fitting OpenBandit-v0 to the Open Bandit Dataset, in the file layout of the package `obp`."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from slategym.sim.calibration.click_model import Counts, Fit, fit
from slategym.sim.calibration.files import find, read_columns, require, rounded
from slategym.sim.worlds.open_bandit.world import NAME, OTHER, design
from slategym.sim.worlds.tabular import ContingencyTable

POLICIES = ("random", "bts")
CAMPAIGNS = ("all", "men", "women")
USER_FEATURES = tuple(f"user_feature_{number}" for number in range(4))
RANKS = 3
LEAST_IMPRESSIONS, LEAST_CLICKS = 100, 5
SMALLEST_LEVEL = 0.06  # share of the impressions; rarer values of a user feature are pooled
SMALLEST_CATEGORY = 0.1  # share of the items; rarer item categories have no column of their own

# Rank effects are kept close to 0, in agreement with the log (`rank_test`). The spread of the segments is larger than the log
# alone suggests, so that the rate of every main segment stays inside the log's interval.
RANK_SPREAD = 0.1
SEGMENT_SPREAD = 0.35

SOURCE = "Open Bandit Dataset (ZOZO, Inc., CC BY 4.0), the sample of 10,000 impressions a policy and campaign"
ASSUMPTIONS = {
    "conversion_rate": 0.024,
    "conversion_rate_source": "median orders per session of 500 fashion shops, Centra, "
    "https://centra.com/news/conversion-rate-fashion-ecommerce-benchmarks; taken per click",
    "price_mean": 4000.0,
    "price_mean_source": "yen; ZOZO's mean price per item was 3,516 to 4,501 yen a quarter in the year to March 2020, "
    "https://netshop.impress.co.jp/node/7590",
    "price_spread": 0.5,
    "conversion_price_slope": -0.5,
    "conversion_item_spread": 0.4,
    "margin": 0.3,
    "spreads_source": "the project's own: standard deviation of log prices, and what one standard deviation of the log price "
    "and of all else does to the logit of a conversion",
}

Columns = dict[str, NDArray[Any]]
Floats = NDArray[np.float64]


def calibrate(folder: str | Path) -> dict[str, Any]:
    """Return the fitted parameters of OpenBandit-v0 from a folder with the dataset, `random/all/all.csv.gz` and the other files.

    The logs of both policies are pooled: a click does not depend on the policy, only on shopper, item and rank, and the policy of
    each visit was chosen at random. The policy `bts` is Thompson sampling, trained on these items during the month before. The
    more often it shows an item, the more the item was clicked, so this frequency is used as the items' prior popularity.

    Raises:
        FileNotFoundError, ValueError: a file or a column is missing or malformed; the message names it.
    """
    root = Path(folder)
    logs = {campaign: {policy: _read_log(root, policy, campaign) for policy in POLICIES} for campaign in CAMPAIGNS}
    items = {campaign: _read_items(root, campaign, logs[campaign]) for campaign in CAMPAIGNS}
    levels = _levels(logs)
    tables = {c: {p: _table(log, levels, len(items[c]["category"])) for p, log in logs[c].items()} for c in CAMPAIGNS}
    counts = [_counts(tables[campaign], levels) for campaign in CAMPAIGNS]
    fitted = fit(counts, RANK_SPREAD, SEGMENT_SPREAD)

    best = np.exp(fitted.rank).max()
    campaigns = {}
    for number, campaign in enumerate(CAMPAIGNS):
        weight = counts[number].shown.sum(axis=(0, 1))
        # The item's rate is that of the average shopper at the best rank; a segment's effect multiplies it.
        pull = np.exp(counts[number].design @ fitted.segment[number])
        average = pull @ weight / weight.sum()
        campaigns[campaign] = {
            "weight": weight.astype(int).tolist(),
            "effect": rounded(fitted.segment[number] - np.log(average) / len(levels)),  # a cell has one level of each
            "items": {"click_rate": rounded(fitted.rate[number] * average * best), **items[campaign]},
        }
    return {
        "world": NAME,
        "source": SOURCE,
        "fit": {
            "impressions": int(sum(each.shown.sum() for each in counts)),
            "clicks": int(sum(each.clicked.sum() for each in counts)),
            "popularity_exponent": rounded(fitted.exponent),
            "item_dispersion": rounded(fitted.dispersion),
            "rank_spread": RANK_SPREAD,
            "segment_spread": SEGMENT_SPREAD,
            "rank_test_p_value": {c: rounded(rank_test(counts[n], fitted, n)) for n, c in enumerate(CAMPAIGNS)},
        },
        "assumptions": ASSUMPTIONS,
        "examination": rounded(np.exp(fitted.rank) / best),
        "levels": levels,
        "campaigns": campaigns,
    }


def rank_test(counts: Counts, fitted: Fit, campaign: int) -> float:
    """The p-value of "all ranks are examined equally": clicks by rank against those that items and segments predict."""
    clicks = counts.clicked.sum(axis=(0, 2))
    pull = np.exp(counts.design @ fitted.segment[campaign])
    expected = np.einsum("irx,i,x->r", counts.shown, fitted.rate[campaign], pull)
    expected *= clicks.sum() / expected.sum()
    return float(chi2.sf(((clicks - expected) ** 2 / expected).sum(), len(clicks) - 1))


def _read_log(root: Path, policy: str, campaign: str) -> Columns:
    path = find(root / policy / campaign, campaign)
    log = read_columns(path, {"item_id": int, "position": int, "click": int, **dict.fromkeys(USER_FEATURES, str)})
    require(path, "position", log["position"], (log["position"] >= 1) & (log["position"] <= RANKS), f"1 to {RANKS}")
    require(path, "click", log["click"], (log["click"] == 0) | (log["click"] == 1), "0 or 1")
    shown, clicks = len(log["click"]), int(log["click"].sum())
    if shown < LEAST_IMPRESSIONS or clicks < LEAST_CLICKS:
        raise ValueError(
            f"{path} has {shown} impressions and {clicks} clicks: expected at least {LEAST_IMPRESSIONS} and {LEAST_CLICKS}, "
            "to estimate the rates of items and ranks"
        )
    return log


def _read_items(root: Path, campaign: str, logs: dict[str, Columns]) -> dict[str, Any]:
    """Read the features and categories of the items; row i belongs to item i, and each frequent category has a column."""
    path = find(root / "random" / campaign, "item_context")
    names = [f"item_feature_{number}" for number in range(1, 4)]
    table = read_columns(path, {"item_id": int, "item_feature_0": float, **dict.fromkeys(names, str)})
    numbers = table["item_id"]
    count = len(numbers)
    once = np.isin(np.arange(count), np.unique(numbers, return_index=True)[1])
    require(path, "item_id", numbers, once & (numbers >= 0) & (numbers < count), f"each of 0 to {count - 1} once")
    order = np.argsort(numbers)
    for policy, log in logs.items():
        inside = (log["item_id"] >= 0) & (log["item_id"] < count)
        require(find(root / policy / campaign, campaign), "item_id", log["item_id"], inside, f"0 to {count - 1}, as in {path}")
    columns, labels = [table["item_feature_0"][order]], ["item_feature_0"]
    for name in names:
        common = Counter(table[name].tolist()).most_common()
        for value, frequency in common:
            if frequency >= SMALLEST_CATEGORY * count:
                columns.append((table[name][order] == value).astype(float))
                labels.append(f"{name}={value[:8]}")
    # The last feature is the coarsest; its values are the categories, numbered from the most frequent.
    category = [[value for value, _ in common].index(each) for each in table[name][order]]
    return {"feature_names": labels, "features": rounded(np.stack(columns, axis=1)), "category": category}


def _levels(logs: dict[str, dict[str, Columns]]) -> dict[str, list[str]]:
    """The frequent values of each user feature, most frequent first, then one level for all other values."""
    levels = {}
    for name in USER_FEATURES:
        values = Counter(value for log in logs.values() for each in log.values() for value in each[name].tolist())
        least = SMALLEST_LEVEL * values.total()
        levels[name] = [value for value, count in values.most_common() if count >= least] + [OTHER]
    return levels


def _table(log: Columns, levels: dict[str, list[str]], items: int) -> Floats:
    """(2, m, k, cells) impressions and clicks."""
    codes = []
    for name, known in levels.items():
        number = {value: code for code, value in enumerate(known)}
        codes.append(np.array([number.get(value, len(known) - 1) for value in log[name].tolist()]))
    shape = (items, RANKS, *(len(known) for known in levels.values()))
    place = np.ravel_multi_index((log["item_id"], log["position"] - 1, *codes), shape)
    counted = [np.bincount(place, weights=each, minlength=math.prod(shape)) for each in (np.ones(len(place)), log["click"])]
    return np.stack(counted).astype(np.float64).reshape(2, items, RANKS, -1)


def _counts(tables: dict[str, Floats], levels: dict[str, list[str]]) -> Counts:
    shown, clicked = np.sum([tables[policy] for policy in POLICIES], axis=0)
    popularity = np.log1p(tables["bts"][0].sum(axis=(1, 2)))
    cells = ContingencyTable(levels, shown.sum(axis=(0, 1)))
    return Counts(shown, clicked, popularity - popularity.mean(), design(cells))
