"""The runner: exact beside realised, the same shoppers for every agent, the number of slates asked for."""

from functools import partial

import numpy as np
import pytest

from slategym.agents.base import Agent, Decision, Problem
from slategym.agents.baselines import Random
from slategym.agents.oracle import Oracle
from slategym.agents.registry import make_agent
from slategym.bench.execution.log_writer import LogWriter
from slategym.bench.execution.runner import Insider, run
from slategym.logs.reading import read_log
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world

SMALL = {"items": 30, "categories": 5, "slate_size": 3, "visits": 8}
WEIGHTS = np.array([1.0, 10.0])


@pytest.fixture(scope="module")
def shop():
    return make_world("Shop-v0", **SMALL)


class Window(Agent):
    """Shows the same items to everybody."""

    def __init__(self, problem, items, seed):
        super().__init__(problem, seed)
        self.items = items

    def choose(self, observation):
        slate = np.tile(self.items, (len(observation), 1))
        return Decision(slate, np.ones(slate.shape, np.float32))


def window(*items):
    return lambda problem, seed, scalarizer: Window(problem, np.array(items), seed)


def test_as_many_slates_as_asked_for(shop):
    trace = run(shop, "random", 250, shoppers=100)
    assert trace.slates.tolist() == [100, 100, 50]
    assert trace.finished
    assert run(shop, "random", 7, shoppers=100).slates.tolist() == [7]


def test_oracle_has_no_regret(shop):
    def oracle(simulation, seed, scalarizer):
        return make_agent("oracle", simulation, seed, scalarizer)

    known, unknown = (run(shop, each, 2000, shoppers=200, exact="every") for each in ("oracle", Insider(oracle)))
    # Under another name its slates are compared with newly computed best ones.
    np.testing.assert_array_equal(unknown.best, unknown.expected)
    np.testing.assert_array_equal(known.best, unknown.best)
    np.testing.assert_array_equal(known.objectives, unknown.objectives)


def test_nobody_beats_the_oracle(shop):
    for agent in ("random", "popularity", window(3, 1, 4)):
        trace = run(shop, agent, 3000, shoppers=100, exact="every")
        assert ((trace.best - trace.expected) @ WEIGHTS > 0).all()


def test_best_weighs_as_told(shop):
    clicks = run(shop, "random", 1000, weights=(1.0, 0.0), exact="every")
    conversions = run(shop, "random", 1000, weights=(0.0, 1.0), exact="every")
    np.testing.assert_array_equal(clicks.expected, conversions.expected)
    assert clicks.best[0, 0] > conversions.best[0, 0]
    assert clicks.best[0, 1] < conversions.best[0, 1]


def test_earned_is_about_what_was_expected():
    """In the bandit every conversion arrives at once; a count of independent events has at most its mean as variance."""
    trace = run(make_world("ShopBandit-v0", **SMALL), "random", 40_000, exact="every")
    reward, expected = (each.sum(axis=0) * 1000 for each in (trace.objectives, trace.expected))
    assert expected[1] > 30
    assert (np.abs(reward - expected) < 4 * np.sqrt(expected)).all()


def test_first_step_by_hand(shop):
    trace = run(shop, window(5, 2, 9), 64, seed=3, shoppers=64, staggered=False, exact="every")
    simulation = Simulation(shop, 3, 64)
    slate = np.tile([5, 2, 9], (64, 1))
    best = shop.best_slate(simulation.shoppers, WEIGHTS)
    np.testing.assert_allclose(trace.expected[0], shop.expected(simulation.shoppers, slate).mean(axis=0))
    np.testing.assert_allclose(trace.best[0], shop.expected(simulation.shoppers, best).mean(axis=0))
    np.testing.assert_allclose(trace.objectives[0], simulation.show(slate).objectives.mean(axis=0))


def test_same_seed_same_shoppers_for_every_agent(shop, tmp_path):
    """Shoppers stay away or come again by their own answers; the shoppers of a row's first visits are the same for all."""
    logs = []
    for agent in ("random", "popularity"):
        with LogWriter(tmp_path / f"{agent}.parquet", shop, {}) as log:
            run(shop, agent, 2000, seed=5, shoppers=100, log=log)
        logs.append(read_log(tmp_path / f"{agent}.parquet"))
    both = set(logs[0]["shopper"]) & set(logs[1]["shopper"])
    assert len(both) > 0.9 * len(set(logs[0]["shopper"]))
    a, b = (run(shop, window(1, 2, 3), 2000, seed=5, shoppers=100, weights=weights) for weights in ((1, 10), (1, 0)))
    np.testing.assert_array_equal(a.objectives, b.objectives)
    other = run(shop, window(1, 2, 3), 2000, seed=6, shoppers=100)
    assert (other.objectives != a.objectives).any()


def test_agent_gets_a_seed_of_its_own(shop):
    seen = []

    def spy(simulation, seed, scalarizer):
        seen.append((simulation.seed, seed))
        return make_agent("random", simulation, seed, scalarizer)

    for seed in (0, 1, 2**64 - 1):
        run(shop, Insider(spy), 10, seed=seed)
    assert [simulation for simulation, _ in seen] == [0, 1, 2**64 - 1]
    own = [seed for _, seed in seen]
    assert len(set(own)) == 3
    assert max(own) < 2**32


def test_stop_ends_early_and_progress_counts(shop):
    shown = []
    trace = run(shop, "random", 1000, shoppers=100, progress=shown.append, stop=lambda: len(shown) == 3)
    assert shown == [100, 200, 300]
    assert not trace.finished
    assert trace.slates.sum() == 300


def test_speed_is_of_agent_and_environment(shop):
    trace = run(shop, "random", 1050, shoppers=100)
    assert trace.slates_per_second == pytest.approx(1100 / trace.seconds.sum())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"slates": 0}, "slates is 0: expected a whole number from 1"),
        ({"slates": 10, "shoppers": 0}, "shoppers is 0"),
        ({"slates": 10, "weights": (1.0,)}, "one number for each of click, conversion"),
    ],
)
def test_refused_at_the_door(shop, arguments, message):
    with pytest.raises(ValueError, match=message):
        run(shop, "random", **arguments)


def test_unknown_names_say_the_nearest():
    with pytest.raises(ValueError, match="Did you mean 'Shop-v0'"):
        run("Shop-v1", "random", 10)
    with pytest.raises(ValueError, match="Did you mean 'popularity'"):
        run("Shop-v0", "popularty", 10)


def test_without_exact_expectations_the_rest_is_the_same():
    with_them, without = (run("ShopBandit-v0", "popularity", 300, shoppers=100, exact=exact) for exact in ("every", "off"))
    np.testing.assert_array_equal(with_them.objectives, without.objectives)
    assert np.isfinite(with_them.best).all()
    assert np.isnan(without.expected).all()
    assert np.isnan(without.best).all()


class Mine(Random):
    """An agent that keeps what it was made of."""

    def __init__(self, problem, seed, scalarizer, *, shift=0):
        super().__init__(problem, seed + shift, scalarizer)
        made.append((problem, seed, scalarizer))


def mine(problem, seed, scalarizer):
    return Mine(problem, seed, scalarizer)


made = []


def test_whatever_makes_an_agent_is_given_the_same(shop, tmp_path):
    """A class, a function, a partial and a reference to a file: (problem, seed, scalarizer), and the same run of it."""
    file = tmp_path / "my_agent.py"
    file.write_text("from tests.bench.execution.test_runner import Mine\n")
    made.clear()
    makers = (Mine, mine, partial(Mine, shift=0), f"{file}:Mine")
    traces = [run(shop, maker, 300, seed=3, shoppers=100, weights=(2, 5)) for maker in makers]
    traces.append(run(shop, "random", 300, seed=3, shoppers=100, weights=(2, 5)))
    for trace in traces[1:]:
        np.testing.assert_array_equal(trace.objectives, traces[0].objectives)
    assert len(made) == len(makers)
    for problem, seed, scalarizer in made:
        assert isinstance(problem, Problem)
        assert problem.objective_names == shop.objective_names
        assert seed == made[0][1]
        assert scalarizer.weights([0, 0]).tolist() == [2, 5]


@pytest.mark.parametrize(
    ("maker", "message"),
    [
        (lambda problem: None, r"cannot be called with a problem, a seed and a scalarizer \(too many positional arguments\)"),
        (lambda problem, seed, scalarizer: 5, "gives a int: expected an agent with the methods act and update"),
        (7, "7 is a int: expected a class or function of"),
        (Oracle, "the oracle got a Problem: expected the Simulation"),
    ],
)
def test_what_makes_no_agent_is_refused(maker, message, shop):
    with pytest.raises(ValueError, match=message):
        run(shop, maker, 10)
