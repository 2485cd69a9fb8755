"""Runs in worlds that change: growth of agents, resumption, the oracle, and the cold start of launched items."""

import json
from dataclasses import replace

import numpy as np
import pytest

from slategym.agents import AGENTS, Agent, Decision
from slategym.bench import audit, compare, pareto, read_log, run
from slategym.bench.comparison.metrics import summary
from slategym.bench.execution.cold_start import FIRST, value_by_rank
from slategym.bench.execution.episodes import stagger
from slategym.bench.execution.log_writer import LogWriter
from slategym.bench.jobs.checkpoints import Checkpoints
from slategym.bench.statistics import Estimate
from slategym.sim import ItemChange, Launch, Retire, Simulation, make_world

SMALL = {"items": 60, "categories": 6, "slate_size": 3}
LAUNCH = Launch(5, range(50, 60))
GROWING = ("random", "popularity", "epsilon-greedy", "lin-ucb", "lin-ts", "lin-epsilon-greedy", "logistic-ts", "policy-gradient")


def columns(trace):
    return [trace.objectives, trace.expected, trace.best, trace.impressions]


@pytest.mark.parametrize("agent", [*GROWING, "oracle"])
def test_before_a_change_a_run_is_that_of_the_world_without(agent):
    """And after a launch the agents know of the new items, and show some."""
    plain = make_world("Shop-v0", items=50, categories=6, slate_size=3)
    world = make_world("Shop-v0", **SMALL, schedule=[LAUNCH])
    # Where prices are compared with those of the whole catalogue, more items are another scale: of one price there is none.
    same = [replace(each, catalog=replace(each.catalog, price=np.full(each.catalog.size, 20.0))) for each in (plain, world)]
    before, after = (run(each, agent, 2000, 3, shoppers=100, exact="every") for each in same)
    np.testing.assert_array_equal(before.objectives[:5], after.objectives[:5])
    np.testing.assert_array_equal(before.expected[:5], after.expected[:5])
    np.testing.assert_allclose(before.best[:5], after.best[:5], rtol=1e-6)
    assert not np.array_equal(before.expected[6:], after.expected[6:])
    assert after.impressions[50:].sum() > 0
    assert after.cold_start is not None
    np.testing.assert_array_equal(after.cold_start.impressions, np.minimum(after.impressions[50:], FIRST))


def test_the_oracle_follows_the_change():
    world = make_world("ShopBandit-v0", change_at=6, items=60)
    trace = run(world, "oracle", 1200, 0, shoppers=100, exact="every")
    np.testing.assert_array_equal(trace.expected, trace.best)
    changed = run(world.at(6), "oracle", 1200, 0, shoppers=100, exact="every")
    plain = run(replace(world, schedule=()), "oracle", 1200, 0, shoppers=100, exact="every")
    np.testing.assert_array_equal(trace.best[:6], plain.best[:6])
    np.testing.assert_array_equal(trace.best[6:], changed.best[6:])  # nothing that is shown changes these shoppers


@pytest.mark.quick("lin-ts")
@pytest.mark.parametrize("agent", ["lin-ts", "logistic-ts", "policy-gradient", "epsilon-greedy"])
def test_a_run_resumes_across_changes(agent, tmp_path):
    appeal = np.linspace(1, -1, 60)
    world = make_world("Shop-v0", **SMALL, schedule=[LAUNCH, ItemChange(8, appeal=appeal)])
    whole = run(world, agent, 1500, 1, shoppers=100)
    for stops in ((4, 5), (5, 9), (7, 8)):
        folder = tmp_path / "-".join(map(str, stops))
        folder.mkdir()
        left = iter((*stops, 99))
        trace, limit = None, 0
        while trace is None or not trace.finished:
            limit, seen = next(left), []
            checkpoints = Checkpoints(folder, "run", "x", every=0)
            trace = run(
                world,
                agent,
                1500,
                1,
                shoppers=100,
                checkpoints=checkpoints,
                progress=seen.append,
                stop=lambda seen=seen, limit=limit: bool(seen) and seen[-1] >= 100 * limit,
            )
            assert not checkpoints.refused
        for one, other in zip(columns(whole), columns(trace), strict=True):
            np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(whole.cold_start.regret, trace.cold_start.regret)
        np.testing.assert_array_equal(whole.cold_start.impressions, trace.cold_start.impressions)


class Fixed(Agent):
    """Shows the same items, other ones from a step on."""

    name = "fixed"
    later = (0, 50, 1)

    def __init__(self, problem, seed=0, scalarizer=None):
        super().__init__(problem, seed, scalarizer)
        self.slate = (0, 1, 2)

    def grow(self, problem):
        self.problem, self.slate = problem, self.later

    def choose(self, observation):
        slate = np.tile(np.array(self.slate), (len(observation), 1))
        return Decision(slate, np.ones(slate.shape, np.float32))


class FixedTwice(Fixed):
    later = (51, 50, 1)


@pytest.mark.parametrize("agent", [Fixed, FixedTwice])
def test_cold_start_by_hand(agent):
    world = make_world("ShopBandit-v0", **SMALL, schedule=[LAUNCH])
    trace = run(world, agent, 1000, 2, shoppers=40, exact="sampled")
    simulation, launched = Simulation(world, 2, 40), world.at(5)
    stagger(simulation.shoppers, world.visits)
    first, later = np.tile((0, 1, 2), (40, 1)), np.tile(agent.later, (40, 1))
    value, regret, counted = np.zeros(2), np.zeros(2), 0
    for step in range(8):
        if step >= 5:
            shoppers, catalog, rows = simulation.shoppers, launched.catalog, min(40, 100 - counted)
            best = launched.best_slate(shoppers, (1, 10))
            examined = 0.85 ** np.arange(3)  # the shop's click model
            earned = []
            for slate in (later, best):
                attraction = launched.user_model.attraction(shoppers, catalog, slate)
                conversion = launched.user_model.conversion(shoppers, catalog, slate)
                earned.append(examined * attraction * (1 + 10 * conversion))
            for place, item in enumerate((50, 51)):
                for rank in np.flatnonzero(later[0] == item):
                    value[place] += earned[0][:rows, rank].sum()
                    regret[place] += (earned[1] - earned[0])[:rows, rank].sum()
            counted += rows
        simulation.step(first if step < 5 else later)
    assert counted == FIRST
    shown = [50, 51] if agent is FixedTwice else [50]
    assert trace.cold_start.items.tolist() == list(range(50, 60))
    assert trace.cold_start.impressions.tolist() == [100 * (item in shown) for item in range(50, 60)]
    np.testing.assert_allclose(trace.cold_start.value[:2], value, rtol=1e-5)
    np.testing.assert_allclose(trace.cold_start.regret[:2], regret, rtol=1e-5)
    metrics = summary(trace, (1, 10))
    assert metrics["cold_start_regret"] == pytest.approx(regret.sum() / 10, rel=1e-5)
    assert metrics["cold_start_value"] == pytest.approx(value.sum() / 100 / len(shown), rel=1e-5)
    assert metrics["cold_start_impressions"] == 10 * len(shown)


@pytest.mark.parametrize("objectives", ["click,conversion", "click,diversity,novelty", "profit,click,retention"])
def test_the_values_of_the_ranks_add_up_to_that_of_the_slate(objectives):
    world = make_world("Shop-v0", **SMALL, objectives=objectives)
    shoppers = world.shoppers(0, np.arange(50))
    slate = np.random.default_rng(0).integers(60, size=(50, 3))
    weights = np.arange(1.0, 1 + len(world.objectives))
    ranks = value_by_rank(world, shoppers, slate, weights)
    np.testing.assert_allclose(ranks.sum(axis=1), world.expected(shoppers, slate) @ weights, rtol=1e-9)


def test_agents_that_cannot_grow_are_refused_before_the_run():
    world = make_world("ShopBandit-v0", **SMALL, schedule=[LAUNCH])

    class Still(Fixed):
        grow = Agent.grow

    with pytest.raises(ValueError, match="launches items, but fixed cannot add items"):
        run(world, Still, 1000)
    assert set(GROWING) <= set(AGENTS)


@pytest.mark.slow
def test_results_tell_of_the_cold_start():
    world = make_world("ShopBandit-v0", items=220, categories=10, schedule=[Launch(12, range(200, 220))])
    results = compare(world, ("logistic-ts", "epsilon-greedy"), 5000, 4, processes=1, shoppers=250)
    json.dumps(results, allow_nan=False)
    assert results["config"]["unfitted"] == "the fit needs a world that does not change"
    regret = {name: results["agents"][name]["seeds"]["cold_start_regret"] for name in results["agents"]}
    value = {name: results["agents"][name]["seeds"]["cold_start_value"] for name in results["agents"]}
    # Who knows what items look like loses less with new ones, and shows them to those who like them.
    assert Estimate.from_seeds(np.subtract(regret["epsilon-greedy"], regret["logistic-ts"])).low > 0
    assert Estimate.from_seeds(np.subtract(value["logistic-ts"], value["epsilon-greedy"])).low > 0
    (pair,) = results["cold_start"]["pairs"]
    assert (pair["a"], pair["b"]) == ("epsilon-greedy", "logistic-ts")
    assert pair["difference"] == pytest.approx(np.mean(np.subtract(regret["epsilon-greedy"], regret["logistic-ts"])))


@pytest.mark.parametrize("exact", ["off", "every"])
def test_exact_expectations_can_be_left_out(exact):
    world = make_world("ShopBandit-v0", **SMALL, schedule=[LAUNCH])
    trace = run(world, "random", 1000, shoppers=100, exact=exact)
    assert (trace.cold_start is None) is (exact == "off")


class Masked(Agent):
    """Random items among those that can be shown."""

    name = "masked"

    def __init__(self, problem, seed=0, scalarizer=None):
        super().__init__(problem, seed, scalarizer)
        self.masks = []

    def act(self, observation, allowed=None):
        self.masks.append(None if allowed is None else allowed.copy())
        items = np.arange(self.problem.items) if allowed is None else np.flatnonzero(allowed)
        slate = self.random.choice(items, (len(observation), self.problem.slate_size))
        return Decision(slate, np.full(slate.shape, np.nan, np.float32))

    def grow(self, problem):
        self.problem = problem


def test_agents_are_told_which_items_have_been_retired():
    world = make_world("ShopBandit-v0", **SMALL, schedule=[LAUNCH, Retire(7, [3, 55]), Retire(9, [4])])
    made = []

    def make(problem, seed, scalarizer):
        made.append(Masked(problem, seed, scalarizer))
        return made[-1]

    shown = [run(world, make, 100 * steps, 0, shoppers=100).impressions for steps in (7, 9, 12)]
    masks = made[-1].masks
    assert [mask is None for mask in masks] == [True] * 7 + [False] * 5
    assert [np.flatnonzero(~mask).tolist() for mask in masks[7:]] == [[3, 55]] * 2 + [[3, 4, 55]] * 3
    assert {len(mask) for mask in masks[7:]} == {60}
    assert shown[0][[3, 55]].tolist() == shown[1][[3, 55]].tolist() == shown[2][[3, 55]].tolist()
    assert shown[1][4] == shown[2][4] > 0
    run(world, "oracle", 1200, 0, shoppers=100)
    with pytest.raises(ValueError, match="retires items, but fixed cannot leave out items: expected an agent that defines"):
        run(world, Fixed, 1200, 0, shoppers=100)


@pytest.mark.parametrize("agent", [*GROWING, "logistic-ucb", "conditioned-policy-gradient", "oracle"])
def test_retired_items_are_never_shown(agent):
    world = make_world("ShopBandit-v0", **SMALL, schedule=[Launch(4, range(50, 60)), Retire(8, [3, 55])])
    before, after = (run(world, agent, slates, 0, shoppers=100, exact="off").impressions for slates in (800, 1500))
    assert after[[3, 55]].tolist() == before[[3, 55]].tolist()
    assert after.sum() == 4500


def test_a_change_comes_at_the_same_step_for_every_row_however_episodes_begin():
    """Staggered or not, all rows answer from step 4 on by the other appeal."""
    world = make_world("ShopBandit-v0", **SMALL, change_at=4, visits=6)
    for staggered in (True, False):
        traces = [run(each, "oracle", 800, 0, shoppers=100, exact="every", staggered=staggered) for each in (world, world.at(4))]
        assert not np.allclose(traces[0].best[:4], traces[1].best[:4])
        np.testing.assert_array_equal(traces[0].best[4:], traces[1].best[4:])


def test_what_is_of_one_world_refuses_a_schedule():
    world = make_world("ShopBandit-v0", **SMALL, change_at=4)
    with pytest.raises(ValueError, match="changes at step 4, and an audit needs a world that does not change"):
        audit(world)
    with pytest.raises(ValueError, match="changes at step 4, and a Pareto front needs a world that does not change"):
        pareto(world, ["random"])


def test_a_log_is_of_the_final_catalogue(tmp_path):
    world = make_world("ShopBandit-v0", **SMALL, schedule=[LAUNCH])
    with LogWriter(tmp_path / "log", world, {}) as log:
        run(world, "random", 800, 0, shoppers=100, log=log)
        log.close("finished")
    rows = read_log(tmp_path / "log")
    assert rows["slate"][rows["step"] < 5].max() == 49
    assert rows["slate"][rows["step"] >= 5].max() == 59
