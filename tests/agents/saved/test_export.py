"""Agents as ONNX files: the slates of the file are those of the agent."""

import json
from pathlib import Path
from runpy import run_path
from threading import Thread
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import numpy as np
import pytest

from slategym.agents import export_onnx, make_agent
from slategym.agents.scalarizers.base import FixedSum
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world

SHOP = make_world("Shop-v0", items=40, categories=4, slate_size=3)
CANDIDATES = make_world("Shop-v0", items=40, categories=4, slate_size=3, candidates=12)
MONEY = make_world("ShopBandit-v0", items=40, categories=4, slate_size=3, objectives=["click", "profit"])
CASES = [
    ("lin-ts", SHOP),
    ("lin-ucb:form=disjoint", SHOP),
    ("lin-epsilon-greedy:form=shared", MONEY),
    ("logistic-ts", SHOP),
    ("logistic-ucb", MONEY),
    ("policy-gradient", SHOP),
    ("conditioned-policy-gradient", MONEY),
    ("predictor:mlp", SHOP),
    ("predictor:mlp:exploration=ensemble,members=2", MONEY),
    *((f"predictor:{network}", SHOP) for network in ("logistic-regression", "factorisation-machine", "two-tower")),
    *((f"predictor:{network}", MONEY) for network in ("wide-and-deep", "esmm", "mmoe", "ple", "shared-bottom")),
    ("predictor:embedding-dot", SHOP),
    ("predictor:attribute-convolution", SHOP),
    ("lin-ts", CANDIDATES),
    ("predictor:mlp", CANDIDATES),
]


def learned(name, world, steps=5):
    simulation = Simulation(world, 0, 100)
    agent = make_agent(name, simulation, 0, FixedSum(world.weights))
    for _ in range(steps):
        observation = simulation.observe()
        decision = agent.act(observation)
        feedback = simulation.show(decision.slate)
        agent.update(observation, decision, feedback)
        simulation.restart(feedback.terminated | feedback.truncated)
    return agent, simulation


@pytest.mark.onnx
@pytest.mark.parametrize(("name", "world"), CASES)
def test_slates_of_the_file_are_those_of_the_agent(name, world, tmp_path):
    import onnxruntime

    agent, simulation = learned(name, world)
    export_onnx(agent, tmp_path / "agent.onnx")
    before = agent.best(simulation.observe())
    session = onnxruntime.InferenceSession(tmp_path / "agent.onnx", providers=["CPUExecutionProvider"])
    again = make_agent(f"onnx:{tmp_path}/agent.onnx", simulation)
    for rows in (1, 100):
        observation = simulation.observe()[:rows]
        np.testing.assert_array_equal(again.best(observation), agent.best(observation))
        np.testing.assert_array_equal(again.act(observation).slate, agent.best(observation))
        np.testing.assert_allclose(again.scores(observation), agent.scores(observation), rtol=1e-3, atol=2e-5)
        names = [each.name for each in session.get_outputs()]
        if world is CANDIDATES:
            assert names == ["scores"]
        else:
            assert names == ["scores", "slate"]
            np.testing.assert_array_equal(session.run(["slate"], {"observation": observation})[0], agent.best(observation))
    assert len(np.unique(before, axis=0)) > 1  # shoppers get different slates, or the test would say little


@pytest.mark.onnx
def test_what_no_observation_holds_cannot_be_exported(tmp_path):
    simulation = Simulation(SHOP, 0, 10)
    for name, message in (("predictor:gru", "gru uses past clicks"), ("popularity", "popularity cannot be")):
        with pytest.raises(ValueError, match=message):
            export_onnx(make_agent(name, simulation), tmp_path / "agent.onnx")
    assert not list(tmp_path.iterdir())


@pytest.mark.onnx
def test_the_decision_server_of_the_docs(tmp_path):
    example = Path(__file__).parents[3] / "docs" / "examples" / "decision_server.py"
    agent, simulation = learned("lin-ts", SHOP)
    export_onnx(agent, tmp_path / "agent.onnx")
    serving = run_path(str(example))["server"](str(tmp_path / "agent.onnx"), 0)
    thread = Thread(target=serving.serve_forever)
    thread.start()
    try:
        address = f"http://127.0.0.1:{serving.server_port}/slate"
        observation = simulation.observe()[:5]
        with urlopen(Request(address, json.dumps({"observation": observation.tolist()}).encode())) as answer:
            np.testing.assert_array_equal(json.load(answer)["slate"], agent.best(observation))
        with pytest.raises(HTTPError, match="400") as refused, urlopen(Request(address, b'{"observation": [[1]]}')):
            pass
        assert "error" in json.load(refused.value)
        refused.value.close()
    finally:
        serving.shutdown()
        thread.join()
        serving.server_close()
