"""The fitted worlds keep to their logs: rates by arm, rank and main segment lie inside the log's own 95 % intervals.

The logging policy is replayed through the worlds' exact probabilities on a large sample of shoppers, so what is compared with
the log has next to no noise of its own. All of the named families are held strictly, every cell inside its interval, without
an allowance for chance. The items of OpenBandit-v0, with one or two clicks each, are held to what chance allows.
"""

from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from slategym.sim.calibration import hillstrom, open_bandit
from slategym.sim.calibration.files import read_columns
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world
from slategym.sim.worlds.figures import load_figures

DATA = Path(__file__).parents[3] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"the logs are not at {DATA}")
CAMPAIGNS, POLICIES, ARMS = open_bandit.CAMPAIGNS, open_bandit.POLICIES, hillstrom.ARMS
EVENTS = ("visit", "conversion")


def interval(successes, trials, method="wilson"):
    """The log's 95 % interval of a rate."""
    found = binomtest(int(successes), int(trials)).proportion_ci(0.95, method=method)
    return found.low, found.high


# OpenBandit-v0


@cache
def bandit_log(campaign, policy):
    path = DATA / "open_bandit" / policy / campaign / f"{campaign}.csv.gz"
    return read_columns(path, {"item_id": int, "position": int, "click": int, **dict.fromkeys(open_bandit.USER_FEATURES, str)})


@cache
def replay(campaign, policy, shoppers=60_000):
    """The world's click probability when the logging policy chooses: (item, rank, context, probability), weighted as logged."""
    world, log = make_world("OpenBandit-v0", campaign=campaign), bandit_log(campaign, policy)
    random = np.random.default_rng(1)
    items, ranks, contexts, probabilities = [], [], [], []
    for rank in range(3):
        at_rank = log["item_id"][log["position"] == rank + 1]
        count = round(shoppers * len(at_rank) / len(log["item_id"]))
        simulation = Simulation(world, rank, count)
        shown = random.integers(0, world.catalog.size, count) if policy == "random" else random.choice(at_rank, count)
        # Other items beside it; what they are does not matter to it.
        slate = (shown[:, None] + np.arange(3) - rank) % world.catalog.size
        probabilities.append(world.probabilities(simulation.shoppers, slate)[0][:, rank])
        items.append(shown)
        ranks.append(np.full(count, rank))
        contexts.append(simulation.observe()[:, world.layout["context"]] > 0.5)
    return tuple(np.concatenate(each) for each in (items, ranks, contexts, probabilities))


def bandit_cells(campaign, policy):
    """(name, clicks, impressions in the log, expected rate) of the total, each rank and each main segment."""
    log, (_, rank, context, probability) = bandit_log(campaign, policy), replay(campaign, policy)
    yield "total", log["click"].sum(), len(log["click"]), probability.mean()
    for each in range(3):
        inside = log["position"] == each + 1
        yield f"rank {each}", log["click"][inside].sum(), inside.sum(), probability[rank == each].mean()
    for column, name in enumerate(make_world("OpenBandit-v0", campaign=campaign).user_model.seen_names):
        feature, value = name.split("=")
        inside = np.char.startswith(log[feature].astype(str), value)
        yield name, log["click"][inside].sum(), inside.sum(), probability[context[:, column]].mean()


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
    world, logs = make_world("OpenBandit-v0", campaign=campaign), [bandit_log(campaign, policy) for policy in POLICIES]
    missed = 0
    for item in range(world.catalog.size):
        clicks = sum(log["click"][log["item_id"] == item].sum() for log in logs)
        shown = sum((log["item_id"] == item).sum() for log in logs)
        low, high = interval(clicks, shown, "exact")
        rate = np.exp(world.catalog.appeal[item]) * world.user_model.choice.examination.mean()
        missed += not low <= rate <= high
    assert missed <= binom.ppf(0.999, world.catalog.size, 0.05)


@pytest.mark.parametrize("campaign", CAMPAIGNS)
def test_open_bandit_shoppers_come_as_often_as_logged(campaign):
    world = make_world("OpenBandit-v0", campaign=campaign)
    share = world.user_model.cells.share @ world.user_model.seen
    for column, name in enumerate(world.user_model.seen_names):
        feature, value = name.split("=")
        inside = [np.char.startswith(bandit_log(campaign, policy)[feature].astype(str), value) for policy in POLICIES]
        low, high = interval(sum(each.sum() for each in inside), sum(map(len, inside)))
        assert low <= share[column] <= high, name


def test_a_world_that_is_off_by_two_thirds_is_seen():
    for scale in (0.6, 1.7):
        found = [outside(bandit_cells(campaign, policy), scale) for campaign in CAMPAIGNS for policy in POLICIES]
        assert all(found)


# Hillstrom-v0


@cache
def email_log():
    return read_columns(DATA / "hillstrom" / "hillstrom.csv.gz", {**hillstrom.VARIABLES, **hillstrom.OUTCOMES})


@cache
def customers(count=200_000):
    """A large sample: (world, shoppers, their context)."""
    world = make_world("Hillstrom-v0")
    simulation = Simulation(world, 5, count)
    return world, simulation.shoppers, simulation.observe()[:, world.layout["context"]].astype(float)


def email_segments():
    """(name, rows of the log, rows of the sample) of the main segments."""
    log, (_, _, context) = email_log(), customers()
    spending, recency, mens, womens, newbie = 100 * np.exp(context[:, 0]), np.rint(12 * context[:, 1]), *context[:, 2:5].T
    yield "all", np.ones(len(log["spend"]), bool), np.ones(len(context), bool)
    for flag in (0, 1):
        yield f"newbie {flag}", log["newbie"] == flag, newbie == flag
    for bought in ((1, 0), (0, 1), (1, 1)):
        yield (
            f"mens, womens {bought}",
            (log["mens"] == bought[0]) & (log["womens"] == bought[1]),
            (mens == bought[0]) & (womens == bought[1]),
        )
    for column, name in enumerate(("Rural", "Surburban", "Urban")):
        yield name, log["zip_code"] == name, context[:, 5 + column] == 1
    for column, name in enumerate(("Multichannel", "Phone", "Web")):
        yield name, log["channel"] == name, context[:, 8 + column] == 1
    edges = (0, 100, 200, 350, 500, 750, 1000, np.inf)
    for low, high in pairwise(edges):
        # The sample keeps spending as the log of a float32: a cent of slack at the edges, where no customer of the log is.
        yield (
            f"history {low}",
            (log["history"] >= low) & (log["history"] < high),
            (spending >= low - 0.005) & (spending < high - 0.005),
        )
    for low in (1, 4, 7, 10):
        yield f"recency {low}", (log["recency"] >= low) & (log["recency"] < low + 3), (recency >= low) & (recency < low + 3)


def email_cells(arm):
    """(name, event, rows of the log, expected rate) of each segment and event, and of the mean spend."""
    world, shoppers, context = customers()
    sent = email_log()["segment"] == ARMS[arm]
    visit, conversion = world.expected(shoppers, np.full((len(context), 1), arm)).T
    spend = conversion * world.catalog.price[arm]
    for name, in_log, in_sample in email_segments():
        for event, rate in (("visit", visit), ("conversion", conversion), ("spend", spend)):
            yield name, event, sent & in_log, rate[in_sample].mean()


def email_outside(arm, scale=1.0):
    log, found = email_log(), []
    for name, event, rows, rate in email_cells(arm):
        values = log[event][rows]
        if event == "spend":
            margin = 1.96 * values.std(ddof=1) / len(values) ** 0.5
            low, high = values.mean() - margin, values.mean() + margin
        else:
            low, high = interval(values.sum(), len(values))
        if not low <= scale * rate <= high:
            found.append(f"{name}, {event}: {low:.5f} to {high:.5f} in the log; the world has {scale * rate:.5f}")
    return found


@pytest.mark.parametrize("arm", range(3), ids=ARMS)
def test_hillstrom_keeps_to_the_log(arm):
    assert sum(1 for _ in email_cells(arm)) == 3 * (1 + 2 + 3 + 3 + 3 + 7 + 4)
    assert email_outside(arm) == []


@pytest.mark.parametrize("arm", range(3), ids=ARMS)
def test_a_tenth_off_is_seen(arm):
    for scale in (0.9, 1.1):
        assert email_outside(arm, scale)


def test_hillstrom_customers_come_as_often_as_logged():
    for name, in_log, in_sample in email_segments():
        low, high = interval(in_log.sum(), len(in_log))
        noise = 4 * (0.25 / len(in_sample)) ** 0.5
        assert low - noise <= in_sample.mean() <= high + noise, name


# The shipped figures


def same(found, shipped, where="figures"):
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


@pytest.mark.parametrize(
    ("module", "world", "stem"), [(open_bandit, "OpenBandit-v0", "open_bandit"), (hillstrom, "Hillstrom-v0", "hillstrom")]
)
def test_calibration_gives_the_shipped_figures(module, world, stem):
    same(module.calibrate(DATA / stem), load_figures(world, stem, None))
