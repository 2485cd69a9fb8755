"""Online tests of two agents: their size, their check by simulation, and agents side by side."""

import json

import numpy as np
import pytest

from slategym.agents.base import Decision
from slategym.bench.execution.runner import Insider, run
from slategym.bench.experiments.arms import DESIGNS, Arms, Turns, maker, rows_of
from slategym.bench.experiments.design import Pool, days_needed, plan_of, shoppers_needed, simulated_rates
from slategym.bench.experiments.experiment import plan_experiment
from slategym.bench.reports.experiment import page
from slategym.scripts.experiment import print_experiment, read_traffic
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world

SMALL = {"items": 30, "categories": 5, "slate_size": 3, "visits": 8}


@pytest.fixture(scope="module")
def shop():
    return make_world("Shop-v0", **SMALL)


def pool(mean, spread, count=4000, seed=0):
    """Shoppers of one to nine visits, who bring as much at each."""
    random = np.random.Generator(np.random.Philox(seed))
    visits = random.integers(1, 10, count).astype(np.float64)
    rate = random.normal(mean / 5, spread / 5, count)
    totals = (rate * visits)[:, None]
    return Pool(totals, visits, np.array([np.average(rate**2, weights=visits)]))


def test_the_number_of_shoppers_has_the_power_that_is_asked_for():
    a, b = pool(10, 3), pool(12, 5, seed=1)
    for share, power in ((0.5, 0.8), (0.1, 0.9)):
        needed = shoppers_needed(float(a.variance[0]), float(b.variance[0]), 0.8, share, power)
        found = simulated_rates(a, b, 0, needed, share, 0.8)
        assert found["power"] == pytest.approx(power, abs=4.5 * np.sqrt(power * (1 - power) / 1000))
        assert found["false"] == pytest.approx(0.05, abs=4.5 * np.sqrt(0.05 * 0.95 / 1000))
        assert found["false_per_slate"] > 0.1  # a shopper's slates are alike
    assert shoppers_needed(1.0, 1.0, 0.0, 0.5, 0.8) is None
    # The formula of text books: 16 variances over the squared difference in each arm, about.
    assert shoppers_needed(1.0, 1.0, 0.1, 0.5, 0.8) == pytest.approx(2 * 16 / 0.01, rel=0.03)
    assert days_needed(2500, 1000, 30) == 32


def test_a_plan_for_each_quantity():
    a = pool(10, 3)
    nothing = Pool(np.zeros((100, 1)), np.ones(100), np.zeros(1))
    found = plan_of(a, a, {"value": "value"}, 0.5, 0.05, 0.8, 100, 8)["value"]
    assert found["mean_a"] == pytest.approx(float(a.totals.mean()))
    assert found["days"] == -(-found["shoppers"] // 100) + 7
    assert found["checked"]["power"] == pytest.approx(0.8, abs=0.06)
    empty = plan_of(nothing, nothing, {"value": "value"}, 0.5, 0.05, 0.8, 100, 8)["value"]
    assert (empty["shoppers"], empty["days"], empty["checked"]) == (None, None, None)


def test_feedback_of_some_rows(shop):
    simulation = Simulation(shop, 0, 3000)
    rows = np.arange(1, 3000, 3)
    late = 0
    for _ in range(8):
        feedback = simulation.show(np.tile([1, 2, 3], (3000, 1)))
        some = rows_of(feedback, rows)
        np.testing.assert_array_equal(some.clicks, feedback.clicks[rows])
        np.testing.assert_array_equal(some.objectives, feedback.objectives[rows])
        kept = np.isin(feedback.delayed.row, rows)
        np.testing.assert_array_equal(rows[some.delayed.row], feedback.delayed.row[kept])
        np.testing.assert_array_equal(some.delayed.item, feedback.delayed.item[kept])
        late += len(some.delayed)
        simulation.restart(feedback.terminated | feedback.truncated)
    assert late


def test_each_agent_hears_of_its_own_delayed_conversions_in_its_own_time(shop):
    """Turns of two steps: what agent 0 showed at its step s arrives by its own clock, in its turns only."""
    simulation, turns = Simulation(shop, 0, 5000), Turns()
    own, shown, told = [0, 0], [], [0, 0]
    for step in range(12):
        agent = step // 2 % 2
        feedback = simulation.show(np.tile([1, 2, 3] if agent == 0 else [4, 5, 6], (5000, 1)))
        heard = turns.of_own(agent, feedback).delayed
        assert set(heard.item) <= ({1, 2, 3} if agent == 0 else {4, 5, 6})
        assert (heard.age >= 1).all()
        assert (heard.age <= own[agent]).all()
        assert (heard.age <= shop.user_model.longest_delay).all()
        told[agent] += len(heard)
        shown += feedback.delayed.item.tolist()
        own[agent] += 1
        simulation.restart(feedback.terminated | feedback.truncated)
    items = np.array(shown)
    waiting = [sum(map(len, turns._late[agent])) for agent in (0, 1)]
    assert [told[agent] + waiting[agent] for agent in (0, 1)] == [(items <= 3).sum(), (items >= 4).sum()]
    assert min(told) > 20


def test_one_arm_alone_is_the_agent_alone(shop):
    options = {"design": "all-a", "share": 0.5, "window": 2, "start": 10}
    make, made = maker(agents=("lin-ts", "random"), **options)
    both = run(shop, Insider(make), 6000, 3, shoppers=200, exact="off")
    alone = run(shop, "lin-ts", 6000, 3, shoppers=200, exact="off")
    np.testing.assert_array_equal(both.objectives, alone.objectives)
    np.testing.assert_allclose(made[0].per_slate()[0, 1:], alone.objectives[10:].mean(axis=0), rtol=1e-6)
    assert np.isnan(made[0].per_slate()[1]).all()


@pytest.mark.parametrize("design", ["split", "split-shared", "switchback", "switchback-shared"])
def test_who_shows_and_who_learns(shop, design):
    seen = {"a": [], "b": []}

    class Fixed:
        def __init__(self, name):
            self.name = name

        def act(self, observation):
            slate = np.tile([0, 1, 2] if self.name == "a" else [3, 4, 5], (len(observation), 1))
            return Decision(slate, np.ones(slate.shape, np.float32))

        def update(self, observation, decision, feedback):
            seen[self.name].append(decision.slate[:, 0].copy())

    arms = Arms(Simulation(shop, 0, 100), 0, None, ("random", "random"), design, 0.3, 2, 0)
    arms.agents = [Fixed("a"), Fixed("b")]
    simulation = arms.simulation
    for step in range(4):
        observation = simulation.observe()
        decision = arms.act(observation)
        first = decision.slate[:, 0]
        if design.startswith("switchback"):
            assert (first == (0 if step // 2 % 2 == 0 else 3)).all()
        else:
            assert (first == 3).sum() == 30
        feedback = simulation.show(decision.slate)
        arms.update(observation, decision, feedback)
        simulation.restart(feedback.terminated | feedback.truncated)
    a, b = np.concatenate(seen["a"]), np.concatenate(seen["b"])
    if design in ("split", "switchback"):
        assert (set(a), set(b)) == ({0}, {3})
        assert (len(a), len(b)) == ((280, 120) if design == "split" else (200, 200))
    else:
        assert len(a) == len(b) == 400
        assert set(a) == set(b) == {0, 3}


@pytest.fixture(scope="module")
def result(shop):
    found = plan_experiment(shop, ("random", "popularity"), slates=16_000, seeds=3, shoppers=200, per_day=50).run(1)
    return json.loads(json.dumps(found, allow_nan=False))


@pytest.mark.slow
def test_equal_agents_do_not_differ(shop):
    found = plan_experiment(shop, ("random", "random"), slates=16_000, seeds=3, shoppers=200).run(1)
    truth, split = found["truth"]["value"], found["designs"]["split"]["value"]
    assert abs(truth["mean"]) < 1e-12  # the same seed, the same slates
    assert split["low"] < 0 < split["high"]


def test_an_experiment(result, capsys):
    assert result["status"] == "finished"
    assert result["runs"] == {"finished": 18, "asked": 18}
    plan = result["plan"]
    assert list(plan) == ["value", "click", "conversion"]
    assert plan["value"]["mean_a"] == pytest.approx(plan["click"]["mean_a"] + 10 * plan["conversion"]["mean_a"])
    assert plan["value"]["shoppers"] > plan["click"]["shoppers"]  # conversions are rare
    assert result["truth"]["value"]["low"] > 0
    assert set(result["designs"]) == set(DESIGNS)
    print_experiment(result)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    text = page(result)
    assert f"{plan['value']['days']:,} days" in text.replace("\xa0", " ")
    assert "What a test needs" in text


def test_what_cannot_be_is_refused(shop):
    with pytest.raises(ValueError, match="the oracle sees the whole shop"):
        plan_experiment(shop, ("random", "oracle"), slates=16_000, shoppers=200)
    with pytest.raises(ValueError, match=r"share is 1\.5: expected a number above 0 and below 1"):
        plan_experiment(shop, ("random", "random"), share=1.5)
    with pytest.raises(ValueError, match=r"slates is 1,000, which is 5 steps: expected at least 6,400"):
        plan_experiment(shop, ("random", "random"), slates=1000, shoppers=200)
    assert read_traffic("90/10") == pytest.approx(0.1)
    for text in ("50", "a/b", "0/1", "1/2/3", "nan/1"):
        with pytest.raises(ValueError, match="expected the shares of A and B, such as 50/50"):
            read_traffic(text)
