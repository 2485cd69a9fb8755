"""A sweep of weights: what is compared, on which shoppers, and its page."""

import json
import runpy
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from tests.bench.fronts.brute_force import arms
from tests.bench.reports.browser import Browser, find

from slategym.bench.reports.sweeps.page import headline, page, write_page
from slategym.bench.sweeps.jobs import FrontJob, LearnJob, last_steps
from slategym.bench.sweeps.sweep import pareto, plan, sweep_weights
from slategym.sim.worlds import make_world

pytest.importorskip("moocore", reason="moocore comes with pip install 'slategym[mo]'")

pytestmark = pytest.mark.xdist_group("pareto")  # one worker, so that the sweeps are run once

SMALL = {"items": 60, "categories": 6, "visits": 4}
RUN = {"slates": 3000, "shoppers": 100, "processes": 1}
GOALS = ("nash", "chebyshev")


def shop(name="ShopBandit-v0", **options):
    return make_world(name, **SMALL, **options)


@cache
def swept(objectives=("click", "conversion"), agents=("random", "lin-ts", "oracle")):
    return pareto(shop(objectives=objectives), agents, seeds=2, points=5, scalarizers=GOALS, **RUN)


def means(result, agent):
    return np.array([[each["mean"] for each in point["value"]] for point in result["agents"][agent]["points"]])


def quiet(slates):
    """Progress that nobody reads."""


def never():
    return False


# What is compared


@pytest.mark.quick("objectives0")
@pytest.mark.parametrize("objectives", [("click", "conversion"), ("click", "conversion", "profit")])
def test_the_oracle_has_the_best_that_so_many_points_can_have(objectives):
    result = swept(objectives)
    for name in ("hypervolume_share", "expected_utility", "igd", "igd_plus", "covered"):
        assert result["agents"]["oracle"][name] == pytest.approx(result["best"][name], rel=1e-6)
    best, random, learned = result["best"], result["agents"]["random"], result["agents"]["lin-ts"]
    assert 0.5 < best["hypervolume_share"]["mean"] < 1
    assert random["hypervolume_share"]["mean"] < learned["hypervolume_share"]["mean"] < best["hypervolume_share"]["mean"]
    assert random["igd_plus"]["mean"] > learned["igd_plus"]["mean"] > best["igd_plus"]["mean"]
    assert random["covered"]["mean"] == 0 < best["covered"]["mean"]
    assert json.loads(json.dumps(result, allow_nan=False)) == result


@pytest.mark.slow
def test_what_follows_a_utility_with_the_oracle_s_slates_ends_at_its_best_mixture():
    rows = {(row["agent"], row["scalarizer"]): row for row in swept()["adaptive"]}
    for goal in GOALS:
        row = rows["oracle", goal]
        assert row["gap"] < 1e-6
        # 3,000 slates have some hundreds of conversions, so the weights at the running mean are off by some percent.
        assert -1e-6 < row["regret"]["mean"] < 0.05
        np.testing.assert_allclose([each["mean"] for each in row["value"]], row["optimal_value"], rtol=0.15)
        assert row["regret"]["mean"] < rows["lin-ts", goal]["regret"]["mean"] < rows["random", goal]["regret"]["mean"]
        path = row["path"]
        assert path["slates"][-1] == RUN["slates"]
        assert len(path["slates"]) == len(path["value"]) == len(path["weights"])
        np.testing.assert_allclose(np.abs(path["weights"]).sum(axis=1), 1)


@pytest.mark.slow
def test_nothing_that_is_shown_lies_beyond_the_front_of_the_same_shoppers():
    world = shop()
    weights = sweep_weights(world, 3)
    exact = FrontJob(world=world, seed=7, slates=3050, shoppers=100, sweep=weights, goals=(), precision=1e-4).run(quiet, never)
    assert len(exact.front.reach.shoppers) == 100 * (last_steps(31) - 1) + 50
    for agent in ("random", "popularity", "lin-ts", "oracle"):
        for number, each in enumerate(weights):
            learned = LearnJob(world=world, name=agent, seed=7, slates=3050, shoppers=100, weights=each).run(quiet, never)
            assert exact.front.beyond(learned.value) < 1e-6
            np.testing.assert_allclose(learned.best, exact.at[number], rtol=1e-6)  # the same shoppers
            if agent == "oracle":
                np.testing.assert_allclose(learned.value, exact.at[number], rtol=1e-6)
    assert "Shoppers change" not in " ".join(swept()["notes"])


def test_the_weights_of_a_sweep_are_even_in_ranges():
    world = arms()  # ranges .06 and .02
    weights = np.array(sweep_weights(world, 5)) * [0.06, 0.02]
    np.testing.assert_allclose(weights[:, 0] / weights.sum(axis=1), [0, 0.25, 0.5, 0.75, 1], atol=2e-4)
    assert (weights > 0).all()
    assert len(sweep_weights(shop(objectives=("click", "conversion", "profit")), 7)) == 10  # the next lattice


def test_a_conditioned_policy_runs_once_and_is_asked_for_every_mix():
    world = shop()
    weights = sweep_weights(world, 4)
    learned = LearnJob(world=world, name="conditioned-policy-gradient", seed=0, slates=1000, shoppers=100, ask=weights).run(
        quiet, never
    )
    assert learned.asked.shape == (4, 2)
    result = pareto(world, ("conditioned-policy-gradient",), 1000, 1, points=4, scalarizers=GOALS, shoppers=100, processes=1)
    assert result["runs"] == {"finished": 2, "asked": 2}
    np.testing.assert_allclose(means(result, "conditioned-policy-gradient"), learned.asked)
    assert result["adaptive"] == []
    assert result["agents"]["conditioned-policy-gradient"]["igd"]["low"] is None
    assert "There are no intervals, because there is only one seed." in result["notes"]


def test_where_shoppers_change_the_notes_say_so():
    result = pareto(shop("Shop-v0"), ("lin-ts",), 4000, 1, points=2, scalarizers=(), shoppers=100, processes=1)
    assert any(note.startswith("Shoppers change with the slates that they are shown") for note in result["notes"])


def test_a_constraint_that_no_mixture_of_a_seed_meets_is_left_out_and_named(monkeypatch):
    from slategym.bench.sweeps import jobs as pareto_jobs

    def refused(reach, goal):
        raise ValueError("no mixture of slates has it")

    monkeypatch.setattr(pareto_jobs, "optimum", refused)
    result = pareto(shop(), ("random",), 300, 1, points=2, scalarizers=("nash",), shoppers=100, processes=1)
    assert result["adaptive"] == []
    assert "Seed 0 is left out for nash: no mixture of slates meets it for these shoppers." in result["notes"]


# How it runs


@pytest.mark.slow
def test_the_numbers_do_not_depend_on_the_number_of_processes():
    world = shop()
    runs = [
        pareto(world, ("random", "lin-ts"), 500, 2, points=2, scalarizers=("nash",), shoppers=100, processes=processes)
        for processes in (1, 2)
    ]
    assert runs[0] == runs[1]


def test_a_sweep_that_is_stopped_keeps_what_is_whole():
    shown = []
    asked = plan(shop(), ("random", "lin-ts"), 200, 2, points=3, scalarizers=(), shoppers=100).size
    assert asked == 2 * (1 + 3 + 3)
    result = pareto(
        shop(),
        ("random", "lin-ts"),
        200,
        2,
        points=3,
        scalarizers=(),
        shoppers=100,
        processes=1,
        progress=shown.append,
        stop=lambda: bool(shown) and shown[-1] >= 200 * 6,  # both fronts, random's three points of the first seed, one of lin-ts
    )
    assert result["status"] == "interrupted"
    assert result["runs"] == {"finished": 6, "asked": asked}
    assert set(result["agents"]) == {"random"}
    assert result["agents"]["random"]["seeds"]["seed"] == [0]
    assert result["notes"][0].startswith("Interrupted: 6 of 14 runs finished")
    nothing = pareto(shop(), ("random",), 200, 1, points=2, scalarizers=(), shoppers=100, processes=1, stop=lambda: True)
    assert (nothing["front"], nothing["agents"], nothing["status"]) == (None, {}, "interrupted")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"points": 1}, "points is 1: expected a whole number from 2 to 10,000"),
        ({"agents": ("random", "random")}, "expected each only once"),
        ({"seeds": []}, "expected at least one of both"),
        ({"scalarizers": ("nsh",)}, "nash"),
        ({"precision": 0.0}, "precision is 0.0"),
    ],
)
def test_mistakes_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        pareto(arms(), **{"agents": ("random",), "slates": 10, "seeds": 1, "processes": 1, **arguments})


# The page


@pytest.mark.slow
def test_the_headline_says_who_comes_nearest():
    result = swept()
    assert headline(result).startswith("oracle comes closest to the front: ")
    assert headline({"agents": {}, "front": None}) == "No agent finished its sweep"
    gap = {"a": "oracle", "b": "lin-ts", "difference": {"mean": 0.1, "low": -0.1, "high": 0.3}}
    assert headline({**result, "pairs": [gap]}) == "No significant winner: oracle and lin-ts come closest to the front"


def test_agents_are_compared_on_the_same_seeds():
    result = swept()
    assert [(pair["a"], pair["b"]) for pair in result["pairs"]] == [
        ("oracle", "lin-ts"),
        ("oracle", "random"),
        ("lin-ts", "random"),
    ]
    for pair in result["pairs"]:
        one, other = (result["agents"][pair[side]]["seeds"]["hypervolume_share"] for side in "ab")
        assert pair["difference"]["mean"] == pytest.approx(np.subtract(one, other).mean())
        assert pair["probability_a_better"] == 1.0


@pytest.mark.quick("two objectives")
@pytest.mark.skipif(find() is None, reason="no Chromium or Chrome on this machine")
@pytest.mark.parametrize(
    ("result", "plots"),
    [
        (lambda: swept(), ["front-0-1", "weights-0"]),
        pytest.param(
            lambda: swept(("click", "conversion", "profit")),
            ["front-0-1", "front-0-2", "front-1-2", "weights-0", "weights-1"],
            marks=pytest.mark.slow,
        ),
        (
            lambda: pareto(arms(), ("random",), 100, 1, points=2, scalarizers=(), shoppers=50, processes=1),
            ["front-0-1"],
        ),
    ],
    ids=["two objectives", "three", "one seed"],
)
def test_the_page_draws_every_trace(tmp_path, result, plots):
    path = tmp_path / "pareto.html"
    write_page(json.loads(json.dumps(result())), path)
    browser = Browser(tmp_path / "profile")
    try:
        for width, dark in ((1400, False), (390, True)):
            browser.screen(width, 900, dark)
            browser.open(path)
            assert browser.errors == []
            assert browser.requests == [path.as_uri()]
            drawn = browser.evaluate(
                "[...document.querySelectorAll('div.plot')].map(plot => [plot.id, plot.data.length, "
                "[...plot.querySelectorAll('.scatterlayer .trace')].filter(trace => trace.querySelector('path')).length])"
            )
            assert [id_ for id_, _, _ in drawn] == plots
            assert all(asked == seen > 0 for _, asked, seen in drawn)
            # No wider than the screen, and no column of the tables narrowed to a letter.
            assert browser.evaluate("document.documentElement.scrollWidth") <= width
            assert (
                browser.evaluate("Math.max(...[...document.querySelectorAll('.sweep tbody th')].map(e => e.offsetHeight))") < 80
            )
    finally:
        browser.close()


def test_names_cannot_break_the_page():
    result = json.loads(json.dumps(swept()))
    hostile = "</script><img src=x onerror=alert(1)>"
    result["config"]["agents"] = [hostile if name == "lin-ts" else name for name in result["config"]["agents"]]
    result["agents"][hostile] = result["agents"].pop("lin-ts")
    for row in result["adaptive"]:
        row["agent"] = hostile if row["agent"] == "lin-ts" else row["agent"]
    assert "<img" not in page(result)


def test_the_table_of_the_docs_is_made_of_a_sweep():
    docs = Path(__file__).parents[3] / "docs"
    made = runpy.run_path(str(docs / "directions.py"))
    result = swept()
    text = made["write"]((docs / "several-gradients.md").read_text(encoding="utf-8"), result)
    rows = {row.split("`")[1]: row for row in text.splitlines() if row.startswith(("| `random`", "| `lin-ts`", "| `oracle`"))}
    assert set(rows) == {"random", "lin-ts", "oracle"}
    cells = [cell.strip() for cell in rows["oracle"].split("|")[1:-1]]
    assert cells[1].startswith(f"{100 * result['agents']['oracle']['hypervolume_share']['mean']:.1f} (")
    paired = next(pair for pair in result["pairs"] if (pair["a"], pair["b"]) == ("oracle", "random"))
    assert cells[2].startswith(f"+{100 * paired['difference']['mean']:.1f} (+")
    regret = {row["agent"]: row["regret"]["mean"] for row in result["adaptive"] if row["scalarizer"] == "nash"}
    assert cells[3].startswith(f"{regret['oracle']:.3f}".replace("-", "−"))
    assert cells[4].startswith(f"{regret['oracle'] - regret['random']:+.3f}".replace("-", "−"))
    assert rows["random"].count("| |") + rows["random"].count("|  |") == 3
