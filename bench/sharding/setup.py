"""What all shards of a run share, and which shoppers each of them simulates."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slategym.agents.choosing.noise import BLOCK as LEAST
from slategym.agents.registry import AgentMaker
from slategym.agents.scalarizers.base import Scalarizer
from slategym.bench.execution.exactness import Exactness
from slategym.bench.execution.regret import RegretBaseline
from slategym.sim.world import World
from slategym.utils.short_repr import Brief

FOLDER = "shards"  # of a run, under OUT, while it is under way
MOST = 4096  # rows of a block


@dataclass(frozen=True, repr=False)
class Kept(Brief):
    """What a sharded run writes.

    Attributes:
        folder: OUT, which all shards must see; the shards' files are in `OUT/shards`.
        config: of the logs.
        observations: whether the logs hold what the agent saw.
        fingerprint: of the run, for its checkpoints; empty for no checkpoints.
    """

    folder: Path
    config: Mapping[str, Any]
    observations: bool = True
    fingerprint: str = ""

    @property
    def shards(self) -> Path:
        """The folder of the shards' files."""
        return self.folder / FOLDER

    def log(self, index: int, shards: int) -> Path:
        """The folder of the log of a shard.

        Args:
            index: of the shard.
            shards: how many there are.
        """
        return self.shards / f"{index:04d}-of-{shards:04d}" / "log"


@dataclass(frozen=True, repr=False)
class Setup(Brief):
    """A run in shards.

    Attributes:
        world: see `run`.
        agent: see `run`.
        slates: see `run`; a multiple of the shoppers.
        seed: see `run`.
        shoppers: n, of all shards together.
        shards: S.
        weights: (M,), see `run`.
        scalarizer: see `run`; None for the weighted sum.
        baseline: of the regret.
        exact: see `run`.
        staggered: see `run`.
        kept: what is written, if anything.
    """

    world: World
    agent: str | AgentMaker
    slates: int
    seed: int
    shoppers: int
    shards: int
    weights: tuple[float, ...]
    scalarizer: Scalarizer | None
    baseline: RegretBaseline | None
    exact: Exactness
    staggered: bool
    kept: Kept | None = None

    @property
    def steps(self) -> int:
        """How many slates each shopper is shown."""
        return self.slates // self.shoppers

    def rows(self, index: int) -> range:
        """The rows of a shard: whole blocks, as evenly as they can be divided.

        Args:
            index: of the shard.
        """
        block, blocks = block_rows(self.shoppers), blocks_of(self.shoppers)
        start, stop = (block * (number * blocks // self.shards) for number in (index, index + 1))
        return range(start, min(stop, self.shoppers))


def packed_setup(setup: Setup) -> bytes:
    """The setup, pickled.

    Args:
        setup: of a run.

    Raises:
        ValueError: it cannot be sent to another process.
    """
    try:
        return pickle.dumps(setup)
    except Exception as error:  # anything may refuse to be pickled, in any way
        why = f"the run cannot be sent to other processes ({error}): define what it needs at the top of a module"
        raise ValueError(" ".join(why.split())) from error


def block_rows(shoppers: int) -> int:
    """How many rows an agent decides for in one call: a power of two from 256 to 4,096, near 16 times the root of the shoppers.

    Of 4,096 shoppers there are 4 blocks of 1,024, of 65,536 shoppers 16 of 4,096. In larger blocks agents are called less often,
    smaller ones can be divided among more shards. It does not depend on the number of shards, as each block has random numbers
    of its own.

    Args:
        shoppers: n, of all shards together.
    """
    rows = MOST
    while rows > LEAST and rows**2 > LEAST * shoppers:
        rows //= 2
    return rows


def blocks_of(shoppers: int) -> int:
    """The most shards that shoppers can be divided into: each has a block at least, the last one perhaps a smaller.

    Args:
        shoppers: n.
    """
    return -(-shoppers // block_rows(shoppers))


def check_shards(slates: int, shoppers: int, shards: int) -> None:
    """Refuse what cannot be divided.

    Args:
        slates: of the run.
        shoppers: of the run.
        shards: of the run.

    Raises:
        ValueError: there are more shards than blocks of shoppers, or a last step that shows slates to some alone.
    """
    if slates % shoppers:
        raise ValueError(
            f"slates is {slates:,} with {shoppers:,} shoppers in shards: expected a multiple of the shoppers, such as "
            f"{max(slates // shoppers, 1) * shoppers:,}"
        )
    if shards > blocks_of(shoppers):
        raise ValueError(
            f"shards is {shards} for {shoppers:,} shoppers: expected at most {blocks_of(shoppers)}, as each has "
            f"{block_rows(shoppers):,} shoppers or more; ask for more shoppers"
        )
