"""The rows of `slategym throughput` that measure slategym itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from slategym.bench.performance.measure import ARMS, FEATURES, WORLD, Contender, Sizes, Work
from slategym.envs.single import SlateEnv
from slategym.envs.vector import SlateVectorEnv
from slategym.sim.simulation import Simulation
from slategym.sim.user_models.compiled import CompiledVisit
from slategym.sim.user_models.visit import Stage
from slategym.sim.world import World
from slategym.sim.worlds import make_world
from slategym.utils.parallel import set_threads

ALL, ONE = "all cores", "one thread"
# Names of the rows that targets use.
KERNEL, KERNEL_ONE, VECTOR, VECTOR_ONE, SINGLE = (
    "kernel",
    "kernel, one thread",
    "VectorEnv.step",
    "VectorEnv.step, one thread",
    "Env.step",
)
RANDOM, RANDOM_LOG, LIN_TS, LIN_TS_LOG = "runner random", "runner random + log", "runner lin-ts", "runner lin-ts + log"
POLICY_GRADIENT = "runner policy-gradient"
LIN_TS_ARMS, LIN_TS_ARMS_LOG = f"runner lin-ts, {ARMS} arms", f"runner lin-ts, {ARMS} arms + log"
PPO_ITEMS, PPO_SLATE = 500, 5  # sizes of the comparison with PPO
POLICY_GRADIENT_PPO = f"runner policy-gradient, {PPO_ITEMS} items"
LEARNERS = 1000  # shoppers for policy-gradient, the default of a run
MADE = 4  # prepared slates per shopper
STEPS = 8  # steps of all shoppers in one part of the work
SINGLE_STEPS = 500  # steps of a single environment in one part of the work


def contenders(sizes: Sizes) -> list[Contender]:
    """All rows, including those of other libraries."""
    from slategym.bench.performance.peers import LinTSArms, PPOWork, Sardine

    shop = partial(_shop, sizes)
    # The context is taste and price sensitivity, so that there are FEATURES features; one item per decision.
    arms = partial(make_world, WORLD, items=ARMS, slate_size=1, latent=FEATURES - 1)
    boxes = partial(make_world, WORLD, items=PPO_ITEMS, slate_size=PPO_SLATE)
    told = f"{sizes.shoppers:,} shoppers, slates of {sizes.slate_size} of {sizes.items:,} items"
    one = f"one shopper, slates of {sizes.slate_size} of {sizes.items:,} items"
    armed = f"{ARMS} items, {FEATURES} context features, slates of one item"
    boxed = f"MultiDiscrete([{PPO_ITEMS}] * {PPO_SLATE})"
    long = replace(sizes, slates=10 * sizes.slates)  # a shorter run of the fastest agent would end before its log starts
    few = replace(sizes, shoppers=min(sizes.shoppers, LEARNERS))
    learners = f"{few.shoppers:,} shoppers, slates of {sizes.slate_size} of {sizes.items:,} items"
    return [
        Contender(
            KERNEL, f"a visit: draws, attraction, clicks, conversions, evolution; {told}", ALL, lambda: Kernel(shop(), sizes)
        ),
        Contender(KERNEL_ONE, "the same", ONE, lambda: Kernel(shop(), sizes, 1)),
        Contender(VECTOR, f"observation, rewards, infos, next shoppers; {told}", ALL, lambda: Vector(shop(), sizes)),
        Contender(VECTOR_ONE, "the same", ONE, lambda: Vector(shop(), sizes, 1)),
        Contender(SINGLE, f"{one}; with resets", ONE, lambda: Single(shop(), sizes)),
        Contender("SARDINE", f"{one}; with resets", ONE, lambda: Sardine(sizes)),
        Contender(RANDOM, f"decide, step, update; {told}; ten times as many slates", ONE, lambda: Runner(shop(), "random", long)),
        Contender(RANDOM_LOG, "the same, written to a log", ONE, lambda: Runner(shop(), "random", long, log=True)),
        Contender(LIN_TS, f"decide, step, update; {told}", ONE, lambda: Runner(shop(), "lin-ts", sizes)),
        Contender(LIN_TS_LOG, "the same, written to a log", ONE, lambda: Runner(shop(), "lin-ts", sizes, log=True)),
        Contender(LIN_TS_ARMS, f"decide, step, update; {armed}", ONE, lambda: Runner(arms(), "lin-ts", sizes)),
        Contender(LIN_TS_ARMS_LOG, "the same, written to a log", ONE, lambda: Runner(arms(), "lin-ts", sizes, log=True)),
        Contender("MABWiser LinTS predict", f"batch prediction; {ARMS} arms, {FEATURES} features", ONE, lambda: LinTSArms(sizes)),
        Contender(
            "MABWiser LinTS predict + update",
            f"batch prediction and partial_fit; {ARMS} arms, {FEATURES} features",
            ONE,
            lambda: LinTSArms(sizes, learn=True),
        ),
        Contender(POLICY_GRADIENT, f"decide, step, update; {learners}", ONE, lambda: Runner(shop(), "policy-gradient", few)),
        Contender(
            POLICY_GRADIENT_PPO,
            f"decide, step, update; {few.shoppers:,} shoppers, {boxed}",
            ONE,
            lambda: Runner(boxes(), "policy-gradient", few),
        ),
        Contender("SB3 PPO", f"learn() through the adapter, SB3's defaults; {boxed}", ONE, lambda: PPOWork(boxes())),
    ]


def _shop(sizes: Sizes) -> World:
    categories = min(20, sizes.items)
    return make_world(WORLD, items=sizes.items, categories=categories, slate_size=sizes.slate_size, latent=sizes.latent)


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Use `count` threads for compiled code in this block; 0 for all cores."""
    before = set_threads(count)
    try:
        yield
    finally:
        set_threads(before)


def made_slates(world: World, shoppers: int) -> list[NDArray[np.int64]]:
    """A few batches (n, k) of random slates."""
    random = np.random.Generator(np.random.Philox(0))
    return [random.integers(world.choices, size=(shoppers, world.slate_size)) for _ in range(MADE)]


class Kernel(Work):
    """Visits only, up to `Stage.LEAVING`: there are no observations, and shoppers who leave are not replaced."""

    def __init__(self, world: World, sizes: Sizes, count: int = 0) -> None:
        self.simulation = Simulation(replace(world, visits=2**20), 0, sizes.shoppers)
        kernel = self.simulation.world.kernel
        if not isinstance(kernel, CompiledVisit) or kernel.stages < Stage.LEAVING:
            raise RuntimeError(f"{world.name} is not compiled up to {Stage.LEAVING.name}, which this measurement needs")
        kernel.stages = Stage.LEAVING
        self.kernel = kernel
        self.slates, self.count = made_slates(world, sizes.shoppers), count
        self.unseen = np.zeros((sizes.shoppers, 0), np.float32)

    @override
    def __call__(self) -> int:
        shown = self.simulation.shoppers
        with threads(self.count):
            for step in range(STEPS):
                self.kernel.visit(0, shown, self.slates[step % MADE], self.unseen)
        return STEPS * len(shown)


class Vector(Work):
    """The vector environment, with everything that Gymnasium requires."""

    def __init__(self, world: World, sizes: Sizes, count: int = 0) -> None:
        self.env = SlateVectorEnv(world, sizes.shoppers)
        self.env.reset(seed=0)
        self.slates, self.count = made_slates(world, sizes.shoppers), count

    @override
    def __call__(self) -> int:
        with threads(self.count):
            for step in range(STEPS):
                self.env.step(self.slates[step % MADE])
        return STEPS * self.env.num_envs


class Single(Work):
    """The environment of a single shopper, reset after each episode."""

    def __init__(self, world: World, sizes: Sizes) -> None:
        self.env = SlateEnv(world)
        self.env.reset(seed=0)
        self.slates = made_slates(world, SINGLE_STEPS)[0]

    @override
    def __call__(self) -> int:
        for slate in self.slates:
            _, _, terminated, truncated, _ = self.env.step(slate)
            if terminated or truncated:
                self.env.reset()
        return SINGLE_STEPS


class Runner(Work):
    """Whole runs, including making the agent and the first steps, without the oracle."""

    def __init__(self, world: World, agent: str, sizes: Sizes, log: bool = False) -> None:
        self.world, self.agent, self.sizes = world, agent, sizes
        self.folder = Path(mkdtemp(prefix="slategym-")) if log else None

    @override
    def __call__(self) -> int:
        from slategym.bench.execution.log_writer import LogWriter
        from slategym.bench.execution.runner import run

        options: dict[str, Any] = {"shoppers": self.sizes.shoppers, "exact": "off", "staggered": False}
        slates = self.sizes.slates
        if self.folder is None:
            run(self.world, self.agent, slates, **options)
        else:
            rmtree(self.folder / "log", ignore_errors=True)
            with LogWriter(self.folder / "log", self.world, {}) as log:
                run(self.world, self.agent, slates, log=log, **options)
        return slates

    @override
    def close(self) -> None:
        if self.folder is not None:
            rmtree(self.folder, ignore_errors=True)
