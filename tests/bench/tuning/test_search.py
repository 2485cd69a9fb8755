"""Searches: they find what is known to be best, the same in every way of running them, and judge it on other seeds."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from slategym.bench.jobs.failures import RunsFailedError, RunsFailedWarning
from slategym.bench.jobs.store import RunStore
from slategym.bench.tuning import samplers_compared
from slategym.bench.tuning.search import plan_search
from slategym.bench.tuning.trial import as_reports
from slategym.sim.worlds import make_world

WORLD = "ShopBandit-v0:items=12,categories=3,slate_size=1"
OTHER = f"{WORLD},catalog_seed=1"
PEAK = Path(__file__).with_name("peak.py")
SAMPLERS = ("grid:points=7", "random", "tpe:startup=6", "gp:startup=6", "evolutionary:population=6")


def best_and_worst():
    """The items that newcomers click and convert most and least."""
    world = make_world(WORLD)
    shoppers = world.shoppers(7, np.arange(2000))
    values = [
        world.expected(shoppers, np.full((2000, 1), item)).mean(axis=0) @ np.asarray(world.weights)
        for item in range(world.catalog.size)
    ]
    return int(np.argmax(values)), int(np.argmin(values))


@pytest.fixture(scope="module")
def peak():
    good, bad = best_and_worst()
    return f"{PEAK}:Peak:good={good},bad={bad}"


def search(agent, worlds=(WORLD,), **arguments):
    given = {"slates": 800, "shoppers": 100, "seeds": 2, "judge_seeds": 3, "trials": 20, **arguments}
    return plan_search(list(worlds), agent, **given)


def found(planned, processes=1, **arguments):
    """The result as it would be in the file."""
    return json.loads(json.dumps(planned.run(processes, **arguments)))


RANGES = ["x=0.001..10:log", "how=badly,well"]


@pytest.mark.quick("random", "tpe:*")
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_the_known_optimum_is_found_again_and_again(peak, sampler):
    result = found(search(peak, ranges=RANGES, sampler=sampler))
    settings = result["best"]["settings"]
    assert settings["how"] == "well"
    # The share of good slates is 1 - (log10(x / 0.1) / 2)**2: within a factor of 2.5 of the best x it is above 0.96.
    assert 0.04 <= settings["x"] <= 0.25, settings
    assert result["judgement"]["all"]["low"] > 0
    assert result["judgement"]["claims"] == 1
    assert found(search(peak, ranges=RANGES, sampler=sampler)) == result
    assert set(result["importance"]) == {"x", "how"}


def test_grids_end_when_all_is_tried(peak):
    result = found(search(peak, ranges=["x=0.001..10:log", "how=badly,well"], sampler="grid:points=3", trials=50))
    assert result["config"]["trials"] == 6
    settings = [(trial["settings"]["x"], trial["settings"]["how"]) for trial in result["trials"][1:]]
    assert sorted(settings) == [(x, how) for x in (0.001, 0.1, 10.0) for how in ("badly", "well")]
    assert result["best"]["settings"] == {"x": 0.1, "how": "well"}


@pytest.mark.slow
@pytest.mark.parametrize("sampler", [pytest.param("tpe:startup=4", marks=pytest.mark.slow), "gp:startup=4"])
def test_processes_change_nothing(peak, sampler):
    given = {"ranges": RANGES, "sampler": sampler, "trials": 8, "batch": 4, "prune": "median:startup=2,warmup=1"}
    assert found(search(peak, **given), 2) == found(search(peak, **given), 1)


def test_trials_that_earn_little_end_early(peak):
    given = {"ranges": RANGES, "sampler": "random", "seeds": 2}
    whole = found(search(peak, **given))
    pruned = found(search(peak, **given, prune="median:startup=3,warmup=2"))
    states = {trial["number"]: trial["state"] for trial in pruned["trials"]}
    values = {trial["number"]: trial["value"] for trial in whole["trials"]}
    assert list(states.values())[:5] == ["finished"] * 5  # the first batch has none to be compared with
    ended = [number for number, state in states.items() if state == "pruned"]
    assert len(ended) >= 3
    assert np.mean([values[number] for number in ended]) < np.median(list(values.values()))
    assert pruned["best"] == whole["best"]
    shown = {trial["number"]: trial["slates"] for trial in pruned["trials"]}
    assert all(shown[number] < 1600 for number in ended)
    assert {shown[number] for number in states if number not in ended} == {1600}
    assert any("stopped early" in note for note in pruned["notes"])


def test_reports_add_up_over_the_runs():
    earned = np.array([[1.0, 2.0], [4.0, np.nan]])
    reports = as_reports(earned, [1.0, 2.0])
    assert reports[:3] == [1.0, 2.0, 4.0]
    assert np.isnan(reports[3])


def test_the_judgement_is_on_seeds_that_no_trial_met(peak):
    planned = search(
        peak,
        ranges=RANGES,
        sampler="grid:points=3",
        judge_worlds=[WORLD, OTHER, f"Shop-v0:{WORLD.partition(':')[2]}"],
        slates=7000,
    )
    config = planned.config
    assert (config["seeds"], config["judge_seeds"]) == ([0, 1], [2, 3, 4])
    result = found(planned)
    judgement = result["judgement"]
    assert judgement["claims"] == 3
    assert list(judgement["worlds"]) == ["ShopBandit-v0", "Shop-v0"]
    bandit, shop = judgement["worlds"].values()
    assert (bandit["metric"], shop["metric"]) == ("value", "value_per_episode")
    assert list(bandit["seeds"]) == [WORLD, OTHER]
    best = np.mean([each["best"] for each in bandit["seeds"].values()], axis=0)
    defaults = np.mean([each["defaults"] for each in bandit["seeds"].values()], axis=0)
    assert bandit["difference"]["mean"] == pytest.approx((best - defaults).mean())
    assert bandit["relative"]["mean"] == pytest.approx((best - defaults).mean() / defaults.mean())
    assert bandit["difference"]["low"] < bandit["difference"]["mean"] < bandit["difference"]["high"]
    shares = [each["relative"]["mean"] for each in (bandit, shop)]
    assert judgement["all"]["mean"] == pytest.approx(np.mean(shares))


def test_several_worlds_count_the_same(peak):
    result = found(search(peak, [WORLD, OTHER], ranges=RANGES, sampler="random", trials=4))
    first, *others = result["trials"]
    assert first["value"] == pytest.approx(1)
    for trial in others:
        shares = [np.mean(trial["values"][text]) / np.mean(first["values"][text]) for text in (WORLD, OTHER)]
        assert trial["value"] == pytest.approx(np.mean(shares))


def test_no_better_settings_leave_nothing_to_judge(peak):
    result = found(search(f"{peak},how=well", ranges=["x=5..10"], sampler="random", trials=3))
    assert result["best"]["number"] == 0
    assert result["judgement"] is None
    assert result["status"] == "finished"
    assert "nothing to compare" in result["notes"][0]


def test_trials_follow_launches_and_leave_out_retired_items(tmp_path):
    plan = tmp_path / "plan.json"
    plan.write_text('[{"step": 2, "launch": [11]}, {"step": 4, "retire": [1]}]')
    result = found(search("lin-ts", [f"{WORLD},schedule={plan}"], ranges=["alpha=0.1,0.5"], sampler="grid", trials=2))
    assert result["status"] == "finished"
    assert len(result["trials"]) == 3  # the defaults first
    assert all(trial["value"] > 0 for trial in result["trials"])


def test_scalarizers_are_searched_by_the_utility_of_their_defaults():
    result = found(
        search(
            "popularity", scalarizer="lagrangian:click>=0.2", ranges=["scalarizer.rate=0.5..50:log"], sampler="random", trials=4
        )
    )
    assert result["best"]["scalarizer"].startswith("lagrangian:click>=0.2")
    assert {trial["state"] for trial in result["trials"]} == {"finished"}


def test_trials_that_fail_fail_alone():
    with pytest.warns(RunsFailedWarning, match="runs failed"):
        result = found(search(f"{PEAK}:Fails", ranges=["x=0.01..100:log"], sampler="random", trials=10))
    states = {trial["state"] for trial in result["trials"]}
    assert states == {"finished", "failed"}
    assert result["status"] == "failed"
    assert "x is too large" in result["failed"][0]["error"]
    hopeless = search(f"{PEAK}:Fails:limit=0.001", ranges=["x=0.01..100:log"], sampler="random", trials=10)
    with pytest.raises(RunsFailedError, match="x is too large") as raised:
        hopeless.run(1)
    assert [trial["state"] for trial in raised.value.results["trials"]] == ["failed"] * 5  # nothing to compare with


@pytest.mark.slow
def test_a_search_that_was_stopped_goes_on_where_it_was(peak, tmp_path):
    given = {"ranges": RANGES, "sampler": "gp:startup=4", "trials": 10}
    whole = found(search(peak, **given))
    store = RunStore(tmp_path, None)
    shown = []

    def stop():
        return len(list(tmp_path.glob("trial*.run"))) >= 6

    part = found(search(peak, **given, kept=True), store=store, stop=stop, progress=shown.append)
    assert part["status"] == "interrupted"
    assert part["judgement"] is None
    kept = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.run")}
    assert len(kept) == 6
    resumed = found(search(peak, **given, kept=True), store=store)
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.run") if path.name in kept} == kept
    for result in (whole, resumed):
        result.pop("config")
    assert resumed == whole


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sampler": "bayes"}, "there is no sampler 'bayes'"),
        ({"sampler": "tpe:start=3"}, "sampler 'tpe' has no option 'start'. Did you mean 'startup'"),
        ({"sampler": "grid:points=1"}, "points is 1: expected a whole number from 2"),
        ({"prune": "mean"}, "there is no pruner 'mean'. Did you mean 'median'"),
        ({"prune": "percentile:percentile=0"}, "percentile is 0.0: expected a number above 0 to 100"),
        ({"trials": 0}, "trials is 0"),
        ({"worlds": []}, "worlds is empty"),
        ({"rank_by": "episode", "worlds": ["Shop-v0"]}, "to get enough complete episodes"),
    ],
)
def test_mistakes_are_told(arguments, message):
    with pytest.raises(ValueError, match=message):
        search("popularity", **arguments)


def test_without_optuna_the_message_names_the_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ImportError, match=r'pip install "slategym\[tune\]"'):
        search("popularity")


def test_random_and_bayesian_search_are_compared_on_the_same_trials(tmp_path, monkeypatch):
    monkeypatch.setattr(samplers_compared, "WORLD", WORLD)
    monkeypatch.setattr(samplers_compared, "OTHERS", ("tpe",))
    monkeypatch.setattr(samplers_compared, "RUN", {**samplers_compared.RUN, "slates": 200, "shoppers": 50, "trials": 5})
    results = samplers_compared.compare_samplers(tmp_path, {"popularity": ("prior=0.1..100:log",)}, searches=2)
    plain, tpe = results["popularity"]["random"], results["popularity"]["tpe"]
    assert all(len(each["found"]) == 2 and len(each["after"]) == 5 for each in (plain, tpe))
    assert plain["after"] == sorted(plain["after"])
    assert plain["after"][-1] == pytest.approx(plain["mean"])
    assert tpe["difference"]["mean"] == pytest.approx(np.mean(np.subtract(tpe["found"], plain["found"])))
