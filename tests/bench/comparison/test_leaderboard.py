"""Scores over several worlds, and the leaderboard that shows them."""

import json
import runpy
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from slategym.bench.comparison import leaderboard as module
from slategym.bench.comparison.aggregate import (
    PROFILE,
    aggregate,
    improvement,
    interquartile_mean,
    over_worlds,
    profile,
    score_difference,
    scores,
)
from slategym.bench.comparison.leaderboard import Tier, plan_leaderboard
from slategym.bench.jobs.store import RunStore
from slategym.bench.reports.leaderboard import headline, page
from slategym.scripts.leaderboard import print_scores

AGENTS = ("random", "popularity")
WORLDS = ("Shop-v0", "ShopBandit-v0", "OpenBandit-v0", "Hillstrom-v0")


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    folder = tmp_path_factory.mktemp("board")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(module.TIERS, "quick", Tier(6000, 3, WORLDS))
        store = RunStore(folder / "runs")
        store.prepare()
        found = plan_leaderboard("quick", AGENTS, kept=True).run(processes=1, store=store)
        shown = []
        again = plan_leaderboard("quick", AGENTS, kept=True).run(processes=1, store=store, progress=shown.append)
    assert again == found  # to the speeds, as all was kept
    return json.loads(json.dumps(found, allow_nan=False))


def test_the_interquartile_mean_is_that_of_the_middle_half():
    random = np.random.Generator(np.random.Philox(0))
    for count in (4, 8, 40):
        values = random.normal(size=count)
        assert interquartile_mean(values) == pytest.approx(stats.trim_mean(values, 0.25))
    assert interquartile_mean(np.array([0.0, 1.0, 2.0, 3.0, 100.0])) == pytest.approx((0.75 * 1 + 2 + 0.75 * 3) / 2.5)
    assert interquartile_mean(np.array([3.0])) == 3


def test_improvement_and_profile_by_hand():
    assert improvement([[1, 2], [5, 5]], [[0, 3], [5, 4]]) == pytest.approx(np.mean([2 / 4, (1 + 1 + 0.5 + 0.5) / 4]))
    found = profile([[0.25, 0.75], [0.5, 0.5]])
    at = dict(zip(np.round(PROFILE, 2).tolist(), found, strict=True))
    assert (at[0.0], at[0.3], at[0.6], at[1.0]) == (1.0, 0.75, 0.25, 0.0)


def test_equal_agents_are_rarely_told_apart_by_their_scores():
    """Five seeds in each of four worlds: a bootstrap of so few is somewhat too narrow."""
    random, apart = np.random.Generator(np.random.Philox(8)), 0
    for _ in range(200):
        shared = random.normal(0.5, 0.1, size=(4, 5))  # the same shoppers for both
        a, b = (shared + random.normal(0, 0.02, size=(4, 5)) for _ in range(2))
        apart += bool(score_difference(a, b).excludes_zero)
    assert apart <= 0.12 * 200


def test_intervals_of_scores_over_worlds_cover_the_truth():
    random, covered = np.random.Generator(np.random.Philox(4)), 0
    for _ in range(100):
        worlds = [random.normal(middle, 0.1, 10) for middle in (0.5, 0.5, 0.5)]
        found = over_worlds(worlds)
        covered += found.low <= 0.5 <= found.high
    assert covered >= 85  # a bootstrap of thirty runs covers somewhat less than 95 %


def test_a_leaderboard_of_the_built_in_worlds(result, capsys):
    assert result["status"] == "finished"
    assert result["runs"] == {"finished": 24, "asked": 24}
    assert list(result["agents"]) == ["popularity", "random"]
    assert tuple(result["worlds"]) == WORLDS
    unit, of_agents = scores(result["results"]["ShopBandit-v0"])
    assert unit == "context"
    assert of_agents["random"] == result["results"]["ShopBandit-v0"]["agents"]["random"]["seeds"]["share_of_context"]
    unit, of_agents = scores(result["results"]["Shop-v0"])  # six steps are too few for whole episodes
    assert (unit, len(of_agents["random"])) == ("context", 3)
    best = result["agents"]["popularity"]
    assert best["score"]["low"] <= best["score"]["mean"] <= best["score"]["high"]
    assert best["probability"]["random"] > 0.9
    assert best["probability"]["random"] + result["agents"]["random"]["probability"]["popularity"] == pytest.approx(1)
    assert aggregate(result["results"])["agents"] == result["agents"]
    assert result["agents"]["random"]["behind"]["low"] > 0
    tied = json.loads(json.dumps(result))
    tied["agents"]["random"]["behind"]["low"] = -0.1
    assert headline(tied) == "No significant winner over 4 worlds: popularity and random lead"
    print_scores(result)
    said = capsys.readouterr().out
    assert said.splitlines()[2].startswith("popularity")
    assert max(map(len, said.splitlines())) <= 80
    wide = json.loads(json.dumps(result))
    for number in range(6):  # more agents than fit beside each other
        wide["agents"][f"agent-{number}-of-ones-own"] = best
    print_scores(wide)
    said = capsys.readouterr().out
    assert max(map(len, said.splitlines())) <= 80
    assert all(said.count(f"agent-{number}-of-ones-own") == 3 for number in range(6)), "score, column and headline"
    assert said.count("\nShop-v0 ") == said.count("score in world") > 1
    text = page(result)
    for words in ("popularity has the highest score over 4 worlds", "Performance profiles", "Probability of improvement"):
        assert words in text


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="there are 0 agents and 8 worlds"):
        plan_leaderboard("quick", ())
    with pytest.raises(ValueError, match="tier is 'fast': expected 'quick' or 'full'"):
        plan_leaderboard("fast")
    with pytest.raises(ValueError, match="Did you mean 'Shop-v0'"):
        plan_leaderboard("quick", AGENTS, ("Shop-v9",))


@pytest.mark.slow
def test_the_page_of_the_docs_is_made_of_a_leaderboard(result):
    docs = Path(__file__).parents[3] / "docs"
    made = runpy.run_path(str(docs / "leaderboard.py"))
    text = made["write"]((docs / "leaderboard.md").read_text(encoding="utf-8"), made["parts"](result))
    assert "slategym leaderboard --tier quick --agent random --agent popularity" in text
    for world, found in result["results"].items():
        table = text.partition(f"### `{world}`")[2].partition("###")[0]
        metric = "value_per_episode" if "value per episode" in table else "value"
        first, second = sorted(AGENTS, key=lambda name: -found["agents"][name][metric]["mean"])
        assert table.index(f"`{first}`") < table.index(f"`{second}`")
        best = found["agents"][first][metric]["mean"]
        assert (f"{best:.3f} (" if best > 0.1 else f"{best:.5f} (") in table
        told = [pair["differ"] for pair in found["pairs"]] == [True]
        assert ("The first differs significantly from all others." in table) == told
        assert (f"Not significantly different from the first: `{second}`." in table) != told
