"""The discrete action: one of a few slates, or in slates of one the item."""

from __future__ import annotations

import gymnasium
import numpy as np
from gymnasium.spaces import Discrete
from gymnasium.vector import VectorEnv
from numpy.typing import ArrayLike, NDArray
from typing_extensions import override

from slategym.envs.masks import without_repeats
from slategym.envs.vector import Array, Observation, Slate
from slategym.envs.wrappers.base import ActionForm, Offered, SlateAction, SlateVectorAction
from slategym.envs.wrappers.query import query_slate
from slategym.sim.world import World
from slategym.utils.arrays import as_array, check_numbers

COUNT = 64  # slates to choose from where nobody says otherwise


class DiscreteForm(ActionForm):
    """`Discrete(a)`: given slates, every item alone, or what matches a directions in the item features."""

    def __init__(self, world: World, slates: ArrayLike | int | None = None, seed: int = 0) -> None:
        self.world = world
        self.given: Slate | None = None  # (a, k)
        self.queries: Array | None = None  # (a, d), where what is shown depends on the candidates
        if slates is None:
            slates = np.arange(world.choices)[:, None] if world.slate_size == 1 else COUNT
        given = as_array(slates, "slates")
        whole = isinstance(slates, int | np.integer) and not isinstance(slates, bool)
        self.count = int(given) if whole else len(given) if given.ndim else 0
        if self.count < 1:
            raise ValueError(f"slates is {slates!r}: expected 1 or more, or the slates themselves, (a, {world.slate_size})")
        if not whole:
            self.given = world.check_slate(slates, self.count)
        elif world.catalog.features.shape[1] == 0:
            raise ValueError(f"slates is {slates!r} and the items have no features to choose them by: give the slates themselves")
        else:
            random = np.random.Generator(np.random.Philox(seed))
            self.queries = random.normal(size=(self.count, world.catalog.features.shape[1]))
            if world.candidates is None:
                self.given = query_slate(world, self.queries)
        self.mask = np.ones(self.count, np.bool_) if self.given is None else without_repeats(self.given)
        self.space = Discrete(self.count)

    def masks(self) -> NDArray[np.bool_]:
        """(a,) the slates that hold every item once."""
        if not self.mask.any():
            raise ValueError("every one of the slates repeats an item: a mask that bars repeats would leave no action")
        return self.mask.copy()

    @override
    def slates(self, actions: Array, candidates: Offered) -> Slate:
        actions = check_numbers(actions, self.count, "action", "the number of a slate", (None,), "one number a shopper")
        if self.given is not None:
            return self.given[actions]
        assert self.queries is not None
        return query_slate(self.world, self.queries[actions], candidates)


class DiscreteAction(SlateAction):
    """The action is the number of a slate, `Discrete(a)`, so that DQN, Envelope and other algorithms of few actions run.

    Each action is a direction in the item features, drawn once from the seed, and shows the k items that match it best: a theme,
    the same for everybody (with `candidates=C`, what matches best among those). Such slates differ more in what they earn, and of
    which objective, than slates drawn item by item. Where a slate holds one item the action is the item, or its position.

    Args:
        env: a `SlateEnv` or `MOSlateEnv`, wrapped or not.
        slates: a, how many slates there are; or the slates themselves, (a, k) items, or positions where there are candidates.
            None: 64, or all items in slates of one.
        seed: of the directions.

    Raises:
        ValueError: `slates` holds no slates; `step`: an action is not one of them.
    """

    form: DiscreteForm

    def __init__(self, env: gymnasium.Env[Observation, Slate], slates: ArrayLike | int | None = None, seed: int = 0) -> None:
        super().__init__(env, DiscreteForm, slates=slates, seed=seed)

    def action_masks(self) -> NDArray[np.bool_]:
        """(a,) the actions whose slates hold every item once, for MaskablePPO. ValueError if there is none."""
        return self.form.masks()


class DiscreteVectorAction(SlateVectorAction):
    """`DiscreteAction` for a batch: the action is (n,), numbers of the same slates for everybody.

    Args:
        env: a `SlateVectorEnv` or `MOSlateVectorEnv`, wrapped or not.
        slates: as for `DiscreteAction`.
        seed: as for `DiscreteAction`.
    """

    form: DiscreteForm

    def __init__(self, env: VectorEnv[Observation, Slate, Array], slates: ArrayLike | int | None = None, seed: int = 0) -> None:
        super().__init__(env, DiscreteForm, slates=slates, seed=seed)

    def action_masks(self) -> NDArray[np.bool_]:
        """(n, a) the actions whose slates hold every item once, for MaskablePPO. ValueError if there is none."""
        return np.tile(self.form.masks(), (self.num_envs, 1))
