"""The query action: a point among the item features instead of a list of items."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Space
from gymnasium.utils import RecordConstructorArgs
from gymnasium.vector import VectorActionWrapper, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import ArrayLike, NDArray

from slategym.envs.vector import Array, Observation, Slate
from slategym.sim.top_k import top_k
from slategym.sim.world import World

Query = NDArray[np.float32]


def query_space(world: World) -> Space[Any]:
    """`Box(-1, 1, (d,))` float32, d item features."""
    return Box(-1.0, 1.0, (world.catalog.features.shape[1],), np.float32)


def query_slate(world: World, query: ArrayLike, candidates: NDArray[np.int64] | None = None) -> Slate:
    """(n, k) the slates of queries (n, d) in a world, as `matching_items` has them."""
    return matching_items(world.catalog.features, query, world.slate_size, candidates)


def matching_items(
    features: NDArray[np.float32], query: ArrayLike, count: int, candidates: NDArray[np.int64] | None = None
) -> Slate:
    """(n, count) the items (m, d) of highest inner product with each query (n, d), best first; of equals, the lowest item first.

    With candidates (n, C) only those are looked at, and the slate holds positions among them. The length of a query has no say,
    and one outside the box is taken as it is.

    Raises:
        ValueError: the queries have another shape, or hold a NaN or an infinity.
    """
    queries = np.asarray(query, np.float64)
    if queries.ndim != 2 or queries.shape[1] != features.shape[1]:
        raise ValueError(f"query has shape {queries.shape}: expected {features.shape[1]} numbers a shopper, one an item feature")
    if not np.isfinite(queries).all():
        row, column = np.argwhere(~np.isfinite(queries))[0]
        raise ValueError(f"query[{row}, {column}] is {queries[row, column]}: expected a number in [-1, 1]")
    # A matrix product rounds by the batch that it is given; rounding it once more hides that, and items that are alike tie.
    if candidates is None:
        return top_k((queries @ features.T.astype(np.float64)).astype(np.float32), count)
    return top_k(np.vecdot(features[candidates], queries[:, None, :]).astype(np.float32), count)


def _candidates(env: Any, world: World) -> NDArray[np.int64] | None:
    """The candidates of an environment's shoppers, if the world has them."""
    return None if world.candidates is None else world.candidates_of(env.simulation.shoppers)


class QueryAction(gymnasium.ActionWrapper[Observation, Query, Slate], RecordConstructorArgs):
    """The action is a query, `Box(-1, 1, (d,))`; the slate is the k items of highest inner product with it.

    One head of d numbers where the plain space has k heads of m: continuous-action algorithms learn it much faster, and the
    slate holds no repeats.

    Args:
        env: a `SlateEnv`, wrapped or not.
    """

    def __init__(self, env: gymnasium.Env[Observation, Slate]) -> None:
        RecordConstructorArgs.__init__(self)
        super().__init__(env)
        self.world: World = env.get_wrapper_attr("world")
        self.action_space = query_space(self.world)

    def action(self, action: Query) -> Slate:
        """(k,) the slate of a query (d,)."""
        return np.asarray(query_slate(self.world, np.asarray(action)[None], _candidates(self.unwrapped, self.world))[0])


class QueryVectorAction(VectorActionWrapper[Observation, Query, Slate, Array]):
    """`QueryAction` for a batch: the action is (n, d).

    Args:
        env: a `SlateVectorEnv`, wrapped or not.
    """

    def __init__(self, env: VectorEnv[Observation, Slate, Array]) -> None:
        super().__init__(env)
        unwrapped: Any = env.unwrapped
        self.world: World = unwrapped.world
        self.single_action_space = query_space(self.world)
        self.action_space = batch_space(self.single_action_space, self.num_envs)

    def actions(self, actions: Query) -> Slate:
        """(n, k) the slates of queries (n, d)."""
        return query_slate(self.world, actions, _candidates(self.unwrapped, self.world))
