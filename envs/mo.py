"""The environments with a vector reward, one number per objective, which follow MO-Gymnasium's interface."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium.spaces import Box
from gymnasium.vector import AutoresetMode

from slategym.envs.info import Array
from slategym.envs.single import SlateEnv
from slategym.envs.vector import Observation, Slate, SlateVectorEnv
from slategym.sim.feedback import Feedback
from slategym.sim.world import World
from slategym.utils.arrays import check_array


class MOSlateVectorEnv(SlateVectorEnv):
    """`SlateVectorEnv` with a vector reward; everything except the reward is as described there.

    ## Rewards
    (n, M) float32, the objectives of the step in the order of `world.objective_names`; a delayed conversion counts in the step in
    which it arrives. `reward_space` is the `Box` (M,) float32 of one row, which contains every reward (infinite where an
    objective has no bound), and `reward_dim` is M. `world.objectives` gives the unit and meaning of each objective.

    MO-Gymnasium 1.3.2 has one wrapper for vector environments, `MORecordEpisodeStatistics`. It expects environments that reset in
    the next step; with this one it omits the first step of each later episode of a row, and sums discounted returns over several
    episodes. Sum the rewards without it, or use `MOSlateEnv`, which works with all of MO-Gymnasium's wrappers.

    Args:
        world: a world, or the name of one.
        num_envs: n, the number of rows.
        first_row: the number of the first row; set it to run parts of one batch separately.
        autoreset_mode: SAME_STEP or DISABLED, as for `SlateVectorEnv`.
        max_episode_steps: as for `SlateVectorEnv`.
        render_mode: None, "ansi" or "rgb_array".
        options: options of the world, if it is given by name, such as `objectives=("click", "conversion", "profit")`.

    Raises:
        ValueError: an argument is not as described.

    Example:
        >>> envs = gymnasium.make_vec("slategym/MOShop-v0", num_envs=4096, objectives=("click", "profit"))
        >>> observation, infos = envs.reset(seed=0)
        >>> observation, reward, terminated, truncated, infos = envs.step(envs.action_space.sample())
        >>> reward.shape
        (4096, 2)
    """

    def __init__(
        self,
        world: World | str,
        num_envs: int = 1,
        *,
        first_row: int = 0,
        autoreset_mode: AutoresetMode | str = AutoresetMode.SAME_STEP,
        max_episode_steps: int | None = None,
        render_mode: str | None = None,
        **options: Any,
    ) -> None:
        _check(options)
        super().__init__(
            world,
            num_envs,
            first_row=first_row,
            autoreset_mode=autoreset_mode,
            max_episode_steps=max_episode_steps,
            render_mode=render_mode,
            **options,
        )
        self.reward_space = reward_space(self.world)
        self.reward_dim = len(self.world.objective_names)

    def reward(self, feedback: Feedback) -> Array:
        """(n, M) float32, a copy of the objectives of a feedback."""
        check_array(feedback.objectives, (self.num_envs, self.reward_dim), "feedback.objectives", "fiu", "numbers")
        return feedback.objectives.copy()


class MOSlateEnv(SlateEnv):
    """`SlateEnv` with a vector reward: one shopper at a time; `step` returns the objectives (M,) float32 as the reward.

    `reward_space` and `reward_dim` are those of `MOSlateVectorEnv`. It fulfils MO-Gymnasium's contract: the wrappers
    `LinearReward`, `MONormalizeReward`, `MOClipReward` and `MORecordEpisodeStatistics` work with it, and the ids
    ("slategym/MOShop-v0") need no options. It has no `pareto_front`: the exact front is that of a policy with full knowledge of
    every shopper, and `slategym pareto` computes it.

    Args:
        world: a world, or the name of one.
        first_row: the number of the row of the world.
        max_episode_steps: as for `SlateEnv`.
        render_mode: None, "ansi" or "rgb_array".
        options: options of the world, if it is given by name, such as `objectives=("click", "conversion", "profit")`.

    Example:
        >>> import mo_gymnasium, slategym
        >>> env = mo_gymnasium.make("slategym/MOShop-v0")
        >>> observation, info = env.reset(seed=0)
        >>> observation, reward, terminated, truncated, info = env.step(env.action_space.sample())
        >>> reward in env.unwrapped.reward_space
        True
    """

    def __init__(
        self,
        world: World | str,
        *,
        first_row: int = 0,
        max_episode_steps: int | None = None,
        render_mode: str | None = None,
        **options: Any,
    ) -> None:
        _check(options)
        super().__init__(world, first_row=first_row, max_episode_steps=max_episode_steps, render_mode=render_mode, **options)
        self.reward_space = reward_space(self.world)
        self.reward_dim = len(self.world.objective_names)

    # Gymnasium types a reward as one number; MO-Gymnasium keeps that type but returns several numbers.
    def step(self, action: Slate) -> tuple[Observation, Array, bool, bool, dict[str, Any]]:  # type: ignore[override]
        """Show a slate (k,) and return the outcome of the step, with the reward (M,) float32."""
        observation, _, terminated, truncated, info = super().step(action)
        return observation, info["objectives"].copy().view(RewardVector), terminated, truncated, info


class RewardVector(np.ndarray[Any, Any]):
    """A reward (M,) float32: an array for which `float(reward)`, which SB3's `Monitor` calls, raises an error with advice."""

    def __float__(self) -> float:
        raise TypeError(
            f"the reward is a vector of {self.size} objectives and one number was expected: combine them with "
            "mo_gymnasium.wrappers.LinearReward, or use the id without MO, whose reward is their weighted sum"
        )

    # The result of a computation is a plain array or number.
    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
        return array[()] if return_scalar else np.asarray(array)


def reward_space(world: World) -> Box:
    """`Box` (M,) float32 with the bounds of each objective of a step in a world."""
    low, high = np.array([objective.bounds(world) for objective in world.objectives], np.float32).T
    return Box(low, high, dtype=np.float32)


def _check(options: dict[str, Any]) -> None:
    if "weights" in options:
        raise ValueError(
            "weights came to an environment with a vector reward: expected none; combine the objectives with "
            "mo_gymnasium.wrappers.LinearReward, or use the environment with the scalar reward"
        )
