"""Networks that see what was clicked before, and the convolution over attributes: formulas by hand, and what they learn."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from tests.agents.predictors.small import SIZES, N, made
from tests.agents.tiny import step

from slategym.agents.base import Agent
from slategym.agents.predictors.networks.names import NETWORKS
from slategym.agents.registry import make_agent
from slategym.agents.scalarizers.base import FixedSum
from slategym.sim.catalog import Catalog
from slategym.sim.click_models import PositionBased
from slategym.sim.simulation import Simulation
from slategym.sim.streams import Stream
from slategym.sim.user_models.base import UserModel
from slategym.sim.world import World

SEQUENTIAL = [name for name, kind in NETWORKS.items() if kind.sequential]


@dataclass(frozen=True)
class Cycle(UserModel):
    """Shoppers click item i + 1 after item i, and nothing in their context tells where they are."""

    click_model = PositionBased((1.0,))
    context_size = 1

    def sample(self, draws, catalog):
        ones = np.ones(len(draws.uniform(Stream.CUSTOM)), np.int64)
        return {"kind": ones}, {"next": 0 * ones}

    def context(self, shoppers):
        return shoppers.kind[:, None] * 1.0

    def attraction(self, shoppers, catalog, slate):
        slate = np.arange(catalog.size)[None] if slate is None else slate
        return np.where(slate == shoppers.next[:, None], 0.9, 0.05)

    def evolve(self, shoppers, catalog, slate, feedback, draws):
        clicked = feedback.clicks[:, 0]
        shoppers.state["next"][clicked] = (slate[clicked, 0] + 1) % catalog.size


def cycle(items=5):
    column = np.arange(items, dtype=float)
    return World(
        "Cycle-v0",
        Catalog(np.eye(items), column[:, None] * 0, np.arange(items), column + 1, column * 0 + 0.5, column * 0, column * 0),
        Cycle(),
        slate_size=1,
        visits=30,
    )


def earned(options, steps=40):
    """Clicks per slate of the last twenty steps."""
    simulation = Simulation(cycle(), 0, 100)
    agent = make_agent(f"predictor:{options},history=3,batch_size=300", simulation, 0, FixedSum((1.0, 0.0)))
    clicks = [step(agent, simulation)[2].clicks.mean() for _ in range(steps)]
    return np.mean(clicks[-20:]), agent, simulation


@pytest.mark.quick("gru")
@pytest.mark.parametrize("name", SEQUENTIAL)
def test_what_follows_a_click_is_learned(name):
    assert earned(f"{name}:epsilon=0.1")[0] > 0.65


@pytest.mark.slow
def test_without_the_history_it_is_not():
    assert earned("attention:epsilon=0.1,inputs=context,features,category,item")[0] < 0.5


@pytest.mark.parametrize("name", SEQUENTIAL)
def test_items_clicked_by_nobody_do_not_count(name, inputs):
    network, past = made(name), inputs.past
    other = replace(past, item=torch.where(past.told[..., 0] > 0, past.item, 5 - past.item))
    torch.testing.assert_close(network(replace(inputs, past=other)), network(inputs))


@pytest.mark.parametrize("name", ["gru", "convolution"])
def test_the_order_of_clicks_counts(name, inputs):
    network, past = made(name), inputs.past
    turned = replace(past, item=past.item.flip(1), features=past.features.flip(1), category=past.category.flip(1))
    assert not torch.allclose(network(replace(inputs, past=turned))[0], network(inputs)[0])


def test_attention_is_a_softmax_with_a_place_for_nothing(inputs):
    network = made("attention")
    (events, there), item = network.encoder.past(inputs), network.encoder(inputs)[1]
    found = network.made_of(events, there, item)
    for row, column in ((0, 0), (1, 4)):
        query = network.query(item[0, column])
        logits = torch.stack([query @ network.key(event) / query.numel() ** 0.5 for event in events[row]])
        weights = there[row] * logits.exp() / (1 + (there[row] * logits.exp()).sum())
        torch.testing.assert_close(found[row, column], weights @ network.value(events[row]))
    assert not found[N - 1].any()  # who clicked nothing


def test_the_convolution_over_attributes_is_that_of_three_in_a_row(inputs):
    network = made("attribute-convolution")
    item = network.encoder(inputs)[1]
    found = network._answers(item)
    width = network.attributes.shape[1]
    rows = [item[0, 2, place] * network.attributes[place] for place in range(SIZES.features)]
    rows += [item[0, 2, SIZES.features :][place * width : (place + 1) * width] for place in range(2)]
    fields = torch.stack([torch.zeros(width), *rows, torch.zeros(width)]).double()
    answers = [
        torch.einsum("hwc,cw->h", network.filters.weight, fields[place : place + 3]) + network.filters.bias
        for place in range(len(rows))
    ]
    torch.testing.assert_close(found[0, 2], torch.relu(torch.stack(answers)).amax(dim=0))


def test_a_saved_one_remembers_who_clicked_what(tmp_path):
    _, agent, simulation = earned("gru:epsilon=0.1", steps=8)
    agent.save(tmp_path / "agent")
    loaded = Agent.load(tmp_path / "agent", simulation.world)
    observation = simulation.observe()
    assert len(np.unique(agent.scores(observation), axis=0)) > 1
    np.testing.assert_array_equal(agent.scores(observation), loaded.scores(observation))
