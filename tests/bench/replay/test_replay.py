"""Replays of agents: against the agents' own runs, known answers, and logs that cannot support them."""

from dataclasses import replace

import numpy as np
import pytest
from tests.agents.from_log.made import CONFOUNDED, RATES, single, slates_of
from tests.agents.tiny import step, two_kinds
from tests.bench.prediction.logged import logged

from slategym.agents.base import Agent, Decision, Problem
from slategym.agents.from_log.impressions import steps_of_impressions
from slategym.agents.from_log.problem import problem_of
from slategym.agents.from_log.slates import steps_of_slates
from slategym.agents.registry import make_agent, make_for
from slategym.agents.scalarizers.base import FixedSum
from slategym.bench.replay.logged import LoggedSteps, first_ranks, is_slategym_log, shoppers_of, some_rows
from slategym.bench.replay.progressive import progressive_rounds
from slategym.bench.replay.rejection import rejection_replay
from slategym.bench.replay.replay import replay_agents
from slategym.logs.segments import Segments
from slategym.sim.simulation import Simulation

CLICKS = FixedSum((1.0, 0.0))


def logged_steps(world, slates, rows, agent="random", seed=0):
    """The steps of a run of slates, conversions at once."""
    simulation = Simulation(world, seed, rows)
    chooser = make_agent(agent, simulation, seed)
    steps = [step(chooser, simulation) for _ in range(slates // rows)]
    return Problem.of(world), steps


def of_log(log):
    segments = Segments.fit(log)
    problem = problem_of(log, segments)
    return LoggedSteps(problem, tuple(steps_of_impressions(log, problem, segments, rows=200)), segments)


@pytest.mark.parametrize("name", ["epsilon-greedy:epsilon=0.2", "lin-ts"])
def test_a_replay_of_a_random_log_is_a_run_of_the_agent(name):
    replayed, online, world = [], [], replace(two_kinds(), slate_size=1)
    for seed in range(4):
        problem, steps = first_ranks(*logged_steps(two_kinds(), 6000, 160, seed=seed), 1)
        found = rejection_replay(make_for(name, problem, seed, CLICKS), steps)
        count = len(found.objectives)
        assert abs(count - 6000 / 8) < 4 * np.sqrt(6000 * 1 / 8 * 7 / 8)
        assert count == found.matched
        replayed.append(found.objectives[:, 0].mean())
    # Its own runs, as long, with as many slates at each step as a step of the replay accepts.
    for seed in range(8):
        simulation = Simulation(world, 100 + seed, 20)
        own = make_agent(name, simulation, seed, CLICKS)
        online.append(np.mean([step(own, simulation)[2].objectives[:, 0].mean() for _ in range(750 // 20)]))
    spread = np.sqrt(np.var(online, ddof=1) * (1 / len(replayed) + 1 / len(online)))
    assert abs(np.mean(replayed) - np.mean(online)) < 4 * spread
    assert spread < 0.05
    random = np.concatenate([feedback.objectives[:, 0] for *_, feedback in steps]).mean()
    assert np.mean(replayed) > random + 0.1


def test_rejection_makes_up_for_a_logger_with_known_probabilities():
    # A fixed policy that shows item 0 to everybody earns the mean of its rates, which the confounded log misstates.
    log = single(40_000, CONFOUNDED)
    logged = of_log(log)

    class Zero(Agent):
        name = "zero"

        def choose(self, observation, allowed=None):
            slate = np.zeros((len(observation), 1), np.int64)
            return Decision(slate, np.ones(slate.shape, np.float32))

    found = rejection_replay(Zero(logged.problem), logged.steps)
    assert found.floor == pytest.approx(0.1)
    clicks = found.objectives[:, 0]
    assert abs(clicks.mean() - RATES[:, 0].mean()) < 4 * clicks.std() / np.sqrt(len(clicks))
    naive = log.click[log.item == 0].mean()
    assert abs(naive - RATES[:, 0].mean()) > 0.1
    biased = rejection_replay(Zero(logged.problem), logged.steps, floor=0.8)
    assert biased.below > 0
    assert abs(biased.objectives[:, 0].mean() - naive) < 0.02


def test_off_policy_values_of_an_agent_as_it_learns():
    logged = of_log(single(20_000, np.full((2, 3), 1 / 3)))
    agent = make_for("epsilon-greedy:epsilon=0.3", logged.problem, 0, CLICKS)
    rounds = progressive_rounds(agent, logged.steps)
    assert rounds.kind == "actions"
    assert agent.slates == 20_000
    mean = (rounds.weight * rounds.reward[:, 0]).mean()
    # It comes to show the best item, with 0.3 of the others at random.
    expected = 0.7 * RATES[:, 1].mean() + 0.3 * RATES.mean()
    assert abs(mean - expected) < 4 * (rounds.weight * rounds.reward[:, 0]).std() / np.sqrt(len(rounds)) + 0.005
    # Nothing of a step is known before it is judged: before the first one, everything ties and item 0 is shown.
    first = rounds.target[:200]
    items = np.concatenate([decision.slate[:, 0] for _, decision, _ in logged.steps])[:200]
    np.testing.assert_allclose(first, np.where(items == 0, 0.8, 0.1))


def test_the_result_says_what_the_log_cannot_support():
    log = single(3000, np.full((2, 3), 1 / 3))
    result = replay_agents(of_log(log), ["random", "epsilon-greedy", "mabwiser:UCB1"], seed=2)
    assert result["log"]["uniform"]
    assert result["log"]["slates"] == 3000
    found = result["agents"]["random"]
    assert found["accepted"]["warnings"] == [] or "Only" in found["accepted"]["warnings"][0]
    assert set(found["off_policy"]["values"]) == {"snipw", "ipw"}
    assert found["off_policy"]["values"]["snipw"]["utility"]["mean"] == pytest.approx(
        log.click.mean() + 10 * log.conversion.mean(), rel=1e-4
    )
    assert "MABWiser gives no probabilities" in result["agents"]["mabwiser:UCB1"]["off_policy"]["warnings"][0]
    again = replay_agents(of_log(log), ["epsilon-greedy"], seed=2)
    assert again["agents"]["epsilon-greedy"] == result["agents"]["epsilon-greedy"]

    unknown = replay_agents(of_log(replace(log, propensity=None)), ["popularity"])
    assert unknown["log"]["propensities"] == 0
    accepted = unknown["agents"]["popularity"]["accepted"]
    assert "The log has no propensities" in accepted["warnings"][0]
    assert unknown["agents"]["popularity"]["off_policy"]["warnings"] == ["The log has no propensities to weight by."]

    random = np.random.default_rng(0)
    items = np.argsort(random.random((400, 6)), axis=1)[:, :3]
    long = of_log(slates_of(items, random.random((400, 3)) < 0.3, propensity=np.tile(1 / (6 - np.arange(3)), 400)))
    few = replay_agents(long, ["random"])["agents"]["random"]
    assert set(few["off_policy"]["values"]) == {"rips", "sips"}
    assert "With --ranks 1, only the first item" in few["accepted"]["warnings"][0]
    with pytest.raises(ValueError, match=r"weights is \(1.0,\): expected one number for each of click, conversion"):
        replay_agents(of_log(log), ["random"], weights=(1.0,))
    with pytest.raises(ValueError, match="there is no"):
        replay_agents(of_log(log), ["popularty"])


def test_first_ranks_and_some_rows():
    problem, steps = logged_steps(two_kinds(), 400, 100)
    shorter, cut = first_ranks(problem, steps, 1)
    assert shorter.slate_size == 1
    for (_, decision, feedback), (_, whole, answers) in zip(cut, steps, strict=True):
        np.testing.assert_array_equal(decision.slate[:, 0], whole.slate[:, 0])
        np.testing.assert_array_equal(feedback.objectives[:, 0], answers.clicks[:, 0])
    assert first_ranks(problem, steps, None)[0] is problem
    with pytest.raises(ValueError, match="ranks is 3: expected 1 to 2"):
        first_ranks(problem, steps, 3)
    rows = np.arange(100) % 3 == 0
    observation, decision, feedback = some_rows(steps[0], rows)
    assert len(observation) == len(decision.slate) == len(feedback.clicks) == len(feedback.next_observation) == 34
    make_for("lin-ts", problem).update(observation, decision, feedback)


def test_parts_of_the_steps(tmp_path):
    problem, steps = logged_steps(two_kinds(), 1000, 100)
    logged = LoggedSteps(problem, tuple(steps))
    assert [len(part) for part in logged.halves()] == [5, 5]
    assert [len(part) for part in logged.halves(0.05)] == [1, 9]
    with pytest.raises(ValueError, match="the log has 1 steps of 100 slates, which cannot be divided at"):
        LoggedSteps(problem, tuple(steps[:1])).halves()
    assert not is_slategym_log(tmp_path)


def test_shoppers_of_the_steps_are_those_of_the_log(tmp_path):
    log, world, _ = logged(tmp_path, "Shop-v0", 2000, 50, items=12, categories=3, slate_size=2, visits=6)
    steps = list(steps_of_slates(log, Problem.of(world)))
    found, known = shoppers_of(steps), log["shopper"][log["step"] < len(steps)]
    assert len(np.unique(found)) == len(np.unique(known))
    assert len(np.unique(np.stack([found, known]), axis=1).T) == len(np.unique(known))
    shopper = [0, 1, 0, 2, 3, 0, 2, 4, 0]
    few = slates_of([[0, 1]] * 9, np.zeros((9, 2)), shopper)
    for rows in (1, 2, 3, 9):
        found = shoppers_of(list(steps_of_impressions(few, problem_of(few), rows=rows)))
        assert sorted(np.bincount(found)) == sorted(np.bincount(shopper))
