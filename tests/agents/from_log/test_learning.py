"""Agents that learn from logs: what a biased logger does to them, and what is in the steps."""

from dataclasses import replace

import numpy as np
import pytest
from tests.agents.from_log.made import CONFOUNDED, RATES, single, slates_of
from tests.bench.prediction.logged import logged

from slategym.agents.base import Agent, Problem
from slategym.agents.from_log.correction import Correction
from slategym.agents.from_log.learning import learn_steps, steps_of
from slategym.agents.from_log.problem import problem_of, rows_by_slate, usual_size
from slategym.agents.problem import Decision
from slategym.agents.registry import make_for
from slategym.logs.segments import Segments

LEARNERS = (
    *("popularity", "epsilon-greedy", "lin-ucb", "lin-ts", "lin-epsilon-greedy", "logistic-ts", "logistic-ucb"),
    *("actor-critic:memory=gru", "actor-critic:correction=top-k,discount=0.5", "ppo:memory=attention"),
    *("policy-gradient", "conditioned-policy-gradient", "recommender:item-knn", "predictor:mlp", "predictor:gru"),
    *("crosses:lin-ts", "lookahead:lin-ucb", "fusion:mean", "fusion:bandit", "random"),
)


def taught(name, log, segments=None, **options):
    agent = make_for(name, problem_of(log, segments), seed=1)
    assert agent.learn_log(log, segments, **options) == log.slates
    return agent


def test_a_confounded_logger_misleads_popularity_and_correction_puts_it_right():
    log = single(30_000, CONFOUNDED)
    mean = RATES.mean(axis=0)
    assert mean.argmax() == 1
    wrong, right = (taught("popularity:min_impressions=0", log, correct=correct) for correct in (False, True))
    shown = np.array([log.click[log.item == item].mean() for item in range(3)])
    np.testing.assert_allclose(wrong.rates()[:, 0], shown, atol=0.01)
    assert wrong.best(np.zeros((1, 1)))[0, 0] == 0
    # The standard error of item 0's mean is sqrt(E[w^2 r] / n), about 0.004; the prior shrinks by less.
    np.testing.assert_allclose(right.rates()[:, 0], mean, atol=0.015)
    assert right.best(np.zeros((1, 1)))[0, 0] == 1
    assert right.correction is None


def test_models_given_the_context_need_no_correction():
    log = single(20_000, CONFOUNDED)
    segments = Segments.fit(log)
    observation = np.concatenate([segments.columns_of_cells(), np.zeros((2, 1), np.float32)], axis=1)
    kinds = [segments.variables[0].levels.index(kind) for kind in ("a", "b")]
    for name in ("lin-ts:form=disjoint,item_ridge=1", "lin-epsilon-greedy:form=disjoint,item_ridge=1"):
        found = taught(name, log, segments).estimates(observation).click[kinds]
        np.testing.assert_allclose(found, RATES, atol=0.06)
        assert (found.argmax(axis=1) == 1).all(), name


def test_policy_gradient_learns_from_a_biased_log_by_its_ratios():
    log = single(20_000, CONFOUNDED)
    segments = Segments.fit(log)
    agent = taught("policy-gradient:entropy=0.01,learning_rate=0.01", log, segments)
    observation = next(iter(steps_of(log, agent.problem, segments)))[0]
    assert (agent.best(observation) == 1).all()
    assert agent.largest_ratio == 2.0


@pytest.mark.parametrize("name", LEARNERS)
def test_every_learner_learns_a_log_and_acts_on(name, tmp_path):
    log = single(600, CONFOUNDED)
    segments = Segments.fit(log)
    agent = taught(name, log, segments)
    assert agent.slates == 600
    np.testing.assert_allclose(agent.value, [log.click.mean(), log.conversion.mean()], rtol=1e-6)
    observation = next(iter(steps_of(log, agent.problem, segments)))[0][:20]
    agent.save(tmp_path / "x.agent")
    again = Agent.load(tmp_path / "x.agent", agent.problem)
    np.testing.assert_array_equal(agent.act(observation).slate, again.act(observation).slate)


def test_a_log_of_slategym_teaches_what_the_run_taught(tmp_path):
    log, world, seen = logged(tmp_path, "Shop-v0", 2000, 100, items=12, categories=3, slate_size=2, visits=6)
    problem = Problem.of(world)
    late = world.user_model.longest_delay
    steps = list(steps_of(log, problem))
    assert len(steps) == len(seen) - late
    shown = 0
    for (observation, decision, feedback), (saw, decided, got) in zip(steps, seen, strict=False):
        np.testing.assert_array_equal(observation, saw)
        np.testing.assert_array_equal(decision.slate, decided.slate)
        np.testing.assert_array_equal(feedback.clicks, got.clicks)
        assert len(feedback.delayed) == 0
        shown += feedback.conversions.sum()
    # All conversions of these impressions are told at them.
    assert shown == log.join_delayed()["conversions"][log["step"] < len(steps)].sum()
    agent = make_for("lin-ts", problem)
    assert agent.learn_log(log) == 100 * len(steps)
    with pytest.raises(ValueError, match="a log of slategym has its own observations"):
        agent.learn_log(log, Segments(()))
    with pytest.raises(ValueError, match="expected the problem of the log's world"):
        make_for("lin-ts", problem_of(single(50, CONFOUNDED))).learn_log(log)


def test_shoppers_keep_their_rows_and_the_history_is_theirs():
    # Shopper 0 comes three times, 1 once and 2 twice; 3 and 4 come once.
    shopper = [0, 1, 0, 2, 3, 0, 2, 4]
    items = [[0, 1], [1, 2], [2, 0], [0, 2], [1, 0], [0, 1], [2, 1], [1, 2]]
    clicks = [[1, 0], [0, 0], [0, 1], [1, 1], [0, 0], [0, 0], [1, 0], [0, 1]]
    log = slates_of(items, clicks, shopper)
    problem = problem_of(log)
    steps = list(steps_of(log, problem))
    rows = [step[1].slate.tolist() for step in steps]
    assert rows == [[items[at] for at in (0, 1, 3, 4, 7)], [items[2], items[6]], [items[5]]]
    clock = [step[0][:, 0].tolist() for step in steps]
    np.testing.assert_allclose(np.concatenate(clock), [0, 0, 0, 0, 0, 1 / 3, 1 / 3, 2 / 3], rtol=1e-6)
    gone = [(step[2].terminated | step[2].truncated).tolist() for step in steps]
    assert gone == [[False, True, False, True, True], [False, True], [True]]
    assert steps[-1][2].truncated.all()  # the most visits that there are
    few = list(steps_of_few(log, problem, 2))
    assert [step[1].slate.tolist() for step in few] == [
        [items[0], items[1]],
        [items[2], items[3]],
        [items[5], items[6]],
        [items[4], items[7]],
    ]
    np.testing.assert_array_equal(few[0][2].next_observation[0], few[1][0][0])


def steps_of_few(log, problem, rows):
    from slategym.agents.from_log.impressions import steps_of_impressions

    return steps_of_impressions(log, problem, rows=rows)


def test_slates_of_unequal_length():
    log = slates_of([[0, 1, 2]] * 98 + [[2, 1, 0]] * 2, np.zeros((100, 3)))
    assert usual_size(log) == 3
    short = np.ones(300, np.bool_)
    short[2:30:3] = False  # ten slates lack the last rank
    cut = replace(
        log, slate=log.slate[short], rank=log.rank[short], item=log.item[short], time=None, events={"click": log.click[short]}
    )
    assert usual_size(cut) == 2
    rows, slates = rows_by_slate(cut, 3)
    assert rows.shape == (90, 3)
    assert len(slates) == 90
    assert sum(len(step[0]) for step in steps_of(cut, problem_of(cut))) == 100
    single_rows = replace(single(5, CONFOUNDED), rank=np.array([0, 2, 1, 0, 2]))
    assert problem_of(single_rows).slate_size == 1
    with pytest.raises(ValueError, match="slate_size is 4: expected at most 3, the items"):
        problem_of(log, slate_size=4)


def test_weights_of_the_correction():
    correction = Correction(4, largest=5.0)
    decision = Decision(np.array([[0, 1], [2, 3]]), np.array([[0.5, 1 / 3], [0.01, np.nan]], np.float32))
    np.testing.assert_allclose(correction(decision), [[0.5, 1.0], [5.0, 1.0]], rtol=1e-6)
    few = replace(decision, allowed=np.array([[True, True, False, False], [True] * 4]))
    np.testing.assert_allclose(correction(few)[0], [1.0, 3.0], rtol=1e-6)


def test_candidates_of_the_log_are_a_mask():
    log = single(3, CONFOUNDED)
    log = replace(log, item=np.array([0, 1, 2]), candidates=(np.array([0, 2, 3, 5]), np.array([0, 1, 1, 1, 2])))
    (_, decision, _), *_ = steps_of(log, problem_of(log))
    np.testing.assert_array_equal(decision.allowed, [[True, True, False], [False, True, False], [False, True, True]])


def test_features_and_prices_of_items():
    log = single(6, CONFOUNDED)
    log = replace(
        log,
        item=np.array([0, 1, 2, 0, 1, 2]),
        revenue=np.array([4.0, 0, 0, 8.0, 0, 0]),
        ids={**log.ids, "colour": np.array(["blue", "red"])},
        features={"size": np.array([1.0, 3.0, np.nan]), "colour": np.array([0, 1, 0])},
    )
    problem = problem_of(log)
    np.testing.assert_allclose(problem.features, [[-1, 1, 0], [1, 0, 1], [0, 1, 0]])
    np.testing.assert_allclose(problem.price, [6, 6, 6])
    assert problem.objective_names == ("click", "conversion", "revenue")
    assert problem_of(log, items=np.eye(3)).features.shape == (3, 3)
    with pytest.raises(ValueError, match=r"items is float64 of shape \(2, 2\): expected finite features \(3, d\)"):
        problem_of(log, items=np.eye(2))


def test_mistakes_are_told():
    log = single(20, CONFOUNDED)
    problem, segments = problem_of(log), Segments.fit(log)
    with pytest.raises(ValueError, match="the problem has 0 columns of context, and the segments give 2"):
        list(steps_of(log, problem, segments))
    fewer = problem_of(single(20, np.full((2, 2), 0.5), rates=RATES[:, :2]))
    with pytest.raises(ValueError, match="the problem has 2 items, and the log 3: expected a problem of the log"):
        list(steps_of(log, fewer))
    with pytest.raises(ValueError, match="lacks the objective 'diversity': expected some of click, conversion"):
        list(steps_of(log, replace(problem, objective_names=("click", "diversity"))))
    with pytest.raises(ValueError, match="no event 'click'"):
        problem_of(replace(log, events={}))
    agent = make_for("popularity", problem)
    with pytest.raises(ValueError, match="rows is 0"):
        list(steps_of_few(log, problem, 0))
    assert learn_steps(agent, []) == 0


def test_who_learns_from_its_own_slates_alone_is_refused():
    log = single(100, CONFOUNDED)
    agent = make_for("sb3:PPO", problem_of(log, None, np.eye(3)))
    with pytest.raises(ValueError, match="sb3:PPO learns from its own slates only, not from a log"):
        agent.learn_log(log)
