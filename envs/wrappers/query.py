"""The query action: a point in the space of the item features."""

from __future__ import annotations

import gymnasium
import numpy as np
from gymnasium.spaces import Box
from gymnasium.vector import VectorEnv
from numpy.typing import ArrayLike, NDArray
from typing_extensions import override

from slategym.envs.info import Array
from slategym.envs.vector import Observation, Slate
from slategym.envs.wrappers.base import ActionForm, Offered, SlateAction, SlateVectorAction
from slategym.sim.selection import top_k
from slategym.sim.slate import check_items
from slategym.sim.world import World
from slategym.utils.arrays import as_numbers

Query = NDArray[np.float32]


def query_slate(world: World, query: ArrayLike, candidates: Offered = None) -> Slate:
    """(n, k) int64, the slates of queries in a world, found with `matching_items`.

    Args:
        world: gives the items and the slate size.
        query: (n, d) numbers.
        candidates: (n, C) int64, the candidates of each shopper, or the items that can be shown now; None for all items.

    Raises:
        ValueError: as for `matching_items`.
    """
    best = matching_items(world.catalog.features, query, world.slate_size, candidates)
    return best if candidates is None or world.candidates is not None else np.take_along_axis(candidates, best, axis=1)


def matching_items(features: NDArray[np.float32], query: ArrayLike, count: int, candidates: Offered = None) -> Slate:
    """Find the items with the highest inner product with each query. The length of a query vector has no effect.

    Args:
        features: (m, d) float32, of the items.
        query: (n, d) numbers; they may lie outside [-1, 1].
        count: the number of items to find.
        candidates: (n, C) int64, the items to search; all items if None.

    Returns:
        (n, count) int64 items, or positions among the candidates, best first; ties: lowest index.

    Raises:
        ValueError: the queries have the wrong shape, or a number is not finite.
    """
    return top_k(matches(features, query, candidates), count)


def matches(features: NDArray[np.float32], query: ArrayLike, candidates: Offered = None) -> NDArray[np.float32]:
    """(n, m) float32, the inner product of each item with each query; (n, C) if there are candidates.

    Args:
        features: (m, d) float32, of the items.
        query: (n, d) numbers; they may lie outside [-1, 1].
        candidates: (n, C) int64, the items to search; all items if None.

    Raises:
        ValueError: as for `matching_items`.
    """
    queries = as_numbers(query, "query").astype(np.float64)
    if queries.ndim != 2 or queries.shape[1] != features.shape[1]:
        width = features.shape[1]
        raise ValueError(f"query has shape {queries.shape}: expected {width} numbers per shopper, one per item feature")
    if not np.isfinite(queries).all():
        row, column = np.argwhere(~np.isfinite(queries))[0]
        raise ValueError(f"query[{row}, {column}] is {queries[row, column]}: expected a number in [-1, 1]")
    if candidates is not None:
        candidates = check_items(candidates, len(features), "candidates", (len(queries), None))
    # The rounding of a matrix product depends on the batch; float32 removes that, and equal items tie.
    if candidates is None:
        return np.asarray((queries @ features.T.astype(np.float64)).astype(np.float32))
    return np.asarray(np.vecdot(features[candidates], queries[:, None, :]).astype(np.float32))


class QueryForm(ActionForm):
    """`Box(-1, 1, (d,))` float32, for d item features."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.space = Box(-1.0, 1.0, (world.catalog.features.shape[1],), np.float32)

    @override
    def slates(self, actions: Array, candidates: Offered) -> Slate:
        return query_slate(self.world, actions, candidates)


class QueryAction(SlateAction):
    """Wrapper whose action is a query, `Box(-1, 1, (d,))`; the slate is the k items with the highest inner product.

    The action has d numbers instead of k choices among m items. Algorithms for continuous actions learn it much faster, and
    slates repeat no item.

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
