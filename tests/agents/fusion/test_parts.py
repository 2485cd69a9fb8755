"""The parts of fusions: weights, stacking, corrections and texts, against known answers."""

import numpy as np
import pytest

from slategym.agents.choosing.given_slates import mixed
from slategym.agents.fusion.held_out import HeldOutBuffer, corrected, log_loss
from slategym.agents.fusion.members import member_texts, places
from slategym.agents.fusion.play import Exp3, Thompson
from slategym.agents.fusion.weights import ExponentialWeights
from slategym.agents.problem import Decision
from slategym.sim.feedback import DelayedConversions, Feedback


@pytest.mark.parametrize("rate", [0.05, 0.5])
@pytest.mark.parametrize("kind", ["random", "turns", "switches"])
def test_the_regret_of_exponential_weights_keeps_its_bound(kind, rate):
    random, steps, experts = np.random.default_rng(0), 500, 4
    losses = random.random((steps, experts))
    if kind == "turns":  # each expert is the only good one in turn, the worst case of following the leader
        losses = (np.arange(steps)[:, None] % experts != np.arange(experts)).astype(float)
    if kind == "switches":
        losses[:250, 0], losses[250:, 0] = 0, 1
    weights, lost = ExponentialWeights(experts, rate), 0.0
    for loss in losses:
        lost += weights.weights @ loss
        weights.update(loss)
    assert lost - losses.sum(axis=0).min() <= np.log(experts) / rate + rate * steps / 8
    expected = np.exp(-rate * losses.sum(axis=0))
    np.testing.assert_allclose(weights.weights, expected / expected.sum(), rtol=1e-9)


def test_weight_moves_to_the_better_expert_after_a_change():
    weights = ExponentialWeights(2, rate=0.5, halflife=20)
    for _ in range(100):
        weights.update(np.array([0.0, 1.0]))
    assert weights.weights[0] > 0.99
    for _ in range(60):
        weights.update(np.array([1.0, 0.0]))
    assert weights.weights[1] > 0.99
    lasting = ExponentialWeights(2, rate=0.5)  # without forgetting the past still counts more
    for loss in [[0.0, 1.0]] * 100 + [[1.0, 0.0]] * 60:
        lasting.update(np.array(loss))
    assert lasting.weights[0] > 0.99


def test_robustness_prefers_the_steadier_of_equally_good_experts():
    weights = {robustness: ExponentialWeights(3, 0.1, robustness=robustness) for robustness in (0.0, 0.5)}
    for step in range(100):
        for each in weights.values():
            each.update(np.array([1.0, 0.0 if step % 2 else 2.0, 1.0]))
    np.testing.assert_allclose(weights[0.0].weights, 1 / 3)
    found = weights[0.5].weights  # the deviations from the mean of all three are 1/3, 2/3 and 1/3
    assert found[0] / found[1] == pytest.approx(np.exp(0.1 * 0.5 * 100 / 3))


def test_corrections_undo_the_propensities():
    np.testing.assert_allclose(corrected(np.array([[0.5, 0.25], [0.5, np.nan]], np.float32)).mean(), 1)
    weight = corrected(np.array([[0.5, 0.25]], np.float32))
    assert weight[0, 1] == pytest.approx(2 * weight[0, 0])
    np.testing.assert_array_equal(corrected(np.full((2, 3), np.nan, np.float32)), 1)
    # The mean of what was drawn by known propensities, weighted, is the mean over all items.
    random, chance, value = np.random.default_rng(1), np.array([0.6, 0.3, 0.1]), np.array([1.0, 2.0, 6.0])
    drawn = random.choice(3, 20_000, p=chance)
    found = (corrected(chance[drawn][:, None].astype(np.float32))[:, 0] * value[drawn]).mean()
    assert found == pytest.approx(3, abs=0.15)


def test_losses_are_those_of_the_logarithm():
    np.testing.assert_allclose(log_loss(np.array([0.25, 0.25]), np.array([True, False])), [np.log(4), np.log(4 / 3)])
    assert log_loss(np.zeros(1), np.ones(1, bool))[0] == pytest.approx(np.log(1e4))


def test_delayed_conversions_are_noted_where_they_were_shown():
    buffer, chances = HeldOutBuffer(2), np.full((1, 2, 1), 0.5, np.float32)
    decision = Decision(np.zeros((2, 1), np.int64), np.ones((2, 1), np.float32))
    late = DelayedConversions(np.array([1]), np.array([2]), np.array([0]), np.array([0]), np.ones(1, np.float32))
    answers = [Feedback.of([[True], [True]]), Feedback.of([[False], [False]]), Feedback.of([[False], [False]], delayed=late)]
    found = [buffer(chances, chances, decision, answer) for answer in answers]
    assert found[:2] == [None, None]
    assert found[2].conversions.tolist() == [[False], [True]]
    assert not answers[0].conversions.any()  # the caller's own is left alone


def test_texts_of_members():
    expected = ("lin-ts:alpha=0.2,window=1e+5", "logistic-ts")
    assert member_texts("lin-ts:alpha=0.2;window=1e+5 + logistic-ts") == expected
    assert member_texts(list(expected)) == expected
    assert places("click", "lin-ts", expected) == [0]
    assert places("click", None, expected) == [0, 1]
    with pytest.raises(ValueError, match="click names 'lin-ucb': expected members, which are lin-ts:alpha"):
        places("click", "lin-ucb", expected)
    for bad in ("", [], ["lin-ts", " "]):
        with pytest.raises(ValueError, match="expected agents separated by plus signs"):
            member_texts(bad)


def test_propensities_of_a_mixture():
    # The first member shows this slate for certain, the second with 1/2 * 1/4.
    chances = np.array([[[1.0, 1.0]], [[0.5, 0.25]]])
    np.testing.assert_allclose(mixed(zip((0.2, 0.8), chances, strict=True)), [[0.6, 0.3 / 0.6]])
    # One that would never have begun like this has no say in what follows.
    chances = np.array([[[0.0, 1.0]], [[0.5, 0.25]]])
    np.testing.assert_allclose(mixed(zip((0.2, 0.8), chances, strict=True)), [[0.4, 0.25]])
    np.testing.assert_allclose(mixed([(1.0, np.array([[0.0, 1.0]]))]), [[0.0, 0.0]])


def test_thompson_probabilities_are_those_of_draws():
    play = Thompson(3, 0.0, None)
    np.testing.assert_allclose(play.probability, 1 / 3)
    random = np.random.default_rng(2)
    member = random.integers(3, size=300)
    play.learn(member, random.normal(np.array([0.0, 0.1, 0.15])[member]), play.probability)
    error = play.deviation / np.sqrt(play.slates)
    draws = random.normal(play.reward / play.slates, error, (200_000, 3)).argmax(axis=1)
    np.testing.assert_allclose(play.probability, np.bincount(draws, minlength=3) / 200_000, atol=0.005)


@pytest.mark.parametrize("halflife", [None, 5000.0])
@pytest.mark.parametrize("kind", ["thompson", "exp3"])
def test_a_bandit_finds_the_better_member(kind, halflife):
    random = np.random.default_rng(3)
    play = Thompson(2, 0.05, halflife) if kind == "thompson" else Exp3(2, 0.05, halflife, 0.02)
    for _ in range(200):
        member = (random.random(50) < play.probability[1]).astype(np.int64)
        play.learn(member, (random.random(50) < np.array([0.3, 0.5])[member]).astype(float), play.probability)
    assert play.probability[1] > 0.95
    assert play.probability.min() >= 0.025
