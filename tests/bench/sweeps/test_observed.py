"""The front that the observation allows, beside the exact one."""

import json

import numpy as np
import pytest

from slategym.bench.ceilings.references import ObservedSet, References
from slategym.bench.ceilings.store import find_fit
from slategym.bench.fronts.achievable import AchievableSet
from slategym.bench.reports.sweeps.page import page
from slategym.bench.sweeps.sweep import pareto
from slategym.scripts.common.leaderboard import print_sweep
from slategym.sim.worlds import make_world

pytest.importorskip("moocore")


@pytest.fixture(scope="module")
def sweep():
    options = {"slates": 4000, "seeds": 2, "points": 3, "shoppers": 400, "scalarizers": [], "processes": 1}
    return json.loads(json.dumps(pareto("ShopBandit-v0", ["popularity"], **options), allow_nan=False))


def test_what_is_observed_allows_less_than_full_knowledge():
    world = make_world("ShopBandit-v0")
    references = References(world, find_fit(world))
    observed, exact = ObservedSet(references, 500, 3), AchievableSet(world, 500, 3)
    for weights in ((1.0, 0.0), (1.0, 10.0), (0.0, 1.0)):
        everybody = references.policy("everybody", weights)(exact.shoppers)
        values = [
            np.dot(weights, value)
            for value in (
                world.expected(exact.shoppers, everybody).mean(axis=0),
                observed.best(weights)[0],
                exact.best(weights)[0],
            )
        ]
        assert values == sorted(values)
        assert values[1] < 0.95 * values[2]


def test_a_sweep_has_shares_of_both_fronts(sweep, capsys):
    assert sweep["config"]["fitted"] is True
    exact, observed = (np.array(sweep[name]["utopia"]) for name in ("front", "observed"))
    assert (observed < exact).all()
    agent = sweep["agents"]["popularity"]
    assert agent["observed_hypervolume_share"]["mean"] > agent["hypervolume_share"]["mean"]
    assert 0 <= agent["observed_covered"]["mean"] <= 1
    assert sweep["best"]["observed_hypervolume_share"]["mean"] > 1  # with full knowledge
    text = page(sweep)
    assert "is the front for slates that are chosen from the observation alone" in text
    assert "hypervolume, given the observation" in text
    print_sweep(sweep)
    said = capsys.readouterr().out
    assert "given the" in said.splitlines()[4] + said.splitlines()[5]
    assert max(map(len, said.splitlines())) <= 80


def test_a_world_without_a_kept_fit_goes_without(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    options = {"slates": 200, "seeds": 1, "points": 2, "shoppers": 100, "scalarizers": [], "processes": 1}
    found = pareto("ShopBandit-v0", ["popularity"], options={"items": 20, "categories": 5}, **options)
    assert found["observed"] is None
    assert "observed_covered" not in found["agents"]["popularity"]
    page(json.loads(json.dumps(found)))
