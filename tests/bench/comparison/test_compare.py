"""The comparison: the same numbers however many processes, estimates that follow from the runs, and partial results."""

import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from scipy import stats

from slategym.agents.baselines import Popularity, Random
from slategym.bench.comparison.compare import compare
from slategym.bench.comparison.metrics import SPEEDS, summary
from slategym.bench.execution.runner import run
from slategym.bench.jobs.failures import RunsFailedError, RunsFailedWarning
from slategym.bench.statistics import bootstrap
from slategym.sim.streams import Stream
from slategym.sim.user_models.black_box import BlackBox
from slategym.sim.worlds import make_world

OPTIONS = {"items": 30, "categories": 5, "slate_size": 3, "visits": 8}
AGENTS = ("random", "popularity", "oracle")
METRICS = {
    "value",
    "final_value",
    "clicks_per_slate",
    "conversions_per_slate",
    "regret_per_slate",
    "share_of_oracle",
    "value_per_episode",
    "clicks_per_episode",
    "conversions_per_episode",
    "visits_per_episode",
    "value_variance",
    "clicks_variance",
    "conversions_variance",
    "share_staying",
    "episodes",
    "slates_to_90",
    "coverage",
    "gini",
    *SPEEDS,
}


def without_speed(results):
    copy = json.loads(json.dumps(results, allow_nan=False))
    for agent in copy["agents"].values():
        for metric in SPEEDS:
            del agent[metric], agent["seeds"][metric]
    return copy


@pytest.fixture(scope="module")
def results():
    return compare("Shop-v0", AGENTS, 3000, 3, options=OPTIONS, processes=1, shoppers=100)


def test_processes_do_not_change_the_numbers(results):
    spread = compare("Shop-v0", AGENTS, 3000, 3, options=OPTIONS, processes=2, shoppers=100)
    assert without_speed(spread) == without_speed(results)


@pytest.mark.slow
def test_nor_do_they_for_agents_that_learn():
    here, there = (
        compare("Shop-v0", ("lin-ts", "policy-gradient"), 1500, [4], options=OPTIONS, processes=processes, shoppers=250)
        for processes in (1, 2)
    )
    assert without_speed(here) == without_speed(there)


def test_what_it_says(results):
    assert results["status"] == "finished"
    assert results["runs"] == {"finished": 9, "asked": 9}
    assert results["notes"] == [
        "With 3 seeds, intervals hold only for nearly normal values; with 5 or more, they hold more generally.",
        "% of context is not available: there is no stored fit of this world; --references all computes it.",
    ]
    config = results["config"]
    assert config["oracle"] == "exact"
    assert (config["world"], config["options"], config["seeds"]) == ("Shop-v0", OPTIONS, [0, 1, 2])
    assert (config["slates"], config["shoppers"], config["weights"]) == (3000, 100, [1.0, 10.0])
    assert config["versions"]["slategym"]
    assert list(results["agents"]) == list(AGENTS)
    for name, agent in results["agents"].items():
        assert set(agent) == METRICS | {"seeds"}
        for metric in METRICS:
            estimate, seeds = agent[metric], agent["seeds"][metric]
            assert len(seeds) == 3
            if None in seeds:
                assert metric == "slates_to_90"  # one that was never there
                continue
            assert estimate["mean"] == pytest.approx(np.mean(seeds))
            assert estimate["low"] <= estimate["mean"] <= estimate["high"], (name, metric)
        assert agent["seeds"]["seed"] == [0, 1, 2]


def test_figures_are_those_of_the_runs(results):
    world = make_world("Shop-v0", **OPTIONS)
    values = [summary(run(world, "popularity", 3000, seed, shoppers=100), (1, 10)) for seed in range(3)]
    for metric in ("value", "regret_per_slate"):
        expected = bootstrap([each[metric] for each in values])
        estimate = results["agents"]["popularity"][metric]
        assert [estimate["mean"], estimate["low"], estimate["high"]] == pytest.approx(
            [expected.mean, expected.low, expected.high]
        )


def test_oracle(results):
    oracle = results["agents"]["oracle"]
    assert oracle["regret_per_slate"] == {"mean": 0, "low": 0, "high": 0}
    assert oracle["share_of_oracle"]["mean"] == 1
    best = [
        results["agents"][name]["regret_per_slate"]["mean"] / (1 - results["agents"][name]["share_of_oracle"]["mean"])
        for name in ("random", "popularity")
    ]
    # the oracle's own value, averaged over what each agent made of its shoppers
    assert results["oracle"]["value"]["mean"] == pytest.approx(oracle["value"]["mean"], rel=0.2)
    assert results["oracle"]["value"]["mean"] == pytest.approx(np.mean(best), rel=0.1)


def test_pairs_run_from_the_better_to_the_worse(results):
    pairs = results["pairs"]
    assert [(pair["a"], pair["b"]) for pair in pairs] == [
        ("oracle", "popularity"),
        ("oracle", "random"),
        ("popularity", "random"),
    ]
    for pair in pairs:
        a, b = (np.array(results["agents"][pair[side]]["seeds"]["value_per_episode"]) for side in "ab")
        assert pair["difference"] == pytest.approx((a - b).mean())
        half = stats.t.ppf(1 - 0.05 / 3 / 2, 2) * (a - b).std(ddof=1) / 3**0.5  # of three pairs
        assert pair["high"] == pytest.approx(pair["difference"] + half)
        assert pair["p"] == pytest.approx(stats.ttest_rel(a, b).pvalue)
        assert 0.5 <= pair["probability_a_better"] <= 1
    assert pairs[1]["probability_a_better"] == pytest.approx(1)


def test_curves(results):
    for agent in AGENTS:
        curve = results["curves"][agent]
        assert curve["slates"] == list(range(100, 3001, 100))
        assert set(curve) == {
            "slates",
            "value",
            "clicks_per_slate",
            "conversions_per_slate",
            "regret_per_slate",
            "cumulative_regret",
        }
        for metric in set(curve) - {"slates"}:
            assert {len(curve[metric][end]) for end in ("mean", "low", "high")} == {30}
        assert np.mean(curve["value"]["mean"]) == pytest.approx(results["agents"][agent]["value"]["mean"])


def test_one_seed_claims_no_interval():
    results = compare("Shop-v0", ("random", "popularity"), 300, 1, options=OPTIONS, processes=1, shoppers=100)
    value = results["agents"]["random"]["value"]
    assert value["mean"] is not None
    assert value["low"] is value["high"] is None
    (pair,) = results["pairs"]
    assert pair["difference"] > 0
    assert pair["low"] is pair["high"] is pair["probability_a_better"] is None
    assert results["curves"]["random"]["value"]["low"] == [None] * 3
    assert "One seed gives no interval" in results["notes"][0]
    json.dumps(results, allow_nan=False)


def test_what_is_not_exact_is_marked():
    class Shy(BlackBox):
        replicates, probes = 2, 1

        def clicks(self, shoppers, catalog, slate, draws):
            return draws.uniform(Stream.CLICK, slate) < 0.1

    world = replace(make_world("ShopBandit-v0", **OPTIONS), user_model=Shy())
    results = compare(world, ("random",), 20, 1, processes=1)
    assert results["config"]["oracle"] == "estimated"
    assert "estimates by simulation" in results["notes"][0]


def test_seeds_by_name_and_agents_of_your_own():
    def mine(problem, seed, scalarizer):
        return Random(problem, seed, scalarizer)

    results = compare("Shop-v0", {"mine": mine, "theirs": "random"}, 300, [7, 3], options=OPTIONS, processes=1)
    assert results["config"]["seeds"] == [7, 3]
    assert results["agents"]["mine"]["seeds"]["value"] == results["agents"]["theirs"]["seeds"]["value"]


@pytest.mark.slow
@pytest.mark.parametrize("processes", [1, 2])
def test_stopped_it_keeps_what_has_finished(processes):
    shown = []
    results = compare(
        "Shop-v0",
        ("random", "popularity"),
        5_000,
        20,
        options=OPTIONS,
        processes=processes,
        progress=shown.append,
        stop=lambda: bool(shown) and shown[-1] > 25_000,
    )
    finished = results["runs"]["finished"]
    assert results["status"] == "interrupted"
    assert 3 <= finished < 40
    assert "Interrupted" in results["notes"][-1]
    counts = [len(agent["seeds"]["seed"]) for agent in results["agents"].values()]
    assert sum(counts) == finished
    assert max(counts) - min(counts) <= 2  # seed by seed, not agent by agent
    assert results["pairs"][0]["difference"] > 0
    json.dumps(results, allow_nan=False)


def test_stopped_at_once_it_has_nothing():
    results = compare("Shop-v0", ("random",), 1000, 2, options=OPTIONS, processes=1, stop=lambda: True)
    assert results["agents"] == {}
    assert results["runs"] == {"finished": 0, "asked": 2}
    json.dumps(results, allow_nan=False)


@pytest.mark.slow
@pytest.mark.parametrize("processes", [1, 2])
def test_an_error_names_its_run(processes):
    bad = partial(Popularity, prior=-1.0)
    with pytest.warns(
        RunsFailedWarning, match=r"2 of 4 runs failed; the first was bad seed 0: .*prior is -1.0: expected a number above 0"
    ):
        results = compare("Shop-v0", {"good": "random", "bad": bad}, 1000, 2, options=OPTIONS, processes=processes)
    assert results["status"] == "failed"
    assert results["runs"] == {"finished": 2, "asked": 4}
    assert list(results["agents"]) == ["good"]
    assert [failure["run"] for failure in results["failed"]] == ["bad seed 0", "bad seed 1"]
    assert "in the run of agent 'bad' with seed 0" in results["failed"][0]["traceback"]
    assert any(note.startswith("Failed: bad seed 0 (ValueError: prior is -1.0") for note in results["notes"])
    with pytest.raises(RunsFailedError, match="2 of 2 runs failed") as caught:
        compare("Shop-v0", {"bad": bad}, 1000, 2, options=OPTIONS, processes=processes)
    assert "Traceback" in str(caught.value)
    assert caught.value.results["agents"] == {}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"agents": ()}, "0 agents"),
        ({"seeds": 0}, "seeds is 0: expected a whole number from 1"),
        ({"seeds": [1, 1]}, "seeds .* expected different seeds"),
        ({"processes": 0}, "processes is 0"),
        ({"world": "Shp-v0"}, "Did you mean 'Shop-v0'"),
    ],
)
def test_refused_at_the_door(arguments, message):
    with pytest.raises(ValueError, match=message):
        compare(**{"world": "Shop-v0", "agents": ("random",), "slates": 10, "seeds": 1, **arguments})
