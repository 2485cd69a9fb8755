"""The directions by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from slategym.agents.policy_gradient.directions.aligned_mtl import aligned_weights
from slategym.agents.policy_gradient.directions.cagrad import cagrad_weights
from slategym.agents.policy_gradient.directions.mgda import mgda_weights
from slategym.agents.policy_gradient.directions.nash_mtl import nash_weights
from slategym.agents.policy_gradient.directions.pcgrad import pcgrad_weights
from slategym.agents.policy_gradient.directions.upgrad import dual_projection_weights, upgrad_weights
from slategym.agents.scalarizers.base import Weights


class Direction(NamedTuple):
    """A method that combines several gradients into one direction.

    Attributes:
        name: such as "mgda".
        summary: a description in one line.
        weighted: whether the weights of the objectives matter, beyond their signs.
        coefficients: function of the gradients' inner products (M, M), the non-negative weights (M,) and a random generator;
            returns the coefficients (M,) of the gradients.
    """

    name: str
    summary: str
    weighted: bool
    coefficients: Callable[[Weights, Weights, np.random.Generator], Weights]


def _bargained(gram: Weights, weights: Weights, random: np.random.Generator) -> Weights:
    try:
        return nash_weights(gram)
    except ValueError:  # no direction improves all objectives: give each gradient the same length
        return np.asarray(1 / np.sqrt(np.diag(gram)))


DIRECTIONS: dict[str, Direction] = {
    direction.name: direction
    for direction in (
        Direction("nash", "the largest product of improvements (Nash-MTL)", False, _bargained),
        Direction("mgda", "the shortest mixture of the gradients", False, lambda gram, weights, random: mgda_weights(gram)),
        Direction("pcgrad", "each gradient minus its conflicts with the others, one after another", True, pcgrad_weights),
        Direction(
            "cagrad",
            "the direction near the weighted mean that improves the worst objective most",
            True,
            lambda gram, weights, random: cagrad_weights(gram, weights),
        ),
        Direction(
            "upgrad",
            "the mean of the gradients, each projected onto the directions that harm no objective",
            True,
            lambda gram, weights, random: upgrad_weights(gram, weights),
        ),
        Direction(
            "dual-projection",
            "the weighted mean, projected onto the directions that harm no objective",
            True,
            lambda gram, weights, random: dual_projection_weights(gram, weights),
        ),
        Direction(
            "aligned-mtl",
            "the gradients made orthogonal and equally long",
            True,
            lambda gram, weights, random: aligned_weights(gram, weights),
        ),
    )
}
