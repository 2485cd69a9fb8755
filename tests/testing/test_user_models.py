"""The checks of user models and worlds: the built-in ones are sound, and each broken one is caught by its own sin alone."""

import random
import re
import sys
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from tests.every_world import EVERY, SHORT
from tests.sim.user_models.test_black_box import Sealed
from tests.testing import user_models_zoo as zoo
from tests.testing.simulations_zoo import (
    ClicksAlone,
    Compares,
    Crammed,
    Crowded,
    ForgetsTheDiscount,
    Latecomers,
    Loops,
    OnlyClicksPlease,
    Patched,
    PaysByRank,
    ShowsItTwice,
    ShowsTheWorst,
    Shuffled,
    Sleeps,
    WrongBound,
    WrongChoice,
    failing_shop,
    lucky_shop,
    no_shop,
    unseeded_shop,
)

from slategym.sim.click_models import CLICK_MODELS
from slategym.sim.draws import Draws
from slategym.sim.objectives import OBJECTIVES, ItemObjective, custom
from slategym.sim.world import World
from slategym.sim.worlds import make_world
from slategym.sim.worlds.shop.model import ShopModel
from slategym.testing.probes import global_seed, line_per_shopper, lines_run
from slategym.testing.user_models.check import check_user_model, examine_user_model
from slategym.testing.user_models.harness import UserModelHarness
from slategym.testing.user_models.methods import PARTS, random_slates
from slategym.testing.world import check_world, examine_world

SMALL = {"items": 40, "categories": 4}

# Which check finds them, and what it says: where, what, and the fix.
BROKEN = {
    "shapes, dtypes and ranges": {
        OnlyClicksPlease: r"OnlyClicksPlease.satisfaction has shape \(40,\): expected \(2, 40\), a click and a conversion by "
        r"items. Return an array \(2, m\), with a row for each of them",
        zoo.Flat: r"Flat.attraction has shape \(5,\): expected \(13, 5\), shoppers by ranks. Return an array \(n, k\)",
        zoo.Tensors: r"Tensors.leaving is a list: expected a NumPy array. Return a NumPy array",
        zoo.Halves: r"Halves.delay has dtype float64: expected whole numbers. Return .*astype\(np.int64\)",
        zoo.SlatesOnly: r"SlatesOnly.conversion\(slate=None\) raises AttributeError: .* \(\w+.py:\d+\). Index the catalogue with",
        zoo.Broken: r"Broken.context raises AttributeError: shoppers have no 'moood'; .*zoo.py:\d+.*Return arrays for any number",
        Crammed: r"Crammed.context raises MemoryError: full \(\w+_zoo.py:\d+\). Support any",
        zoo.WritesCatalog: r"WritesCatalog.spend raises ValueError: .*read-only.*Work on a copy",
        zoo.NoChoice: r"NoChoice.click_model is a str: expected a slategym.sim.click_models.ClickModel. Set click_model to",
        zoo.OneDictionary: r'OneDictionary.sample returns a dict: expected two mappings.* Return \{"name": array',
        zoo.TakenName: r"TakenName.sample has an array 'take', which is already an attribute of shoppers. Give 'take' another",
        zoo.Rebinds: r"Rebinds.evolve replaces the array shoppers.state\['mood'\]. Write into the",
        zoo.AddsState: r"AddsState.evolve adds an array 'seen' to the shoppers.* Return 'seen' as state from sample",
        zoo.ReturnsState: r"ReturnsState.evolve returns a ndarray: expected None.* Write into the arrays",
        zoo.NotANumber: r"NotANumber.conversion\[\d+, \d\] is nan: expected a probability in \[0, 1\]. Prevent the",
        zoo.TooAttractive: r"TooAttractive.attraction\[0, \d\] is 1.\d+: expected a probability .*scipy.special.expit",
        zoo.Forgotten: r"Forgotten.delay\[0, \d\] is [12]: expected visits from 0 to 0, .* Set longest_delay",
        zoo.PaysToSell: r"PaysToSell.spend\[0, \d\] is -\d+.*: expected a finite amount of at least 0. Return the",
        WrongChoice: r"Doubling.click_probability\[0, 0\] is \d+.*: expected a probability in \[0, 1\]",
    },
    "within bounds to the last visit": {
        zoo.Explodes: r"Explodes.evolve's state 'mood'\[\d+\] is inf after 29 visits: expected a finite number. Let the effect",
        Latecomers: r"Latecomers in a simulation raises LookupError: no visit 28 \(\w+_zoo.py:\d+\). Support any number",
    },
    "nothing kept on the instance": {
        zoo.KeepsCount: r"KeepsCount.evolve changes self.seen: .* Store what changes in shoppers.state",
        zoo.KeepsShoppers: r"KeepsShoppers.sample changes self.mood: .* Store what changes in",
        zoo.OwnRandom: r"OwnRandom.leaving changes self.random: .*use draws for random numbers",
    },
    "inputs left alone": {
        zoo.WritesInputs: r"WritesInputs.attraction writes to shoppers.state\['satisfaction'\]\[0\]. Work on a copy",
        zoo.WritesTheSame: r"WritesTheSame.attraction writes to an argument: raises ValueError: .*read-only",
        zoo.MovesTraits: r"MovesTraits.evolve writes to shoppers.traits\['patience'\]\[0\]. Work on a copy",
    },
    "no global state": {
        zoo.NumpyRandom: r"NumpyRandom.attraction draws from the global generator of numpy.random. Draw in sample",
        zoo.PythonRandom: r"PythonRandom.evolve draws from the global generator of random. Take random numbers only from draws",
        zoo.TorchRandom: r"TorchRandom.leaving draws from the global generator of torch. Draw in sample",
    },
    "same question, same answer": {
        zoo.Unseeded: r"Unseeded.sample's trait 'mood'\[0\] is .* and .* when called again. Take random numbers",
        zoo.ReadsTheSeed: r"ReadsTheSeed.conversion\[0, 0\] is .* and .* with another seed of the global generators. Draw in",
    },
    "no dependence on batch size or order": {
        zoo.ByTheMean: r"ByTheMean.attraction\[0, \d\] is .* in a batch of 13 shoppers, and .* alone. Compute each row only",
        zoo.ByTheRow: r"ByTheRow.sample's trait 'mood'\[1\] is .* in a batch of 13 .* and .* in a batch of 12",
        zoo.Squeezes: r"Squeezes.attraction\[0, 0\] is .* in a batch of 13 shoppers, and of shape \(5,\) alone",
    },
    "no dependence on the rest of the slate": {
        Compares: r"Compares.attraction\(slate=None\), row 0, is .* for item \d+ in a slate, and .* for slate=None. Let",
        PaysByRank: r"PaysByRank.spend, row 0, is .* in a slate, and of shape .* in a slate of one",
    },
    "clicks agree with their probability": {
        ClicksAlone: r"ClicksAlone.clicks do not agree with click_probability: at rank 0 the rate is 0.0\d+ in 10,000 ",
        Shuffled: r"Shuffled.clicks do not agree with click_probability",
    },
    "what is paid agrees with its mean": {
        ForgetsTheDiscount: r"ForgetsTheDiscount.mean_spend is 2\d.* on average, but spend is 1\d.* Override mean_spend",
    },
    "best slate": {
        ShowsItTwice: r"ShowsItTwice.best_slate\[\d+\] is not the best: the value of a random slate is .* for the weights 1, 10",
        ShowsTheWorst: r"ShowsTheWorst.best_slate\[\d+\] is not the best: the value .* and that of the best slate",
        WrongBound: r"TooLow.bound\[\d+\] is not the best: the value of a random slate is .* and that of the bound 0",
    },
    "same shoppers, same outcomes": {
        Patched: r"Simulation of Patched has different terminated for row \d+ at step \d when compiled: .* Override methods in",
        Crowded: r"Simulation of Crowded has different terminated for row 7 at step \d+ when simulated alone. Let",
    },
}
IMPROVABLE = {
    "shapes, dtypes and ranges": {
        zoo.Doubles: r"Doubles.sample's trait 'mood' is float64: .* Return it with .astype\(np.float32\)",
    },
    "no dependence on batch size or order": {
        zoo.Rounds: r"Rounds.attraction depends on the batch in its last digits",
    },
    "no loop over shoppers": {
        Loops: r"Loops.leaving runs \w+_zoo.py:\d+ once per shopper: .* Replace the loop by operations",
    },
    "speed": {
        Sleeps: r"Sleeps, at a visit of 1000 shoppers, takes \d+ times as long as the built-in shoppers. Compute in __init__",
    },
}
CAUGHT = [(name, kind, words) for table in (BROKEN, IMPROVABLE) for name, each in table.items() for kind, words in each.items()]


@pytest.mark.parametrize("name", SHORT)
def test_built_in_worlds_are_sound(name):
    assert check_world(name) == []


@pytest.mark.slow
@pytest.mark.parametrize("click_model", CLICK_MODELS)
def test_every_choice_is_sound(click_model):
    assert check_world(make_world("Shop-v0", click_model=click_model, **SMALL)) == []


CALM = custom("calm", lambda feedback, items: feedback.clicks.sum(axis=1) <= 1, lowest=0, highest=1)


class FirstImpression(ItemObjective):
    """Clicks of those who are here for the first time."""

    def bounds(self, world):
        return 0.0, float(world.slate_size)

    def click_value(self, world, shoppers, items):
        return (shoppers.visit == 0)[:, None] * np.ones_like(world.catalog.price[items])


SOUND = {
    "candidates": {"candidates": 10},
    "one objective": {"objectives": "conversion"},
    "of the slate alone": {"objectives": "diversity"},
    "every objective among candidates": {"objectives": tuple(OBJECTIVES), "candidates": 10},
    "an objective that needs shoppers": {"objectives": ("conversion", FirstImpression("first", "clicks", "")), "candidates": 9},
    "custom objectives": {
        "objectives": ("click", CALM, custom("any", lambda feedback, items: feedback.clicks.any(axis=1) - 3.0))
    },
}


@pytest.mark.slow
@pytest.mark.parametrize("options", SOUND.values(), ids=SOUND)
def test_candidates_and_any_objectives_are_sound(options):
    checks = list(examine_world(make_world("Shop-v0", **SMALL, **options)))
    assert [(check.name, check.findings) for check in checks if check.outcome != "ok"] == []


def test_what_every_slate_earns_is_in_the_bound():
    """Where nobody leaves, retention is 1 whatever is shown."""
    assert check_world(make_world("ShopBandit-v0", objectives=tuple(OBJECTIVES), **SMALL)) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "objectives",
    [None, tuple(OBJECTIVES), ("novelty", "satisfaction"), ("retention",), (CALM,)],
    ids=["its own", "every", "two", "retention", "custom"],
)
@pytest.mark.parametrize("name", EVERY)
def test_every_world_is_sound_with_any_objectives(name, objectives):
    options = {**SMALL, "candidates": 10} if name.startswith("Shop") else {}
    assert check_world(make_world(name, objectives=objectives, **options)) == []


@pytest.mark.slow
@pytest.mark.parametrize("switches", list(product((False, True), repeat=5)), ids=str)
def test_every_combination_of_switches_is_sound(switches):
    names = ("satiation", "season", "delay_conversions", "drift", "leave")
    assert check_world(make_world("Shop-v0", **SMALL, **dict(zip(names, switches, strict=True)))) == []


def test_a_large_catalogue_does_not_fill_the_memory():
    """Of a hundred thousand items no more than a few shoppers are asked about every one."""
    exam = UserModelHarness(make_world("Shop-v0", items=100_000, candidates=20))
    counts = {part.name: len(exam.case(part, 600)) for part in PARTS}
    assert counts["attraction"] == 600
    assert counts["attraction(slate=None)"] == counts["best_slate"] == 20


def test_random_slates_are_random():
    """Different items, each as likely as any other at any rank, as far as k divides m."""
    rows = np.arange(30_000)
    for k, m in ((3, 3), (3, 10), (10, 11), (1, 5)):
        slates = random_slates(Draws(0, rows, 0 * rows), k, m)
        assert (np.diff(np.sort(slates, axis=1), axis=1) > 0).all()
        for rank in range(k):
            counts = np.bincount(slates[:, rank], minlength=m)
            sizes = np.diff(np.arange(k + 1) * m // k)  # a stretch of fewer items shows each the more often
            likely = len(rows) * np.repeat(1 / (k * sizes), sizes)
            assert np.abs(counts - likely).max() < 5 * np.sqrt(likely.max())


class QuicklySealed(Sealed):
    replicates = 32


@pytest.mark.parametrize(
    "model",
    [zoo.Moody(), QuicklySealed(), ShopModel(satiation=False, delay_conversions=False, leave=False)],
    ids=lambda model: type(model).__name__,
)
def test_sound_models_of_ones_own(model):
    checks = list(examine_user_model(model, make_world("Shop-v0", **SMALL)))
    assert [str(finding) for check in checks for finding in check.findings if "float64" not in finding.what] == []
    assert not any(check.left_out for check in checks)


# At every run two models for each check.
FIRST = [kind for place, (name, kind, _) in enumerate(CAUGHT) if [each for each, *_ in CAUGHT[:place]].count(name) < 2]


@pytest.mark.parametrize(
    ("name", "broken", "words"),
    [pytest.param(*case, id=case[1].__name__, marks=[pytest.mark.slow] * (case[1] not in FIRST)) for case in CAUGHT],
)
def test_each_sin_is_told_once_by_its_own_check(name, broken, words):
    checks = list(examine_user_model(broken(), make_world("Shop-v0", **SMALL)))
    ((check, finding),) = [(check, finding) for check in checks for finding in check.findings]
    assert (check.name, finding.severity) == (name, "failure" if name in BROKEN and broken in BROKEN[name] else "hint")
    assert re.match(words, str(finding)), str(finding)


def test_what_cannot_be_looked_at_is_left_out():
    outcomes = {check.name: check.outcome for check in examine_user_model(zoo.OneDictionary(), make_world("Shop-v0", **SMALL))}
    assert list(outcomes.values())[:2] == ["ok", "failure"]  # nothing is kept by what does not answer
    assert set(list(outcomes.values())[2:]) == {"left out"}
    outcomes = {check.name: check.outcome for check in examine_user_model(zoo.NotANumber(), make_world("Shop-v0", **SMALL))}
    assert outcomes["inputs left alone"] == "ok"
    assert outcomes["same shoppers, same outcomes"] == "left out"


def test_two_sins_are_both_told():
    class Both(zoo.NumpyRandom):
        def leaving(self, shoppers, feedback):
            return np.full(len(shoppers), 1.5)

    found = check_user_model(Both(), make_world("Shop-v0", **SMALL))
    assert [finding.where for finding in found] == ["Both.leaving[0]", "Both.attraction"]


@pytest.mark.parametrize(
    ("make", "name", "words"),
    [
        (
            lucky_shop,
            "the same world each time",
            "lucky_shop draws from the global generator of numpy.random. Draw a catalogue from",
        ),
        (
            unseeded_shop,
            "the same world each time",
            r"unseeded_shop has a different catalog.features\[0, 0\] when created again. Draw a",
        ),
        (
            failing_shop,
            "the same world each time",
            r"failing_shop raises KeyError: 'items.csv' \(\w+_zoo.py:\d+\). Return a World",
        ),
        (
            no_shop,
            "the same world each time",
            "no_shop returns a int: expected a World. Return slategym.sim.world.World",
        ),
    ],
)
def test_broken_worlds(make, name, words):
    ((check, finding),) = [(check, finding) for check in examine_world(make) for finding in check.findings]
    assert (check.name, finding.severity) == (name, "failure")
    assert re.match(words, str(finding)), str(finding)


def test_hints_about_a_catalogue():
    world = make_world("Shop-v0", user_model=zoo.Moody(), **SMALL)
    catalog = world.catalog
    features, category, price = catalog.features.copy(), catalog.category.copy(), catalog.price.copy()
    features[:, 2], price[5] = 1, 0
    category[category == 1] = 0
    odd = replace(world, catalog=replace(catalog, features=features, category=category, price=price))
    assert isinstance(odd, World)
    assert [(finding.where, finding.severity) for finding in check_world(odd)] == [
        ("catalog.price[5]", "hint"),
        ("catalog.category 1", "hint"),
        ("catalog.features[:, 2]", "hint"),
    ]


def test_global_generators_are_put_back():
    random.seed(5)
    np.random.seed(5)  # noqa: NPY002
    before = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    check_user_model(zoo.NumpyRandom(), make_world("Shop-v0", **SMALL))
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before  # noqa: NPY002
    with global_seed(1) as moved:
        assert moved() == ""
        random.random()
        assert moved() == "random"
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before  # noqa: NPY002


def test_loops_are_seen_in_every_form():
    def looped(count):
        return [row * 2 for row in range(count)]

    def mapped(count):
        return np.vectorize(lambda row: row * 2)(np.arange(count))

    def in_blocks(count):
        return [np.arange(100) for _ in range(0, count, 100)]

    assert line_per_shopper(looped).startswith("test_user_models.py:")
    assert line_per_shopper(mapped).startswith("test_user_models.py:")
    assert line_per_shopper(in_blocks) == ""
    assert line_per_shopper(np.arange) == ""
    before = sys.gettrace()
    assert sum(lines_run(lambda: looped(10)).values()) >= 10
    assert sys.gettrace() is before
