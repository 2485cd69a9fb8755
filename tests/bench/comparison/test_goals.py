"""Runs and comparisons under scalarizers: their baseline, their results, and any number of objectives."""

import json

import numpy as np
import pytest

from slategym.agents.scalarizers import NashWelfare, make_scalarizer
from slategym.agents.scalarizers.base import FixedSum
from slategym.bench.comparison.compare import compare
from slategym.bench.comparison.metrics import curves, summary
from slategym.bench.comparison.results import by_scalarizer, contestants
from slategym.bench.execution.regret import RegretBaseline, reference_of
from slategym.bench.execution.runner import run
from slategym.bench.fronts.optimum import optimum
from slategym.bench.reports.benchmark import page
from slategym.bench.reports.findings import Findings
from slategym.sim.worlds import make_world

SMALL = {"items": 30, "categories": 5, "slate_size": 3, "visits": 8}
THREE = ("click", "conversion", "profit")
GOALS = ("nash", "fixed:weights=1,10")


@pytest.fixture(scope="module")
def shop():
    return make_world("ShopBandit-v0", **SMALL)


@pytest.fixture(scope="module")
def results():
    agents = ("random", "popularity", "oracle")
    return compare("ShopBandit-v0", agents, 3000, 3, options=SMALL, processes=1, shoppers=100, scalarizers=GOALS)


# The baseline


@pytest.mark.parametrize(
    "text", ["nash", "chebyshev", "augmented-chebyshev", "gini", "lagrangian:click>=0.4", "fixed:weights=2,5"]
)
def test_no_mixture_has_more_than_the_judge_says_and_the_best_has_nearly_as_much(text, shop):
    """On new shoppers, whose exact optimum is computed separately."""
    goal = RegretBaseline.of(shop, text).goals[0]
    for seed in (3, 4):
        others = shop.shoppers(seed, np.arange(800))
        exact = optimum(shop, make_scalarizer(text, shop.objective_names, reference_of(shop)), shoppers=others)
        best = shop.expected(others, shop.best_slate(others, goal.weights)).mean(axis=0)
        size = np.abs(goal.weights) @ reference_of(shop).range
        assert exact.utility <= goal.most(best) + 1e-6 * size
        assert goal.most(best) <= exact.utility + exact.gap + 0.01 * size


def test_a_run_without_a_scalarizer_is_as_it_was(shop):
    plain, fixed = (run(shop, "popularity", 1000, shoppers=100, **each) for each in ({}, {"scalarizer": "fixed:weights=1,10"}))
    for name in ("objectives", "expected", "best"):
        np.testing.assert_array_equal(getattr(plain, name), getattr(fixed, name))
    assert plain.baseline is None
    one, other = summary(plain, (1, 10)), summary(fixed, (5, 5))  # the baseline's weights count, not these
    for key in ("value", "final_value", "regret_per_slate", "oracle_value", "clicks_per_slate"):
        assert one[key] == pytest.approx(other[key], rel=1e-12)


def test_the_oracle_follows_moving_weights_and_has_regret_under_them(shop):
    trace = run(shop, "oracle", 4000, shoppers=200, scalarizer="nash", exact="every")
    found = summary(trace, (1, 10))
    assert 0 < found["regret_per_slate"] < 0.1
    assert np.isnan(found["share_of_oracle"])
    assert found["oracle_value"] == pytest.approx(trace.baseline.goals[0].most(trace.best.mean(axis=0)))
    assert found["value"] == pytest.approx(trace.baseline.goals[0].utility(trace.objectives.mean(axis=0)))
    shares = trace.weights / trace.weights.sum(axis=1, keepdims=True)
    assert found["weight_of_conversion"] == pytest.approx(shares[-2:, 1].mean())
    assert found["weight_of_click"] + found["weight_of_conversion"] == pytest.approx(1)


def test_the_agent_gets_a_copy_of_a_scalarizer_and_what_it_cannot_know_is_judged_all_the_same(shop):
    mine = NashWelfare()  # which estimates its disagreement from the first slates
    trace = run(shop, "popularity", 3000, shoppers=100, scalarizer=mine, exact="every")
    assert (mine.disagreement == 0).all()
    np.testing.assert_allclose(
        trace.baseline.goals[0].scalarizer.disagreement, mine.share * reference_of(shop).disagreement, rtol=1e-5
    )


def test_after_a_schedule_the_last_goal_judges_what_was_earned_under_it(shop):
    trace = run(
        shop, "oracle", 2000, shoppers=100, scalarizer="schedule:0=fixed:weights=1,0;1000=fixed:weights=0,1", exact="every"
    )
    found, drawn = summary(trace, (1, 10)), curves(trace, (1, 10), 4)
    assert found["value"] == pytest.approx(trace.objectives[10:, 1].mean())
    assert found["conversions_per_slate"] == pytest.approx(found["value"])  # all of a row is of one span
    assert found["clicks_per_slate"] == pytest.approx(trace.objectives[10:, 0].mean())
    assert found["since"] == 1000
    assert found["regret_per_slate"] == pytest.approx(0, abs=1e-12)
    assert drawn["weight_of_click"].tolist() == [1, 1, 0, 0]
    assert drawn["value"][0] == pytest.approx(trace.objectives[:5, 0].mean())
    np.testing.assert_allclose(drawn["cumulative_regret"], 0, atol=1e-9)
    scheduled = run(shop, "random", 2000, shoppers=100, scalarizer="schedule:0=fixed:weights=1,0;1000=fixed:weights=0,1")
    missed = curves(scheduled, (1, 10), 4)["cumulative_regret"]
    regret = 100 * ((scheduled.best - scheduled.expected) * np.repeat(np.eye(2), 10, axis=0)).sum(axis=1)
    np.testing.assert_allclose(missed, np.cumsum(regret)[4::5])


def test_results_of_a_schedule_say_what_they_are_of(shop):
    goal = "schedule:0=fixed:weights=1,0;1000=fixed:weights=0,1"
    results = compare(shop, ["random", "popularity"], 2000, 2, processes=1, shoppers=100, scalarizers=[goal, "fixed:weights=0,1"])
    for agent in ("random", "popularity"):
        estimates = results["agents"][f"{agent} {goal}"]
        assert estimates["conversions_per_slate"]["mean"] == pytest.approx(estimates["value"]["mean"])
        assert "since" not in results["agents"][f"{agent} fixed:weights=0,1"]
    assert f"{goal}: estimates cover the last goal, from slate 1,000 on; curves show the whole run." in results["notes"]
    part = Findings(by_scalarizer(results)[goal])
    assert part.span == "the run from slate 1,000 on"
    assert part.summary_sentences()[0].startswith("Over the run from slate 1,000 on")
    assert Findings(by_scalarizer(results)["fixed:weights=0,1"]).span == "the whole run"
    assert "of the mean objectives of the run from slate 1,000 on" in page(results)


def test_cumulative_regret_is_that_of_the_mean_so_far(shop):
    trace = run(shop, "popularity", 3000, shoppers=100, scalarizer="nash", exact="every")
    drawn, goal = curves(trace, (1, 10), 10), trace.baseline.goals[0]
    for part in (0, 4, 9):
        steps = 3 * (part + 1)
        expected, best = trace.expected[:steps].mean(axis=0), trace.best[:steps].mean(axis=0)
        assert drawn["cumulative_regret"][part] == pytest.approx(100 * steps * (goal.most(best) - goal.utility(expected)))


def test_a_floor_that_nothing_reaches_is_refused_at_the_door(shop):
    with pytest.raises(ValueError, match=r"no mixture of slates has click >= 3: the nearest has click"):
        run(shop, "random", 100, scalarizer="lagrangian:click>=3")


# Comparisons


def test_every_agent_with_every_scalarizer_is_a_contestant(results):
    assert results["config"]["scalarizers"] == list(GOALS)
    assert list(results["agents"]) == list(contestants(results["config"]))
    assert results["runs"] == {"finished": 18, "asked": 18}
    entry = results["agents"]["popularity nash"]
    assert (entry["agent"], entry["scalarizer"]) == ("popularity", "nash")
    assert {"weight_of_click", "weight_of_conversion", "regret_per_slate"} <= set(entry)
    assert entry["share_of_oracle"]["mean"] is None
    assert len(results["curves"]["popularity nash"]["weight_of_conversion"]["mean"]) == 30
    same = {pair["a"].split()[1] == pair["b"].split()[1] for pair in results["pairs"]}
    assert same == {True}
    assert len(results["pairs"]) == 6
    assert "utilities of the mean objectives" in results["notes"][0]
    json.dumps(results, allow_nan=False)


def test_figures_are_those_of_the_runs(results, shop):
    values = [
        summary(run(shop, "popularity", 3000, seed, shoppers=100, scalarizer="nash"), (1, 10))["value"] for seed in range(3)
    ]
    assert results["agents"]["popularity nash"]["seeds"]["value"] == pytest.approx(values)


def test_taken_apart_each_goal_is_a_comparison_of_its_own(results):
    parts = by_scalarizer(results)
    assert list(parts) == list(GOALS)
    for goal, part in parts.items():
        assert list(part["agents"]) == ["random", "popularity", "oracle"]
        assert {pair["a"] for pair in part["pairs"]} <= set(part["agents"])
        assert part["oracle"]["value"] == results["oracle"]["by_scalarizer"][goal]
        oracle = part["agents"]["oracle"]
        assert oracle["value"]["mean"] > part["agents"]["popularity"]["value"]["mean"]
    assert results["oracle"]["value"]["mean"] is None  # utilities of two kinds have no mean
    assert parts["fixed:weights=1,10"]["agents"]["oracle"]["regret_per_slate"]["mean"] == pytest.approx(0, abs=1e-9)


@pytest.mark.slow
def test_processes_do_not_change_the_numbers(results):
    agents = ("random", "popularity", "oracle")
    spread = compare("ShopBandit-v0", agents, 3000, 3, options=SMALL, processes=2, shoppers=100, scalarizers=GOALS)
    for name in results["agents"]:
        assert spread["agents"][name]["value"] == results["agents"][name]["value"]
        assert spread["curves"][name] == results["curves"][name]


def test_scalarizers_of_your_own():
    class Clicks(FixedSum):
        """Clicks alone."""

        def __init__(self):
            super().__init__((1.0, 0.0))

    made = compare(
        "ShopBandit-v0", ("random",), 300, 1, options=SMALL, processes=1, scalarizers={"mine": Clicks(), "nash": "nash"}
    )
    assert list(made["agents"]) == ["random mine", "random nash"]
    entry = made["agents"]["random mine"]
    assert entry["value"]["mean"] == pytest.approx(entry["clicks_per_slate"]["mean"])


def test_the_page_stands_under_each_goal(results):
    text = page(results)
    assert "the highest mean utility for each of 2 scalarizers" in text or "Highest mean utility: " in text
    for heading in ("nash: Leaderboard", "nash: Weights", "fixed:weights=1,10: Leaderboard", "nash: Clicks against conversions"):
        assert heading in text
    assert 'id="goal0-value"' in text
    assert 'id="goal1-weight_of_conversion"' in text
    assert "--scalarizer nash --scalarizer fixed:weights=1,10" in text
    alone = page(compare("ShopBandit-v0", ("random",), 300, 2, options=SMALL, processes=1, scalarizers=("nash",)))
    assert "nash: random has a utility of" in alone


# Any objectives


@pytest.mark.slow
def test_three_objectives_by_name():
    world = make_world("ShopBandit-v0", **SMALL, objectives=THREE)
    made = compare(world, ("random", "popularity", "oracle"), 2000, 2, processes=1, shoppers=100, scalarizers=("nash", "gini"))
    entry = made["agents"]["popularity nash"]
    assert {"clicks_per_slate", "conversions_per_slate", "profit_per_slate", "weight_of_profit"} <= set(entry)
    assert made["config"]["weights"] == [1, 10, 1]
    assert made["agents"]["oracle nash"]["regret_per_slate"]["mean"] > 0
    text = page(made)
    assert "final weight on profit" in text
    assert "profit per slate" in text
    plain = compare(world, ("random", "popularity"), 500, 2, processes=1, shoppers=100)
    assert plain["agents"]["popularity"]["value"]["mean"] == pytest.approx(
        plain["agents"]["popularity"]["clicks_per_slate"]["mean"]
        + 10 * plain["agents"]["popularity"]["conversions_per_slate"]["mean"]
        + plain["agents"]["popularity"]["profit_per_slate"]["mean"]
    )
    assert "Value is clicks + 10 × conversions + profit." in page(plain)


def test_one_objective():
    world = make_world("ShopBandit-v0", **SMALL, objectives="profit")
    made = compare(world, ("random", "popularity"), 500, 2, processes=1, shoppers=100)
    assert made["agents"]["random"]["value"] == made["agents"]["random"]["profit_per_slate"]
    assert "profit per slate" in page(made)
