"""What reads titles re-ranks the best items of an agent."""

from dataclasses import replace

import numpy as np
import pytest
from tests.agents.tiny import step, two_kinds

from slategym.agents.base import Agent, Decision, Problem
from slategym.agents.registry import agent_identity, agent_options, make_agent
from slategym.agents.text.reranker import TextReranker
from slategym.sim.simulation import Simulation
from slategym.sim.text.recorded import Recorded
from slategym.sim.text.scorer import Question
from slategym.sim.worlds import make_world

WORDS = ("red", "red", "blue", "blue", "green", "green", "gold", "gold")


class Fixed(Agent):
    """Items 0 and 1 for everybody, and then the others in order."""

    def choose(self, observation, allowed=None):
        slate = self.best_of(self.scores(observation), observation, allowed)
        return Decision(slate, np.ones(slate.shape, np.float32))

    def scores(self, observation):
        return np.tile(-np.arange(self.problem.choices, dtype=float), (len(observation), 1))

    def learn(self, observation, decision, feedback):
        self.seen = decision.slate


class Likes:
    """Scores a text by whether it was clicked before; refuses to answer where the history has a certain word."""

    def __init__(self, refuses=""):
        self.refuses, self.questions = refuses, []

    def score(self, questions):
        self.questions += questions
        return [None if self.refuses in q.history else [float(text in q.history) for text in q.candidates] for q in questions]


@pytest.fixture
def world():
    plain = two_kinds(visits=5)
    return replace(plain, catalog=replace(plain.catalog, titles=WORDS))


def made(world, scorer, **options):
    simulation = Simulation(world, 0, 3)
    return TextReranker(Problem.of(world), make=Fixed, scorer=scorer, **options), simulation


def clicks(world, agent, simulation, items):
    """Let rows click given items, shown at the first rank, without moving the simulation."""
    observation = simulation.observe()
    slate = np.array([[item, (item + 1) % 8] for item in items])
    feedback = simulation.show(slate)
    flags = {"clicks": np.array([[True, False]] * len(items)), "conversions": np.zeros((len(items), 2), np.bool_)}
    left = np.zeros(len(items), np.bool_)
    told = replace(feedback, **flags, terminated=left, truncated=left)
    agent.update(observation, Decision(slate, np.ones(slate.shape, np.float32)), told)
    return simulation.observe()


def test_what_is_like_the_clicks_comes_first(world):
    scorer = Likes()
    agent, simulation = made(world, scorer, share=1, top=8)
    assert agent.act(simulation.observe()).slate.tolist() == [[0, 1]] * 3  # nobody has clicked yet
    assert scorer.questions == []
    observation = clicks(world, agent, simulation, [4, 2, 6])
    decision = agent.act(observation)
    assert decision.slate.tolist() == [[4, 5], [2, 3], [6, 7]]
    assert np.isnan(decision.propensity).all()
    assert scorer.questions[0] == Question(("green",), WORDS)
    assert (agent.scored, agent.fallbacks) == (3, 0)
    assert agent.agent.seen[:, 0].tolist() == [4, 2, 6]


def test_only_the_top_are_asked_about(world):
    scorer = Likes()
    agent, simulation = made(world, scorer, share=1, top=5)
    observation = clicks(world, agent, simulation, [4, 2, 6])
    assert agent.act(observation).slate.tolist() == [[4, 0], [2, 3], [0, 1]]
    assert all(len(question.candidates) == 5 for question in scorer.questions)


def test_a_small_share_only_breaks_near_ties(world):
    agent, simulation = made(world, Likes(), share=0.0, top=8)
    assert agent.act(clicks(world, agent, simulation, [4, 2, 6])).slate.tolist() == [[0, 1]] * 3


def test_without_an_answer_the_agents_own_slate_stays_with_its_propensity(world):
    agent, simulation = made(world, Likes(refuses="green"), share=1, top=8)
    decision = agent.act(clicks(world, agent, simulation, [4, 2, 6]))
    assert decision.slate.tolist() == [[0, 1], [2, 3], [6, 7]]
    assert decision.propensity[0].tolist() == [1, 1]
    assert np.isnan(decision.propensity[1:]).all()
    assert (agent.scored, agent.fallbacks) == (2, 1)


def test_masks_and_rules_hold(world):
    agent, simulation = made(world, Likes(), share=1, top=8)
    observation = clicks(world, agent, simulation, [4, 2, 6])
    allowed = np.ones(8, np.bool_)
    allowed[[4, 2]] = False
    assert agent.act(observation, allowed=allowed).slate.tolist() == [[5, 0], [3, 0], [6, 7]]
    few = np.isin(np.arange(8), (3, 7))
    assert sorted(agent.act(observation, allowed=few).slate[0].tolist()) == [3, 7]
    ruled = make_world("Shop-v0:items=30,titles=true,rules=never=3;at-most=1")
    simulation = Simulation(ruled, 0, 20)
    agent = make_agent("text-reranker:popularity", simulation, share=1)
    for _ in range(20):
        observation = simulation.observe()
        slate = agent.act(observation).slate
        assert not (slate == 3).any()
        assert all(len(set(row)) == 5 for row in ruled.catalog.category[slate].tolist())
        simulation.restart(simulation.show(slate).terminated)
    assert agent.scored == 0  # nothing was learned


def test_candidates_are_named_by_their_texts():
    world = make_world("ShopBandit-v0", items=60, titles=True, candidates=10)
    simulation, scorer = Simulation(world, 0, 200), Likes()
    agent = make_agent("text-reranker:popularity", simulation, scorer=scorer)
    while not scorer.questions:
        step(agent, simulation)
    assert len(scorer.questions[0].candidates) == 10
    assert set(scorer.questions[0].candidates) <= set(world.catalog.titles)


def test_recorded_answers_serve_an_agent(world, tmp_path):
    path = tmp_path / "answers.jsonl"
    agent, simulation = made(world, Recorded(path, Likes()), share=1, top=8)
    agent.act(clicks(world, agent, simulation, [4, 2, 6]))
    agent, simulation = made(world, str(path), share=1, top=8)
    decision = agent.act(clicks(world, agent, simulation, [4, 2, 7]))
    assert decision.slate.tolist() == [[4, 5], [2, 3], [6, 7]]
    observation = clicks(world, agent, simulation, [0, 0, 0])
    assert agent.act(observation).slate.tolist() == [[0, 1]] * 3  # of which nothing is recorded
    assert agent.fallbacks == 3


@pytest.mark.parametrize("scorer", ["hashing", "http://127.0.0.1:9/v1", "answers.jsonl"])
def test_a_saved_agent_goes_on(tmp_path, monkeypatch, scorer):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "answers.jsonl").touch()
    world = make_world("ShopBandit-v0", items=40, titles=True)
    simulation = Simulation(world, 0, 50)
    agent = make_agent("text-reranker:logistic-ts", simulation, scorer=scorer, budget=0)
    for _ in range(6):
        step(agent, simulation)
    agent.save(tmp_path / "agent")
    other = Agent.load(tmp_path / "agent", world)
    observation = simulation.observe()
    np.testing.assert_array_equal(agent.act(observation).slate, other.act(observation).slate)
    assert (agent.scored, agent.fallbacks) == (other.scored, other.fallbacks)
    assert (agent.scored > 0) == (scorer == "hashing") == (agent.fallbacks == 0)


def test_without_titles_it_is_the_wrapped_agent():
    world = make_world("ShopBandit-v0", items=40)
    one, other = (
        (make_agent(name, simulation), simulation)
        for name, simulation in ((name, Simulation(world, 0, 50)) for name in ("epsilon-greedy", "text-reranker:epsilon-greedy"))
    )
    for _ in range(5):
        (_, mine, _), (_, theirs, _) = step(*one), step(*other)
        np.testing.assert_array_equal(mine.slate, theirs.slate)
        np.testing.assert_array_equal(mine.propensity, theirs.propensity)


def test_options_and_identity():
    names = list(agent_options("text-reranker:logistic-ts"))
    assert names[:4] == ["scorer", "top", "share", "history"]
    assert {"alpha", "replay"} < set(names)
    assert agent_identity("text-reranker:popularity:top=9") == ["text-reranker:popularity:top=9", "popularity"]


def test_refused():
    titled = Simulation(make_world("ShopBandit-v0", items=40, titles=True), 0, 2)
    with pytest.raises(ValueError, match="popularit"):
        make_agent("text-reranker:popularit", titled)
    with pytest.raises(ValueError, match=r"share is 2\.0: expected a number from 0 to 1"):
        make_agent("text-reranker:popularity:share=2", titled)
    with pytest.raises(ValueError, match=r"agent 'text-reranker:popularity'.*alpha"):
        make_agent("text-reranker:popularity:alpha=2", titled)
