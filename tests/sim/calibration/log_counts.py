"""Counts of the two logs that worlds are fitted to, which stand in tests/sim/calibration/counts/ as three tables.

`python -m tests.sim.calibration.log_counts FOLDER` makes the tables from the logs: FOLDER/open_bandit, the sample of the Open
Bandit Dataset (ZOZO, Inc., CC BY 4.0), and FOLDER/hillstrom, Kevin Hillstrom's e-mail log.
"""

from __future__ import annotations

import csv
import sys
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np

from slategym.sim.calibration.files import find, read_columns
from slategym.sim.worlds import make_world
from slategym.sim.worlds.hillstrom import calibrate as hillstrom
from slategym.sim.worlds.open_bandit import calibrate as open_bandit

HERE = Path(__file__).with_name("counts")
HISTORY = (0, 100, 200, 350, 500, 750, 1000, np.inf)  # edges of the classes of past spending
RECENCY = (1, 4, 7, 10)  # first months of the classes of three


def bandit_items(folder):
    """A row for each campaign, policy, rank from 0 and item: impressions and clicks."""
    for campaign, policy, log in _bandit_logs(folder):
        for rank in range(open_bandit.RANKS):
            for item in range(make_world("OpenBandit-v0", campaign=campaign).catalog.size):
                yield campaign, policy, rank, item, *_clicked(log, (log["position"] == rank + 1) & (log["item_id"] == item))


def bandit_segments(folder):
    """A row for each campaign, policy and value of a user feature that the world has a column of: impressions and clicks."""
    for campaign, policy, log in _bandit_logs(folder):
        for name in make_world("OpenBandit-v0", campaign=campaign).user_model.seen_names:
            feature, value = name.split("=")
            yield campaign, policy, name, *_clicked(log, np.char.startswith(log[feature].astype(str), value))


def email_segments(folder):
    """A row for each arm and segment: customers, visits, conversions, what they spent, and the sum of its squares."""
    log = read_columns(find(Path(folder, "hillstrom"), "hillstrom"), {**hillstrom.VARIABLES, **hillstrom.OUTCOMES})
    for arm in hillstrom.ARMS:
        for name, inside in segments(
            *(log[each] for each in ("history", "recency", "mens", "womens", "newbie", "zip_code", "channel"))
        ):
            some = inside & (log["segment"] == arm)
            spend = log["spend"][some]
            counts = (int(each) for each in (some.sum(), log["visit"][some].sum(), log["conversion"][some].sum()))
            yield arm, name, *counts, round(float(spend.sum()), 2), round(float((spend**2).sum()), 4)


def segments(history, recency, mens, womens, newbie, zip_code, channel, slack=0.0):
    """(name, rows) of the main segments of some customers; `slack` is how far below its edge a class of past spending begins."""
    yield "all", np.ones(len(history), bool)
    for flag in (0, 1):
        yield f"newbie {flag}", newbie == flag
    for converted in ((1, 0), (0, 1), (1, 1)):
        yield f"mens, womens {converted}", (mens == converted[0]) & (womens == converted[1])
    for name in ("Rural", "Surburban", "Urban"):
        yield name, zip_code == name
    for name in ("Multichannel", "Phone", "Web"):
        yield name, channel == name
    for low, high in pairwise(HISTORY):
        yield f"history {low}", (history >= low - slack) & (history < high - slack)
    for low in RECENCY:
        yield f"recency {low}", (recency >= low) & (recency < low + 3)


TABLES = {
    "open_bandit_items": (bandit_items, ("campaign", "policy", "rank", "item", "impressions", "clicks")),
    "open_bandit_segments": (bandit_segments, ("campaign", "policy", "segment", "impressions", "clicks")),
    "hillstrom_segments": (email_segments, ("arm", "segment", "customers", "visits", "conversions", "spend", "spend_squares")),
}


@cache
def table(name):
    """The columns of a table, by name."""
    with (HERE / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    words = ("campaign", "policy", "segment", "arm")
    return {
        column: np.array(values if column in words else [float(each) for each in values])
        for column, values in zip(header, zip(*rows, strict=True), strict=True)
    }


def rows(name, folder):
    """The lines of a table, the header first, as the logs have it."""
    make, header = TABLES[name]
    return [list(header), *([str(each) for each in row] for row in make(folder))]


def _bandit_logs(folder):
    for campaign in open_bandit.CAMPAIGNS:
        for policy in open_bandit.POLICIES:
            path = find(Path(folder, "open_bandit", policy, campaign), campaign)
            columns = {"item_id": int, "position": int, "click": int, **dict.fromkeys(open_bandit.USER_FEATURES, str)}
            yield campaign, policy, read_columns(path, columns)


def _clicked(log, inside):
    return int(inside.sum()), int(log["click"][inside].sum())


if __name__ == "__main__":
    for name in TABLES:
        with (HERE / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(rows(name, sys.argv[1]))
