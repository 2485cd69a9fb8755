"""One run in shards, led from this process: it adds up what the shards learn from, and simulates no shopper."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from time import monotonic, thread_time
from typing import Any

import numpy as np

from slategym.agents.common.pooling import Arrays
from slategym.agents.registry import AgentMaker
from slategym.agents.scalarizers.base import Scalarizer
from slategym.bench.execution.exactness import Exactness
from slategym.bench.execution.runner import check_steps, own_scalarizer, refuse_zero
from slategym.bench.execution.threads import one_thread
from slategym.bench.execution.trace import Trace
from slategym.bench.jobs.checkpoints import EVERY
from slategym.bench.sharding.channels import Channel, ShardLostError, Start, shard_processes
from slategym.bench.sharding.messages import Answer, Ended, Failed, Message, Order, Part, Ready, Stepped, packed
from slategym.bench.sharding.setup import Kept, Setup, check_shards
from slategym.bench.sharding.traces import joined_traces
from slategym.sim.world import World
from slategym.sim.worlds import make_world
from slategym.utils.checked import checked
from slategym.utils.ranges import Count, Seed, ShopperCount, SlateCount
from slategym.utils.short_repr import Brief

RESTARTS = 3  # without a step more than before


class ShardError(RuntimeError):
    """A shard has met an error; the message ends with where."""


@dataclass
class Costs:
    """What it costs to lead shards.

    Attributes:
        steps: that were done.
        rounds: how often something was added up.
        bytes: that one shard sent for it; as many came back.
        lead_seconds: of processor time of the thread that leads.
        shard_seconds: of processor time in the steps of each shard, without the thread that writes its log.
        shard_memory: in bytes, the most that each shard's process has held; 0 where the system does not tell.
        restarts: how often a shard was lost and all went back to a checkpoint.
    """

    steps: int = 0
    rounds: int = 0
    bytes: int = 0
    lead_seconds: float = 0.0
    shard_seconds: list[float] = field(default_factory=list)
    shard_memory: list[int] = field(default_factory=list)
    restarts: int = 0


@dataclass(frozen=True, repr=False)
class ShardedRun(Brief):
    """A run in shards that has ended.

    Attributes:
        trace: of all shoppers.
        agent: one of its copies, which have all learned the same; None if it cannot be sent between processes.
        costs: of leading it.
        refused: what was wrong with checkpoints.
    """

    trace: Trace
    agent: Any
    costs: Costs
    refused: tuple[str, ...]


@checked
def run_sharded(
    world: World | str,
    agent: str | AgentMaker,
    slates: SlateCount,
    seed: Seed = 0,
    *,
    shards: Count,
    shoppers: ShopperCount = 1000,
    weights: Sequence[float] | None = None,
    scalarizer: str | Scalarizer | None = None,
    exact: Exactness = "sampled",
    staggered: bool = True,
    kept: Kept | None = None,
    checkpoint_every: float = EVERY,
    progress: Callable[[int], None] | None = None,
    stop: Callable[[], bool] | None = None,
    start: Start = shard_processes,
) -> ShardedRun:
    """As `run`, with the shoppers divided among processes; no process holds all of them.

    Each shard has a copy of the agent, which decides for the shoppers of the shard; what it learns from is added up over all
    shards at every step, so that all copies learn the same. Shoppers and answers are those of `run`. An agent's random numbers
    are drawn for each block of shoppers (`block_rows`) by itself, and do not depend on the number of shards. So

    - an agent that does not learn shows the same slates for any number of shards; one without random numbers those of `run`;
    - one that learns from sums learns the same up to the rounding of float64, and policy-gradient up to that of float32.

    A shard that is lost is started again, and all go back to the last checkpoint that all of them have: no number changes. A
    script must guard its own start with `if __name__ == "__main__":`, as `multiprocessing` needs.

    Args:
        world: see `run`.
        agent: see `run`; one that learns nothing, or whose copies can learn together (`Agent.learns_alone`).
        slates: a multiple of the shoppers.
        seed: see `run`.
        shards: S, at most one for each block.
        shoppers: n, of all shards together.
        weights: see `run`.
        scalarizer: see `run`.
        exact: see `run`; the first impressions of launched items are not recorded.
        staggered: see `run`.
        kept: where logs and checkpoints are written, if anywhere.
        checkpoint_every: seconds between checkpoints.
        progress: called after each step with the slates shown so far.
        stop: asked at each step; the run ends early once it returns True.
        start: starts the shards; by default as processes of this machine.

    Raises:
        ValueError: as `run`, or the shoppers cannot be divided so.
        ShardError: a shard has met an error, such as an agent that cannot learn in shards.
        RuntimeError: shards are lost again and again, or the script has no such guard.
    """
    world = make_world(world) if isinstance(world, str) else world
    weights = world.weights if weights is None else weights
    if len(weights) != len(world.objective_names):
        raise ValueError(f"weights is {tuple(weights)}: expected one number for each of {', '.join(world.objective_names)}")
    refuse_zero(weights)
    check_steps(slates, shoppers)
    check_shards(slates, shoppers, shards)
    own, baseline = (None, None) if scalarizer is None else own_scalarizer(world, scalarizer, None, exact)
    vector = tuple(float(weight) for weight in weights)
    setup = Setup(world, agent, slates, seed, shoppers, shards, vector, own, baseline, exact, staggered, kept)
    if kept is not None:
        kept.shards.mkdir(parents=True, exist_ok=True)
    return _Lead(setup, checkpoint_every, progress or (lambda slates: None), stop or (lambda: False)).run(start)


class _Lead:
    """The part of the leading process.

    Args:
        setup: of the run.
        every: seconds between checkpoints.
        progress: see `run_sharded`.
        stop: see `run_sharded`.
    """

    def __init__(self, setup: Setup, every: float, progress: Callable[[int], None], stop: Callable[[], bool]) -> None:
        self.setup, self.every, self.progress, self.stop = setup, every, progress, stop
        self.costs, self.done, self._last, self._stopped = Costs(), 0, monotonic(), False

    def run(self, start: Start) -> ShardedRun:
        """Start the shards, and start them again where one is lost."""
        furthest, lost = -1, 0
        while True:
            try:
                with one_thread(), start(self.setup) as channels:
                    return self._result(self._conduct(channels))
            except ShardLostError as error:
                lost = 1 if self.done > furthest else lost + 1
                furthest = max(furthest, self.done)
                self.costs.restarts += 1
                if lost > RESTARTS:
                    said = f"{error}; it was started {RESTARTS} times again and got no further than step {furthest:,}"
                    raise RuntimeError(said) from error

    def _conduct(self, channels: Sequence[Channel]) -> list[Ended]:
        """Answer the shards until they have ended."""
        before = thread_time()
        while True:
            messages = (self._received(channel) for channel in channels)  # one at a time: sums may be large
            first = next(messages)
            if isinstance(first, Ended):
                ended = [first, *(message for message in messages if isinstance(message, Ended))]
                self.costs.lead_seconds += thread_time() - before
                return ended
            answer = packed(self._answer(first, messages))
            for channel in channels:
                channel.send(answer)

    @staticmethod
    def _received(channel: Channel) -> Message:
        message: Message = pickle.loads(channel.receive())
        if isinstance(message, Failed):
            raise ShardError(f"{message.failure.title}: {message.failure.error}\n{message.failure.traceback}".rstrip())
        return message

    def _answer(self, first: Message, others: Iterator[Message]) -> Answer:
        """The answer to the messages of all shards, which are of one kind."""
        if isinstance(first, Part):
            return self._total(first, others)
        if isinstance(first, Stepped):
            for other in others:
                _check_same(other == first, first, other)
            return self._order(first.done)
        assert isinstance(first, Ready)
        common = set(first.steps)
        for other in others:
            common &= set(other.steps) if isinstance(other, Ready) else set()
        self.done = max(common, default=0)
        return self.done

    def _total(self, first: Part, others: Iterator[Message]) -> Arrays:
        """The sums of the parts, in the order of the shards."""
        self.costs.rounds += 1
        self.costs.bytes += sum(array.nbytes for array in first.arrays.values())
        sums = {name: np.array(array) for name, array in first.arrays.items()}
        for other in others:
            _check_same(isinstance(other, Part) and list(other.arrays) == list(sums), first, other)
            assert isinstance(other, Part)
            for name, array in other.arrays.items():
                sums[name] += array
        return sums

    def _order(self, done: int) -> Order:
        self.costs.steps += 1
        self.done = done
        self.progress(done * self.setup.shoppers)
        if done < self.setup.steps and self.stop():
            return "stop"
        if monotonic() - self._last < self.every:
            return "go on"
        self._last = monotonic()
        return "keep"

    def _result(self, ended: Sequence[Ended]) -> ShardedRun:
        self.costs.shard_seconds = [each.seconds for each in ended]
        self.costs.shard_memory = [each.memory for each in ended]
        refused = tuple(said for each in ended for said in each.refused)
        return ShardedRun(joined_traces([each.trace for each in ended]), ended[0].agent, self.costs, refused)


def _check_same(same: bool, first: Message, other: Message) -> None:
    if not same:
        raise RuntimeError(f"the shards do not do the same: one sent {first!r}, another one {other!r}")
