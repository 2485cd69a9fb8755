"""The discrete action: the number of one of a few slates, or of an item if a slate holds one."""

from __future__ import annotations

import gymnasium
import numpy as np
from gymnasium.spaces import Discrete
from gymnasium.vector import VectorEnv
from numpy.typing import ArrayLike, NDArray
from typing_extensions import override

from slategym.envs.info import Array
from slategym.envs.masks import without_repeats
from slategym.envs.vector import Observation, Slate
from slategym.envs.wrappers.base import ActionForm, Offered, SlateAction, SlateVectorAction
from slategym.envs.wrappers.query import query_slate
from slategym.sim.world import World
from slategym.utils.arrays import as_array, check_numbers

COUNT = 64  # default number of slates


class DiscreteForm(ActionForm):
    """`Discrete(a)`: given slates, single items, or the items that best match each of `a` directions in the item features.

    Args:
        world: gives the items and the slate size.
        slates: as for `DiscreteAction`.
        seed: as for `DiscreteAction`.

    Raises:
        ValueError: `slates` is neither a number from 1 nor valid slates.
    """

    def __init__(self, world: World, slates: ArrayLike | int | None = None, seed: int = 0) -> None:
        self.world = world
        self.given: Slate | None = None  # (a, k)
        self.queries: Array | None = None  # (a, d), if the slates depend on which items can be shown
        if slates is None:
            slates = np.arange(world.final.choices)[:, None] if world.slate_size == 1 else COUNT
        given = as_array(slates, "slates")
        is_count = isinstance(slates, int | np.integer) and not isinstance(slates, bool)
        self.count = int(given) if is_count else len(given) if given.ndim else 0
        if self.count < 1:
            raise ValueError(f"slates is {slates!r}: expected 1 or more, or the slates themselves, (a, {world.slate_size})")
        if not is_count:
            self.given = world.final.check_slate(slates, self.count)
        elif world.catalog.features.shape[1] == 0:
            raise ValueError(f"slates is {slates!r} and the items have no features to choose them by: give the slates themselves")
        else:
            random = np.random.Generator(np.random.Philox(seed))
            self.queries = random.normal(size=(self.count, world.catalog.features.shape[1]))
            if world.candidates is None and not world.comes_and_goes:
                self.given = query_slate(world, self.queries)
        self.mask = np.ones(self.count, np.bool_) if self.given is None else without_repeats(self.given)
        self.space = Discrete(self.count)

    def masks(self) -> NDArray[np.bool_]:
        """(a,) bool, the slates that repeat no item.

        Raises:
            ValueError: every slate repeats an item.
        """
        if not self.mask.any():
            raise ValueError("every one of the slates repeats an item: a mask without repeats would leave no action")
        return self.mask.copy()

    @override
    def slates(self, actions: Array, candidates: Offered) -> Slate:
        actions = check_numbers(actions, self.count, "action", "the number of a slate", (None,), "one number per shopper")
        if self.given is not None:
            return self.given[actions]
        assert self.queries is not None
        return query_slate(self.world, self.queries[actions], candidates)


class DiscreteAction(SlateAction):
    """Wrapper whose action is the number of a slate, `Discrete(a)`, for DQN, Envelope and other algorithms for few actions.

    Each action is a direction in the item features, drawn once from the seed. It shows the k items that match the direction best
    (with `candidates=C`, the best of the candidates). The rewards of such slates differ more than those of random slates. If a
    slate holds one item, the action is the number of the item, or its position among the candidates.

    Args:
        env: a `SlateEnv` or `MOSlateEnv`, wrapped or not.
        slates: a, the number of slates; or the slates themselves, (a, k) items, or positions if there are candidates. Default:
            64, or all items if a slate holds one.
        seed: the seed of the directions.

    Raises:
        ValueError: `slates` is neither a number from 1 nor valid slates.
    """

    form: DiscreteForm

    def __init__(self, env: gymnasium.Env[Observation, Slate], slates: ArrayLike | int | None = None, seed: int = 0) -> None:
        super().__init__(env, DiscreteForm, slates=slates, seed=seed)

    def action_masks(self) -> NDArray[np.bool_]:
        """(a,) bool, the actions whose slates repeat no item, for MaskablePPO.

        Raises:
            ValueError: every slate repeats an item.
        """
        return self.form.masks()


class DiscreteVectorAction(SlateVectorAction):
    """`DiscreteAction` for a batch: the action is (n,), numbers of slates; all rows have the same slates.

    Args:
        env: a `SlateVectorEnv` or `MOSlateVectorEnv`, wrapped or not.
        slates: as for `DiscreteAction`.
        seed: as for `DiscreteAction`.
    """

    form: DiscreteForm

    def __init__(self, env: VectorEnv[Observation, Slate, Array], slates: ArrayLike | int | None = None, seed: int = 0) -> None:
        super().__init__(env, DiscreteForm, slates=slates, seed=seed)

    def action_masks(self) -> NDArray[np.bool_]:
        """(n, a) bool, the actions whose slates repeat no item, for MaskablePPO.

        Raises:
            ValueError: every slate repeats an item.
        """
        return np.tile(self.form.masks(), (self.num_envs, 1))
