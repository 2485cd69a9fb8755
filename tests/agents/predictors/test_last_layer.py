"""The posterior of the last weights, and training against moved inputs."""

import numpy as np
import pytest
import torch
from torch import nn

from slategym.agents.predictors.last_layer import KEPT, PRIOR, LastLayer, moved
from slategym.agents.predictors.networks.inputs import Inputs, Sizes
from slategym.agents.predictors.networks.names import NETWORKS
from slategym.agents.predictors.trainer import Batch, Trainer


def some_inputs(rows=6, columns=3):
    torch.manual_seed(0)
    zero = torch.zeros((rows, 2), dtype=torch.int64)
    return Inputs(
        torch.randn(rows, 1, columns), torch.zeros(rows, 1, 2), torch.randn(rows, 2, 2), zero, zero, torch.zeros(rows, 2, 1)
    )


def test_the_precision_sums_the_information_of_thinned_clicks_and_of_conversions():
    torch.manual_seed(0)
    layers, logits = (torch.randn(4, 2, 3), torch.randn(4, 2, 3)), torch.randn(4, 2, 2)
    clicks, examined = torch.tensor([[1.0, 0], [0, 1], [0, 0], [1, 1]]), torch.tensor([1.0, 0.5])
    posterior = LastLayer(4)
    posterior.update(layers, logits, examined, clicks)
    for answer in (0, 1):
        expected = PRIOR * np.eye(4) * (KEPT + 1 - KEPT)
        for row in range(4):
            for rank in range(2):
                x = np.append(layers[answer][row, rank].numpy(), 1)
                p = 1 / (1 + np.exp(-logits[row, rank, answer].item()))
                e = examined[rank].item()
                # Of a click the derivative of e p by its logit, squared, over the variance e p (1 - e p).
                information = (e * p * (1 - p)) ** 2 / (e * p * (1 - e * p)) if answer == 0 else clicks[row, rank] * p * (1 - p)
                expected = expected + float(information) * np.outer(x, x)
        np.testing.assert_allclose(posterior.precision[answer], expected, rtol=1e-5)


def test_drawn_weights_have_the_covariance_of_the_posterior():
    posterior, random = LastLayer(3), np.random.default_rng(0)
    root = random.normal(size=(3, 3))
    posterior.precision[0] += root @ root.T
    drawn = posterior.draw(random, 200_000)
    for answer in (0, 1):
        covariance = np.linalg.inv(posterior.precision[answer])
        scale = np.sqrt(np.outer(np.diag(covariance), np.diag(covariance)))
        assert np.abs(np.cov(drawn[answer].T) - covariance).max() < 5 * scale.max() * np.sqrt(2 / 200_000)


@pytest.mark.parametrize("name", ["esmm", "wide-and-deep"])
def test_moved_weights_give_the_logits_of_a_network_that_has_them(name):
    torch.manual_seed(1)
    network, inputs = NETWORKS[name](Sizes(3, 2, 1, 1), 4, 8, ("context", "features")), some_inputs()
    hidden = network.heads[0].in_features
    deviation = torch.randn(2, hidden + 1)
    found = moved(network, inputs, deviation[:, None].expand(2, 6, hidden + 1))
    with torch.no_grad():
        for head, each in zip(network.heads, deviation, strict=True):
            head.weight += each[:-1]
            head.bias += each[-1]
    torch.testing.assert_close(found, network(inputs), rtol=1e-4, atol=1e-5)


class Linear(nn.Module):
    """Logits that are a linear map of context and features."""

    def forward(self, inputs):
        click = inputs.context @ torch.tensor([3.0, 4.0, 0]) + inputs.features @ torch.tensor([0.0, 2.0])
        return torch.stack([click, torch.zeros_like(click)], dim=-1)


def test_inputs_are_moved_along_the_slope_of_the_loss():
    inputs, clicks = some_inputs(), torch.ones(6, 2)
    batch = Batch(inputs, torch.ones(2), clicks, 0 * clicks, 0 * clicks[:, :1], 0 * clicks, 0 * clicks[:, :1])
    plain = Trainer("clicked", "wait", 0.0).total(Linear(), nn.Identity(), batch)
    both = Trainer("clicked", "wait", 0.1).total(Linear(), nn.Identity(), batch)
    # Everything was clicked, so that the loss grows where logits fall: by .1 times the norms 5 and 2 of their slopes.
    lower = Linear()(inputs)[..., 0] - 0.1 * (5 + 2)
    torch.testing.assert_close(both - plain, nn.functional.softplus(-lower))


def test_items_that_were_not_shown_count_as_not_clicked():
    inputs, clicks = some_inputs(), torch.ones(6, 2)
    batch = Batch(inputs, torch.ones(2), clicks, 0 * clicks, 0 * clicks[:, :1], 0 * clicks, 0 * clicks[:, :1], inputs)
    trainer = Trainer("clicked", "wait", 0.0)
    logits = Linear()(inputs)[..., 0]
    expected = nn.functional.softplus(-logits).sum(dim=1) + nn.functional.softplus(logits).sum(dim=1)
    torch.testing.assert_close(trainer.total(Linear(), nn.Identity(), batch).sum(dim=1), expected)
