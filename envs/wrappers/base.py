"""The base of action wrappers, which convert other actions to slates, for one shopper or a batch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import gymnasium
import numpy as np
from gymnasium.envs.registration import EnvSpec, WrapperSpec
from gymnasium.spaces import Space
from gymnasium.utils import RecordConstructorArgs
from gymnasium.vector import VectorActionWrapper, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from slategym.envs.info import Array
from slategym.envs.vector import Observation, Slate
from slategym.sim.world import World
from slategym.utils.arrays import as_array

# (n, C) the candidates of the shoppers, or (n, a) the items that can be shown now; None in a world where all items always can.
Offered = NDArray[np.int64] | None


class ActionForm(ABC):
    """The base of action forms, which convert actions to slates.

    Attributes:
        space: the action space of one shopper.
    """

    space: Space[Any]

    @abstractmethod
    def slates(self, actions: Array, candidates: Offered) -> Slate:
        """Convert actions to slates.

        Args:
            actions: (n, ...) of `space`.
            candidates: (n, C) int64, the candidates of each shopper; or (n, a), the items that can be shown now, in a world where
                items come and go; None in other worlds.

        Returns:
            (n, k) int64 items, or positions among the candidates.

        Raises:
            ValueError: an action is invalid.
        """


class SlateAction(gymnasium.ActionWrapper[Observation, Array, Slate], RecordConstructorArgs):
    """The base of action wrappers of a `SlateEnv` or `MOSlateEnv`.

    Args:
        env: the environment, wrapped or not.
        make_form: makes the action form from the world and the options.
        options: options of the action form.
    """

    def __init__(self, env: gymnasium.Env[Observation, Slate], make_form: Callable[..., ActionForm], **options: Any) -> None:
        RecordConstructorArgs.__init__(self, **options)
        super().__init__(env)
        self.world: World = env.get_wrapper_attr("world")
        self.form = make_form(self.world, **options)
        self.action_space = self.form.space

    def action(self, action: Array) -> Slate:
        """(k,) int64, the slate of an action."""
        return np.asarray(self.form.slates(as_array(action, "action")[None], _offered(self.unwrapped, self.world))[0])


class SlateVectorAction(VectorActionWrapper[Observation, Array, Slate, Array]):
    """The base of action wrappers of a `SlateVectorEnv` or `MOSlateVectorEnv`.

    Args:
        env: the environment, wrapped or not.
        make_form: makes the action form from the world and the options.
        options: options of the action form.
    """

    def __init__(self, env: VectorEnv[Observation, Slate, Array], make_form: Callable[..., ActionForm], **options: Any) -> None:
        super().__init__(env)
        unwrapped: Any = env.unwrapped
        self.world: World = unwrapped.world
        self.form = make_form(self.world, **options)
        self.single_action_space = self.form.space
        self.action_space = batch_space(self.single_action_space, self.num_envs)

    @property
    def spec(self) -> EnvSpec | None:  # type: ignore[override]
        """The specification of the wrapped environment, with this wrapper added."""
        spec = self.env.spec
        if spec is None:
            return None
        wrapper = WrapperSpec(type(self).__name__, f"{type(self).__module__}:{type(self).__name__}", None)
        return replace(spec, additional_wrappers=(*spec.additional_wrappers, wrapper))

    def actions(self, actions: Array) -> Slate:
        """(n, k) int64, the slates of a batch of actions."""
        return self.form.slates(as_array(actions, "action"), _offered(self.unwrapped, self.world))


def _offered(env: Any, world: World) -> Offered:
    if world.candidates is None and not world.comes_and_goes:
        return None
    return env.simulation.world.candidates_of(env.simulation.shoppers)  # type: ignore[no-any-return]
