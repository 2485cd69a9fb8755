"""DeepShop-v0 by its formulas, in plain Python; what the order of clicks does; and that it stays as it was calibrated."""

import hashlib
import json
import math
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from slategym.sim.feedback import Feedback
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world
from slategym.sim.worlds.deep_shop.parameters import DeepShopParameters

GOLDEN = Path(__file__).parent / "golden/DeepShop-v0-PositionBased.json"
# Of the coefficients and of a trajectory, since before any agent was tuned on the world.
FROZEN = "7ccdb3dc884e3890e0f0e4dc91544bc0fc192b85baa261ea0573cb2f1702f1ae"
WANT, BOREDOM, MEMORY = 1.0, 2.5, 0.8


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def logit(p):
    return np.log(p) - np.log1p(-p)


def attraction(shopper, item):
    """Of one item to one shopper, by the formula of the docstring, in float64."""
    wish = sum(t * o * v for t, o, v in zip(shopper["taste"], shopper["occasion"], item["taste"], strict=True))
    closeness = sum(
        math.exp(-(((t - math.sqrt(4) * v) / 0.4) ** 2) / 2) for t, v in zip(shopper["taste"], item["taste"], strict=True)
    )
    score = 0.3 * wish + 1.5 * closeness + 0.3 * item["appeal"] - max(item["dearness"] - shopper["purse"], 0)
    return sigmoid(score + shopper["left"] * (1.0 * wanted(shopper, item) - 2.5 * boring(shopper, item)) - 4.3)


def conversion(shopper, item):
    wish = sum(t * o * v for t, o, v in zip(shopper["taste"], shopper["occasion"], item["taste"], strict=True))
    worth = 0.3 * wish + 0.6 * item["quality"] - 0.3 * item["appeal"] + 0.5 * shopper["left"] * wanted(shopper, item) - 2
    return 0.3 * sigmoid(worth) * sigmoid(2 * (shopper["purse"] - item["dearness"]))


def wanted(shopper, item):
    clicks = shopper["clicks"]
    return bool(clicks) and item["category"] == (clicks[-1] + 1) % 20


def boring(shopper, item):
    return shopper["clicks"][-2:] == [item["category"]] * 2


def test_formulas_in_plain_python():
    """Three shoppers over a month, whose clicks are told in words of lists; in float64, as slates are."""
    world, random = make_world("DeepShop-v0"), np.random.default_rng(0)
    simulation, catalog, shoppers = Simulation(world, 3, 3), world.catalog, 3
    clicks, since, sequences = [[] for _ in range(shoppers)], [0] * shoppers, 0
    for _ in range(30):
        here = simulation.shoppers
        # Half of each slate of what was clicked last or follows it, so that wants and boredom occur.
        slate = random.integers(0, 500, (shoppers, 5))
        for row in range(shoppers):
            if clicks[row]:
                slate[row, :2] = 20 * random.integers(0, 25, 2) + clicks[row][-1]
                slate[row, 2] = 20 * random.integers(0, 25) + (clicks[row][-1] + 1) % 20
        found = world.user_model.attraction(here, catalog, slate), world.user_model.conversion(here, catalog, slate)
        for row in range(shoppers):
            shopper = {"clicks": clicks[row], "left": 0.8 ** since[row], "purse": float(here.purse[row])}
            shopper |= {name: getattr(here, name)[row].astype(float).tolist() for name in ("taste", "occasion")}
            for rank, number in enumerate(slate[row]):
                item = {name: float(getattr(catalog, name)[number]) for name in ("appeal", "quality", "dearness")}
                item |= {"category": int(catalog.category[number]), "taste": catalog.taste[number].astype(float).tolist()}
                sequences += wanted(shopper, item) + boring(shopper, item)
                for of_slate, formula in zip(found, (attraction, conversion), strict=True):
                    assert math.isclose(of_slate[row, rank], formula(shopper, item), rel_tol=2e-6)
        # Clicks are given, more than the shoppers would make.
        clicked = random.random((shoppers, 5)) < 0.15
        clicked &= np.array([[item not in row[:rank] for rank, item in enumerate(row)] for row in slate.tolist()])
        world.user_model.evolve(here, catalog, slate, Feedback.of(clicked), simulation.draws)
        for row in range(shoppers):
            clicks[row] += catalog.category[slate[row][clicked[row]]].tolist()
            since[row] = 0 if clicked[row].any() else since[row] + 1
    assert sequences > 30


def after(*visits, **options):
    """A hundred shoppers after some visits, each the categories that are clicked in order of rank, and the world."""
    world = make_world("DeepShop-v0", **options)
    simulation = Simulation(world, 0, 100)
    for clicked in visits:
        items = [item for category in clicked for item in (category, category + 20)][: 2 * len(clicked)]
        slate = np.tile(np.array([*items, 460, 461, 462, 463, 464][:5]), (100, 1))
        clicks = np.zeros((100, 5), bool)
        clicks[:, [2 * rank for rank in range(len(clicked))]] = True
        world.user_model.evolve(simulation.shoppers, world.catalog, slate, Feedback.of(clicks), simulation.draws)
    return world, simulation.shoppers


def moved(*visits, **options):
    """(20,) by category, how much these visits have moved the logit of the attraction, the same for all shoppers and items."""
    (world, before), (_, now) = after(**options), after(*visits, **options)
    change = logit(world.user_model.attraction(now, world.catalog, None).astype(float))
    change -= logit(world.user_model.attraction(before, world.catalog, None).astype(float))
    by_category = np.stack([change[:, world.catalog.category == category].mean(axis=1) for category in range(20)], axis=1)
    assert np.abs(change - by_category[:, world.catalog.category]).max() < 2e-3  # float32
    return by_category.mean(axis=0)


def expected(**by_category):
    found = np.zeros(20)
    for name, amount in by_category.items():
        found[int(name.removeprefix("of_"))] = amount
    return found


@pytest.mark.parametrize(
    ("visits", "effect"),
    [
        ([], {}),
        ([[3]], {"of_4": WANT}),
        ([[19]], {"of_0": WANT}),  # the first category completes the last one
        ([[3], []], {"of_4": WANT * MEMORY}),
        ([[3], [], [], []], {"of_4": WANT * MEMORY**3}),
        ([[3], [7]], {"of_8": WANT}),  # the last click alone
        ([[3], [], [7]], {"of_8": WANT}),  # with a fresh memory
        ([[3], [3]], {"of_4": WANT, "of_3": -BOREDOM}),
        ([[3], [], [3], []], {"of_4": WANT * MEMORY, "of_3": -BOREDOM * MEMORY}),
        ([[3], [3], [4]], {"of_5": WANT}),  # another category in between, and it is not boring any more
        ([[3], [4], [3]], {"of_4": WANT}),
        ([[3, 3]], {"of_4": WANT, "of_3": -BOREDOM}),  # two clicks on one slate
        ([[3, 7]], {"of_8": WANT}),  # in the order of their ranks
        ([[7, 3]], {"of_4": WANT}),
    ],
)
def test_what_clicks_do_to_the_next_visit(visits, effect):
    np.testing.assert_allclose(moved(*visits), expected(**effect), atol=1e-3)


def test_each_effect_has_a_switch():
    np.testing.assert_allclose(moved([3], [3], wants=False), expected(of_3=-BOREDOM), atol=1e-3)
    np.testing.assert_allclose(moved([3], [3], boredom=False), expected(of_4=WANT), atol=1e-3)
    np.testing.assert_array_equal(moved([3], [3], wants=False, boredom=False), 0)


def test_a_wanted_item_converts_more_and_a_boring_one_no_less():
    for visits, odds in (([[3], [3]], 0.5), ([[3], [3], []], 0.5 * MEMORY)):
        (world, before), (_, now) = after(), after(*visits)
        share = [world.user_model.conversion(each, world.catalog, np.full((100, 1), 4)) / 0.3 for each in (before, now)]
        affordable = 1 / (1 + np.exp(-2 * (before.purse - world.catalog.dearness[4]).astype(float)))[:, None]
        np.testing.assert_allclose(logit(share[1] / affordable) - logit(share[0] / affordable), odds, atol=1e-5)
        for item in (3, 5):
            one, other = (world.user_model.conversion(each, world.catalog, np.full((100, 1), item)) for each in (before, now))
            np.testing.assert_array_equal(one, other)


def test_what_was_clicked_is_not_in_the_observation():
    """Two clicks on items of other categories, after the same slates: the same observation, and other wants."""
    world = make_world("DeepShop-v0")
    one, other = (Simulation(world, 0, 100) for _ in range(2))
    for simulation, last in ((one, 3), (other, 7)):
        simulation.shoppers.state["recent"][:, 1] = last
    np.testing.assert_array_equal(one.observe(), other.observe())
    assert (world.best_slate(one.shoppers, (1, 10)) != world.best_slate(other.shoppers, (1, 10))).any()


def test_shoppers_and_what_is_seen_of_them_are_distributed_as_said():
    count = 40_000
    world = make_world("DeepShop-v0")
    shoppers = Simulation(world, 1, count).shoppers
    q = world.catalog.taste.shape[1]
    latent = np.concatenate([shoppers.taste, shoppers.occasion, shoppers.purse[:, None]], axis=1)
    blur = world.observe(shoppers)[:, world.layout["context"]] - latent
    close = 4.5 / np.sqrt(count)
    np.testing.assert_allclose(latent.mean(axis=0), [0] * q + [0.6] * q + [0.3], atol=close)
    np.testing.assert_allclose(latent.std(axis=0), 1, atol=close)
    np.testing.assert_allclose(blur.std(axis=0), 0.2, atol=0.2 * close)
    np.testing.assert_allclose(np.corrcoef(np.concatenate([latent, blur], axis=1).T), np.eye(4 * q + 2), atol=close)


def test_rates():
    """Those of random slates are a shop's, and the oracle earns three to eight times as much."""
    world = make_world("DeepShop-v0")
    shoppers = Simulation(world, 1, 2000).shoppers
    slate = np.random.default_rng(0).permuted(np.tile(np.arange(500), (2000, 1)), axis=1)[:, :5]
    clicks, conversions = world.expected(shoppers, slate).mean(axis=0)
    assert 0.1 <= clicks <= 0.35
    assert 0.005 <= conversions <= 0.03
    best = world.expected(shoppers, world.best_slate(shoppers, (1, 10))).mean(axis=0)
    assert 3 <= (best @ [1, 10]) / (clicks + 10 * conversions) <= 8


def test_options():
    world = make_world("DeepShop-v0:items=60,categories=6,latent=3,slate_size=4,visits=7,delay_conversions=false")
    assert (world.catalog.size, world.catalog.categories, world.slate_size, world.visits) == (60, 6, 4, 7)
    assert world.layout["context"] == slice(0, 7)
    assert world.user_model.longest_delay == 0
    assert make_world("DeepShop-v0").user_model.longest_delay == 7
    assert make_world("DeepShop-v0:items=8").catalog.categories == 8
    with pytest.raises(ValueError, match=r"categories is 9: expected 1\.\.8, at most one per item"):
        make_world("DeepShop-v0", items=8, categories=9)
    with pytest.raises(ValueError, match="boredom is nan: expected a finite number"):
        DeepShopParameters(boredom=float("nan"))


def test_the_world_is_frozen():
    """Another number here is another world, `DeepShop-v1`: what agents earn is compared with what they earned before."""
    text = json.dumps(asdict(DeepShopParameters()), sort_keys=True) + GOLDEN.read_text(encoding="utf-8")
    assert hashlib.sha256(text.encode()).hexdigest() == FROZEN
