"""The compiled paths do what their NumPy specification says."""

import numpy as np
import pytest

from slategym.sim import workers
from slategym.sim.choice import CHOICES
from slategym.sim.draws import Draws, double, philox
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import WORLDS, make_world
from slategym.sim.worlds.shop_model import ShopModel

STEPS, SHOPPERS = 25, 1500


def pair(world, rows=SHOPPERS):
    return Simulation(world, 3, rows), Simulation(world, 3, rows, compiled=False)


def differences(world):
    """Outcomes that differ between kernel and specification, and how many there are, over whole stays of shoppers."""
    compiled, specified = pair(world)
    random, wrong, outcomes = np.random.default_rng(0), 0, 0
    for step in range(STEPS):
        slate = random.integers(0, world.catalog.size, (SHOPPERS, world.slate_size))
        if step % 3 == 0:  # slates with many clicks and purchases
            slate = world.best_slate(specified.shoppers, (1, 10))
        a, b = compiled.show(slate), specified.show(slate)
        for name in ("clicks", "conversions", "left", "ended"):
            wrong += int((getattr(a, name) != getattr(b, name)).sum())
            outcomes += getattr(a, name).size
        assert len(a.late) == len(b.late) or wrong
        gone = b.left | b.ended
        compiled.restart(gone)
        specified.restart(gone)
    close = np.isclose(compiled.observe(), specified.observe(), rtol=1e-4, atol=1e-4)
    return wrong, outcomes, 1 - close.all(axis=1).mean()


@pytest.mark.parametrize("name", [*WORLDS, *(f"Shop-v0, {choice}" for choice in CHOICES)])
def test_the_kernel_and_its_specification_agree(name):
    world, _, choice = name.partition(", ")
    made = make_world(world, choice=choice or None)
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


@pytest.mark.parametrize("switch", ["satiation", "season", "delay_purchases", "drift", "leave"])
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


def test_the_first_compilation_is_announced(capsys, monkeypatch):
    monkeypatch.setattr(workers, "_announced", set())
    monkeypatch.setattr(workers, "PATIENCE", 0.01)
    with workers.announced("a kernel"):
        import time

        time.sleep(0.3)
    assert "compiling a kernel" in capsys.readouterr().err
    with workers.announced("a kernel"):
        time.sleep(0.1)
    assert capsys.readouterr().err == ""
