"""Policies evaluated on logs: against enumeration, the truth of a world, and logs that cannot support it."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from tests.agents.from_log.made import CONFOUNDED, RATES, single
from tests.bench.prediction.logged import logged
from tests.bench.replay.test_replay import of_log

from slategym.agents.base import Agent, Problem
from slategym.agents.from_log.slates import steps_of_slates
from slategym.agents.registry import make_for
from slategym.agents.scalarizers import make_scalarizer
from slategym.bench.evaluation.evaluate import plan_evaluation
from slategym.bench.evaluation.judged import choice_probabilities, judged_rounds
from slategym.bench.evaluation.policies import file_name
from slategym.bench.evaluation.rewards import cross_fitted
from slategym.bench.evaluation.truth import true_values
from slategym.bench.off_policy.values import policy_values
from slategym.bench.replay.logged import LoggedSteps

UNIFORM = np.full((2, 3), 1 / 3)


def from_world(folder, name="Shop-v0", slates=4000, **options):
    log, world, _ = logged(folder, name, slates, 100, **options)
    problem = Problem.of(world)
    return LoggedSteps(problem, tuple(steps_of_slates(log, problem)), None, log, world)


def test_values_of_known_policies_on_a_biased_log(tmp_path):
    # The best policy shows item 1 to all; it earns 0.22 clicks, half of which convert.
    found = plan_evaluation(of_log(single(20_000, CONFOUNDED)), ["random", "lin-epsilon-greedy:form=disjoint,item_ridge=1"]).run(
        folder=tmp_path
    )
    truth = {
        "random": RATES.mean(),
        "lin-epsilon-greedy:form=disjoint,item_ridge=1": 0.95 * RATES[:, 1].mean() + 0.05 * RATES.mean(),
    }
    for name, clicks in truth.items():
        policy = found["policies"][name]
        assert list(policy["values"]) == ["dm", "ipw", "snipw", "dr", "sndr", "switch-dr:threshold=auto"]
        assert policy["truth"] is None
        for estimator in ("ipw", "snipw", "dr", "sndr"):
            value = policy["values"][estimator]["objectives"][0]
            assert abs(value["mean"] - clicks) < 2.2 * (value["high"] - value["low"]) / 2
            utility = policy["values"][estimator]["utility"]["mean"]
            conversions = policy["values"][estimator]["objectives"][1]["mean"]
            assert utility == pytest.approx(value["mean"] + 10 * conversions)
    # The doubly robust ones are surer than ipw.
    widths = {
        name: value["utility"]["high"] - value["utility"]["low"] for name, value in found["policies"]["random"]["values"].items()
    }
    assert widths["dr"] < widths["ipw"]
    saved = tmp_path / file_name("lin-epsilon-greedy:form=disjoint,item_ridge=1")
    assert Agent.load(saved, of_log(single(50, CONFOUNDED)).problem).slates == found["log"]["train"] == 10_000


def test_estimates_agree_with_the_truth_of_a_world(tmp_path):
    steps = from_world(tmp_path, slates=5000, items=6, categories=2, slate_size=1, visits=4)
    found = plan_evaluation(steps, ["random", "popularity", "lin-ts"], estimators=["ipw", "dr"], draws=50).run()
    assert not found["notes"]
    for policy in found["policies"].values():
        truth = policy["truth"]["utility"]["mean"]
        for value in policy["values"].values():
            low, high = value["utility"]["low"], value["utility"]["high"]
            assert abs(value["utility"]["mean"] - truth) < 1.9 * (high - low) / 2
    random = found["policies"]["random"]
    assert random["truth"]["utility"]["high"] - random["truth"]["utility"]["low"] < 0.02
    assert (
        found["policies"]["popularity"]["truth"]["utility"]["low"] == found["policies"]["popularity"]["truth"]["utility"]["high"]
    )
    assert found["policies"]["lin-ts"]["warnings"][-1] == "Its propensities are estimated from 50 draws."


def test_slates_and_candidates(tmp_path):
    steps = from_world(tmp_path, slates=6000, items=8, categories=2, slate_size=2, visits=3, candidates=4)
    found = plan_evaluation(steps, ["random", "epsilon-greedy:epsilon=0.5"]).run()
    for policy in found["policies"].values():
        assert list(policy["values"]) == ["sips", "rips", "cascade-dr"]
        truth = policy["truth"]["utility"]["mean"]
        for value in policy["values"].values():
            low, high = value["utility"]["low"], value["utility"]["high"]
            assert abs(value["utility"]["mean"] - truth) < 2.2 * (high - low) / 2


def test_the_truth_is_that_of_the_same_shoppers(tmp_path):
    steps = from_world(tmp_path, slates=2000, items=6, categories=2, slate_size=2, visits=4)
    logger = make_for("random", steps.problem)
    values = true_values(steps, {"random": logger}, 0, passes=20)["random"]
    earned = np.concatenate([feedback.objectives for *_, feedback in steps.steps])
    clicks = earned[:, 0]
    assert abs(values[:, 0].mean() - clicks.mean()) < 4 * clicks.std() / np.sqrt(len(clicks))
    edited = list(steps.steps)
    observation, decision, feedback = edited[1]
    edited[1] = (observation + 1, decision, feedback)
    with pytest.raises(ValueError, match="cannot be simulated again"):
        true_values(replace(steps, steps=tuple(edited)), {"random": logger}, 0)
    with pytest.raises(ValueError, match="they are known only for logs that slategym wrote"):
        true_values(replace(steps, log=None), {"random": logger}, 0)


def test_a_cascade_dr_with_any_model_is_unbiased_by_enumeration(tmp_path):
    """All slates of one context with their probabilities: the weighted mean of the terms is the value of the policy."""
    steps = from_world(tmp_path, slates=2000, items=4, categories=2, slate_size=2, visits=2)
    policy = make_for("epsilon-greedy:epsilon=0.4", steps.problem)
    policy.learn_log(steps.log)
    observation = steps.steps[-1][0][:1]
    slates = np.array(list(permutations(range(4), 2)))
    table = np.stack([choice_probabilities(policy, observation, slates[:1], 0, None, 10)[0]])
    np.testing.assert_allclose(table.sum(), 1)
    below = choice_probabilities(policy, np.repeat(observation, 12, 0), slates, 1, None, 10)
    np.testing.assert_allclose(below.sum(axis=1), 1, rtol=1e-6)
    joint = table[0, slates[:, 0]] * below[np.arange(12), slates[:, 1]]
    np.testing.assert_allclose(joint, policy.propensities(np.repeat(observation, 12, 0), slates).prod(axis=1), rtol=1e-6)


def test_reward_models_are_cross_fitted_and_calibrated():
    steps = of_log(single(4000, CONFOUNDED))
    model = cross_fitted(steps.problem, steps.steps, "lin-ts")
    assert len(model.agents) == 2
    for agent, fold in zip(model.agents, range(2), strict=True):
        assert agent.slates == sum(int((of != fold).sum()) for of in model.folds)
    rewards = np.concatenate([model.rewards(number, step) for number, step in enumerate(steps.steps)])
    assert rewards.shape == (4000, 1, 3, 2)
    shown = np.concatenate([decision.slate[:, 0] for _, decision, _ in steps.steps])
    clicks = np.concatenate([feedback.clicks[:, 0] for *_, feedback in steps.steps])
    predicted = rewards[np.arange(4000), 0, shown, 0]
    assert predicted.mean() == pytest.approx(clicks.mean(), abs=4 * np.sqrt(clicks.mean() / 4000))
    with pytest.raises(NotImplementedError, match="does not estimate clicks and conversions"):
        cross_fitted(steps.problem, steps.steps, "random")


def test_other_goals_and_intervals():
    steps = of_log(single(4000, UNIFORM))
    goal = make_scalarizer("nash", steps.problem.objective_names, weights=steps.problem.weights)
    found = plan_evaluation(steps, ["random"], estimators=["snipw"], scalarizer=goal, interval="bootstrap").run()
    value = found["policies"]["random"]["values"]["snipw"]
    means = [each["mean"] for each in value["objectives"]]
    assert value["utility"]["mean"] == pytest.approx(goal.utility(np.array(means)))
    assert value["utility"]["low"] < value["utility"]["mean"] < value["utility"]["high"]


def test_mistakes_are_told_before_anything_is_learned():
    log = single(600, UNIFORM)
    steps = of_log(log)
    for policies, options, message in (
        ([], {}, "policies is empty"),
        (["popularty"], {}, "popularity"),
        (["oracle"], {}, "reads the simulation, but there is none here"),
        (["random"], {"estimators": ["sips"]}, "sips is an estimator of slates, but the log contains actions"),
        (["random"], {"estimators": ["mrdr"]}, "mrdr needs robust_predicted"),
        (["random"], {"estimators": ["drr"]}, "there is no"),
        (["random"], {"train": 0.999}, "cannot be divided at 0.999"),
        (["random"], {"interval": "wald"}, "interval is 'wald'"),
    ):
        with pytest.raises(ValueError, match=message):
            plan_evaluation(steps, policies, **options)
    with pytest.raises(ValueError, match="the log has no propensity of each choice, which the evaluation of policies needs"):
        plan_evaluation(of_log(replace(log, propensity=None)), ["random"])
    found = plan_evaluation(steps, ["mabwiser:UCB1"], estimators=["snipw"]).run()
    assert found["policies"]["mabwiser:UCB1"]["values"] == {}
    assert "cannot compute the probability of given slates" in found["policies"]["mabwiser:UCB1"]["warnings"][0]
    assert policy_values(judged_rounds(make_for("random", steps.problem), steps.steps, None, 1), ["ipw"])["ipw"].rounds == 600
