"""Training of a network: batches of slates with the feedback so far, and the loss."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from slategym.agents.predictors import losses
from slategym.agents.predictors.networks.inputs import Inputs
from slategym.utils.short_repr import Brief


@dataclass(frozen=True, repr=False)
class Batch(Brief):
    """Slates, as tensors.

    Attributes:
        inputs: inputs of the k items of n slates.
        examined: (k,) examination of each rank, relative to the rank examined most.
        clicks: (n, k) 0 or 1.
        conversions: (n, k) 0 or 1, those that have arrived.
        known: (n, 1) 1 if conversions are learned, 0 if they are not known yet.
        delay: (n, k) steps from the impression to the conversion.
        elapsed: (n, 1) steps since the impression.
        others: inputs of items that were not shown and are learned as not clicked; None for no such items.
    """

    inputs: Inputs
    examined: Tensor
    clicks: Tensor
    conversions: Tensor
    known: Tensor
    delay: Tensor
    elapsed: Tensor
    others: Inputs | None = None


@dataclass(frozen=True)
class Trainer:
    """The loss of a network.

    Attributes:
        loss: loss of conversions, "entire-space" or "clicked".
        delay: treatment of conversions that may still arrive; the names are explained in `Predictor`.
        adversarial: distance by which a shopper's context and an item's features are moved to increase the loss.
    """

    loss: str
    delay: str
    adversarial: float

    def total(self, network: nn.Module, rate: nn.Module, batch: Batch) -> Tensor:
        """(n, k) the loss of each impression.

        Args:
            network: the network that predicts.
            rate: the network of the rate at which conversions arrive; used with delay "delayed-feedback".
            batch: some slates.
        """
        if not self.adversarial:
            return self._plain(network, rate, batch)
        inputs = batch.inputs
        moved = (inputs.context.requires_grad_(), inputs.features.requires_grad_())
        loss = self._plain(network, rate, batch)
        slopes = torch.autograd.grad(loss.sum(), moved, retain_graph=True, allow_unused=True)
        context, features = (_moved(each, slope, self.adversarial) for each, slope in zip(moved, slopes, strict=True))
        worse = replace(batch, inputs=replace(inputs, context=context, features=features), others=None)
        return loss + self._plain(network, rate, worse)

    def _plain(self, network: nn.Module, rate: nn.Module, batch: Batch) -> Tensor:
        logits = network(batch.inputs)
        click, conversion = logits[..., 0], logits[..., 1]
        examined = batch.examined.expand_as(click)
        loss = losses.of_clicks(click, examined, batch.clicks) + batch.known * self._of_conversions(
            click, conversion, examined, rate, batch
        )
        if batch.others is None:
            return loss
        unshown = softplus(network(batch.others)[..., 0]).sum(dim=-1, keepdim=True)
        return loss + unshown / loss.shape[1]  # divided among the ranks, whose losses are summed

    def _of_conversions(self, click: Tensor, conversion: Tensor, examined: Tensor, rate: nn.Module, batch: Batch) -> Tensor:
        clicks, conversions = batch.clicks, batch.conversions
        if self.delay == "fake-negative":
            return losses.fake_negative(conversion, clicks, conversions)
        if self.delay == "delayed-feedback":
            return losses.delayed_feedback(conversion, rate(batch.inputs), clicks, conversions, batch.delay, batch.elapsed)
        if self.loss == "entire-space":
            return losses.of_both(click, conversion, examined, conversions)
        return losses.of_clicked(conversion, clicks, conversions)


def _moved(values: Tensor, slope: Tensor | None, length: float) -> Tensor:
    """Move values by a distance along their slope (Miyato, Dai, Goodfellow, "Adversarial training methods", ICLR 2017, eq. 5)."""
    if slope is None:
        return values.detach()
    norm = slope.norm(dim=-1, keepdim=True).clamp(min=torch.finfo(slope.dtype).tiny)
    moved: Tensor = values + length * slope / norm
    return moved.detach()
