"""Every run of a command has a track of its own: no two trackers have the same name."""

import pickle
from collections import Counter
from pathlib import Path

import pytest

from slategym.bench.comparison import leaderboard
from slategym.bench.comparison.leaderboard import Tier, plan_leaderboard
from slategym.bench.jobs.store import RunStore
from slategym.bench.tracking.combined import PartOf, Several
from slategym.bench.tracking.tracker import Tracking
from slategym.bench.tuning.search import plan_search

TINY = "ShopBandit-v0:items=12,categories=3,slate_size=1"
OTHER = f"{TINY},catalog_seed=1"
STARTED = Counter()


class Named:
    """Counts the runs that begin, by their names."""

    def __init__(self, name):
        self.name = name

    def on_start(self, config):
        STARTED[self.name] += 1

    def on_step(self, step, metrics):
        pass

    def on_finish(self, results):
        pass


@pytest.fixture
def started(tmp_path):
    STARTED.clear()
    store = RunStore(tmp_path / "runs", None, Named)
    store.prepare()
    return store


def test_the_runs_of_a_world_are_named_after_it(started):
    assert leaderboard._of_world(started, "Shop-v0").track("random seed 0").name == "Shop-v0 random seed 0"
    assert leaderboard._of_world(None, "Shop-v0") is None


@pytest.mark.slow
def test_of_a_leaderboard_the_world_is_named(started, monkeypatch):
    monkeypatch.setitem(leaderboard.TIERS, "quick", Tier(400, 2, ()))
    plan_leaderboard("quick", ["random"], ["ShopBandit-v0", TINY]).run(1, store=started)
    assert {f"{world} random seed {seed}": 1 for world in ("ShopBandit-v0", TINY) for seed in (0, 1)} == STARTED


def test_of_a_search_the_trial_and_the_world_are_named(started):
    given = {
        "slates": 400,
        "shoppers": 100,
        "seeds": 2,
        "judge_seeds": 1,
        "trials": 2,
        "ranges": ["ridge=1,2"],
        "sampler": "grid",
    }
    pytest.importorskip("optuna")
    plan_search([TINY, OTHER], "lin-ts", **given).run(1, store=started)
    assert set(STARTED.values()) == {1}
    assert {f"trial 0 {world} lin-ts seed {seed}" for world in (TINY, OTHER) for seed in (0, 1)} < set(STARTED)


def test_several_are_told_the_same_in_any_process(tmp_path):
    make = pickle.loads(
        pickle.dumps(PartOf(Several((Tracking("csv", Path(tmp_path / "a")), Tracking("csv", tmp_path / "b"))), "W"))
    )
    tracker = make("lin-ts seed 0")
    tracker.on_start({"agent": "lin-ts"})
    tracker.on_step(5, {"value_per_slate": 0.5})
    tracker.on_finish({"status": "finished"})
    for name in ("W-lin-ts-seed-0.csv", "W-lin-ts-seed-0.json"):
        assert (tmp_path / "a" / name).read_text() == (tmp_path / "b" / name).read_text()
