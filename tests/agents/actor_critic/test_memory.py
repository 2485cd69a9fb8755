"""Encoders of past clicks: what they leave out, and their formulas by hand."""

import pytest
import torch

from slategym.agents.actor_critic.memory import MEMORIES

N, L, EVENT, INPUTS, WIDTH = 3, 4, 5, 2, 6


@pytest.fixture
def past():
    generator = torch.Generator().manual_seed(0)
    there = torch.tensor([[1.0, 1, 1, 1], [0, 0, 1, 1], [0, 0, 0, 0]])
    events = torch.randn(N, L, EVENT, generator=generator) * there[..., None]
    return events, there, torch.randn(N, INPUTS, generator=generator)


def made(name):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return MEMORIES[name](EVENT, INPUTS, WIDTH)


def test_attention_is_a_softmax_with_a_place_for_nothing(past):
    memory, (events, there, x) = made("attention"), past
    found = memory(events, there, x)
    for row in range(N):
        query = memory.query(x[row])
        weights = there[row] * torch.stack([query @ memory.key(event) / WIDTH**0.5 for event in events[row]]).exp()
        torch.testing.assert_close(found[row], (weights / (1 + weights.sum())) @ memory.value(events[row]))
    assert not found[2].any()  # who clicked nothing


def test_the_order_of_clicks_counts_to_a_gru(past):
    memory, (events, there, x) = made("gru"), past
    found, turned = memory(events, there, x), memory(events.flip(1), there, x)
    assert not torch.allclose(found[0], turned[0])
    torch.testing.assert_close(memory(events, there, x + 1), found)
