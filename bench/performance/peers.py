"""The rows of `slategym throughput` for other libraries: SARDINE and MABWiser (extra "peers"), and SB3's PPO."""

from __future__ import annotations

from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from time import perf_counter
from typing import Any

import numpy as np
from typing_extensions import override

from slategym.bench.execution.threads import one_thread
from slategym.bench.performance.measure import Sizes, Work
from slategym.envs.sb3 import SB3VecEnv
from slategym.envs.vector import SlateVectorEnv
from slategym.sim.world import World
from slategym.utils.optional import require

SARDINE_STEPS = 200


class Sardine(Work):
    """SARDINE (Deffayet et al., 2023), the fastest other simulator of slates: one user at a time, in NumPy.

    The environment is stepped without the wrappers of `gymnasium.make`, which would double its time.
    """

    def __init__(self, sizes: Sizes) -> None:
        require("sardine", "peers")
        import gymnasium

        self.folder = Path(mkdtemp(prefix="slategym-"))
        topics = max(sizes.latent, 4)  # with fewer topics, SARDINE's drawing of users' topics never ends
        embedding = self.folder / "items.npy"
        random = np.random.Generator(np.random.Philox(0))
        np.save(embedding, item_embeddings(random, sizes.items, topics))
        options: dict[str, Any] = {"num_items": sizes.items, "slate_size": sizes.slate_size, "num_topics": topics}
        # SARDINE looks up relative names in its package, so the path must be absolute.
        made = gymnasium.make("sardine/SlateTopK-Bored-v0", env_embedds=str(embedding), disable_env_checker=True, **options)
        self.env: Any = made.unwrapped
        self.env.reset(seed=0)
        self.slates = random.integers(sizes.items, size=(SARDINE_STEPS, sizes.slate_size))

    @override
    def __call__(self) -> int:
        for slate in self.slates:
            _, _, terminated, truncated, _ = self.env.step(slate)
            if terminated or truncated:
                self.env.reset()
        return SARDINE_STEPS

    @override
    def close(self) -> None:
        rmtree(self.folder, ignore_errors=True)


# The originals of slategym's SARDINE worlds.
ORIGINALS = {
    "SardineSingleItemStatic-v0": "SingleItem-Static-v0",
    "SardineSingleItemBoredInfluenced-v0": "SingleItem-BoredInf-v0",
    "SardineSingleItemUncertain-v0": "SingleItem-Uncertain-v0",
    "SardineSlateTopKBored-v0": "SlateTopK-Bored-v0",
    "SardineSlateTopKBoredInfluenced-v0": "SlateTopK-BoredInf-v0",
    "SardineSlateTopKUncertain-v0": "SlateTopK-Uncertain-v0",
}


class OriginalSardine(Sardine):
    """A world that SARDINE registers.

    Args:
        name: its name without the namespace.
    """

    def __init__(self, name: str) -> None:
        require("sardine", "peers")
        import gymnasium

        self.env = gymnasium.make(f"sardine/{name}", disable_env_checker=True).unwrapped
        self.env.reset(seed=0)
        random = np.random.Generator(np.random.Philox(0))
        self.slates = random.integers(self.env.num_items, size=(SARDINE_STEPS, self.env.slate_size))

    @override
    def close(self) -> None:
        """There is nothing to remove."""


def item_embeddings(random: np.random.Generator, items: int, topics: int) -> Any:
    """(m, topics) embeddings of unit length with two or three topics per item, made in the same way as SARDINE's."""
    embedding = random.random((items, topics))
    order = random.permuted(np.tile(np.arange(topics), (items, 1)), axis=1)
    embedding *= order < random.integers(2, 4, (items, 1))
    return embedding / np.linalg.norm(embedding, axis=1, keepdims=True)


class LinTSArms(Work):
    """MABWiser's linear Thompson sampling: predicts an arm for each context of a batch, and optionally learns."""

    def __init__(self, sizes: Sizes, learn: bool = False) -> None:
        from slategym.bench.performance.measure import ARMS, FEATURES

        mab = require("mabwiser.mab", "peers")
        random = np.random.Generator(np.random.Philox(0))
        self.contexts = random.standard_normal((sizes.shoppers, FEATURES))
        self.rewards = (random.random(sizes.shoppers) < 0.05).astype(np.float64)
        arms = random.integers(ARMS, size=sizes.shoppers)
        self.bandit = mab.MAB(list(range(ARMS)), mab.LearningPolicy.LinTS(alpha=0.5), seed=0)
        self.bandit.fit(arms, self.rewards, self.contexts)
        self.learn = learn

    @override
    def __call__(self) -> int:
        with one_thread():
            chosen = self.bandit.predict(self.contexts)
            if self.learn:
                self.bandit.partial_fit(np.array(chosen), self.rewards, self.contexts)
        return len(self.contexts)


ENVS, STEPS = 64, 32  # a rollout of 2048 steps, SB3's default


class Watched(SB3VecEnv):
    """The adapter; it measures the time spent in itself and in the environment."""

    seconds = 0.0

    @override
    def step(self, actions: Any) -> Any:
        start = perf_counter()
        result = super().step(actions)
        self.seconds += perf_counter() - start
        return result


class PPOWork(Work):
    """PPO with SB3's default policy and settings. One part of the work is a rollout and the update from it.

    It uses one thread, because SB3 is slower with two for networks of this size.
    """

    def __init__(self, world: World) -> None:
        import torch  # noqa: F401, so that `one_thread` limits its threads
        from stable_baselines3 import PPO

        self.envs = Watched(SlateVectorEnv(world, ENVS))
        self.model = PPO("MlpPolicy", self.envs, n_steps=STEPS, seed=0, device="cpu")
        self.seconds = 0.0

    @override
    def __call__(self) -> int:
        with one_thread():
            start = perf_counter()
            self.model.learn(ENVS * STEPS, reset_num_timesteps=False)
            self.seconds += perf_counter() - start
        return ENVS * STEPS

    @override
    def measurements(self) -> dict[str, float]:
        """The share of the time spent in the environment and the adapter."""
        return {"environment_share": self.envs.seconds / self.seconds}
