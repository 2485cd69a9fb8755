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
    """A way to make one direction of several gradients.

    Attributes:
        name: "mgda".
        summary: what it is, in a line.
        weighted: whether weights of the objectives have a say, beyond their signs.
        coefficients: of the gradients' inner products (M, M), the weights (M,), none below 0, and a generator, the
            coefficients (M,) of the gradients.
    """

    name: str
    summary: str
    weighted: bool
    coefficients: Callable[[Weights, Weights, np.random.Generator], Weights]


def _bargained(gram: Weights, weights: Weights, random: np.random.Generator) -> Weights:
    try:
        return nash_weights(gram)
    except ValueError:  # no direction improves all: the same length for each
        return np.asarray(1 / np.sqrt(np.diag(gram)))


DIRECTIONS: dict[str, Direction] = {
    direction.name: direction
    for direction in (
        Direction("nash", "the largest product of improvements (Nash-MTL)", False, _bargained),
        Direction("mgda", "the shortest mixture of the gradients", False, lambda gram, weights, random: mgda_weights(gram)),
        Direction("pcgrad", "each gradient without what conflicts with the others, one after another", True, pcgrad_weights),
        Direction(
            "cagrad",
            "near the weighted mean, where the least improved objective improves most",
            True,
            lambda gram, weights, random: cagrad_weights(gram, weights),
        ),
        Direction(
            "upgrad",
            "each gradient projected on the directions that harm no objective",
            True,
            lambda gram, weights, random: upgrad_weights(gram, weights),
        ),
        Direction(
            "dual-projection",
            "the weighted mean projected on the directions that harm no objective",
            True,
            lambda gram, weights, random: dual_projection_weights(gram, weights),
        ),
        Direction(
            "aligned-mtl",
            "the gradients made orthogonal and of one length",
            True,
            lambda gram, weights, random: aligned_weights(gram, weights),
        ),
    )
}
