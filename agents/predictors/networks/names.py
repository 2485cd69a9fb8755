"""The networks by name."""

from __future__ import annotations

from slategym.agents.predictors.networks.feedforward import (
    MLP,
    AttributeConvolution,
    EmbeddingDot,
    FactorisationMachine,
    LogisticRegression,
    Network,
    TwoTower,
    WideAndDeep,
)
from slategym.agents.predictors.networks.multitask import ESMM, PLE, MMoE, SharedBottom
from slategym.agents.predictors.networks.sequence import GRU, Attention, Convolution

NETWORKS: dict[str, type[Network]] = {
    "logistic-regression": LogisticRegression,
    "factorisation-machine": FactorisationMachine,
    "mlp": MLP,
    "embedding-dot": EmbeddingDot,
    "two-tower": TwoTower,
    "wide-and-deep": WideAndDeep,
    "shared-bottom": SharedBottom,
    "esmm": ESMM,
    "mmoe": MMoE,
    "ple": PLE,
    "attribute-convolution": AttributeConvolution,
    "gru": GRU,
    "convolution": Convolution,
    "attention": Attention,
}
