"""A log in, a world out: what was put in comes back, what is not known is said, and the certificate holds."""

import json

import numpy as np
import pytest
from scipy.stats import kendalltau
from tests.bench.fitting import made

from slategym.bench.fitting.certificate import binomial_interval, certify, design_effect, rates_by
from slategym.bench.fitting.episodes import Visits, fit_days_away, fit_delay, fit_leaving, fit_prices, most_visits
from slategym.bench.fitting.fit import fit_log, held_out
from slategym.bench.fitting.order import tau_of
from slategym.logs.impressions import ImpressionLog
from slategym.sim.calibration.files import to_json
from slategym.sim.click_models import PositionBased
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world
from slategym.sim.worlds.fitted.world import world_of

EXAMINATION = [1.0, 0.7, 0.5, 0.3]


@pytest.fixture(scope="module")
def effects():
    random = np.random.default_rng(0)
    return made.drawn(random, 15, (0.4, 0.6, 0.5), -1.0), made.drawn(random, 15, (0.3, 0.5, 0.01), -0.5)


@pytest.fixture(scope="module")
def log(effects):
    return made.log_of(np.random.default_rng(1), effects[0], PositionBased(EXAMINATION), 8000, conversions=effects[1])


@pytest.fixture(scope="module")
def fitted(log):
    return fit_log(log)


def test_the_world_of_a_log_is_the_world_that_made_it(log, fitted, effects, tmp_path):
    (tmp_path / "world.json").write_text(to_json(fitted.parameters))
    world = make_world(str(tmp_path))
    assert (world.slate_size, world.visits, world.catalog.size) == (4, 1, 15)
    assert world.catalog.names[3] == "i3"
    cells = world.user_model.cells
    assert cells.levels == fitted.segments.levels
    colour, size = (cells.level(name) for name in ("colour", "size"))
    own = [np.array([log.ids[name].tolist().index(level) for level in cells.levels[name]]) for name in ("colour", "size")]
    cell = own[0][colour] * 2 + own[1][size]
    items = np.tile(np.arange(15), (6, 1))
    for part, table in zip(effects, (world.user_model.click, world.user_model.conversion_rate), strict=True):
        truth = made.probability(*part, cell, items)
        assert np.sqrt(np.mean((np.log(table) - np.log(truth)) ** 2)) < 0.2
        assert np.corrcoef(table.ravel(), truth.ravel())[0, 1] > 0.9
    np.testing.assert_allclose(world.user_model.click_model.examination, EXAMINATION, atol=0.05)
    assert fitted.parameters["fit"]["click_model"] == "position-based"
    assert fitted.clicking.interaction < 0.05
    shoppers = Simulation(world, 0, 4000).shoppers
    np.testing.assert_allclose(np.bincount(shoppers.cell, minlength=6) / 4000, cells.share, atol=4 * 0.5 / np.sqrt(4000))


def test_agents_see_what_segments_say(log, fitted):
    world = world_of(fitted.parameters)
    shown = world.user_model.seen[fitted.segments.cell(log)]
    np.testing.assert_array_equal(shown, fitted.segments.one_hot(log))


def test_every_parameter_has_an_interval_around_it(fitted):
    parameters, ends = fitted.parameters, fitted.parameters["intervals"]
    for part in ("click", "conversion"):
        for name in ("intercept", "item", "level", "item_by_level"):
            for value, interval in leaves(parameters[part][name], ends[part][name]):
                assert interval[0] < value < interval[1]
    for value, interval in leaves(parameters["click_model"]["examination"], ends["click_model"]["examination"]):
        assert interval[0] <= value <= interval[1]


def leaves(value, interval):
    if value is None or isinstance(value, float):
        return [] if value is None else [(value, interval)]
    keys = value if isinstance(value, dict) else range(len(value))
    return [pair for key in keys for pair in leaves(value[key], interval[key])]


def test_the_same_log_gives_the_same_world(log, fitted):
    assert json.dumps(fit_log(log).parameters) == json.dumps(fitted.parameters)


def test_what_a_log_cannot_identify_is_computed_from_it(log, fitted):
    told = "\n".join(fitted.parameters["cannot_identify"])
    for words in ("slates of another size than 4", "no propensities", "no revenue", "when conversions become known", "leaving"):
        assert words in told
    assert "ranks are not random" not in told
    assert "there are none in the log" not in told
    clicks = ImpressionLog(**{**vars(log), "events": {"click": log.click}, "context": {}, "propensity": np.ones(len(log))})
    less = "\n".join(fit_log(clicks, click_model="position-based").parameters["cannot_identify"])
    for words in ("there are none in the log, and fitted shoppers never convert", "nothing is known of shoppers"):
        assert words in less
    assert "no propensities" not in less


def test_ranks_that_depend_on_items_are_told():
    random, count = np.random.default_rng(2), 4000
    slate = np.repeat(np.arange(count), 2)
    first = random.integers(0, 3, count)
    item = np.stack([first, np.where(random.random(count) < 0.1, (first + 1) % 3, 3 + first)], axis=1).ravel()
    click = random.random(2 * count) < 0.2
    ids = {"item": np.arange(6)}
    log = ImpressionLog(slate=slate, rank=np.tile([0, 1], count), item=item, ids=ids, events={"click": click})
    told = "\n".join(fit_log(log, click_model="position-based").parameters["cannot_identify"])
    assert "ranks are not random" in told
    assert "3 of 6 items" in told


def test_a_log_without_clicks_is_refused(log):
    none = ImpressionLog(**{**vars(log), "events": {"click": np.zeros(len(log), bool)}})
    with pytest.raises(ValueError, match="has 0 clicks: expected at least 5"):
        fit_log(none)
    with pytest.raises(ValueError, match="has no event 'click'"):
        fit_log(ImpressionLog(**{**vars(log), "events": {"like": log.click}}))


def test_the_certificate_of_a_true_fit(log, fitted):
    found = certify(log, fitted)
    compared = found["log_likelihood"]["click"]
    for baseline in compared["baselines"].values():
        assert baseline["fitted_above"]["low"] > 0
    rates = found["rates"]["click"]
    judged = sum(each["judged"] for each in rates.values())
    inside = sum(each["judged"] * each["inside"] for each in rates.values()) / judged
    assert judged >= 4 + 15 + 3 + 2
    assert inside >= 0.95 - 4 * np.sqrt(0.05 * 0.95 / judged)
    assert found["slates"] == {"fitted": 6400, "held_out": 1600}
    assert held_out(log).sum() == 1600


def test_a_wrong_world_is_told_by_its_rates():
    random, count = np.random.default_rng(3), 5000
    group, unit = random.integers(0, 10, count), np.arange(count)
    happened = (random.random(count) < 0.1 + 0.05 * (group % 2)).astype(float)
    labels = [str(each) for each in range(10)]
    assert rates_by(labels, group, happened, 0.1 + 0.05 * (group % 2), unit)["inside"] >= 0.8
    assert rates_by(labels, group, happened, np.full(count, 0.3), unit)["inside"] == 0
    assert rates_by(labels, group, happened, np.full(count, 1e-6), unit) == {
        "groups": 10,
        "judged": 0,
        "inside": None,
        "rates": [],
    }


def test_rows_that_are_copies_count_once():
    random = np.random.default_rng(4)
    group, happened = random.integers(0, 3, 4000), (random.random(4000) < 0.2).astype(float)
    assert design_effect(group, happened, np.arange(4000)) == pytest.approx(1, abs=0.1)
    four = [np.repeat(each, 4) for each in (group, happened, np.arange(4000))]
    assert design_effect(*four) == pytest.approx(4, abs=0.2)


def test_clopper_and_pearson():
    low, high = binomial_interval(np.array([0.0, 3.0, 10.0]), np.array([10, 10, 10]))
    np.testing.assert_allclose(low, [0, 0.06674, 0.69150], atol=1e-5)
    np.testing.assert_allclose(high, [0.30850, 0.65245, 1], atol=1e-5)


def visiting(random, shoppers, leaving, clicked, visits=6, days=0.0, late=0.0):
    """A log of shoppers who leave with probability s(leaving + clicked * click), one item a slate, a day later with `days`."""
    rows = []
    for shopper in range(shoppers):
        now = 86400.0 * random.integers(0, 5)
        for _ in range(visits):
            click = random.random() < 0.4
            rows.append((now, shopper, click, click and random.random() < 0.5, random.random() < late))
            if random.random() < 1 / (1 + np.exp(-leaving - clicked * click)):
                break
            now += 86400.0 if random.random() < days else 60.0
    when, shopper, click, converted, delayed = map(np.array, zip(*sorted(rows), strict=True))
    count = len(rows)
    return ImpressionLog(
        slate=np.arange(count),
        rank=np.zeros(count, int),
        item=np.zeros(count, int),
        ids={"item": np.array(["a"]), "shopper": np.arange(shoppers)},
        events={"click": click, "conversion": converted},
        time=when,
        shopper=shopper,
        delay=np.where(converted, np.where(delayed, 30.0, 0.0), np.nan),
    )


def test_leaving_coming_back_and_delays():
    log = visiting(np.random.default_rng(5), 3000, -1.0, 0.8, days=0.3, late=0.5)
    visits = Visits.of(log)
    assert most_visits(visits) == 6
    leaving, ends = fit_leaving(log, visits, 6)
    assert ends["clicked"][0] < 0.8 < ends["clicked"][1]
    assert abs(leaving["clicked"] - 0.8) < 0.25
    inside = [low <= -1.0 <= high for low, high in ends["by_visit"][:5]]
    assert sum(inside) >= 4
    days, day_ends = fit_days_away(log, visits)
    assert days[1] == pytest.approx(0.3, abs=0.03)
    assert (day_ends[:, 0] < days).all()
    delay, _ = fit_delay(log, visits, 6)
    # A delayed conversion is known half a minute later, at the next visit.
    assert delay[1] == pytest.approx(0.5, abs=0.06)
    assert delay.sum() == pytest.approx(1)


def test_a_world_with_leaving_has_episodes_of_the_same_length():
    log = visiting(np.random.default_rng(6), 2000, -1.2, 0.5, days=0.2)
    fitted = fit_log(log)
    world = world_of(fitted.parameters)
    assert world.visits == 6
    assert world.user_model.anyone_leaves
    assert world.user_model.longest_absence >= 1
    lengths = certify(log, fitted)["rates"]["episodes"]["length"]
    assert lengths["judged"] == 6
    assert lengths["inside"] >= 5 / 6


def test_without_shoppers_there_are_no_episodes():
    log = visiting(np.random.default_rng(7), 50, -1.0, 0.0)
    assert Visits.of(ImpressionLog(**{**vars(log), "shopper": None})) is None
    once = visiting(np.random.default_rng(7), 50, 20.0, 0.0)
    assert Visits.of(once) is None


def test_prices_are_shrunk_towards_each_other():
    random = np.random.default_rng(8)
    means = random.normal(3, 0.4, 40)
    item = random.integers(0, 39, 4000)
    price, ends, spread = fit_prices(item, np.exp(random.normal(means[item], 0.5)), 40)
    assert spread == pytest.approx(0.5, abs=0.03)
    truth = np.exp(means + 0.125)
    inside = (ends[:39, 0] <= truth[:39]) & (truth[:39] <= ends[:39, 1])
    assert inside.mean() >= 0.95 - 4 * np.sqrt(0.05 * 0.95 / 39)
    assert price[39] == pytest.approx(np.exp(np.log(price[:39]).mean()), rel=0.05)
    same, _, none = fit_prices(np.array([0, 0, 1]), np.array([2.0, 2.0, 5.0]), 2)
    np.testing.assert_allclose(same, [2, 5])
    assert none == 0


def test_tau_of_orders():
    values = np.arange(12.0).reshape(4, 3)
    assert tau_of(values, 2 * values)["mean"] == pytest.approx(1)
    assert tau_of(values, -values)["mean"] == pytest.approx(-1)
    one, other = random = np.random.default_rng(10).integers(0, 4, (2, 30, 1)).astype(float)
    assert tau_of(*random)["mean"] == pytest.approx(kendalltau(one, other).statistic)
    noisy = tau_of(values, np.random.default_rng(9).normal(size=(4, 3)))
    assert noisy["low"] <= noisy["mean"] <= noisy["high"]
    assert tau_of(values[:, :1], values[:, :1])["low"] is None
