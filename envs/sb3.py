"""The vector environment as a Stable-Baselines3 `VecEnv`."""

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
    """A `SlateVectorEnv`, with or without an action wrapper, as a Stable-Baselines3 `VecEnv`.

    Infos are empty, except in rows whose episode ended (`terminal_observation`, `TimeLimit.truncated`), because SB3 reads them
    one by one. The feedback of the whole batch is available as `vec_env.get_attr("feedback", 0)[0]`.

    Args:
        env: a vector environment with `AutoresetMode.SAME_STEP` and a scalar reward.

    Raises:
        ValueError: the autoreset mode is another one, or the reward is a vector.

    Example:
        >>> vec_env = SB3VecEnv(QueryVectorAction(SlateVectorEnv("Shop-v0", 64)))
        >>> PPO("MlpPolicy", vec_env, n_steps=32, seed=0).learn(100_000)
    """

    def __init__(self, env: VectorEnv[Any, Any, Any]) -> None:
        mode = env.metadata.get("autoreset_mode")
        if mode is not AutoresetMode.SAME_STEP:
            raise ValueError(f"env.metadata['autoreset_mode'] is {mode}: expected AutoresetMode.SAME_STEP, as SB3 requires")
        if hasattr(env.unwrapped, "reward_space"):
            raise ValueError(
                "env has a vector reward: SB3 learns from one number; expected a SlateVectorEnv, whose reward is a weighted sum"
            )
        self.env = env
        super().__init__(env.num_envs, env.single_observation_space, env.single_action_space)
        self.metadata["render_fps"] = env.metadata["render_fps"]  # read by SB3's video recorder

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
        infos: list[dict[str, Any]] = [{}] * self.num_envs  # rows whose episode continues share one empty dictionary
        for row in np.flatnonzero(done):
            infos[row] = {"terminal_observation": info["final_obs"][row], "TimeLimit.truncated": bool(truncated[row])}
        return observation, reward.astype(np.float32), done, infos

    @override
    def close(self) -> None:
        self.env.close()

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """Return an attribute of the whole batch, once for each index: all rows are one environment."""
        owner: Any = self.env
        while not hasattr(owner, attr_name) and hasattr(owner, "env"):
            owner = owner.env
        return [getattr(owner, attr_name)] * self._count(indices)

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:
        """Set an attribute of the whole batch."""
        setattr(self.env.unwrapped, attr_name, value)

    def env_method(self, method_name: str, *method_args: Any, indices: VecEnvIndices = None, **method_kwargs: Any) -> list[Any]:
        """Call a method of the whole batch once, and repeat its result for each index; `action_masks` returns a row for each."""
        answer = self.get_attr(method_name, 0)[0](*method_args, **method_kwargs)
        if method_name == "action_masks":
            return [answer[row] for row in self._get_indices(indices)]
        return [answer] * self._count(indices)

    def get_images(self) -> Sequence[NDArray[np.uint8] | None]:
        """Return the picture of every row, or None for every row if `render_mode` is not "rgb_array"."""
        return self.env.render() if self.render_mode == "rgb_array" else [None] * self.num_envs  # type: ignore[return-value]

    def env_is_wrapped(self, wrapper_class: type[Wrapper[Any, Any, Any, Any]], indices: VecEnvIndices = None) -> list[bool]:
        """Return False for each index: a batch contains no wrapped single environments."""
        return [False] * self._count(indices)

    def _count(self, indices: VecEnvIndices) -> int:
        if indices is None:
            return self.num_envs
        return len(list(indices)) if isinstance(indices, Iterable) else 1
