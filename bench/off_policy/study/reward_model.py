"""The reward model of the study: for each item a linear function of the context, by cross-fitted ridge regression."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
FOLDS = 2
RIDGE = 5.0  # the weight of the shrinkage to the mean, in rounds of an item


def predictions(
    context: Floats, item: NDArray[np.int64], reward: Floats, chances: Floats, weights: Floats | None = None
) -> tuple[Floats, Floats]:
    """Predict the rewards of the logged items and of a policy's choices, for each round by a model of the other half.

    The model of the other half was not fitted to the round's reward, which keeps the doubly robust estimators unbiased
    (Chernozhukov et al., "Double/debiased machine learning", 2018).

    Args:
        context: (n, c) features of the contexts.
        item: (n,) the logged items.
        reward: (n,) the rewards.
        chances: (n, m) the probabilities of all items under the policy to evaluate.
        weights: (n,) weights of the rounds in the fit; None for ones.

    Returns:
        (n,) predictions for the logged items, and (n,) the mean predictions under the policy.
    """
    design = np.concatenate([np.ones((len(item), 1)), context], axis=1)
    predicted, expected = np.empty(len(item)), np.empty(len(item))
    for fold in range(FOLDS):
        own = np.arange(len(item)) % FOLDS == fold
        lines = _lines(design[~own], item[~own], reward[~own], chances.shape[1], None if weights is None else weights[~own])
        every = design[own] @ lines.T
        predicted[own] = np.take_along_axis(every, item[own][:, None], axis=1)[:, 0]
        expected[own] = (every * chances[own]).sum(axis=1)
    return predicted, expected


def _lines(design: Floats, item: NDArray[np.int64], reward: Floats, items: int, weights: Floats | None) -> Floats:
    """(m, c + 1) the coefficients of each item, shrunk to the overall mean."""
    used = np.ones(len(reward)) if weights is None or not weights.any() else weights / weights.mean()
    mean = float(np.average(reward, weights=used))
    gram = np.tile(RIDGE * np.eye(design.shape[1]), (items, 1, 1))
    moment = np.zeros((items, design.shape[1]))
    for number in range(items):
        some = item == number
        scaled = design[some] * used[some][:, None]
        gram[number] += scaled.T @ design[some]
        moment[number] = scaled.T @ (reward[some] - mean)
    lines = np.linalg.solve(gram, moment[:, :, None])[:, :, 0]
    lines[:, 0] += mean
    return np.asarray(lines, np.float64)
