"""By what choices count: ratios, the top-K correction and PPO's clipping, against derivatives by torch."""

import numpy as np
import pytest
import torch

from slategym.agents.actor_critic.gains import clipped, ratios, top_k_correction

RANDOM = np.random.default_rng(0)
NOW = np.log(RANDOM.uniform(0.05, 0.9, (40, 3)))
START = NOW + RANDOM.normal(0, 0.3, NOW.shape)
ADVANTAGE = RANDOM.normal(size=NOW.shape)


def test_a_ratio_is_cut_off_and_1_where_it_is_not_known():
    before = np.log([[0.25, 0.01, np.nan, 0.5]])
    now = np.log([[0.5, 0.9, 0.3, 0.25]])
    np.testing.assert_allclose(ratios(now, before, 4.0), [[2.0, 4.0, 1.0, 0.5]])


def test_the_top_k_correction_is_the_derivative_of_the_chance_to_be_among_k():
    now = torch.tensor(NOW, requires_grad=True)
    among = 1 - (1 - now.exp()) ** 4
    found = torch.autograd.grad(among.sum(), now)[0].numpy()  # by log p, which is p times that by p
    np.testing.assert_allclose(np.exp(NOW) * top_k_correction(NOW, 4), found)
    np.testing.assert_array_equal(top_k_correction(np.array([[0.0, -80.0]]), 4), [[0.0, 4.0]])
    np.testing.assert_array_equal(top_k_correction(NOW, 1), 1.0)


def test_corrected_choices_of_another_policy_follow_the_gain_of_k_draws():
    """The mean over a logger's choices is the gradient of what K independent draws of the policy earn, each item once."""
    logits, reward = torch.tensor([0.5, -0.3, 1.2, 0.1], requires_grad=True), torch.tensor([1.0, 3.0, 0.5, 2.0])
    logger, size = np.array([0.4, 0.3, 0.2, 0.1]), 3
    policy = torch.softmax(logits, dim=0)
    wanted = torch.autograd.grad((reward * (1 - (1 - policy) ** size)).sum(), logits)[0]
    now = np.log(torch.softmax(logits.detach(), dim=0).numpy())[:, None]
    made = np.log(logger)[:, None]
    weight = ratios(now, made, 10.0) * top_k_correction(now, size) * reward.numpy()[:, None] * logger[:, None]
    found = torch.autograd.grad((torch.tensor(weight[:, 0]) * torch.log_softmax(logits, dim=0)).sum(), logits)[0]
    torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize("clip", [0.1, 0.3])
def test_clipping_is_the_derivative_of_ppos_objective(clip):
    now = torch.tensor(NOW, requires_grad=True)
    ratio, advantage = (now - torch.tensor(START)).exp(), torch.tensor(ADVANTAGE)
    objective = torch.minimum(ratio * advantage, ratio.clamp(1 - clip, 1 + clip) * advantage)
    wanted = torch.autograd.grad(objective.sum(), now)[0].numpy()
    found = clipped(NOW, START, START, ADVANTAGE, clip, 1e9)
    np.testing.assert_allclose(found, wanted)
    assert 0.1 < (found == 0).mean() < 0.9


def test_choices_of_another_policy_count_by_where_the_passes_began():
    made = START + RANDOM.normal(0, 0.5, START.shape)
    made[0, 0] = np.nan
    fresh, found = (clipped(NOW, START, each, ADVANTAGE, 0.2, 2.0) for each in (START, made))
    np.testing.assert_allclose(found, fresh * ratios(START, made, 2.0))
    assert found[0, 0] == fresh[0, 0]
