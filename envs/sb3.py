"""Stable-Baselines3's face of the vector environment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from gymnasium import Wrapper
from gymnasium.vector import AutoresetMode, VectorEnv
from numpy.typing import NDArray
from stable_baselines3.common.vec_env.base_vec_env import VecEnv, VecEnvIndices, VecEnvStepReturn
from typing_extensions import override


class SB3VecEnv(VecEnv):
    """A `SlateVectorEnv`, in whatever form its action is, as a Stable-Baselines3 `VecEnv`.

    Only the infos of rows whose episode ended say anything (`terminal_observation`, `TimeLimit.truncated`): SB3 goes through
    them one by one. Read the rest from the whole batch: `vec_env.get_attr("feedback", 0)[0].objectives`.

    Args:
        env: a vector environment that resets in the same step.

    Example:
        >>> vec_env = SB3VecEnv(QueryVectorAction(SlateVectorEnv("Shop-v0", 64)))
        >>> PPO("MlpPolicy", vec_env, n_steps=32, seed=0).learn(100_000)
    """

    def __init__(self, env: VectorEnv[Any, Any, Any]) -> None:
        mode = env.metadata.get("autoreset_mode")
        if mode is not AutoresetMode.SAME_STEP:
            raise ValueError(f"env.metadata['autoreset_mode'] is {mode}: expected AutoresetMode.SAME_STEP, as SB3 resets")
        if hasattr(env.unwrapped, "reward_space"):
            raise ValueError(
                "env has a vector reward: SB3 learns from one number, so expected a SlateVectorEnv, whose weights make it one"
            )
        self.env = env
        super().__init__(env.num_envs, env.single_observation_space, env.single_action_space)
        self.metadata["render_fps"] = env.metadata["render_fps"]  # which SB3's video recorder reads

    @override
    def reset(self) -> NDArray[np.float32]:
        observation, _ = self.env.reset(seed=self._seeds[0], options=self._options[0] or None)
        self._reset_seeds()
        self._reset_options()
        return np.asarray(observation)

    @override
    def step_async(self, actions: NDArray[Any]) -> None:
        self._actions = actions

    @override
    def step_wait(self) -> VecEnvStepReturn:
        observation, reward, terminated, truncated, info = self.env.step(self._actions)
        done = terminated | truncated
        infos: list[dict[str, Any]] = [{}] * self.num_envs  # one empty dictionary for all rows that go on
        for row in np.flatnonzero(done):
            infos[row] = {"terminal_observation": info["final_obs"][row], "TimeLimit.truncated": bool(truncated[row])}
        return observation, reward.astype(np.float32), done, infos

    @override
    def close(self) -> None:
        self.env.close()

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """The attribute of the whole batch, once for each index: all rows are one environment."""
        owner: Any = self.env
        while not hasattr(owner, attr_name) and hasattr(owner, "env"):
            owner = owner.env
        return [getattr(owner, attr_name)] * self._count(indices)

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:
        """Set the attribute for the whole batch."""
        setattr(self.env.unwrapped, attr_name, value)

    def env_method(self, method_name: str, *method_args: Any, indices: VecEnvIndices = None, **method_kwargs: Any) -> list[Any]:
        """Call the method of the whole batch once; its answer comes once for each index, `action_masks` row by row."""
        answer = self.get_attr(method_name, 0)[0](*method_args, **method_kwargs)
        if method_name == "action_masks":
            return [answer[row] for row in self._get_indices(indices)]
        return [answer] * self._count(indices)

    def get_images(self) -> Sequence[NDArray[np.uint8] | None]:
        """The picture of every row, from which SB3 makes one; None for each without `render_mode="rgb_array"`."""
        return self.env.render() if self.render_mode == "rgb_array" else [None] * self.num_envs  # type: ignore[return-value]

    def env_is_wrapped(self, wrapper_class: type[Wrapper[Any, Any, Any, Any]], indices: VecEnvIndices = None) -> list[bool]:
        """False: wrappers of single environments do not fit around a batch."""
        return [False] * self._count(indices)

    def _count(self, indices: VecEnvIndices) -> int:
        if indices is None:
            return self.num_envs
        return len(list(indices)) if isinstance(indices, Iterable) else 1
