"""What a model's estimates tell of a shopper: a linear map from them to true traits, judged on other shoppers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Agent
from slategym.bench.prediction.exact import Truth
from slategym.utils.standardize import standardised

Floats = NDArray[np.float64]
COMPONENTS = 32
RIDGE = 0.1  # of the shoppers' number
LEAST = 1e-6  # of a probability


def inferred(agent: Agent, truth: Truth) -> dict[str, float]:
    """How much of each trait the estimates of clicks and conversions of all items tell.

    Args:
        agent: has estimates.
        truth: of shoppers.

    Returns:
        R2 on the half of the shoppers that the map was not learned from, by the name of the trait.
    """
    columns = []
    for observation, _ in truth.recalled(agent):
        found = agent.estimates(observation)
        columns.append(np.concatenate([_logit(found.click), _logit(found.conversion)], axis=1))
    return explained(np.concatenate(columns), truth.traits, truth.shopper)


def observed(truth: Truth) -> dict[str, float]:
    """How much of each trait a linear map of the observation itself tells (see `inferred`)."""
    return explained(np.concatenate(truth.observations).astype(np.float64), truth.traits, truth.shopper)


def explained(features: Floats, traits: Mapping[str, NDArray[Any]], shopper: NDArray[np.int64]) -> dict[str, float]:
    """R2 of ridge regressions of traits on the main components of features, on shoppers that were not learned from.

    Args:
        features: (n, p).
        traits: (n, ...) by name; whole numbers, as of a segment, are classes. Those that do not vary are left out.
        shopper: (n,) who each row is of; one half of the shoppers is learned from, the other judged.
    """
    who = np.unique(shopper)
    first = np.isin(shopper, who[: len(who) // 2])
    standard = standardised(features)
    _, values, directions = np.linalg.svd(standard[first], full_matrices=False)
    kept = directions[:COMPONENTS][values[:COMPONENTS] > 1e-9 * max(values[0], 1.0)]
    scores = np.column_stack([np.ones(len(standard)), standard @ kept.T])
    learned, judged = scores[first], scores[~first]
    penalty = RIDGE * len(learned) * np.eye(scores.shape[1])
    penalty[0, 0] = 0
    found = {}
    for name, trait in traits.items():
        target = _target(trait)
        target = target[:, target.std(axis=0) > 0]
        if target.shape[1] == 0:
            continue
        weights = np.linalg.solve(learned.T @ learned + penalty, learned.T @ target[first])
        missed = ((target[~first] - judged @ weights) ** 2).sum()
        spread = ((target[~first] - target[~first].mean(axis=0)) ** 2).sum()
        found[name] = float(1 - missed / spread) if spread > 0 else 0.0
    return found


def _target(trait: NDArray[Any]) -> Floats:
    """A trait as columns, each of the same weight; a column for each class of whole numbers."""
    if trait.dtype.kind in "iub" and trait.ndim == 1:
        return np.asarray(trait[:, None] == np.unique(trait), np.float64)
    return standardised(trait.reshape(len(trait), -1))


def _logit(chance: NDArray[np.floating]) -> Floats:
    cut = np.clip(chance.astype(np.float64), LEAST, 1 - LEAST)
    return np.asarray(np.log(cut) - np.log1p(-cut))
