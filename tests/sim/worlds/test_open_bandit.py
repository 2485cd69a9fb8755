"""OpenBandit-v0 is what its docstring says."""

import json

import numpy as np
import pytest

from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world
from slategym.sim.worlds.tabular import ContingencyTable, load_parameters

CAMPAIGNS = {"all": (80, 11), "men": (34, 13), "women": (46, 16)}


@pytest.fixture(scope="module", params=CAMPAIGNS)
def world(request):
    return make_world("OpenBandit-v0", campaign=request.param)


def slates(world, shoppers, seed=0):
    random = np.random.default_rng(seed)
    return np.argsort(random.random((shoppers, world.catalog.size)), axis=1)[:, : world.slate_size]


@pytest.mark.parametrize("campaign", CAMPAIGNS)
def test_shape(campaign):
    world = make_world("OpenBandit-v0", campaign=campaign)
    assert world.catalog.features.shape == CAMPAIGNS[campaign]
    assert (world.slate_size, world.visits) == (3, 1)
    assert world.layout["context"] == slice(0, 14)
    assert len(world.user_model.seen_names) == 14


def test_the_rates_are_those_of_a_fashion_shop(world):
    shoppers = Simulation(world, 1, 20_000).shoppers
    clicks, conversions = world.expected(shoppers, slates(world, 20_000)).mean(axis=0)
    assert 0.003 <= clicks / 3 <= 0.006
    # 2.4 % is the mean over items; a random slate's clicks fall on the more attractive ones.
    assert 0.7 * 0.024 <= conversions / clicks <= 1.4 * 0.024


def test_items_and_shoppers_differ_but_not_wildly(world):
    rate, pull = np.exp(world.catalog.appeal), world.user_model.pull
    assert 1.5 < rate.max() / rate.min() < 5
    assert np.average(pull, weights=world.user_model.cells.share) == pytest.approx(1, abs=1e-6)
    assert 0.1 < np.sqrt(np.average((pull - 1) ** 2, weights=world.user_model.cells.share)) < 0.6


def test_ranks_are_examined_nearly_alike(world):
    examination = world.user_model.click_model.examination
    assert examination.max() == 1
    assert examination.min() > 0.85


def test_clicks_and_conversions_pull_apart(world):
    shoppers = Simulation(world, 1, 2000).shoppers
    for_clicks, for_conversions = (
        world.expected(shoppers, world.best_slate(shoppers, weights)).mean(axis=0) for weights in ((1, 0), (0, 1))
    )
    assert for_conversions[0] < 0.95 * for_clicks[0]
    assert for_clicks[1] < 0.7 * for_conversions[1]


def test_context_says_which_segment_a_shopper_is_in(world):
    simulation = Simulation(world, 2, 5000)
    seen, names = simulation.observe()[:, world.layout["context"]], world.user_model.seen_names
    assert set(np.unique(seen)) == {0, 1}
    for feature in range(4):
        columns = [number for number, name in enumerate(names) if name.startswith(f"user_feature_{feature}=")]
        assert seen[:, columns].sum(axis=1).max() == 1
    np.testing.assert_array_equal(seen, world.user_model.seen[simulation.shoppers.cell])


def test_conversion_rate_is_the_mean_over_items(world):
    campaign = next(name for name, (items, _) in CAMPAIGNS.items() if items == world.catalog.size)
    for rate in (0.024, 0.1):
        other = make_world("OpenBandit-v0", campaign=campaign, conversion_rate=rate)
        shoppers = Simulation(other, 0, 1).shoppers
        assert other.user_model.conversion(shoppers, other.catalog, None).mean() == pytest.approx(rate, rel=1e-5)
        np.testing.assert_array_equal(other.catalog.appeal, world.catalog.appeal)
    dear = world.catalog.features[:, -1]
    np.testing.assert_allclose(dear, world.catalog.dearness, atol=1e-4)
    assert np.corrcoef(dear, world.catalog.quality)[0, 1] < -0.5


def test_what_is_assumed_is_declared_with_its_source():
    assumed = load_parameters("OpenBandit-v0", "open_bandit", None)["assumptions"]
    for name in ("conversion_rate", "price_mean"):
        assert "https://" in assumed[f"{name}_source"]
    assert "own" in assumed["spreads_source"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"campaign": "woman"}, "there is no campaign 'woman'. Did you mean 'women'"),
        ({"conversion_rate": 0.0}, "conversion_rate is 0.0: expected a probability from 1e-06 to 0.999999"),
        ({"conversion_rate": 2}, "conversion_rate is 2"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        make_world("OpenBandit-v0", **options)


def test_figures_of_another_world_are_refused(tmp_path):
    path = tmp_path / "figures.json"
    path.write_text(json.dumps(load_parameters("Hillstrom-v0", "hillstrom", None)))
    with pytest.raises(
        ValueError, match=r"figures\.json holds the parameters of 'Hillstrom-v0': expected those of 'OpenBandit-v0'"
    ):
        make_world("OpenBandit-v0", parameters=path)
    path.write_text("{")
    with pytest.raises(ValueError, match="is not JSON"):
        make_world("OpenBandit-v0", parameters=path)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        make_world("OpenBandit-v0", parameters=tmp_path / "nowhere.json")


def test_cells_are_sampled_by_their_weight():
    cells = ContingencyTable({"a": ["x", "y"], "b": [1, 2, 3]}, [0, 1, 2, 3, 4, 0])
    draws = Simulation(make_world("OpenBandit-v0"), 3, 50_000).draws
    seen = np.bincount(cells.sample(draws), minlength=6) / 50_000
    np.testing.assert_allclose(seen, cells.share, atol=4.5 * np.sqrt(0.25 / 50_000))
    assert seen[0] == seen[5] == 0
    np.testing.assert_array_equal(cells.level("b"), [0, 1, 2, 0, 1, 2])
    np.testing.assert_array_equal(cells.one_hot("a").argmax(axis=1), [0, 0, 0, 1, 1, 1])
    with pytest.raises(ValueError, match=r"weight has shape \(2,\): expected \(6,\)"):
        ContingencyTable({"a": ["x", "y"], "b": [1, 2, 3]}, [1, 2])
    with pytest.raises(ValueError, match="at least 0"):
        ContingencyTable({"a": ["x", "y"]}, [1, -1])
