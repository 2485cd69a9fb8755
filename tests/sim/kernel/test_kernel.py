"""The compiled paths do what their NumPy specification says."""

import time
from types import SimpleNamespace

import numba as nb
import numpy as np
import pytest
from numba.core.event import install_listener

from slategym.sim.click_models import CLICK_MODELS
from slategym.sim.draws import Draws, double, philox
from slategym.sim.simulation import Simulation
from slategym.sim.user_models.compiled import CompiledVisit
from slategym.sim.worlds import WORLDS, make_world
from slategym.sim.worlds.shop.model import ShopModel
from slategym.utils import compilation
from slategym.utils import parallel as workers

STEPS, SHOPPERS = 25, 1500
COMPILED = (
    "Shop-v0",
    "ShopBandit-v0",
    "OpenBandit-v0",
    "Hillstrom-v0",
    "Fitted-v0",
    *(name for name in WORLDS if name.startswith("Sardine")),
)


def pair(world, rows=SHOPPERS):
    return Simulation(world, 3, rows), Simulation(world, 3, rows, compiled=False)


def differences(world):
    """Outcomes that differ between kernel and specification, and how many there are, over whole stays of shoppers."""
    compiled, specified = pair(world)
    random, wrong, outcomes = np.random.default_rng(0), 0, 0
    for step in range(STEPS):
        slate = random.integers(0, world.choices, (SHOPPERS, world.slate_size))
        if step % 3 == 0:  # slates with many clicks and conversions
            slate = world.best_slate(specified.shoppers, world.weights)
        a, b = compiled.show(slate), specified.show(slate)
        for name in ("clicks", "conversions", "terminated", "truncated"):
            wrong += int((getattr(a, name) != getattr(b, name)).sum())
            outcomes += getattr(a, name).size
        assert len(a.delayed) == len(b.delayed) or wrong
        gone = b.terminated | b.truncated
        compiled.restart(gone)
        specified.restart(gone)
    close = np.isclose(compiled.observe(), specified.observe(), rtol=1e-4, atol=1e-4)
    return wrong, outcomes, 1 - close.all(axis=1).mean()


def test_these_worlds_are_compiled():
    assert {name for name in WORLDS if isinstance(make_world(name).kernel, CompiledVisit)} == set(COMPILED)


@pytest.mark.quick("*-v0", "Shop-v0, dependent-click", "Shop-v0, multinomial")
@pytest.mark.parametrize("name", [*COMPILED, *(f"Shop-v0, {click_model}" for click_model in CLICK_MODELS)])
def test_the_kernel_and_its_specification_agree(name):
    world, _, click_model = name.partition(", ")
    made = make_world(world, click_model=click_model or None)
    assert made.kernel.stages > 1
    wrong, outcomes, shoppers = differences(made)
    assert wrong <= 1e-5 * outcomes
    assert shoppers <= 1e-3


class Attraction(ShopModel):
    def attraction(self, shoppers, catalog, slate):
        return 0.5 * super().attraction(shoppers, catalog, slate)


class Mood(ShopModel):
    def mood(self, shoppers, catalog):
        return 1 + super().mood(shoppers, catalog)


class Conversion(ShopModel):
    def conversion(self, shoppers, catalog, slate):
        return np.minimum(10 * super().conversion(shoppers, catalog, slate), 1)


class Spend(ShopModel):
    def spend(self, shoppers, catalog, slate, draws):
        return catalog.price[slate] * (1 + shoppers.satisfaction[:, None] ** 2)


class Evolve(ShopModel):
    def evolve(self, shoppers, catalog, slate, feedback, draws):
        shoppers.state["satisfaction"] += 0.1


class Leaving(ShopModel):
    def leaving(self, shoppers, feedback):
        return np.full(len(shoppers), 0.5)


@pytest.mark.parametrize(
    ("model", "stages"), [(ShopModel, 6), (Attraction, 0), (Mood, 0), (Conversion, 1), (Spend, 2), (Evolve, 3), (Leaving, 4)]
)
def test_what_is_overridden_is_obeyed_and_the_rest_stays_compiled(model, stages):
    world = make_world("Shop-v0", user_model=model())
    assert world.kernel.stages == stages
    wrong, outcomes, _ = differences(world)
    assert wrong <= 1e-5 * outcomes
    compiled, specified = pair(world)
    slate = world.best_slate(specified.shoppers, (0, 1))
    for _ in range(3):
        np.testing.assert_allclose(compiled.show(slate).revenue, specified.show(slate).revenue, rtol=1e-5)


@pytest.mark.parametrize("switch", ["satiation", "season", "delay_conversions", "drift", "leave"])
def test_every_switch_is_obeyed(switch):
    wrong, outcomes, shoppers = differences(make_world("Shop-v0", **{switch: False}))
    assert wrong <= 1e-5 * outcomes
    assert shoppers <= 1e-3


def test_compiled_philox_is_philox():
    random = np.random.default_rng(0)
    seed = 2**63 + 12345
    identity, visit = random.integers(0, 2**62, 50), random.integers(0, 2**24, 50)
    items = random.integers(0, 2**32, (50, 7))
    first, second = Draws(seed, identity, visit).pair(6, items)
    words = philox(
        (
            items.astype(np.uint64),
            visit[:, None].astype(np.uint64) | np.uint64(3 << 24),
            identity[:, None].astype(np.uint64) & np.uint64(0xFFFFFFFF),
            identity[:, None].astype(np.uint64) >> np.uint64(32),
        ),
        (seed & 0xFFFFFFFF, seed >> 32),
    )
    np.testing.assert_array_equal(first, double(words[0], words[1]))
    np.testing.assert_array_equal(second, double(words[2], words[3]))


@pytest.fixture
def threads():
    before = workers.set_threads(0)
    yield workers.set_threads
    workers.set_threads(before)


def test_no_result_depends_on_the_threads(threads):
    world, found = make_world("Shop-v0"), []
    rows = 3 * workers.SMALLEST_SHARD + 7
    for count in (1, 3):
        threads(count)
        simulation = Simulation(world, 0, rows)
        for step in range(3):
            feedback = simulation.show(np.random.default_rng(step).integers(0, 500, (rows, 5)))
        found.append((feedback.clicks, feedback.next_observation))
    for one, three in zip(*found, strict=True):
        np.testing.assert_array_equal(one, three)


def test_threads_are_a_number(threads):
    with pytest.raises(ValueError, match="expected a number of threads"):
        threads(-1)


def test_compiling_is_announced_once_when_it_lasts(monkeypatch):
    told = []
    monkeypatch.setattr(compilation, "_announced", False)
    monkeypatch.setattr(compilation, "PATIENCE", 0.05)
    stopwatch = compilation.Stopwatch()
    with compilation.told_by(told.append):
        stopwatch.start()
        stopwatch.stop()
        time.sleep(0.1)
        assert told == []  # nothing was compiled meanwhile
        stopwatch.start()
        stopwatch.start()  # one within the other
        stopwatch.stop()
        until(lambda: told)
        stopwatch.stop()
        compilation.announce()
    assert told == [compilation.NOTICE]


def test_short_compilations_add_up(monkeypatch):
    told = []
    monkeypatch.setattr(compilation, "_announced", False)
    monkeypatch.setattr(compilation, "PATIENCE", 3600.0)
    stopwatch = compilation.Stopwatch()
    stopwatch.spent = 3600.0
    with compilation.told_by(told.append):
        stopwatch.start()
        until(lambda: told)
        stopwatch.stop()


def until(happens, longest=30.0):
    end = time.monotonic() + longest
    while not happens() and time.monotonic() < end:
        time.sleep(0.01)
    assert happens()


def test_only_kernels_that_are_compiled_count():
    def kernel(x):
        return x + 1

    seen = []
    stopwatch = SimpleNamespace(start=lambda: seen.append("start"), stop=lambda: seen.append("stop"))
    with install_listener("numba:compile", compilation.listener(stopwatch)):
        nb.njit(kernel)(1)  # the user's own
        assert seen == []
        kernel.__module__ = "slategym.sim.worlds.shop.kernel"
        compiled = nb.njit(kernel)
        compiled(1)
        compiled(2)
    assert seen == ["start", "stop"]
