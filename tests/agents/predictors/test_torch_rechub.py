"""With the same weights the networks give what torch-rechub's give, in float64, for those that it has."""

import pytest
import torch
from tests.agents.predictors.small import SIZES, N, made
from torch import nn

pytest.importorskip("torch_rechub", reason='torch-rechub is not installed: pip install "slategym[peers]"')
from torch_rechub.basic.features import DenseFeature
from torch_rechub.basic.layers import FM, MLP
from torch_rechub.models.multi_task import ESMM, MMOE, PLE, SharedBottom

M, HIDDEN, TASKS = SIZES.items, 8, ("classification",) * 2


class Columns(nn.Module):
    """In place of their embedding: the columns of the features asked for, the shopper's or the item's where a model has both."""

    def __init__(self, groups):
        super().__init__()
        self.groups = groups

    def forward(self, x, features, squeeze_dim):
        return x[:, self.groups[id(features)]]


def columns_of(network, inputs):
    """(n m, columns) the parts side by side for each pair."""
    shopper, item, pair = network.encoder(inputs)
    wide = (part.expand(N, M, -1) for part in (shopper, item, pair))
    return torch.cat(list(wide), dim=-1).flatten(0, 1)


def theirs(model, columns, **groups):
    """Their model in float64, with our columns as input and normalisation of batches out of use."""
    names = dict(groups) or {"features": slice(None)}
    model.embedding = Columns({id(getattr(model, name)): part for name, part in names.items()})
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm1d):
            layer.eps = 0.0
    return model.double().eval()


def copied(mlp, *layers):
    """Give the linear layers of their MLP the weights of ours, parts or layers."""
    linear = [layer for layer in mlp.mlp if isinstance(layer, nn.Linear)]
    assert len(linear) == len(layers)
    with torch.no_grad():
        for into, layer in zip(linear, layers, strict=True):
            parts = layer.maps if hasattr(layer, "maps") else [layer]
            into.weight.copy_(torch.cat([part.weight for part in parts], dim=1))
            into.bias.copy_(parts[0].bias)


def tower(ours):
    return [ours.first, *ours.rest]


def same(network, inputs, model, order=(0, 1)):
    """That both networks say the same of clicks, and of conversions of clicks."""
    columns = columns_of(network, inputs)
    found = torch.sigmoid(network(inputs)).flatten(0, 1)
    given = model(columns)[:, list(order)]
    torch.testing.assert_close(found, given, rtol=0, atol=1e-6)
    assert found.std() > 0.01


def features(count):
    return [DenseFeature(f"column {number}") for number in range(count)]


def test_shared_bottom(inputs):
    network = made("shared-bottom")
    columns = columns_of(network, inputs).shape[1]
    small = {"dims": [HIDDEN // 2]}
    model = theirs(SharedBottom(features(columns), TASKS, {"dims": [HIDDEN]}, [small, small]), columns)
    copied(model.bottom_mlp, *tower(network.bottom))
    for into, own, head in zip(model.towers, network.towers, network.heads, strict=True):
        copied(into, *tower(own), head)
    same(network, inputs, model)


def test_esmm(inputs):
    network = made("esmm")
    columns, (shopper, item, pair) = columns_of(network, inputs), network.encoder.columns
    sizes = {"dims": [HIDDEN, HIDDEN // 2]}
    model = ESMM(features(shopper), features(item + pair), sizes, sizes)
    model = theirs(model, columns, user_features=slice(shopper), item_features=slice(shopper, None))
    for into, own, head in zip((model.tower_ctr, model.tower_cvr), network.towers, network.heads, strict=True):
        copied(into, *tower(own), head)
    same(network, inputs, model, order=(1, 0))


def test_mmoe(inputs):
    network = made("mmoe")
    columns = columns_of(network, inputs).shape[1]
    small = {"dims": [HIDDEN // 2]}
    model = theirs(MMOE(features(columns), TASKS, len(network.experts), small, [small, small]), columns)
    for into, own in zip(model.experts, network.experts, strict=True):
        copied(into, *tower(own))
    for into, own in zip(model.gates, network.gates, strict=True):
        copied(into, own)
    for into, own, head in zip(model.towers, network.towers, network.heads, strict=True):
        copied(into, *tower(own), head)
    same(network, inputs, model)


def test_ple(inputs):
    network = made("ple")
    columns = columns_of(network, inputs).shape[1]
    small = {"dims": [HIDDEN // 2]}
    own, shared = len(network.first.own[0]), len(network.first.shared)
    model = theirs(PLE(features(columns), TASKS, 2, own, shared, small, [small, small]), columns)
    for level, into in zip((network.first, network.second), model.cgc_layers, strict=True):
        for theirs_, ours in zip(into.experts_specific, [each for group in level.own for each in group], strict=True):
            copied(theirs_, *tower(ours))
        for theirs_, ours in zip(into.experts_shared, level.shared, strict=True):
            copied(theirs_, *tower(ours))
        for theirs_, ours in zip(into.gates_specific, level.gates, strict=True):
            copied(theirs_, ours)
    copied(model.cgc_layers[0].gate_shared, network.first.shared_gate)
    for into, ours, head in zip(model.towers, network.towers, network.heads, strict=True):
        copied(into, *tower(ours), head)
    same(network, inputs, model)


def test_mlp(inputs):
    network = made("mlp")
    columns = columns_of(network, inputs)
    for output, head in enumerate(network.heads):
        model = MLP(columns.shape[1], dims=[HIDDEN, HIDDEN]).double().eval()
        for layer in model.modules():
            if isinstance(layer, nn.BatchNorm1d):
                layer.eps = 0.0
        copied(model, *tower(network.tower), head)
        torch.testing.assert_close(network(inputs)[..., output].flatten(), model(columns)[:, 0], rtol=0, atol=1e-6)


def test_factorisation_machine(inputs):
    network = made("factorisation-machine")
    columns = columns_of(network, inputs)
    for output, vectors in enumerate(network.vectors):
        weight = torch.cat([part.weight for part in vectors], dim=1).T  # (columns, w)
        linear = torch.cat([part.weight[output] for part in network.linear.maps]) @ columns.T
        given = FM()(columns[:, :, None] * weight)[:, 0] + linear + network.linear.maps[0].bias[output]
        torch.testing.assert_close(network(inputs)[..., output].flatten(), given, rtol=0, atol=1e-6)
