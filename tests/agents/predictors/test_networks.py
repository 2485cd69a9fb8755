"""The networks: shapes that broadcast, formulas by hand, and what each can tell apart."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.agents.predictors.small import N, made
from torch import nn

from slategym.agents.predictors.networks.inputs import Inputs, Sizes
from slategym.agents.predictors.networks.layers import Parts, dot
from slategym.agents.predictors.networks.multitask import mixed
from slategym.agents.predictors.networks.names import NETWORKS


def some(inputs, items):
    """The same with items (n, c) of each shopper."""
    rows = torch.arange(N)[:, None]
    return Inputs(
        inputs.context,
        inputs.clock,
        inputs.features[0][items],
        inputs.category[0][items],
        inputs.item[0][items],
        inputs.exposure[rows, items],
        inputs.past,
    )


@pytest.mark.parametrize("name", NETWORKS)
def test_items_of_their_own_have_the_logits_that_they_have_among_all(name, inputs):
    network, items = made(name), torch.from_numpy(np.random.default_rng(1).integers(0, 6, (N, 3)))
    every = network(inputs)
    assert every.shape == (N, 6, 2)
    torch.testing.assert_close(network(some(inputs, items)), torch.take_along_dim(every, items[..., None], dim=1))


@pytest.mark.parametrize("name", NETWORKS)
def test_every_parameter_has_a_part_in_the_logits(name, inputs):
    network = made(name)
    with torch.no_grad():
        for parameter in network.parameters():  # some begin at 0
            parameter += 0.1 * torch.randn_like(parameter)
    network(inputs).square().sum().backward()
    unused = [key for key, parameter in network.named_parameters() if parameter.grad is None or not parameter.grad.any()]
    assert unused == ([] if name != "embedding-dot" else ["encoder.category.weight", "encoder.item.weight"])


@pytest.mark.parametrize("name", NETWORKS)
def test_inputs_that_are_not_selected_do_not_count(name, inputs):
    network = made(name, ("context", "category"))
    past = replace(inputs.past, item=inputs.past.item.flip(1), told=1 - inputs.past.told)
    other = replace(inputs, clock=-inputs.clock, features=inputs.features + 1, exposure=-inputs.exposure, past=past)
    if name != "embedding-dot":  # which is made of an item's own vector
        other = replace(other, item=inputs.item.flip(1))
    torch.testing.assert_close(network(other), network(inputs))
    assert not torch.allclose(network(replace(inputs, context=-inputs.context)), network(inputs))


def test_a_factorisation_machine_sums_over_all_pairs(inputs):
    network = made("factorisation-machine")
    shopper, item, pair = network.encoder(inputs)
    logits = network(inputs)
    for row, column, output in ((0, 0, 0), (3, 5, 1)):
        x = torch.cat([shopper[row, 0], item[0, column], pair[row, column]])
        vectors = torch.cat([part.weight for part in network.vectors[output]], dim=1).T
        linear = torch.cat([part.weight[output] for part in network.linear.maps]) @ x + network.linear.maps[0].bias[output]
        pairs = sum(
            (vectors[one] @ vectors[other]) * x[one] * x[other] for one in range(len(x)) for other in range(one + 1, len(x))
        )
        torch.testing.assert_close(logits[row, column, output], linear + pairs)


def test_parts_are_one_linear_map():
    parts = Parts((2, 3), 4).double()
    first, second = torch.randn(5, 1, 2).double(), torch.randn(1, 6, 3).double()
    whole = torch.cat([first.expand(5, 6, 2), second.expand(5, 6, 3)], dim=-1)
    weight = torch.cat([each.weight for each in parts.maps], dim=1)
    torch.testing.assert_close(parts(first, second), nn.functional.linear(whole, weight, parts.maps[0].bias))


def test_experts_are_mixed_by_the_softmax():
    gate, experts = torch.tensor([[0.0, float(np.log(3))]]), [torch.tensor([[4.0, 0.0]]), torch.tensor([[0.0, 8.0]])]
    torch.testing.assert_close(mixed(gate, experts), torch.tensor([[1.0, 6.0]]))


def test_products_of_items_for_all_and_of_ones_own():
    shopper, item = torch.randn(4, 1, 3), torch.randn(1, 5, 3)
    torch.testing.assert_close(dot(shopper, item), dot(shopper, item.expand(4, 5, 3)))


def fitted(name, logit):
    """The correlation of a network's click logits with a function of context and feature, after it has learned from it."""
    torch.manual_seed(1)
    network = NETWORKS[name](Sizes(1, 1, 1, 1), 4, 16, ("context", "features"))
    optimizer = torch.optim.Adam(network.parameters(), lr=0.02)
    for _ in range(400):
        context, feature = torch.randn(256, 1, 1), torch.randn(256, 1, 1)
        zero = torch.zeros((256, 1), dtype=torch.int64)
        inputs = Inputs(context, torch.zeros(256, 1, 2), feature, zero, zero, torch.zeros(256, 1, 1))
        target, found = logit(context, feature)[..., 0], network(inputs)[..., 0]
        optimizer.zero_grad()
        (found - target).square().mean().backward()
        optimizer.step()
    return float(np.corrcoef(target.ravel(), found.detach().ravel())[0, 1])


@pytest.mark.quick("mlp", "two-tower")
@pytest.mark.parametrize("name", ["logistic-regression", "factorisation-machine", "mlp", "two-tower", "mmoe"])
def test_all_that_see_features_learn_a_product(name):
    assert fitted(name, lambda context, feature: context * feature) > 0.95


def test_depth_is_needed_for_what_is_no_product():
    def thresholds(context, feature):
        return torch.sign(context * feature)

    assert fitted("mlp", thresholds) > fitted("logistic-regression", thresholds) + 0.1
