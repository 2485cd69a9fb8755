"""The networks by name."""

from __future__ import annotations

from slategym.agents.predictors.multitask import ESMM, PLE, MMoE, SharedBottom
from slategym.agents.predictors.networks import (
    MLP,
    EmbeddingDot,
    FactorisationMachine,
    LogisticRegression,
    Network,
    TwoTower,
    WideAndDeep,
)

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
}
