"""Reference policies in a comparison: their values, and the agents' shares of them."""

import os
import subprocess
import sys

import numpy as np
import pytest
from tests.bench.audits.audited import CLICK, CONVERT, kinds_world
from tests.bench.reports.benchmarks import benchmark

from slategym.agents.baselines import Random
from slategym.bench.ceilings import ceiling as context_ceiling
from slategym.bench.ceilings.episodes import reference_episodes
from slategym.bench.ceilings.job import EPISODES, Prepared, PrepareJob, ReferenceJob, episodes_of, find_prepared
from slategym.bench.ceilings.references import References
from slategym.bench.ceilings.ship import SHIPPED
from slategym.bench.ceilings.store import find_values
from slategym.bench.comparison.compare import compare
from slategym.bench.execution.runner import run
from slategym.bench.reports.benchmark import page
from slategym.bench.reports.findings import Findings
from slategym.scripts.common.leaderboard import print_leaderboard
from slategym.sim.worlds import make_world

FIT = """
import hashlib
import numpy as np
from slategym.bench.ceilings import ceiling
from slategym.bench.ceilings.job import PrepareJob
from slategym.sim.worlds import make_world
ceiling.SHOPPERS = 2000
world = make_world("Shop-v0", items=6, categories=3, slate_size=2, visits=3)
prepared = PrepareJob(world, world.weights).run(lambda slates: None, lambda: False)
shoppers = world.shoppers(0, np.arange(200))
print(hashlib.sha256(prepared.fit.model.gains(world.observe(shoppers)).tobytes()).hexdigest())
"""
AGENTS = ("random", "oracle")
TINY = {"items": 6, "categories": 3, "slate_size": 2, "visits": 3}


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(context_ceiling, "SHOPPERS", 3000)


def test_agents_have_a_share_of_it():
    world = kinds_world(CLICK, CONVERT, slate_size=2, visits=2, seen=0.7)
    results = compare(world, AGENTS, 1000, 3, processes=1, shoppers=500, references="all")
    assert results["config"]["references"] == "all"
    for name in AGENTS:
        agent = results["agents"][name]
        assert agent["share_of_context"]["mean"] == pytest.approx(np.mean(agent["seeds"]["share_of_context"]))
    assert results["agents"]["random"]["share_of_context"]["mean"] < 0.9
    assert results["agents"]["oracle"]["share_of_context"]["mean"] > 1.05  # it knows more than the observation
    policies = results["references"]
    assert list(policies) == ["random", "everybody", "context", "oracle", "oracle-episode"]
    values = [policies[name]["value_per_episode"]["mean"] for name in policies]
    assert values == sorted(values)
    assert policies["context"]["value"]["mean"] / policies["oracle"]["value"]["mean"] == pytest.approx(
        1 / results["agents"]["oracle"]["share_of_context"]["mean"], rel=0.05
    )
    assert results["fit"]["shoppers"] == 3000


def test_what_was_computed_once_is_shown_from_then_on(monkeypatch):
    options = {"options": TINY, "processes": 1, "shoppers": 100}
    first = compare("Shop-v0", ("random",), 1000, [4], references="all", **options)
    assert list(first["references"]) == ["random", "everybody", "context", "oracle", "oracle-episode"]
    monkeypatch.setattr("slategym.bench.ceilings.job.fit", None)
    monkeypatch.setattr("slategym.bench.ceilings.job.reference_episodes", None)
    again = compare("Shop-v0", ("random",), 1000, [4], **options)
    assert again["references"] == first["references"]
    assert again["agents"]["random"]["share_of_best_known"] == first["agents"]["random"]["share_of_best_known"]
    assert again["agents"]["random"]["share_of_context"] == first["agents"]["random"]["share_of_context"]
    without = compare("Shop-v0", ("random",), 1000, [4], references="off", **options)
    assert (without["references"], without["fit"]) == ({}, None)
    assert "share_of_context" not in without["agents"]["random"]
    other = compare("Shop-v0", ("random",), 1000, [5], **options)  # no values of this seed are kept
    assert other["references"] == {}


@pytest.mark.slow
def test_processes_do_not_change_it(tmp_path, monkeypatch):
    found = []
    for processes in (1, 2):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / f"cache {processes}"))  # each makes its own fit
        options = {"options": TINY, "processes": processes, "shoppers": 100, "references": "all"}
        found.append(compare("Shop-v0", ("random", "popularity"), 1000, 2, **options))
    for name in ("references", "fit", "pairs"):
        assert found[0][name] == found[1][name]
    assert found[0]["agents"]["random"]["share_of_context"] == found[1]["agents"]["random"]["share_of_context"]


@pytest.mark.slow
def test_a_fit_does_not_depend_on_the_threads_that_torch_begins_with(tmp_path):
    """In a process where torch is not yet imported, and so would take all cores."""
    digests = set()
    for threads in ("1", "4"):
        environment = {**os.environ, "OMP_NUM_THREADS": threads, "XDG_CACHE_HOME": str(tmp_path / threads)}
        done = subprocess.run([sys.executable, "-c", FIT], env=environment, capture_output=True, text=True, check=True)
        digests.add(done.stdout)
    assert len(digests) == 1


def test_a_floor_that_the_observation_cannot_meet_leaves_the_ceiling_out():
    world = kinds_world(CLICK, CONVERT, slate_size=2, visits=2, seen=0.5)
    best = world.expected(world.shoppers(0, np.arange(500)), world.best_slate(world.shoppers(0, np.arange(500)), (1.0, 0.0)))
    floor = f"lagrangian:click>={0.99 * best[:, 0].mean():.4f}"
    results = compare(world, ("random",), 500, 1, processes=1, shoppers=100, references="all", scalarizers=[floor])
    assert results["status"] == "finished"
    assert "context_value" not in results["agents"][f"random {floor}"]


def test_without_it_there_is_none():
    results = compare("Shop-v0", ("random",), 100, 1, options=TINY, processes=1)
    assert results["references"] == {}
    assert results["config"]["references"] == "kept"
    assert "share_of_context" not in results["agents"]["random"]
    assert ">of context</th>" not in page(results)
    said = "% of context is not available: there is no stored fit of this world; --references all computes it."
    assert said in results["notes"]


def test_a_shop_too_large_for_the_fit_goes_without():
    options = {"items": context_ceiling.ITEMS + 1, "slate_size": 1, "visits": 1}
    results = compare("Shop-v0", ("random",), 2, 1, options=options, processes=1, references="all")
    assert results["fit"] is None
    assert results["config"]["fitted"] is False


@pytest.mark.slow
def test_other_objectives_candidates_and_scalarizers_have_a_ceiling_too():
    options = {**TINY, "objectives": ["click", "profit", "novelty"], "candidates": 4}
    results = compare("Shop-v0", ("random", "oracle"), 1000, 1, options=options, processes=1, shoppers=100, references="all")
    share = results["agents"]["random"]["share_of_context"]["mean"]
    assert 0 < share < results["agents"]["oracle"]["share_of_context"]["mean"] < 1.6
    goals = compare(
        "Shop-v0", ("random", "oracle"), 1000, 1, options=TINY, processes=1, shoppers=100, references="all", scalarizers=["nash"]
    )
    random, oracle = (goals["agents"][f"{name} nash"] for name in ("random", "oracle"))
    assert random["context_regret_per_slate"]["mean"] > max(0, oracle["context_regret_per_slate"]["mean"])
    assert random["context_value"]["mean"] < goals["oracle"]["value"]["mean"]
    nothing = compare("Shop-v0", ("random",), 200, 1, options={**TINY, "objectives": ["click", "diversity"]}, references="all")
    assert "share_of_context" not in nothing["agents"]["random"]
    assert any("which not all of click, diversity are" in note for note in nothing["notes"])


def test_stopped_it_leaves_what_has_finished():
    job = PrepareJob(kinds_world(CLICK, CONVERT), (1.0, 10.0))
    assert job.run(lambda slates: None, lambda: True) is None
    assert ReferenceJob(job.world, job.weights, 0, Prepared(None, None)).run(lambda slates: None, lambda: True) is None

    def mine(problem, seed, scalarizer):
        return Random(problem, seed, scalarizer)

    results = compare(job.world, {"mine": mine}, 100, 1, processes=1, references="all", stop=lambda: True)
    assert results["references"] == {}


def test_progress_counts_them_too():
    shown = []
    world = kinds_world(CLICK, CONVERT)
    compare(world, ("random",), 200, 2, processes=1, shoppers=100, references="all", progress=shown.append)
    assert shown == sorted(shown)
    assert shown[-1] >= 400


@pytest.mark.quick("ShopBandit-v0", "OpenBandit-v0")
@pytest.mark.parametrize("name", SHIPPED)
def test_values_that_come_with_slategym_are_those_of_today(name):
    """A change of a world, or of a policy, must be followed by `python -m slategym.bench.ceilings.ship`."""
    world = make_world(name)
    prepared = find_prepared(world, world.weights)
    kept = find_values(world, *episodes_of(world.weights, 3, prepared))
    policies = reference_episodes(world, world.weights, 3, EPISODES, References(world, prepared.fit), prepared.tuned)
    assert list(policies) == list(kept)
    for policy, found in policies.items():
        # The slates of a fit may change hands where two are as good, to rounding.
        assert found["value_per_episode"] == pytest.approx(kept[policy]["value_per_episode"], rel=1e-3)


def test_values_of_the_built_in_worlds_come_with_slategym():
    for world in ("Shop-v0", "ShopBandit-v0", "OpenBandit-v0"):
        results = compare(world, ("random",), 2000, 1, processes=1, shoppers=100)
        assert set(results["references"]) >= {"random", "everybody", "context", "oracle"}
        assert 0 < results["agents"]["random"]["share_of_context"]["mean"] < 0.95
    policies = compare("Shop-v0", ("random",), 100, 5, processes=1)["references"]
    values = {name: policies[name]["value_per_episode"]["mean"] for name in policies}
    assert values["oracle-episode"] > 1.1 * values["oracle"] > 1.1 * values["context"] > 2 * values["everybody"]


def test_the_same_shoppers_come_to_agents_and_references():
    """Random slates are worth as much to the reference as to the agent, up to the error of so many episodes."""
    shop = "Shop-v0"
    policies = compare(shop, ("random",), 100, 1, processes=1)["references"]
    episodes = run(shop, "random", 100_000, 0, exact="off").episodes
    values = episodes.objectives @ [1, 10]
    error = np.sqrt(values.var() * (1 / 1000 + 1 / len(values)))
    assert abs(policies["random"]["value_per_episode"]["mean"] - values.mean()) < 4 * error


def test_it_is_shown_beside_the_share_of_the_oracle(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    results = benchmark(["random", "popularity", "policy-gradient"], seeds=5)
    for name, share in (("random", 0.512), ("popularity", 0.734), ("policy-gradient", 0.8765)):
        results["agents"][name]["share_of_context"] = {"mean": share, "low": share - 0.01, "high": share + 0.01}
    print_leaderboard(results)
    said = capsys.readouterr().out.splitlines()
    best = next(line for line in said if line.startswith("policy-gradient"))
    assert best.split()[4:6] == ["87.6", f"{100 * results['agents']['policy-gradient']['share_of_oracle']['mean']:.1f}"]
    assert max(map(len, said)) <= 80
    assert "and 87.6 % of the value of the best slates given the observation" in Findings(results).summary_sentences()[1]
    text = page(results)
    results["config"]["references"] = "all"
    assert "--references all --out runs/again" in page(results)
    assert 'data-metric="share_of_context"><data value="0.734">73.4 %' in text
    assert "of context" in text
