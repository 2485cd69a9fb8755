"""The fits recover what made a log, shrink where there is little of it, and say what is wrong with a file."""

import gzip
import json

import numpy as np
import pytest
from scipy.special import expit

from slategym.sim.calibration.click_model import Counts, fit
from slategym.sim.calibration.files import to_json
from slategym.sim.worlds import make_world
from slategym.sim.worlds.hillstrom import calibrate as hillstrom
from slategym.sim.worlds.hillstrom.world import ARMS, design
from slategym.sim.worlds.open_bandit import calibrate as open_bandit
from slategym.sim.worlds.tabular import ContingencyTable

# The click model, from counts


def click_counts(random, rate, rank, effect, shown):
    """Poisson clicks on `shown` impressions a cell, and the popularity that the rates are known by."""
    design = np.eye(2)
    mean = shown * rate[:, None, None] * np.exp(rank)[None, :, None] * np.exp(effect)
    return Counts(np.full(mean.shape, float(shown)), random.poisson(mean).astype(float), np.zeros(len(rate)), design)


def test_click_model_recovers_rates_ranks_and_segments():
    random = np.random.default_rng(3)
    rate, rank, effect = random.gamma(4, 0.01 / 4, 60), np.log([1.0, 0.8, 0.6]), np.array([-0.3, 0.3])
    counts = click_counts(random, rate, rank, effect, shown=20_000)
    found = fit([counts], rank_spread=1.0, segment_spread=1.0)
    clicks = counts.clicked.sum(axis=(1, 2))
    np.testing.assert_allclose(found.dispersion, 0.5, atol=4.5 * 0.5 / np.sqrt(2 * 60))
    # Ratios, since the level can move between items, ranks and segments; errors of a few over the root of the clicks.
    few = 4.5 * np.sqrt(2 / counts.clicked.sum(axis=(0, 2)).min())
    np.testing.assert_allclose(found.rank - found.rank[0], rank - rank[0], atol=few)
    np.testing.assert_allclose(np.diff(found.segment[0]), np.diff(effect), atol=few)
    total = found.rate[0] * np.exp(found.rank).sum() * np.exp(found.segment[0]).sum()
    truth = rate * np.exp(rank).sum() * np.exp(effect).sum()
    np.testing.assert_array_less(np.abs(total / truth - 1), 4.5 / np.sqrt(clicks))


def test_click_model_shares_effects_between_campaigns():
    """A second campaign with hardly a click leans on the first."""
    random = np.random.default_rng(4)
    rate, rank, effect = np.full(30, 0.02), np.zeros(3), np.array([-0.4, 0.4])
    much = click_counts(random, rate, rank, effect, shown=5000)
    little = Counts(np.full((5, 3, 2), 20.0), np.full((5, 3, 2), 0.4), np.zeros(5), much.design)
    alone, together = fit([little]).segment[0], fit([much, little]).segment[1]
    assert abs(np.diff(alone)[0]) < 1e-6
    assert np.diff(together)[0] > 0.15  # half of the 0.8 could be the first campaign's own, and 12 clicks speak against it


def test_click_model_shrinks_the_rare_and_trusts_the_frequent():
    random = np.random.default_rng(5)
    rate = random.gamma(4, 0.01 / 4, 40)
    shown = np.where(np.arange(40) < 20, 100, 100_000)[:, None, None] * np.ones((40, 1, 1))
    counts = Counts(shown, random.poisson(shown * rate[:, None, None]).astype(float), np.zeros(40), np.ones((1, 1)))
    found = fit([counts])
    raw = counts.clicked[:, 0, 0] / shown[:, 0, 0]
    fitted = found.rate[0] * np.exp(found.rank[0] + found.segment[0, 0])
    assert np.std(fitted[:20]) < 0.5 * np.std(raw[:20])
    np.testing.assert_allclose(fitted[20:], raw[20:], rtol=0.02)
    assert np.mean((fitted[:20] - rate[:20]) ** 2) < np.mean((raw[:20] - rate[:20]) ** 2)


def test_click_model_takes_what_popularity_says():
    random = np.random.default_rng(6)
    popularity = random.normal(size=200)
    popularity -= popularity.mean()
    shown = np.full((200, 1, 1), 2000.0)
    counts = Counts(
        shown, random.poisson(shown[:, 0, 0] * 0.01 * np.exp(0.5 * popularity))[:, None, None] * 1.0, popularity, np.ones((1, 1))
    )
    found = fit([counts])
    assert abs(found.exponent - 0.5) < 4.5 / np.sqrt(counts.clicked.sum())
    assert found.dispersion < 0.15


def test_a_log_without_clicks_is_refused():
    silent = Counts(np.ones((2, 3, 1)), np.zeros((2, 3, 1)), np.zeros(2), np.ones((1, 1)))
    with pytest.raises(ValueError, match="no click"):
        fit([silent])


# Open Bandit, from files


def write(path, table):
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "\n".join([",".join(table), *(",".join(map(str, row)) for row in zip(*table.values(), strict=True))]) + "\n"
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)


ITEMS = {"all": 8, "men": 4, "women": 6}
RATE = {campaign: np.linspace(0.1, 0.4, items) for campaign, items in ITEMS.items()}
RANK, IMPRESSIONS = np.array([1.0, 0.8, 0.9]), 8000


@pytest.fixture(scope="module")
def bandit_folder(tmp_path_factory):
    """Logs of a shop with many clicks: known rates, ranks, and one segment that clicks half as often again."""
    root, random = tmp_path_factory.mktemp("open_bandit"), np.random.default_rng(7)
    for campaign, items in ITEMS.items():
        for policy in open_bandit.POLICIES:
            share = np.ones(items) if policy == "random" else RATE[campaign]
            item = random.choice(items, IMPRESSIONS, p=share / share.sum())
            position, keen = random.integers(1, 4, IMPRESSIONS), random.random(IMPRESSIONS) < 0.3
            click = random.random(IMPRESSIONS) < RATE[campaign][item] * RANK[position - 1] * np.where(keen, 1.5, 1)
            log = {"timestamp": ["2019-11-24"] * IMPRESSIONS, "item_id": item, "position": position, "click": click.astype(int)}
            log["user_feature_0"] = np.where(keen, "keen", "calm")
            for feature in range(1, 4):
                log[f"user_feature_{feature}"] = random.choice(["a", "b", "rare"], IMPRESSIONS, p=[0.6, 0.38, 0.02])
            write(root / policy / campaign / f"{campaign}.csv{'.gz' if policy == 'random' else ''}", log)
        context = {"item_id": np.arange(items)[::-1], "item_feature_0": np.linspace(-1, 1, items)}
        context |= {f"item_feature_{number}": [f"c{item % number}" for item in range(items)] for number in range(1, 4)}
        for policy in open_bandit.POLICIES:
            write(root / policy / campaign / "item_context.csv", context)
    return root


def test_open_bandit_calibration_recovers_a_shop(bandit_folder, tmp_path):
    parameters = open_bandit.calibrate(bandit_folder)
    file = tmp_path / "figures.json"
    file.write_text(to_json(parameters))
    assert parameters["levels"]["user_feature_0"] == ["calm", "keen", "other"]
    assert parameters["levels"]["user_feature_1"] == ["a", "b", "other"]
    for campaign in ITEMS:
        world = make_world("OpenBandit-v0", campaign=campaign, parameters=file)
        model, mean = world.user_model, 1 + 0.3 * 0.5
        # Two logs; item and rank have no less than this share of them.
        clicks = 2 * IMPRESSIONS * RATE[campaign].min() / len(RATE[campaign]) * 0.5
        rate = np.exp(world.catalog.appeal.astype(float)) * model.click_model.examination.mean()
        np.testing.assert_allclose(rate, RATE[campaign] * RANK.mean() * mean, rtol=4.5 / np.sqrt(clicks))
        keen = model.seen[:, model.seen_names.index("user_feature_0=keen")] == 1
        share = model.cells.share
        ratio = np.average(model.pull[keen], weights=share[keen]) / np.average(model.pull[~keen], weights=share[~keen])
        np.testing.assert_allclose(ratio, 1.5, rtol=4.5 / np.sqrt(0.3 * 0.2 * IMPRESSIONS))
        assert abs(share[keen].sum() - 0.3) < 4.5 * np.sqrt(0.21 / (2 * IMPRESSIONS))
        # The context file lists the items backwards.
        np.testing.assert_allclose(world.catalog.features[:, 0], np.linspace(1, -1, ITEMS[campaign]), rtol=1e-6)
    # Held close to 1 by the prior, so only in this order.
    assert parameters["examination"][0] == 1 > parameters["examination"][2] > parameters["examination"][1]
    assert min(parameters["fit"]["rank_test_p_value"].values()) < 0.01


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        (
            "bts/men/men.csv",
            lambda text: None,
            r"neither .*bts/men/men\.csv nor men\.csv\.gz exists: is .*bts/men the right",
        ),
        (
            "bts/men/men.csv",
            lambda text: text.replace("click", "clicks", 1),
            r"bts/men/men\.csv has no column 'click': expected item_id",
        ),
        (
            "bts/men/men.csv",
            lambda text: text.replace(",1,0,", ",4,0,", 1),
            r"men\.csv has position = 4 in row \d+: expected 1 to 3",
        ),
        (
            "bts/men/men.csv",
            lambda text: text.replace(",1,0,", ",1,2,", 1),
            r"men\.csv has click = 2 in row \d+: expected 0 or 1",
        ),
        ("bts/men/men.csv", lambda text: text.replace(",1,0,", ",x,0,", 1), r"men\.csv cannot be read: .*int64.*'x'"),
        ("bts/men/men.csv", lambda text: text.replace(",1,0,", ",,0,", 1), r"men\.csv has no value for 'position' in row \d+"),
        ("bts/men/men.csv", lambda text: text.partition("\n")[0] + "\n", r"men\.csv has no rows below its header"),
        (
            "random/men/item_context.csv",
            lambda text: text.replace("\n3,", "\n9,"),
            r"item_id = 9 in row 1: expected each of 0 to 3",
        ),
        (
            "random/men/item_context.csv",
            lambda text: text.replace("\n3,", "\n2,"),
            r"item_id = 2 in row 2: expected each of 0 to 3",
        ),
        (
            "random/men/item_context.csv",
            lambda text: text[: text.rindex("0,")],
            r"item_context\.csv cannot be read: .*Expected 5 columns",
        ),
    ],
)
def test_open_bandit_says_what_is_wrong_with_a_file(bandit_folder, tmp_path, name, change, message):
    for path in bandit_folder.rglob("*.csv*"):
        copy = tmp_path / path.relative_to(bandit_folder)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    text = change((tmp_path / name).read_text())
    (tmp_path / name).unlink() if text is None else (tmp_path / name).write_text(text)
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        open_bandit.calibrate(tmp_path)


# Hillstrom


def customers(count, seed=8):
    """A trial whose visits, conversions and spending are known."""
    random = np.random.default_rng(seed)
    arm, mens = random.integers(0, 3, count), random.random(count) < 0.5
    history = np.exp(random.normal(4.5, 1, count)).clip(30)
    columns = {
        "recency": random.integers(1, 13, count),
        "history_segment": np.where(history < 100, "1) $0 - $100", "2) $100 - $200"),
        "history": history.round(2),
        "mens": mens.astype(int),
        "womens": np.where(mens, random.random(count) < 0.2, True).astype(int),
        "zip_code": random.choice(["Rural", "Surburban", "Urban"], count),
        "newbie": random.integers(0, 2, count),
        "channel": random.choice(["Multichannel", "Phone", "Web"], count, p=[0.2, 0.3, 0.5]),
    }
    visit_rate = expit(np.array([-0.5, -0.8, -1.5])[arm] + np.where(mens & (arm == 0), 0.6, 0) - 0.05 * columns["recency"])
    visit = random.random(count) < visit_rate
    converted = visit & (random.random(count) < 0.25)
    columns["segment"] = np.array(ARMS)[arm]
    columns |= {"visit": visit.astype(int), "conversion": converted.astype(int)}
    columns["spend"] = np.where(converted, np.exp(random.normal(np.log([80, 100, 120])[arm] - 0.32, 0.8)), 0).round(2)
    return columns, visit_rate


def test_hillstrom_calibration_recovers_a_trial(tmp_path):
    count = 30_000
    columns, visit_rate = customers(count)
    write(tmp_path / "hillstrom.csv", columns)
    parameters = hillstrom.calibrate(tmp_path)
    (tmp_path / "figures.json").write_text(to_json(parameters))
    model = make_world("Hillstrom-v0", parameters=tmp_path / "figures.json").user_model
    levels = model.cells.levels
    cell = np.ravel_multi_index([np.searchsorted(levels[name], columns[name]) for name in levels], model.cells.shape)
    arm = np.array([ARMS.index(each) for each in columns["segment"]])
    for each in range(3):
        for mens in (0, 1):
            rows = (arm == each) & (columns["mens"] == mens)
            noise = 4.5 * np.sqrt(0.25 / rows.sum())
            assert abs(model.visit[cell[rows], each].mean() - visit_rate[rows].mean()) < noise
    # About 40 free effects are estimated from these customers.
    error = model.visit[cell, arm] - visit_rate
    assert np.sqrt(np.mean(error**2)) < 2 * np.sqrt(40 * 0.25 / count)
    np.testing.assert_allclose(model.conversion_rate[cell].mean(), 0.25, atol=4.5 * np.sqrt(0.19 / columns["visit"].sum()))
    converted = np.bincount(arm, weights=columns["conversion"])
    np.testing.assert_allclose(parameters["spend_mean"], [80, 100, 120], rtol=4.5 * np.sqrt(0.9 / converted.min()) + 0.02)
    np.testing.assert_allclose(parameters["spend_spread"], 0.8, atol=4.5 * 0.8 / np.sqrt(2 * converted.sum()))


def test_logistic_without_priors_matches_the_log_in_every_arm_and_group():
    """The score equations: fitted and counted successes agree in each group that has a column."""
    random = np.random.default_rng(9)
    cells = ContingencyTable({"recency": [1, 6, 12], "newbie": [0, 1], "zip_code": ["a", "b"]}, np.ones(12))
    columns, names = design(cells)
    trials = random.integers(50, 200, (12, 3)).astype(float)
    successes = random.binomial(trials.astype(int), 0.3).astype(float)
    coefficients = hillstrom.logistic(columns, trials, successes, 1e3, 1e3)
    assert coefficients.shape == (3, len(names))
    expected = trials * expit(columns @ coefficients.T)
    np.testing.assert_allclose(columns.T @ expected, columns.T @ successes, atol=1e-3)


def test_logistic_shrinks_an_arms_own_effects_towards_the_common_ones():
    cells = ContingencyTable({"recency": [6], "newbie": [0, 1]}, np.ones(2))
    columns, _ = design(cells)
    trials = np.array([[5000.0, 20.0], [5000.0, 20.0]])
    successes = np.array([[1000.0, 9.0], [2000.0, 5.0]])  # the small arm goes against the large one
    effect = hillstrom.logistic(columns, trials, successes, 1.0, 0.1) @ (columns[1] - columns[0])
    assert effect[0] > 0.9
    assert effect[1] > 0.5


def test_max_entropy_table_keeps_two_way_margins_and_nothing_more():
    random = np.random.default_rng(10)
    counts = random.integers(0, 30, (3, 4, 2, 3)).astype(float)
    counts[0, 1] = 0
    table = hillstrom.max_entropy_table(counts)
    for kept in ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)):
        rest = tuple(axis for axis in range(4) if axis not in kept)
        np.testing.assert_allclose(table.sum(axis=rest), counts.sum(axis=rest), atol=1e-6)
    assert (table[0, 1] == 0).all()
    independent = np.einsum("i,j,k->ijk", [0.2, 0.8], [0.5, 0.3, 0.2], [0.6, 0.4])
    np.testing.assert_allclose(hillstrom.max_entropy_table(independent), independent, atol=1e-12)


def test_spending_is_shrunk_towards_all_buyers():
    random = np.random.default_rng(11)
    arm = np.repeat([0, 1, 2], [5000, 5000, 4])
    spend = np.exp(random.normal(np.log([100, 50, 400])[arm], 0.5))
    mean, spread = hillstrom.spending(spend, arm)
    raw = np.array([spend[arm == each].mean() for each in range(3)])
    np.testing.assert_allclose(mean[:2], raw[:2], rtol=0.02)
    assert mean[2] < 0.6 * raw[2]
    assert abs(spread - 0.5) < 4.5 * 0.5 / np.sqrt(2 * len(arm))


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("newbie", 2, r"newbie = 2 in row 1: expected 0 or 1"),
        ("segment", "Kids E-Mail", r"segment = Kids E-Mail in row 1: expected one of Mens E-Mail, Womens E-Mail, No E-Mail"),
        ("spend", 10, r"spend = 10\.0 in row 1: expected above 0 where there is a conversion, else 0"),
        ("spend", -1, r"spend = -1\.0 in row 1"),
        ("conversion", 1, r"conversion = 1 in row 1: expected 0 where there is no visit"),
        ("history", 0, r"history = 0\.0 in row 1: expected above 0"),
        ("history", "inf", r"history = inf in row 1: expected a finite number"),
        ("history", "nan", r"no value for 'history' in row 1: expected float"),
    ],
)
def test_hillstrom_says_what_is_wrong_with_a_file(tmp_path, column, value, message):
    columns, _ = customers(200)
    for each in ("visit", "conversion", "spend"):
        columns[each][:1] = 0
    columns[column] = columns[column].astype(object)
    columns[column][0] = value
    write(tmp_path / "hillstrom.csv.gz", columns)
    with pytest.raises(ValueError, match=r"hillstrom\.csv\.gz has " + message):
        hillstrom.calibrate(tmp_path)


def test_hillstrom_without_an_arm_is_refused(tmp_path):
    columns, _ = customers(300)
    columns["segment"][:] = ARMS[0]
    write(tmp_path / "hillstrom.csv", columns)
    with pytest.raises(ValueError, match="no customer with segment 'Womens E-Mail'"):
        hillstrom.calibrate(tmp_path)


def test_figures_are_json_with_a_line_a_list():
    parameters = {"a": [1.5, 2.0], "b": {"c": [[1, 2], [3, 4]]}, "d": ["x, y", "z"]}
    text = to_json(parameters)
    assert json.loads(text) == parameters
    assert '"a": [ 1.5, 2.0 ]' in text
