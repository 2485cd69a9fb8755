"""What one shard does: it simulates its shoppers, and its copy of the agent decides for them and learns with the others."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from copy import deepcopy
from time import thread_time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Agent, Decision, Observation
from slategym.agents.choosing.eligibility import stacked
from slategym.agents.choosing.noise import blocks
from slategym.agents.common.pooling import Arrays, pooled
from slategym.agents.known import AGENTS
from slategym.agents.oracle import Oracle
from slategym.agents.scalarizers.base import FixedSum
from slategym.bench.execution.episodes import stagger
from slategym.bench.execution.log_writer import LogWriter
from slategym.bench.execution.recorder import Recorder
from slategym.bench.execution.regret import RegretBaseline
from slategym.bench.execution.runner import make_chooser
from slategym.bench.execution.steps import Steps, act_at_once
from slategym.bench.execution.threads import one_thread
from slategym.bench.jobs.checkpoints import Checkpoints
from slategym.bench.jobs.failures import Failure
from slategym.bench.sharding.messages import Ended, Failed, Message, Part, Ready, Stepped
from slategym.bench.sharding.setup import Setup, block_rows
from slategym.envs.vector import SlateVectorEnv

LEARNING = 2**63  # in place of the number of a block, of random numbers by which agents learn
Talk = Callable[[Message], Any]  # tells the leading process something and gives its answer


class LostCheckpointError(RuntimeError):
    """A checkpoint that was there can no longer be used."""


class BlockwiseAct:
    """Asks an agent for decisions block by block of shoppers, each with random numbers of its own.

    They are those of the agent's key at a counter of (step, block of rows), so that neither the other blocks nor the shards have
    a say in them. What the agent draws while it learns is the same in all copies.

    Args:
        first_row: of the shard, the first one of a block.
        block: rows of a block.
    """

    def __init__(self, first_row: int, block: int) -> None:
        self.first, self.block = first_row // block, block

    def __call__(self, agent: Agent, step: int, observation: Observation, options: Mapping[str, Any]) -> Decision:
        """Ask for the decisions of a step."""
        decisions = []
        for number, rows in enumerate(blocks(len(observation), self.block), start=self.first):
            begin_random(agent, step, number)
            decision = agent.act(observation[rows], **options)
            # An agent may use its arrays again for the next block.
            decisions.append(Decision(decision.slate.copy(), decision.propensity.copy(), decision.estimated, decision.allowed))
        begin_random(agent, step, LEARNING)
        return Decision(
            np.concatenate([each.slate for each in decisions]),
            np.concatenate([each.propensity for each in decisions]),
            estimated=any(each.estimated for each in decisions),
            allowed=stacked([(each.allowed, len(each.slate)) for each in decisions]),
        )


def begin_random(agent: Agent, step: int, block: int) -> None:
    """Let the agent's generator, a Philox, go on from the random numbers of a step and a block.

    Args:
        agent: with the generator `random`.
        step: its number.
        block: of rows, or `LEARNING`.
    """
    generator = agent.random.bit_generator
    state: dict[str, Any] = dict(generator.state)
    counter: NDArray[np.uint64] = np.array([0, 0, block, step + 1], np.uint64)
    state["state"] = {"counter": counter, "key": state["state"]["key"]}
    generator.state = {**state, "buffer_pos": 4, "has_uint32": 0, "uinteger": 0}


class ShardPool:
    """The pool of a shard's copy of the agent.

    Args:
        index: of the shard.
        count: S.
        talk: to the leading process.
    """

    def __init__(self, index: int, count: int, talk: Talk) -> None:
        self.index, self.count, self._talk = index, count, talk

    def total(self, sums: Mapping[str, NDArray[Any]]) -> Arrays:
        """See `Pool.total`."""
        arrays: Arrays = self._talk(Part(dict(sums)))
        return arrays


def check_learns_together(agent: Agent) -> None:
    """Refuse an agent whose copies cannot learn together.

    Args:
        agent: any.

    Raises:
        ValueError: the message names those that can.
    """
    why = agent.learns_alone if isinstance(agent, Agent) else "it is not a slategym.Agent"
    if why:
        names = ", ".join(name for name, spec in AGENTS.items() if spec.in_shards)
        raise ValueError(
            f"{getattr(agent, 'name', type(agent).__name__)} cannot learn in shards ({why}): expected one that learns nothing, "
            f"or one of {names}"
        )


def tell_shard(setup: Setup, index: int, talk: Callable[[Message], Any]) -> None:
    """Run a shard; an error is told too.

    Args:
        setup: of the run.
        index: of the shard.
        talk: to the leading process.
    """
    try:
        ended = run_shard(setup, index, talk)
    except (EOFError, ConnectionError):  # the leading process has gone, or has given up
        return
    except LostCheckpointError:  # without a word, as one that was killed: all begin again, at another step
        return
    except Exception as error:
        talk(Failed(Failure.of(f"shard {index}", error)))
    else:
        talk(ended)


def run_shard(setup: Setup, index: int, talk: Talk) -> Ended:
    """Run a shard.

    Args:
        setup: of the run.
        index: of the shard.
        talk: to the leading process.

    Raises:
        ValueError: the agent's copies cannot learn together.
        FileNotFoundError: the machine does not see the folder of the run.
    """
    world, rows, kept = setup.world, setup.rows(index), setup.kept
    if kept is not None and not kept.shards.is_dir():
        raise FileNotFoundError(f"this machine does not see {kept.shards}: give --out a folder on a disk that all machines share")
    baseline = setup.baseline or RegretBaseline.fixed(setup.weights)
    oracle = setup.agent == "oracle" and setup.scalarizer is None
    recorder = Recorder(world, setup.slates, setup.shoppers, setup.exact, baseline, oracle, part=rows)
    env = SlateVectorEnv(world, num_envs=len(rows), weights=setup.weights, first_row=rows.start)
    env.begin(setup.seed)
    if setup.staggered:
        stagger(env.simulation.shoppers, world.visits)
    scalarizer = FixedSum(setup.weights) if setup.scalarizer is None else deepcopy(setup.scalarizer)
    agent = make_chooser(setup.agent, env.simulation, setup.seed, scalarizer)
    check_learns_together(agent)
    with ExitStack() as stack:
        log = None
        if kept is not None:
            folder = kept.log(index, setup.shards)
            there, first = folder.exists(), rows.start
            writer = LogWriter(folder, world, kept.config, observations=kept.observations, append=there, first_row=first)
            log = stack.enter_context(writer)
        checkpoints = None
        if kept is not None and kept.fingerprint:
            name = f"{index:04d}-of-{setup.shards:04d}"
            checkpoints = Checkpoints(kept.shards, name, kept.fingerprint)
        blockwise = BlockwiseAct(rows.start, block_rows(setup.shoppers))
        act = act_at_once if isinstance(agent, Oracle) else blockwise  # the oracle draws nothing
        steps = Steps(env, agent, recorder, log, act)
        there_are = [int(content["step"]) for content in checkpoints.read({"world": world})] if checkpoints else []
        start: int = talk(Ready(tuple(there_are)))
        steps.resume(checkpoints, start)
        if checkpoints and steps.done != start:
            checkpoints.remove()
            raise LostCheckpointError(f"shard {index} cannot go on from step {start:,}")
        stack.enter_context(one_thread())
        stack.enter_context(pooled(ShardPool(index, setup.shards, talk)))
        before, order = thread_time(), "go on"
        while steps.done < setup.steps and order != "stop":
            steps.take()
            order = talk(Stepped(steps.done))
            if checkpoints and order != "go on" and steps.done < setup.steps:
                steps.keep(checkpoints)
        seconds = thread_time() - before
        finished = steps.done == setup.steps
        if log:
            log.close("finished" if finished else "interrupted")
        trace = recorder.trace(steps.done, scalarized=bool(setup.scalarizer and setup.baseline))
        refused = tuple(checkpoints.refused) if checkpoints else ()
        return Ended(trace, seconds, most_memory(), _sendable(steps.agent) if index == 0 else None, refused)


def most_memory() -> int:
    """In bytes, the most that this process has held; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak if sys.platform == "darwin" else 1024 * peak)


def _sendable(agent: Any) -> Any:
    try:
        pickle.dumps(agent)
    except Exception:  # anything may refuse to be pickled, in any way
        return None
    return agent
