"""The share of the best that the observation allows, in a comparison."""

import numpy as np
import pytest
from tests.bench.audits.audited import CLICK, CONVERT, kinds_world
from tests.bench.reports.benchmarks import benchmark

from slategym.agents.baselines import Random
from slategym.bench.ceilings import ceiling as context_ceiling
from slategym.bench.ceilings.job import ContextJob
from slategym.bench.comparison.compare import compare
from slategym.bench.reports.benchmark import page
from slategym.bench.reports.findings import Findings
from slategym.scripts.common.leaderboard import print_leaderboard

AGENTS = ("random", "oracle")
TINY = {"items": 6, "categories": 3, "slate_size": 2, "visits": 3}


def test_agents_have_a_share_of_it():
    world = kinds_world(CLICK, CONVERT, slate_size=2, visits=2, seen=0.7)
    results = compare(world, AGENTS, 1000, 3, processes=1, shoppers=500, context_ceiling=True)
    context = results["context"]
    assert results["config"]["context_ceiling"] is True
    for name in AGENTS:
        agent = results["agents"][name]
        expected = np.array(agent["seeds"]["share_of_context"]) * context["value"]["mean"]
        of_oracle = np.array(agent["seeds"]["share_of_oracle"]) * results["oracle"]["value"]["mean"]
        assert expected == pytest.approx(of_oracle, rel=0.05)  # of the same, but for who came to whom
        assert agent["share_of_context"]["mean"] == pytest.approx(np.mean(agent["seeds"]["share_of_context"]))
    assert results["agents"]["random"]["share_of_context"]["mean"] < 0.9
    assert results["agents"]["oracle"]["share_of_context"]["mean"] > 1.05  # it knows more than the observation
    assert context["share_of_oracle"]["mean"] == pytest.approx(
        1 / results["agents"]["oracle"]["share_of_context"]["mean"], rel=0.03
    )
    assert context["fit"]["shoppers"] == 3000


def test_processes_do_not_change_it():
    here, there = (
        compare("Shop-v0", ("random",), 500, [4], options=TINY, processes=processes, shoppers=100, context_ceiling=True)
        for processes in (1, 2)
    )
    assert here["context"] == there["context"]
    assert here["agents"]["random"]["share_of_context"] == there["agents"]["random"]["share_of_context"]


def test_without_it_there_is_none():
    results = compare("Shop-v0", ("random",), 100, 1, options=TINY, processes=1)
    assert results["context"] is None
    assert results["config"]["context_ceiling"] is False
    assert "share_of_context" not in results["agents"]["random"]
    assert "of context" not in page(results)


def test_a_shop_too_large_for_the_fit_goes_without():
    options = {"items": context_ceiling.ITEMS + 1, "slate_size": 1, "visits": 1}
    results = compare("Shop-v0", ("random",), 2, 1, options=options, processes=1, context_ceiling=True)
    assert results["context"] is None
    assert results["config"]["context_ceiling"] is False


def test_stopped_it_leaves_what_has_finished():
    job = ContextJob(kinds_world(CLICK, CONVERT), (0,), 100, 10, (1.0, 10.0))
    assert job.run(lambda slates: None, lambda: True) is None
    shown = []
    assert job.run(shown.append, lambda: bool(shown)) is None

    def mine(problem, seed, scalarizer):
        return Random(problem, seed, scalarizer)

    results = compare(kinds_world(CLICK, CONVERT), {"mine": mine}, 100, 1, processes=1, context_ceiling=True, stop=lambda: True)
    assert results["context"] is None


def test_progress_counts_its_slates_too():
    shown = []
    compare(
        kinds_world(CLICK, CONVERT), ("random",), 200, 2, processes=1, shoppers=100, context_ceiling=True, progress=shown.append
    )
    assert shown == [100, 200, 300, 400, 500, 600, 700, 800]


def test_it_is_shown_beside_the_share_of_the_oracle(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    results = benchmark(["random", "popularity", "policy-gradient"], seeds=5)
    results["context"] = {"value": {"mean": 0.6, "low": 0.59, "high": 0.61}}
    for name, share in (("random", 0.512), ("popularity", 0.734), ("policy-gradient", 0.8765)):
        results["agents"][name]["share_of_context"] = {"mean": share, "low": share - 0.01, "high": share + 0.01}
    print_leaderboard(results)
    said = capsys.readouterr().out.splitlines()
    best = next(line for line in said if line.startswith("policy-gradient"))
    assert best.split()[4:6] == ["87.6", f"{100 * results['agents']['policy-gradient']['share_of_oracle']['mean']:.1f}"]
    assert max(map(len, said)) <= 80
    assert "and 87.6 % of the best that the observation allows" in Findings(results).summary_sentences()[1]
    text = page(results)
    results["config"]["context_ceiling"] = True
    assert "--context-ceiling --out runs/again" in page(results)
    assert 'data-metric="share_of_context"><data value="0.734">73.4 %' in text
    assert "of context" in text
