"""What a custom objective says of itself reaches agents, results and pages."""

from __future__ import annotations

import json

import pytest

from slategym.bench.comparison.compare import compare
from slategym.bench.reports.benchmark import page
from slategym.bench.reports.findings import Findings
from slategym.bench.reports.style import Style
from slategym.bench.reports.sweeps.plots import front
from slategym.scripts.common.leaderboard import print_leaderboard
from slategym.sim.objectives import custom
from slategym.sim.worlds import make_world


def converted(feedback, items):
    return feedback.conversions.any(axis=1)


BASKET = custom("basket", converted, weight=3.0, plural="full baskets", cause="conversion", lowest=0, highest=1)


@pytest.fixture(scope="module")
def world():
    return make_world("ShopBandit-v0", objectives=["click", BASKET], items=20, categories=4, slate_size=3)


def test_weight_and_plural_reach_numbers_and_pages(world, capsys):
    results = json.loads(json.dumps(compare(world, ["random", "popularity"], 400, 2, processes=1, shoppers=100)))
    assert results["config"]["weights"] == [1, 3]
    assert results["config"]["plurals"] == {"click": "clicks", "basket": "full baskets"}
    estimates = results["agents"]["random"]
    assert estimates["value"]["mean"] == pytest.approx(
        estimates["clicks_per_slate"]["mean"] + 3 * estimates["full_baskets_per_slate"]["mean"]
    )
    text = page(results)
    for words in ('<th scope="col" title="full baskets per slate">full baskets per slate</th>', "Clicks against full baskets"):
        assert words in text
    assert "plurals" not in text
    print_leaderboard(results)
    upper, lower = capsys.readouterr().out.splitlines()[:2]
    assert "  full  " in upper
    assert "  clicks  baskets  " in lower


def test_the_default_weight_of_a_goal_is_the_objectives_own(world):
    """`fixed` without numbers counted every custom objective as one."""
    goals = {"plain": "fixed", "numbers": "fixed:weights=1,3"}
    results = compare(world, ["popularity"], 400, 1, processes=1, shoppers=100, scalarizers=goals)
    plain, numbers = (results["agents"][f"popularity {goal}"]["value"]["mean"] for goal in goals)
    assert plain == numbers
    results = compare(world, ["popularity"], 400, 1, processes=1, shoppers=100, scalarizers=["schedule:0=fixed;200=fixed"])
    assert len(results["agents"]) == 1


def test_the_axes_of_a_front_have_the_plural():
    sweep = {
        "config": {"objectives": ["click", "basket"], "plurals": {"click": "clicks", "basket": "full baskets"}, "agents": []},
        "front": {"values": [[0.1, 0.2], [0.2, 0.1]]},
        "agents": {},
        "adaptive": [],
    }
    look = front(sweep, Style(Findings({"agents": {}})), 0, 1).layout
    assert (look.xaxis.title.text, look.yaxis.title.text) == ("clicks per slate", "full baskets per slate")
