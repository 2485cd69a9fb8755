"""The query action: a point among the item features instead of a list of items."""

from __future__ import annotations

import gymnasium
import numpy as np
from gymnasium.spaces import Box
from gymnasium.vector import VectorEnv
from numpy.typing import ArrayLike, NDArray
from typing_extensions import override

from slategym.envs.vector import Array, Observation, Slate
from slategym.envs.wrappers.base import ActionForm, Offered, SlateAction, SlateVectorAction
from slategym.sim.selection import top_k
from slategym.sim.slate import check_items
from slategym.sim.world import World
from slategym.utils.arrays import as_numbers

Query = NDArray[np.float32]


def query_slate(world: World, query: ArrayLike, candidates: Offered = None) -> Slate:
    """(n, k) the slates of queries (n, d) in a world, as `matching_items` has them."""
    return matching_items(world.catalog.features, query, world.slate_size, candidates)


def matching_items(features: NDArray[np.float32], query: ArrayLike, count: int, candidates: Offered = None) -> Slate:
    """(n, count) the items (m, d) of highest inner product with each query (n, d), best first; of equals, the lowest item first.

    With candidates (n, C) only those are looked at, and the slate holds positions among them. The length of a query has no say,
    and one outside the box is taken as it is.

    Raises:
        ValueError: the queries have another shape, or hold a NaN or an infinity.
    """
    queries = as_numbers(query, "query").astype(np.float64)
    if queries.ndim != 2 or queries.shape[1] != features.shape[1]:
        raise ValueError(f"query has shape {queries.shape}: expected {features.shape[1]} numbers a shopper, one an item feature")
    if not np.isfinite(queries).all():
        row, column = np.argwhere(~np.isfinite(queries))[0]
        raise ValueError(f"query[{row}, {column}] is {queries[row, column]}: expected a number in [-1, 1]")
    if candidates is not None:
        candidates = check_items(candidates, len(features), "candidates", (len(queries), None))
    # A matrix product rounds by the batch that it is given; rounding it once more hides that, and items that are alike tie.
    if candidates is None:
        return top_k((queries @ features.T.astype(np.float64)).astype(np.float32), count)
    return top_k(np.vecdot(features[candidates], queries[:, None, :]).astype(np.float32), count)


class QueryForm(ActionForm):
    """`Box(-1, 1, (d,))` float32, d item features."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.space = Box(-1.0, 1.0, (world.catalog.features.shape[1],), np.float32)

    @override
    def slates(self, actions: Array, candidates: Offered) -> Slate:
        return query_slate(self.world, actions, candidates)


class QueryAction(SlateAction):
    """The action is a query, `Box(-1, 1, (d,))`; the slate is the k items of highest inner product with it.

    One head of d numbers where the plain space has k heads of m: continuous-action algorithms learn it much faster, and the
    slate holds no repeats.

    Args:
        env: a `SlateEnv` or `MOSlateEnv`, wrapped or not.
    """

    def __init__(self, env: gymnasium.Env[Observation, Slate]) -> None:
        super().__init__(env, QueryForm)


class QueryVectorAction(SlateVectorAction):
    """`QueryAction` for a batch: the action is (n, d).

    Args:
        env: a `SlateVectorEnv` or `MOSlateVectorEnv`, wrapped or not.
    """

    def __init__(self, env: VectorEnv[Observation, Slate, Array]) -> None:
        super().__init__(env, QueryForm)
