"""What was made elsewhere: saved agents by their file, functions and networks that score items, learned shoppers, warm starts."""

from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest
from tests.agents.tiny import BEST_OF_KIND, learned, step, two_kinds

from slategym.agents.base import Problem
from slategym.agents.registry import agent_identity, check_name, is_custom, make_agent
from slategym.agents.saved.learned_shoppers import LearnedShoppers
from slategym.agents.saved.scored import by_scores
from slategym.agents.scalarizers.base import FixedSum
from slategym.bench.audits.audit import audit
from slategym.bench.audits.fidelity import fidelity
from slategym.bench.execution.runner import run
from slategym.bench.reports.audits.summary import summary_sentences
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world

CLICKS = (1.0, 0.0)
WORLD = make_world("Shop-v0", items=20, categories=4, slate_size=3)
SCORES = """
import numpy as np

def dear(observation, features):
    return np.tile(np.arange(20), (len(observation), 1))

def alone(observation):
    return np.tile(-np.arange(20.0), (len(observation), 1))

def flat(observation):
    return np.zeros(20)

def nothing():
    return 0

number = 3
"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A predictor that has learned two kinds of shoppers."""
    path = tmp_path_factory.mktemp("saved") / "mlp.agent"
    agent, _ = learned("predictor:mlp", two_kinds(), CLICKS, 8000, rows=200)
    agent.save(path)
    return path


@pytest.fixture
def scores(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(SCORES)
    return path


def best(name, seed=0):
    simulation = Simulation(two_kinds(), 5, 50)
    return make_agent(name, simulation, seed, FixedSum(CLICKS)).best(simulation.observe()), simulation.shoppers.kind


@pytest.mark.slow
def test_a_saved_agent_knows_what_it_learned(saved):
    slates, kind = best(str(saved))
    assert (np.sort(slates) == BEST_OF_KIND[kind]).mean() > 0.9
    assert is_custom(str(saved))
    assert agent_identity(str(saved))[1] == saved.read_bytes()


def test_its_run_is_one_of_its_own(saved):
    simulation = Simulation(two_kinds(), 5, 50)
    first, second, other = (make_agent(str(saved), simulation, seed) for seed in (3, 3, 4))
    assert first.slates == 0
    slates = [agent.act(np.repeat(simulation.observe(), 20, axis=0)).slate for agent in (first, second, other)]
    np.testing.assert_array_equal(slates[0], slates[1])
    assert (slates[0] != slates[2]).any()
    rewards = [run(two_kinds(), str(saved), 400, shoppers=50, seed=3).objectives for _ in range(2)]
    np.testing.assert_array_equal(*rewards)


@pytest.mark.slow
def test_it_learns_on_unless_told_not_to(saved):
    for options, learns in (("", True), (":learning=false", False)):
        simulation = Simulation(two_kinds(), 5, 50)
        agent = make_agent(f"{saved}{options}", simulation)
        before = agent.scores(simulation.observe())
        observation = simulation.observe()
        step(agent, simulation)
        assert (agent.scores(observation) != before).any() == learns
        assert agent.slates == 50


@pytest.mark.parametrize("name", ["lookahead:lin-ucb", "fusion:mean:agents=popularity+lin-ts", "predictor:gru:batch_size=50"])
def test_agents_of_several_parts_start_again_with_other_shoppers(name, tmp_path):
    simulation = Simulation(WORLD, 0, 20)
    agent = make_agent(name, simulation)
    for _ in range(6):
        step(agent, simulation)
    agent.save(tmp_path / "it.agent")
    fresh = Simulation(WORLD, 1, 20)
    one, two = (make_agent(str(tmp_path / "it.agent"), fresh, 7, agent.scalarizer) for _ in range(2))
    for _ in range(4):
        slate = one.act(fresh.observe()).slate
        np.testing.assert_array_equal(slate, two.act(fresh.observe()).slate)
        observation, decision, feedback = step(one, fresh)
        two.act(observation)  # as `one` has acted once more
        two.update(observation, decision, feedback)
        if name.startswith("fusion"):
            break
    if name == "predictor:gru:batch_size=50":
        assert make_agent(str(tmp_path / "it.agent"), fresh).clicked_last.events.size == 0


def test_what_is_no_such_file_is_refused(saved, tmp_path):
    (tmp_path / "bad.agent").write_text("no agent")
    simulation = Simulation(two_kinds(), 0, 5)
    for name, words in (
        (tmp_path / "none.agent", "there is no file"),
        (tmp_path / "bad.agent", "expected a file that slategym wrote"),
        (f"{saved}:depth=3", "no option 'depth'"),
    ):
        with pytest.raises(ValueError, match=words):
            make_agent(str(name), simulation)
    with pytest.raises(ValueError, match="was saved for another problem"):
        make_agent(str(saved), Simulation(WORLD, 0, 5))


def test_a_function_that_scores_is_an_agent(scores):
    simulation = Simulation(WORLD, 0, 5)
    agent = make_agent(f"scores:{scores}:dear", simulation)
    decision = agent.act(simulation.observe())
    assert decision.slate.tolist() == [[19, 18, 17]] * 5
    assert (decision.propensity == 1).all()
    assert make_agent(f"scores:{scores}:alone", simulation).best(simulation.observe()).tolist() == [[0, 1, 2]] * 5
    exploring = make_agent(f"scores:{scores}:alone:epsilon=0.5", simulation)
    assert (exploring.act(simulation.observe()).propensity < 1).all()
    named = run(WORLD, f"scores:{scores}:dear", 100, shoppers=10)
    called = run(WORLD, by_scores(lambda observation: np.tile(np.arange(20.0), (len(observation), 1))), 100, shoppers=10)
    np.testing.assert_array_equal(named.objectives, called.objectives)


def test_scores_keep_to_masks_and_candidates(scores):
    simulation = Simulation(WORLD, 0, 5)
    allowed = np.arange(20) < 6
    assert make_agent(f"scores:{scores}:dear", simulation).act(simulation.observe(), allowed).slate.tolist() == [[5, 4, 3]] * 5
    among = Simulation(make_world("Shop-v0", items=20, categories=4, slate_size=3, candidates=8), 0, 5)
    agent, observation = make_agent(f"scores:{scores}:dear", among), among.observe()
    items = np.take_along_axis(agent.problem.candidates_in(observation), agent.act(observation).slate, axis=1)
    expected = -np.sort(-agent.problem.candidates_in(observation), axis=1)[:, :3]
    np.testing.assert_array_equal(items, expected)


def test_functions_that_give_no_scores_are_refused(scores):
    simulation = Simulation(WORLD, 0, 5)
    for name, words in (
        (f"scores:{scores}:flat", r"returns float64 of shape \(20,\): expected numbers \(n, m\) = \(5, 20\)"),
        (f"scores:{scores}:nothing", "cannot be called with 1 or 2 arguments: expected a function of observations"),
        (f"scores:{scores}:number", "is a int: expected a function"),
        (f"scores:{scores}:none", "none"),
        ("scores:dear", "expected a file and a function in it, such as scores:my_file.py:score"),
    ):
        with pytest.raises(ValueError, match=words):
            make_agent(name, simulation).act(simulation.observe())
    nan = make_agent(by_scores(lambda observation: np.full((len(observation), 20), np.nan)), simulation)
    with pytest.raises(ValueError, match=r"returns scores\[0, 0\] = nan: expected a finite number"):
        nan.act(simulation.observe())


def test_a_saved_agent_answers_as_shoppers_do(saved):
    world = two_kinds()
    model = replace(world, user_model=LearnedShoppers(str(saved)).in_place_of(world))
    found = fidelity(model, world.user_model, shoppers=400, visits=1)
    assert found.correlation > 0.9
    assert abs(found.difference.mean) < 0.03
    simulation = Simulation(model, 0, 2000)
    slate = np.tile([[0, 2]], (2000, 1))
    expected = model.probabilities(simulation.shoppers, slate)[0].mean()
    clicks = simulation.show(slate).clicks.mean()
    assert clicks == pytest.approx(expected, abs=4 * np.sqrt(0.25 / 4000))


def test_learned_shoppers_of_the_shop(tmp_path):
    simulation = Simulation(WORLD, 0, 100)
    agent = make_agent("logistic-ts", simulation)
    for _ in range(10):
        step(agent, simulation)
    agent.save(tmp_path / "shoppers.agent")
    world = make_world(
        "Shop-v0", items=20, categories=4, slate_size=3, user_model=LearnedShoppers(str(tmp_path / "shoppers.agent"))
    )
    trace = run(world, "popularity", 400, shoppers=50)
    assert trace.objectives.sum() > 0
    observed = Simulation(world, 0, 30)
    found = agent.estimates(WORLD.observe(observed.shoppers))
    np.testing.assert_allclose(world.user_model.attraction(observed.shoppers, world.catalog, None), found.click, rtol=1e-5)
    simulation_agent = make_agent("random", simulation)
    simulation_agent.save(tmp_path / "random.agent")
    with pytest.raises(NotImplementedError, match="random does not estimate clicks and conversions"):
        make_world("Shop-v0", items=20, categories=4, slate_size=3, user_model=LearnedShoppers(str(tmp_path / "random.agent")))


@pytest.mark.parametrize("of_agent", [None, 8])
@pytest.mark.parametrize("of_world", [None, 6])
def test_learned_shoppers_with_candidates(of_agent, of_world, tmp_path):
    """The agent's and the world's candidates have nothing to do with each other: any item may be asked about."""
    shop = {"items": 20, "categories": 4, "slate_size": 3}
    simulation = Simulation(make_world("Shop-v0", **shop, candidates=of_agent), 0, 100)
    agent = make_agent("logistic-ts", simulation)
    for _ in range(6):
        step(agent, simulation)
    agent.save(tmp_path / "shoppers.agent")
    world = make_world("Shop-v0", **shop, candidates=of_world, user_model=LearnedShoppers(str(tmp_path / "shoppers.agent")))
    assert run(world, "popularity", 400, shoppers=50).objectives.sum() > 0
    shoppers = Simulation(world, 0, 30).shoppers
    click = world.user_model.attraction(shoppers, world.catalog, None)
    conversion = world.user_model.conversion(shoppers, world.catalog, np.tile([[19, 3, 7]], (30, 1)))
    assert click.shape == (30, 20)
    seen = make_world("Shop-v0", **shop).observe(shoppers)
    for items in ([0, 1, 2, 3, 4, 5, 6, 7], [19, 3, 7, 11, 8, 0, 2, 5]):
        columns = np.tile(np.array(items, np.float32), (30, 1))
        found = agent.estimates(seen if of_agent is None else np.concatenate([seen, columns], axis=1))
        places = items if of_agent is None else slice(None)
        np.testing.assert_allclose(click[:, items], found.click[:, places], rtol=1e-5)
    np.testing.assert_allclose(conversion, found.conversion[:, [19, 3, 7] if of_agent is None else [0, 1, 2]], rtol=1e-5)


def test_learned_shoppers_do_not_take_rows_for_those_that_the_agent_learned_from(tmp_path):
    simulation = Simulation(WORLD, 0, 60)
    agent = make_agent("recommender:item-knn", simulation)
    for _ in range(6):
        step(agent, simulation)
    agent.save(tmp_path / "shoppers.agent")
    world = make_world(
        "Shop-v0", items=20, categories=4, slate_size=3, user_model=LearnedShoppers(str(tmp_path / "shoppers.agent"))
    )
    click = world.user_model.attraction(Simulation(world, 1, 60).shoppers, world.catalog, None)
    assert (click == click[0]).all()  # nothing is known of them
    assert not (agent.estimates(simulation.observe()).click == click).all()


def test_a_warm_start_keeps_what_is_not_of_items(tmp_path):
    simulation = Simulation(WORLD, 0, 50)
    agent = make_agent("predictor:esmm", simulation)
    for _ in range(6):
        step(agent, simulation)
    agent.save(tmp_path / "esmm.agent")
    world = make_world("Shop-v0", items=30, categories=4, slate_size=3, catalog_seed=3)
    other = Simulation(world, 0, 50)
    warm = make_agent("predictor:esmm", other, warm=str(tmp_path / "esmm.agent"))
    ours, theirs = warm.networks.state_dict(), agent.networks.state_dict()
    for name in ours:
        assert (name == "0.encoder.item.weight") or np.array_equal(ours[name].numpy(), theirs[name].numpy())
    assert warm.normalizer.count == 300
    step(warm, other)
    for options, words in (
        ("predictor:mlp", "has network=esmm, members=1: expected network=mlp, members=1"),
        ("predictor:esmm:hidden=32", "the options hidden and width, must be the same"),
    ):
        with pytest.raises(ValueError, match=words):
            make_agent(options, other, warm=str(tmp_path / "esmm.agent"))
    with pytest.raises(ValueError, match="there is no file"):
        make_agent("predictor:esmm", other, warm="none.agent")
    make_agent("popularity", simulation).save(tmp_path / "popularity.agent")
    with pytest.raises(ValueError, match="holds a Popularity: expected a saved predictor"):
        make_agent("predictor:esmm", other, warm=str(tmp_path / "popularity.agent"))


def test_a_missing_extra_names_the_command(monkeypatch):
    if find_spec("onnxruntime") is not None:
        monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(ImportError, match=r"slategym\[onnx\]"):
        check_name("onnx:model.onnx")


@pytest.mark.onnx
def test_a_network_in_a_file_is_an_agent(tmp_path):
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper, numpy_helper

    problem = Problem.of(WORLD)
    weight = np.random.default_rng(0).normal(size=(WORLD.layout.size, problem.features.shape[1])).astype(np.float32)
    nodes = [
        helper.make_node("MatMul", ["observation", "weight"], ["wish"]),
        helper.make_node("Transpose", ["features"], ["items"], perm=[1, 0]),
        helper.make_node("MatMul", ["wish", "items"], ["scores"]),
    ]
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, columns])
        for name, columns in (("observation", WORLD.layout.size), ("features", problem.features.shape[1]))
    ]
    output = helper.make_tensor_value_info("scores", TensorProto.FLOAT, [None, None])
    graph = helper.make_graph(nodes, "shop", inputs, [output], [numpy_helper.from_array(weight, "weight")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, tmp_path / "model.onnx")
    simulation = Simulation(WORLD, 0, 40)
    agent, observation = make_agent(f"onnx:{tmp_path}/model.onnx", simulation), simulation.observe()
    np.testing.assert_allclose(agent.scores(observation), observation @ weight @ problem.features.T, rtol=1e-4, atol=1e-4)
    trace = run(WORLD, f"onnx:{tmp_path}/model.onnx:epsilon=0.1", 100, shoppers=10)
    assert trace.objectives.sum() > 0
    (tmp_path / "bad.onnx").write_bytes(b"nothing")
    with pytest.raises(ValueError, match="cannot be read by onnxruntime"):
        make_agent(f"onnx:{tmp_path}/bad.onnx", simulation)


def test_the_audit_says_how_near_learned_shoppers_come(saved):
    world = two_kinds()
    learned_world = replace(world, user_model=LearnedShoppers(str(saved)).in_place_of(world))
    found = audit(learned_world, shoppers=100, context_ceiling=False)
    assert found["fidelity"]["correlation"] > 0.9
    assert "These shoppers were learned from a log: on random slates they click" in summary_sentences(found)[0]
    assert audit(world, shoppers=20, context_ceiling=False)["fidelity"] is None
