"""Evolutionary agents: what they find, how individuals are compared, what they say of their choices."""

import sys
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chi2
from tests.agents.adapters.peers import SEARCHERS
from tests.agents.tiny import BEST_FOR_ALL, BEST_OF_KIND, MOST_CONVERTED, learned, step, two_kinds

from slategym.agents.base import Agent, Problem
from slategym.agents.registry import check_name, make_agent
from slategym.agents.scalarizers import NashWelfare
from slategym.agents.scalarizers.base import FixedSum
from slategym.sim.feedback import DelayedConversions, Feedback
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world

pytest.importorskip("pymoo", reason="pymoo comes with pip install 'slategym[mo]'")
from slategym.agents.evolution.fitness import Fitness
from slategym.agents.evolution.genomes import SlateEncoding

CLICKS, CONVERSIONS = (1.0, 0.0), (0.0, 1.0)
SMALL = {"population": 4, "generations": 3, "slates_per_individual": 20}
FOR_SLATES = {"search": "slates", "population": 20, "slates_per_individual": 200}


def held_best(agent, simulation):
    """The slates held best for shoppers of the first and of the second kind."""
    slates = agent.best(simulation.observe())
    return [np.unique(slates[simulation.shoppers.kind == each], axis=0).tolist() for each in (0, 1)]


# ---- what they find


@pytest.mark.quick("nsga2")
@pytest.mark.parametrize("name", SEARCHERS)
def test_weights_of_a_model_that_knows_the_shopper(name):
    agent, simulation = learned(name, two_kinds(), CLICKS, 20_000, slates_per_individual=60)
    assert not agent.searching
    assert held_best(agent, simulation) == [[slate] for slate in BEST_OF_KIND.tolist()]


def share_of_best(agent, simulation, weights, best):
    """What the slates held best earn, as a share of what the best slate earns that is the same for everybody."""
    world, observation = simulation.world, simulation.observe()

    def value_of(slates):
        return (world.expected(simulation.shoppers, slates) @ weights).mean()

    return value_of(agent.best(observation)) / value_of(np.tile(best, (len(observation), 1)))


# Over 200 slates, and those of the generations before, the mean clicks of a slate are known to about 5 %.
@pytest.mark.quick("conversions-*")
@pytest.mark.parametrize("name", SEARCHERS)
@pytest.mark.parametrize(
    ("weights", "best"), [(CLICKS, BEST_FOR_ALL), (CONVERSIONS, MOST_CONVERTED)], ids=["clicks", "conversions"]
)
def test_the_slate_that_is_best_for_all(name, weights, best):
    agent, simulation = learned(name, two_kinds(), weights, 100_000, rows=500, **FOR_SLATES)
    assert not agent.searching
    assert share_of_best(agent, simulation, weights, best) > 0.9


@pytest.mark.quick("*-slates")
@pytest.mark.parametrize("search", ["weights", "slates"])
@pytest.mark.parametrize("name", SEARCHERS)
def test_purchases_that_all_become_known_late(name, search):
    world = two_kinds(delay_by=2, visits=1000)
    agent, simulation = learned(name, world, CONVERSIONS, 100_000, rows=500, **FOR_SLATES | {"search": search})
    assert not agent.searching
    assert share_of_best(agent, simulation, CONVERSIONS, MOST_CONVERTED) > 0.9


def test_nsga2_holds_a_front_and_serves_what_is_asked_for():
    """The weights of the search have no say in it: every objective counts."""
    agent, simulation = learned("nsga2", two_kinds(), CLICKS, 20_000, slates_per_individual=60)
    _, value = agent.front
    # The best for clicks earns (1.17, 0), the best for conversions (.32, .24); over 60 slates a mean is off by .1 and .06.
    assert value[:, 0].max() > 0.9
    assert value[:, 1].max() > 0.17
    assert len(value) >= 3
    assert not (value[:, None] < value).all(axis=2).any(), "nobody is dominated"
    assert held_best(agent.with_weights(CONVERSIONS), simulation) == [[MOST_CONVERTED.tolist()]] * 2
    assert held_best(agent.with_weights(CLICKS), simulation) == [[slate] for slate in BEST_OF_KIND.tolist()]


def test_the_front_serves_a_mixture_where_the_weights_move():
    """Nash welfare: neither end of the front: both in turn, or a point between them."""
    agent, simulation = learned("nsga2", two_kinds(), CLICKS, 20_000, slates_per_individual=60)
    agent.scalarizer, agent.value, agent.averaged = NashWelfare((1, 1), (0, 0)), np.array([0.6, 0.15]), 1000
    rewards = np.concatenate([step(agent, simulation)[2].objectives for _ in range(100)]).mean(axis=0)
    # Clicks alone earn (1.17, 0) and conversions alone (.32, .24): a product of .077 at the better end. Half of each has .089.
    assert rewards.prod() > 0.085, rewards


def test_a_swarm_looks_for_the_utility():
    """Of one slate for everybody, the product of clicks and conversions is highest for items 6 and 4: .56 x .18."""
    simulation = Simulation(two_kinds(), 0, 500)
    agent = make_agent("pso", simulation, 0, NashWelfare((1, 1), (0, 0)), **FOR_SLATES)
    for _ in range(200):
        step(agent, simulation)
    assert not agent.searching
    shoppers = simulation.world.shoppers(3, np.arange(2000))
    clicks, converted = simulation.world.expected(
        shoppers,
        np.tile(
            agent.encoding.decide(
                simulation.observe()[:1], agent.genomes, np.array([agent.costs(agent.fitness.value)[:, 0].argmin()]), False
            ).slate,
            (2000, 1),
        ),
    ).mean(axis=0)
    # The next best is items 6 and 5 with .50 x .18, the best for conversions alone .32 x .24.
    assert clicks * converted > 0.085, (clicks, converted)


def test_after_the_search_the_chosen_one_serves_and_is_still_evaluated():
    agent, simulation = learned("nsga2", two_kinds(), (1.0, 10.0), 5_000, search="slates", **SMALL)
    assert not agent.searching
    assert len(agent.genomes) == SMALL["population"]
    before, chosen = agent.fitness.shown.copy(), agent.chosen
    slates = step(agent, simulation)[1].slate
    assert (slates == slates[0]).all()
    assert (agent.fitness.shown - before).tolist() == [100 * (each == chosen) for each in range(4)]


# ---- how they are compared


def feedback(objectives, delayed=None):
    return Feedback.of(np.zeros((len(objectives), 2)), objectives=objectives, delayed=delayed)


def fitness(individuals, delay_by=0):
    result = Fitness(Problem.of(two_kinds(delay_by, visits=10)), np.random.Generator(np.random.Philox(0)))
    result.begin(np.arange(individuals), np.zeros((individuals, 2)), np.zeros(individuals))
    return result


@pytest.mark.parametrize("rows", [1, 3, 10, 12])
def test_everybody_serves_every_row_once_in_as_many_steps_as_there_are_individuals(rows):
    count = 5
    them = fitness(count)
    orders = []
    for _ in range(3):
        served = np.array([them.assign(rows) for _ in range(count)])
        assert np.sort(served, axis=0).T.tolist() == [list(range(count))] * rows
        for step_ in served:
            shares = np.bincount(step_, minlength=count)
            assert shares.max() - shares.min() <= 1
        orders.append(served[:, 0].tolist())
    assert len({tuple(np.roll(order, -order.index(0))) for order in orders}) > 1, "they were shuffled"


def test_credit_goes_to_whoever_served():
    them = fitness(2)
    them.credit(np.array([0, 1, 1]), feedback([[1, 0], [2, 1], [4, 0]]))
    assert (them.total.tolist(), them.shown.tolist()) == ([[1, 0], [6, 1]], [1, 2])
    them.credit(None, feedback([[9, 9]]))
    assert them.completed.tolist() == [1, 2]
    np.testing.assert_array_equal(them.value, [[1, 0], [3, 0.5]])


def test_late_arrivals_go_to_whoever_was_shown_then():
    them = fitness(2, delay_by=2)
    arrival = DelayedConversions(*(np.array([each]) for each in (0, 2, 0, 6)), np.array([1], np.float32))
    them.credit(np.array([0]), feedback([[1, 0]]))
    them.credit(np.array([1]), feedback([[2, 0]]))
    assert them.shown.tolist() == [0, 0], "nothing is settled yet"
    them.credit(np.array([1]), feedback([[4, 1]], arrival))  # the conversion is of two steps ago
    assert (them.total.tolist(), them.shown.tolist()) == ([[1, 1], [0, 0]], [1, 0])
    them.begin(np.array([1, 5]), np.array([[10, 0], [0, 0]]), np.array([5, 0]))  # 0 has gone, 1 has survived with what it had
    for _ in range(2):
        them.credit(np.array([1]), feedback([[0, 0]]))
    assert (them.total.tolist(), them.shown.tolist(), them.completed.tolist()) == ([[16, 0], [0, 0]], [7, 0], [2, 0])


def test_parents_are_evaluated_again_and_earlier_results_count_less():
    agent, simulation = learned("nsga2", two_kinds(), CLICKS, 100, search="slates", **SMALL)
    assert len(agent.genomes) == 8
    carried = agent.fitness.shown[agent.fitness.shown > 0]
    assert carried.tolist() == [25 / 2] * 4
    step(agent, simulation)
    assert agent.fitness.shown.min() >= 100 // 8


def test_slates_of_another_agent_credit_nobody():
    simulation = Simulation(two_kinds(), 0, 100)
    other, agent = make_agent("random", simulation), make_agent("nsga2", simulation, **SMALL)
    for _ in range(5):
        observation, decision, answer = step(other, simulation)
        agent.update(observation, decision, answer)
    assert agent.fitness.shown.sum() == 0
    assert agent.encoding.sampler.slates == 500


# ---- what they say of their choices


def test_propensities_of_slates_are_their_shares():
    agent, _ = learned(
        "nsga2", two_kinds(), CLICKS, 3_000, rows=10, search="slates", population=16, generations=100, slates_per_individual=5
    )
    observation = np.tile(Simulation(two_kinds(), 5, 1).observe(), (4_000, 1))
    for decide in (agent.act, agent.choose):
        decision = decide(observation)
        joint = decision.propensity.astype(float).prod(axis=1)
        kinds, index, count = np.unique(decision.slate, axis=0, return_inverse=True, return_counts=True)
        expected = np.array([joint[index.ravel() == kind].mean() for kind in range(len(kinds))])
        assert len(kinds) > 3
        assert expected.sum() == pytest.approx(1, abs=1e-5)
        statistic = ((count - 4_000 * expected) ** 2 / (4_000 * expected)).sum()
        assert statistic < chi2.ppf(1 - 1e-4, len(kinds) - 1)


@pytest.mark.parametrize("name", SEARCHERS)
def test_slates_are_the_seeds_and_a_saved_agent_goes_on(name, tmp_path):
    world = make_world("Shop-v0", items=40, visits=6)

    def start(seed):
        simulation = Simulation(world, 1, 24)
        return make_agent(
            name, simulation, seed, search="slates", population=4, generations=4, slates_per_individual=5
        ), simulation

    runs = [np.stack([step(*each)[1].slate for _ in range(60)]) for each in (start(3), start(3), start(4))]
    assert (runs[0] == runs[1]).all()
    assert (runs[0] != runs[2]).any()
    agent, simulation = start(3)
    for _ in range(30):
        step(agent, simulation)
    agent.save(tmp_path / "agent")
    loaded = Agent.load(tmp_path / "agent", simulation.world, trust=True)
    for _ in range(30):
        observation = simulation.observe()
        decision, again = agent.act(observation), loaded.act(observation)
        assert decision.slate.tolist() == again.slate.tolist()
        answer = simulation.show(decision.slate)
        agent.update(observation, decision, answer)
        loaded.update(observation, again, answer)
        simulation.restart(answer.terminated | answer.truncated)
    assert not agent.searching
    assert loaded.fitness.total.tolist() == agent.fitness.total.tolist()


@pytest.mark.parametrize("features", [2, 8])
def test_genomes_of_slates(features):
    """As a direction in the features, or where those are as many as items by the items' own scores."""
    problem = Problem.of(two_kinds())
    problem = replace(problem, features=problem.features[:, :features])
    encoding = SlateEncoding(problem)
    assert (encoding.size, encoding.by_item) == (features, features == 8)
    genome = np.linspace(-0.5, 0.5, features)[None] ** 3
    slate = encoding.decide(np.zeros((3, problem.layout.size), np.float32), genome, np.zeros(3, int), False).slate
    best = np.argsort(-(genome[0] @ problem.features.T.astype(float)), kind="stable")[:2]
    assert slate.tolist() == [best.tolist()] * 3


@pytest.mark.parametrize("name", SEARCHERS)
def test_other_objectives_and_one_alone(name):
    for objectives in (("profit",), ("retention", "diversity", "profit", "click")):
        world = make_world("Shop-v0", items=12, categories=4, slate_size=3, objectives=objectives)
        simulation = Simulation(world, 1, 40)
        for search in ("weights", "slates"):
            agent = make_agent(name, simulation, 0, FixedSum(np.ones(len(objectives))), search=search, **SMALL)
            for _ in range(30):
                step(agent, simulation)
            assert agent.front[1].shape[1] == len(objectives)


@pytest.mark.parametrize(
    ("name", "option", "value"),
    [
        ("nsga2", "search", "weight"),
        ("nsga2", "population", 3),
        ("nsga2", "generations", 0),
        ("nsga2", "slates_per_individual", 2.5),
        ("nsga2", "carry_over", 1.5),
        ("nsga2", "crossover", -0.1),
        ("nsga2", "mutation", 2),
        ("pso", "inertia", -1),
        ("pso", "social", np.inf),
    ],
)
def test_options_are_checked(name, option, value):
    with pytest.raises(ValueError, match=f"{option} is {value!r}: expected"):
        make_agent(name, Simulation(two_kinds(), 0, 2), **{option: value})


def test_without_pymoo_the_command_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pymoo", None)
    for name in ("nsga2", "pso"):
        with pytest.raises(ImportError, match=r'comes with pip install "slategym\[mo\]"'):
            check_name(name)
