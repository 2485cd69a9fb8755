"""The fitted worlds keep to their logs: rates by arm, rank and main segment lie inside the log's own 95 % intervals.

What is needed of the logs are counts, which stand in tests/sim/calibration/counts/. The logging policy is replayed through the
worlds' exact probabilities on a large sample of shoppers, so what is compared with the log has next to no noise of its own. All
of the named families are held strictly, every cell inside its interval, without an allowance for chance. The items of
OpenBandit-v0, with one or two clicks each, are held to what chance allows.

That the counts and the shipped figures are those of the logs takes the logs themselves: `SLATEGYM_LOGS=FOLDER`
(tests/sim/calibration/log_counts.py says what the folder holds).
"""

import csv
import os
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom, binomtest
from tests.sim.calibration import log_counts

from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world
from slategym.sim.worlds.hillstrom import calibrate as hillstrom
from slategym.sim.worlds.open_bandit import calibrate as open_bandit
from slategym.sim.worlds.tabular import load_parameters

CAMPAIGNS, POLICIES, ARMS = open_bandit.CAMPAIGNS, open_bandit.POLICIES, hillstrom.ARMS
LOGS = os.environ.get("SLATEGYM_LOGS", "")
with_logs = pytest.mark.skipif(not LOGS, reason="the logs are not here: SLATEGYM_LOGS names their folder")


def counts(name, **wanted):
    """The rows of a table of counts in which the columns have the values that are wanted."""
    table = log_counts.table(name)
    inside = np.all([table[column] == value for column, value in wanted.items()], axis=0)
    return {column: values[inside] for column, values in table.items()}


def interval(successes, trials, method="wilson"):
    """The log's 95 % interval of a rate."""
    found = binomtest(int(successes), int(trials)).proportion_ci(0.95, method=method)
    return found.low, found.high


# OpenBandit-v0


@cache
def replay(campaign, policy, shoppers=60_000):
    """The world's click probability when the logging policy chooses: (rank, context, probability), weighted as logged."""
    world, log = make_world("OpenBandit-v0", campaign=campaign), counts("open_bandit_items", campaign=campaign, policy=policy)
    random = np.random.default_rng(1)
    ranks, contexts, probabilities = [], [], []
    for rank in range(3):
        shown = log["impressions"][log["rank"] == rank]  # by item
        count = round(shoppers * shown.sum() / log["impressions"].sum())
        simulation = Simulation(world, rank, count)
        item = random.choice(len(shown), count, p=None if policy == "random" else shown / shown.sum())
        # Other items beside it; what they are does not matter to it.
        slate = (item[:, None] + np.arange(3) - rank) % world.catalog.size
        probabilities.append(world.probabilities(simulation.shoppers, slate)[0][:, rank])
        ranks.append(np.full(count, rank))
        contexts.append(simulation.observe()[:, world.layout["context"]] > 0.5)
    return tuple(np.concatenate(each) for each in (ranks, contexts, probabilities))


def bandit_cells(campaign, policy):
    """(name, clicks, impressions in the log, expected rate) of the total, each rank and each main segment."""
    log = counts("open_bandit_items", campaign=campaign, policy=policy)
    rank, context, probability = replay(campaign, policy)
    yield "total", log["clicks"].sum(), log["impressions"].sum(), probability.mean()
    for each in range(3):
        inside = log["rank"] == each
        yield f"rank {each}", log["clicks"][inside].sum(), log["impressions"][inside].sum(), probability[rank == each].mean()
    for column, (name, shown, clicks) in enumerate(bandit_segments(campaign, policy)):
        yield name, clicks, shown, probability[context[:, column]].mean()


def bandit_segments(campaign, policy):
    """(name, impressions, clicks) of each column of the context, in its order."""
    log = counts("open_bandit_segments", campaign=campaign, policy=policy)
    assert log["segment"].tolist() == list(make_world("OpenBandit-v0", campaign=campaign).user_model.seen_names)
    return list(zip(log["segment"].tolist(), log["impressions"], log["clicks"], strict=True))


def outside(cells, scale=1.0):
    """The cells whose expected rate, times `scale`, is not inside the log's interval."""
    found = []
    for name, successes, trials, rate in cells:
        low, high = interval(successes, trials)
        if not low <= scale * rate <= high:
            found.append(
                f"{name}: {successes} of {trials} in the log, so {low:.5f} to {high:.5f}; the world has {scale * rate:.5f}"
            )
    return found


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("campaign", CAMPAIGNS)
def test_open_bandit_keeps_to_the_log(campaign, policy):
    cells = list(bandit_cells(campaign, policy))
    assert len(cells) >= 1 + 3 + 12
    assert outside(cells) == []


@pytest.mark.parametrize("campaign", CAMPAIGNS)
def test_open_bandit_items_are_outside_no_oftener_than_chance(campaign):
    world = make_world("OpenBandit-v0", campaign=campaign)
    missed = 0
    for item in range(world.catalog.size):
        log = counts("open_bandit_items", campaign=campaign, item=item)
        low, high = interval(log["clicks"].sum(), log["impressions"].sum(), "exact")
        rate = np.exp(world.catalog.appeal[item]) * world.user_model.click_model.examination.mean()
        missed += not low <= rate <= high
    assert missed <= binom.ppf(0.999, world.catalog.size, 0.05)


@pytest.mark.parametrize("campaign", CAMPAIGNS)
def test_open_bandit_shoppers_come_as_often_as_logged(campaign):
    world = make_world("OpenBandit-v0", campaign=campaign)
    share = world.user_model.cells.share @ world.user_model.seen
    shown = counts("open_bandit_items", campaign=campaign)["impressions"].sum()
    for column, of_policies in enumerate(zip(*(bandit_segments(campaign, policy) for policy in POLICIES), strict=True)):
        low, high = interval(sum(impressions for _, impressions, _ in of_policies), shown)
        assert low <= share[column] <= high, of_policies[0][0]


def test_a_world_that_is_off_by_two_thirds_is_seen():
    for scale in (0.6, 1.7):
        found = [outside(bandit_cells(campaign, policy), scale) for campaign in CAMPAIGNS for policy in POLICIES]
        assert all(found)


# Hillstrom-v0


@cache
def customers(count=200_000):
    """A large sample: (world, shoppers, their context)."""
    world = make_world("Hillstrom-v0")
    simulation = Simulation(world, 5, count)
    return world, simulation.shoppers, simulation.observe()[:, world.layout["context"]].astype(float)


@cache
def sample_segments():
    """The rows of the sample that are of each main segment, by name."""
    _, _, context = customers()
    spending, recency, mens, womens, newbie = 100 * np.exp(context[:, 0]), np.rint(12 * context[:, 1]), *context[:, 2:5].T
    zip_code = np.array(["Rural", "Surburban", "Urban"])[context[:, 5:8].argmax(axis=1)]
    channel = np.array(["Multichannel", "Phone", "Web"])[context[:, 8:11].argmax(axis=1)]
    # The sample keeps spending as the log of a float32: a cent of slack at the edges, where no customer of the log is.
    return dict(log_counts.segments(spending, recency, mens, womens, newbie, zip_code, channel, slack=0.005))


def email_cells(arm):
    """(name, event, the log's 95 % interval, expected rate) of each segment and event, and of the mean spend."""
    world, shoppers, context = customers()
    visit, conversion = world.expected(shoppers, np.full((len(context), 1), arm)).T
    log = counts("hillstrom_segments", arm=ARMS[arm])
    for row, name in enumerate(log["segment"].tolist()):
        inside = sample_segments()[name]
        sent, visits, conversions, spend, squares = (log[column][row] for column in list(log)[2:])
        yield name, "visit", interval(visits, sent), visit[inside].mean()
        yield name, "conversion", interval(conversions, sent), conversion[inside].mean()
        margin = 1.96 * ((squares - spend**2 / sent) / (sent - 1) / sent) ** 0.5
        yield (
            name,
            "spend",
            (spend / sent - margin, spend / sent + margin),
            (conversion * world.catalog.price[arm])[inside].mean(),
        )


def email_outside(arm, scale=1.0):
    """The cells whose expected rate, times `scale`, is not inside the log's interval."""
    return [
        f"{name}, {event}: {low:.5f} to {high:.5f} in the log; the world has {scale * rate:.5f}"
        for name, event, (low, high), rate in email_cells(arm)
        if not low <= scale * rate <= high
    ]


@pytest.mark.parametrize("arm", range(3), ids=ARMS)
def test_hillstrom_keeps_to_the_log(arm):
    assert sum(1 for _ in email_cells(arm)) == 3 * (1 + 2 + 3 + 3 + 3 + 7 + 4)
    assert email_outside(arm) == []


@pytest.mark.parametrize("arm", range(3), ids=ARMS)
def test_a_tenth_off_is_seen(arm):
    for scale in (0.9, 1.1):
        assert email_outside(arm, scale)


def test_hillstrom_customers_come_as_often_as_logged():
    log = [counts("hillstrom_segments", arm=arm) for arm in ARMS]
    everyone = sum(arm["customers"][0] for arm in log)
    for row, name in enumerate(log[0]["segment"].tolist()):
        rows = sample_segments()[name]
        low, high = interval(sum(arm["customers"][row] for arm in log), everyone)
        noise = 4 * (0.25 / len(rows)) ** 0.5
        assert low - noise <= rows.mean() <= high + noise, name


# The shipped figures


def test_the_figures_were_fitted_to_as_many():
    everywhere = log_counts.table("open_bandit_items")
    fitted = load_parameters("OpenBandit-v0", "open_bandit", None)["fit"]
    assert [fitted[name] for name in ("impressions", "clicks")] == [everywhere[name].sum() for name in ("impressions", "clicks")]
    everyone = counts("hillstrom_segments", segment="all")
    fitted = load_parameters("Hillstrom-v0", "hillstrom", None)["fit"]
    assert [fitted[name] for name in ("customers", "visits", "conversions")] == [
        everyone[name].sum() for name in ("customers", "visits", "conversions")
    ]


def same(found, shipped, where="parameters"):
    """Equal words and structure, and numbers to 1e-9."""
    if isinstance(shipped, dict):
        assert list(found) == list(shipped), where
        for key in shipped:
            same(found[key], shipped[key], f"{where}.{key}")
    elif isinstance(shipped, list):
        assert len(found) == len(shipped), where
        if shipped and isinstance(shipped[0], int | float):
            np.testing.assert_allclose(found, shipped, rtol=1e-9, atol=1e-9, err_msg=where)
        else:
            for number, (one, other) in enumerate(zip(found, shipped, strict=True)):
                same(one, other, f"{where}[{number}]")
    elif isinstance(shipped, float):
        assert found == pytest.approx(shipped, rel=1e-9, abs=1e-9), where
    else:
        assert found == shipped, where


@with_logs
@pytest.mark.parametrize(
    ("module", "world", "stem"), [(open_bandit, "OpenBandit-v0", "open_bandit"), (hillstrom, "Hillstrom-v0", "hillstrom")]
)
def test_calibration_gives_the_shipped_figures(module, world, stem):
    same(module.calibrate(Path(LOGS, stem)), load_parameters(world, stem, None))


@with_logs
@pytest.mark.parametrize("name", log_counts.TABLES)
def test_counts_are_those_of_the_logs(name):
    with (log_counts.HERE / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == log_counts.rows(name, LOGS)
