"""The score action: a number for each item."""

from __future__ import annotations

import gymnasium
import numpy as np
from gymnasium.spaces import Box
from gymnasium.vector import VectorEnv
from typing_extensions import override

from slategym.envs.info import Array
from slategym.envs.vector import Observation, Slate
from slategym.envs.wrappers.base import ActionForm, Offered, SlateAction, SlateVectorAction
from slategym.sim.selection import top_k
from slategym.sim.world import World
from slategym.utils.arrays import as_numbers


class ScoreForm(ActionForm):
    """`Box(-1, 1, (m,))` float32; (C,) if slates hold positions among candidates."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.space = Box(-1.0, 1.0, (world.final.choices,), np.float32)

    @override
    def slates(self, actions: Array, candidates: Offered) -> Slate:
        scores = as_numbers(actions, "scores").astype(np.float32, copy=False)
        choices = self.world.final.choices
        if scores.ndim != 2 or scores.shape[1] != choices:
            raise ValueError(f"scores have shape {scores.shape}: expected {choices} numbers per shopper, one per item")
        if not np.isfinite(scores).all():
            row, column = np.argwhere(~np.isfinite(scores))[0]
            raise ValueError(f"scores[{row}, {column}] is {scores[row, column]}: expected a number in [-1, 1]")
        if candidates is None or self.world.candidates is not None:
            return top_k(scores, self.world.slate_size)
        # Only some items can be shown now.
        best = top_k(np.take_along_axis(scores, candidates, axis=1), self.world.slate_size)
        return np.take_along_axis(candidates, best, axis=1)


class ScoreAction(SlateAction):
    """Wrapper whose action is a score per item, `Box(-1, 1, (m,))`; the slate is the k items with the highest scores.

    Ties: lowest item. It reaches every slate without repeats, and does not depend on the item features. It suits small
    catalogues; in large ones `QueryAction` learns faster. With `candidates=C` the scores are those of the C positions.

    Args:
        env: a `SlateEnv` or `MOSlateEnv`, wrapped or not.
    """

    def __init__(self, env: gymnasium.Env[Observation, Slate]) -> None:
        super().__init__(env, ScoreForm)


class ScoreVectorAction(SlateVectorAction):
    """`ScoreAction` for a batch: the action is (n, m).

    Args:
        env: a `SlateVectorEnv` or `MOSlateVectorEnv`, wrapped or not.
    """

    def __init__(self, env: VectorEnv[Observation, Slate, Array]) -> None:
        super().__init__(env, ScoreForm)
