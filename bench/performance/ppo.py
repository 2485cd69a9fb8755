"""The row of `slategym throughput` for Stable-Baselines3's PPO."""

from __future__ import annotations

from time import perf_counter
from typing import Any

from slategym.bench.execution.threads import one_thread
from slategym.bench.performance.measure import Work
from slategym.envs.sb3 import SB3VecEnv
from slategym.envs.vector import SlateVectorEnv
from slategym.sim.world import World

ENVS, STEPS = 64, 32  # a rollout of 2048, SB3's own default


class Watched(SB3VecEnv):
    """The adapter, which knows how long it and the environment took."""

    seconds = 0.0

    def step(self, actions: Any) -> Any:
        start = perf_counter()
        result = super().step(actions)
        self.seconds += perf_counter() - start
        return result


class PPOWork(Work):
    """PPO with the policy and the settings that SB3 has by default; a stretch is a rollout and what is learned from it.

    One thread: for networks of this size SB3 is slower with two.
    """

    def __init__(self, world: World) -> None:
        import torch  # noqa: F401, so that `one_thread` finds it
        from stable_baselines3 import PPO

        self.envs = Watched(SlateVectorEnv(world, ENVS))
        self.model = PPO("MlpPolicy", self.envs, n_steps=STEPS, seed=0, device="cpu")
        self.seconds = 0.0

    def __call__(self) -> int:
        with one_thread():
            start = perf_counter()
            self.model.learn(ENVS * STEPS, reset_num_timesteps=False)
            self.seconds += perf_counter() - start
        return ENVS * STEPS

    def found(self) -> dict[str, float]:
        """The share of the time that environment and adapter took."""
        return {"environment_share": self.envs.seconds / self.seconds}
