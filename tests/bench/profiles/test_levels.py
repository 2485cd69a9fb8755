"""The frozen levels: what they are, and the two values that are known of each, against computations of another kind."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from slategym.bench.execution.runner import run
from slategym.bench.profiles.by_episode import episode_values
from slategym.bench.profiles.tasks import TASKS, cold_start, drift, episode_value, exploration, satiation, trade_off
from slategym.utils.storage.fingerprint import fingerprint

LEVELS = [(task, number) for task in TASKS for number in range(3)]
FROZEN = {
    "exploration": ["90b2c9887a839230", "2d9198b03fb9aca8", "32cbe2a0b96ff4a4"],
    "large-catalogue": ["b34cfbc66bd19dbf", "daaefe21a0855c5d", "1712acb16d3cf892"],
    "cold-start": ["867e8d3d5585656a", "d5efed0d1e87198c", "2efd76c0f3948ddc"],
    "drift": ["c32bfdb99b1d7e4e", "b9bfafab7f98aef6", "da7631a0279e1c3b"],
    "delay": ["f60e28c72c109f2f", "b335f84f7ce595d4", "a4a84f433bb90e9b"],
    "satiation": ["5c16eacd116a3f85", "dd17a153c794a2f8", "59a1d29c8479807e"],
    "episode-value": ["0367bebc0cdea548", "e50952eb8bc6a509", "3958ce10c6af392c"],
    "trade-off": ["f890b5840425bb7c", "43781e2e4dbf1ad6", "390786c8a3cfd518"],
}


def expit(value):
    return 1 / (1 + np.exp(-value))


def outcome(level, agent, seed=0):
    trace = run(
        level.world,
        agent,
        level.slates,
        seed,
        shoppers=level.shoppers,
        weights=level.weights,
        scalarizer=level.goal,
        exact="every",
        staggered=False,
    )
    return level.outcome(trace)


def test_the_levels_are_frozen():
    """A level whose hash changes is another one: its scores are no longer those that were published. Give it another name."""
    found = {task: [fingerprint(level)[:16] for level in about.levels] for task, about in TASKS.items()}
    assert found == FROZEN


def test_a_fingerprint_sees_the_slightest_change():
    level = TASKS["drift"].levels[0]
    assert fingerprint(replace(level, since=31)) != fingerprint(level)
    assert fingerprint(replace(level, world=replace(level.world, visits=11))) != fingerprint(level)
    schedule = (replace(level.world.schedule[0], step=31),)
    assert fingerprint(replace(level, world=replace(level.world, schedule=schedule))) != fingerprint(level)


def test_every_task_has_three_levels_from_easy_to_hard():
    for task in TASKS.values():
        assert len(task.levels) == 3
        for level, setting in zip(task.levels, task.settings, strict=True):
            assert level.dial == setting
            assert level.slates % level.shoppers == 0
            assert level.world.oracle_is_exact
        assert len({level.world.name for level in task.levels}) == 3


def test_known_values_of_one_item_slates():
    for items in exploration.TASK.settings:
        rate = 0.1 + 0.2 * np.linspace(0, 1, int(items)) ** 3
        random, best = exploration.level(items).known
        assert (random[0], best[0]) == (pytest.approx(rate.mean(), abs=1e-6), pytest.approx(0.3, abs=1e-6))
    for changes in drift.TASK.settings:  # the rates change places, so that the best is always as good
        random, best = drift.level(changes).known
        assert (random[0], best[0]) == (pytest.approx(0.225, abs=1e-6), pytest.approx(0.4, abs=1e-6))
    for level in TASKS["delay"].levels:  # ten points for a conversion, delayed or not
        random, best = level.known
        assert (random[0], best[0]) == (pytest.approx(10 * 0.5 * 0.2, abs=1e-6), pytest.approx(10 * 0.5 * 0.3, abs=1e-6))


def test_known_values_of_launches():
    """From the first launch on, each lasts 14 steps; its best item is better than all before by .06."""
    level = cold_start.level(6)
    assert level.known[1][0] == pytest.approx(np.mean([0.2, 0.26, 0.32, 0.38, 0.44]), abs=1e-6)
    rate = expit(level.world.catalog.appeal.astype(np.float64))
    shown = [rate[: 10 + 6 * (number + 1)].mean() for number in range(5)]
    assert level.known[0][0] == pytest.approx(np.mean(shown), abs=1e-6)


def test_known_values_of_segments():
    """The five highest chances of each segment at the ranks in order, and the mean chance at each."""
    level = TASKS["large-catalogue"].levels[0]
    catalog, segments = level.world.catalog, level.world.user_model.segments
    own = 0.6 * catalog.appeal + 0.2 * catalog.quality - 2.5 - 0.2 * catalog.dearness
    chance = expit(1.5 * segments.taste @ catalog.taste.T + own)
    examined = 0.85 ** np.arange(5)
    random, best = level.known
    np.testing.assert_allclose(random, chance.mean(axis=1) * examined.sum(), rtol=1e-4)
    np.testing.assert_allclose(best, np.sort(chance, axis=1)[:, :-6:-1] @ examined, rtol=1e-4)


@pytest.mark.parametrize("strength", satiation.TASK.settings)
def test_the_best_episode_under_satiation_is_the_best_of_all_sequences(strength):
    """What is shown says how tired the shopper is, whatever they click: all sequences of three visits are tried."""
    rate = np.array([0.5, 0.45, 0.4, 0.35, *[0.1] * 4])
    values = []
    for sequence in product(range(8), repeat=3):
        exposure, value = np.zeros(4), 0.0
        for item in sequence:
            value += expit(np.log(rate[item] / (1 - rate[item])) - strength * exposure[item % 4])
            exposure *= 0.8
            exposure[item % 4] += 1
        values.append(value)
    world = replace(satiation.level(strength).world, visits=3)
    found = episode_values(world, (1.0,), ("exposure",))
    np.testing.assert_allclose(found, [np.mean(values), np.max(values)], rtol=1e-5)


@pytest.mark.parametrize("harm", episode_value.TASK.settings)
def test_the_best_episode_is_that_of_a_recursion_over_satisfaction(harm):
    click, bait = [0.6, 0.5, 0.45, 0.4, 0.35, 0.2], [1, 1, 0, 0, 0, 1]

    def value(satisfaction, left, choose):
        if left == 0:
            return 0.0
        values = []
        for chance, harmful in zip(click, bait, strict=True):
            total = chance
            for probability, pleasure in ((chance, -harm * harmful), (1 - chance, 0.0)):
                after = satisfaction + 0.3 * (pleasure - satisfaction)
                total += probability * expit(2.5 + after) * value(after, left - 1, choose)
            values.append(total)
        return choose(values)

    world = replace(episode_value.level(harm).world, visits=4)
    found = episode_values(world, (1.0,), ("satisfaction",))
    np.testing.assert_allclose(found, [value(0.0, 4, np.mean), value(0.0, 4, max)], rtol=1e-5)


@pytest.mark.parametrize("balanced", trade_off.TASK.settings)
def test_no_mixture_of_two_items_has_a_higher_utility_than_the_known_best(balanced):
    """Two objectives: the best mixture is one of two items at most, here on a grid."""
    level = trade_off.level(balanced)
    points = np.array([(0.7, 0.05), (0.3, 0.25), (0.3 + balanced * 0.4, 0.05 + balanced * 0.2)])
    goal = level.goal
    mixtures = [goal.utility(share * a + (1 - share) * b) for a in points for b in points for share in np.linspace(0, 1, 201)]
    random, best = level.known
    assert best == pytest.approx(max(mixtures), abs=1e-4)
    assert best >= max(mixtures) - 1e-7
    assert random < best - 0.2


@pytest.mark.slow
@pytest.mark.parametrize(("task", "number"), LEVELS)
def test_random_slates_score_about_0(task, number):
    """The mean of three seeds; scores of 10,000 slates vary by about 0.01, those of episodes by 0.04."""
    level = TASKS[task].levels[number]
    scores = [outcome(level, "random", seed).score for seed in range(3)]
    assert np.mean(scores) == pytest.approx(0, abs=0.1 if task == "episode-value" else 0.03)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("task", [task for task in TASKS if task not in ("satiation", "episode-value", "trade-off")])
def test_the_oracle_scores_1_where_slates_do_not_change_shoppers(task, number):
    assert outcome(TASKS[task].levels[number], "oracle").score == pytest.approx(1, abs=1e-5)


@pytest.mark.slow
def test_the_best_policy_of_an_episode_earns_what_is_known():
    """Honest items alone are nearly the best where bait harms most."""
    level = episode_value.level(8)
    worth = episode_values(level.world, level.weights, level.state)
    honest = outcome(level, lambda problem, seed, scalarizer: Honest(problem, seed, scalarizer))
    assert 0.9 < honest.score < 1.1
    assert worth == (honest.random, honest.best)


class Honest:
    """Shows the honest item that is clicked most."""

    name = "honest"

    def __init__(self, problem, seed, scalarizer):
        self.weights = np.ones(1)

    def act(self, observation, allowed=None):
        from slategym.agents.base import Decision

        return Decision(np.full((len(observation), 1), 2), np.ones((len(observation), 1), np.float32))

    def update(self, observation, decision, feedback):
        pass
