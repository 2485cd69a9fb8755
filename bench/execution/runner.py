"""Runs an agent in a world, many shoppers at each step, and compares it with the oracle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass

import numpy as np

from slategym.agents.base import Agent
from slategym.agents.registry import AgentMaker, make_agent
from slategym.agents.scalarizers import make_scalarizer
from slategym.agents.scalarizers.base import FixedSum, Scalarizer
from slategym.bench.execution.episodes import stagger
from slategym.bench.execution.evaluator import SlateReferences
from slategym.bench.execution.exactness import Exactness
from slategym.bench.execution.log_writer import LogWriter
from slategym.bench.execution.recorder import Recorder
from slategym.bench.execution.regret import RegretBaseline, reference_of
from slategym.bench.execution.steps import Steps
from slategym.bench.execution.threads import one_thread
from slategym.bench.execution.trace import Trace
from slategym.bench.jobs.checkpoints import Checkpoints
from slategym.bench.tracking.follower import followed
from slategym.bench.tracking.tracker import Tracker, Tracking
from slategym.envs.vector import SlateVectorEnv
from slategym.sim.simulation import Simulation
from slategym.sim.world import World
from slategym.sim.worlds import make_world
from slategym.utils.checked import checked
from slategym.utils.ranges import Seed, ShopperCount, SlateCount

MOST_STEPS = 50_000_000


@dataclass(frozen=True)
class Insider:
    """Makes agents that get the whole simulation, for use within the bench; other agents get only the problem."""

    make: Callable[[Simulation, int, Scalarizer], Agent]


@checked
def run(
    world: World | str,
    agent: str | AgentMaker | Insider,
    slates: SlateCount,
    seed: Seed = 0,
    *,
    shoppers: ShopperCount = 1000,
    weights: Sequence[float] | None = None,
    scalarizer: str | Scalarizer | None = None,
    baseline: RegretBaseline | None = None,
    log: LogWriter | None = None,
    exact: Exactness = "sampled",
    staggered: bool = True,
    references: SlateReferences | None = None,
    checkpoints: Checkpoints | None = None,
    progress: Callable[[int], None] | None = None,
    stop: Callable[[], bool] | None = None,
    track: str | Tracker | None = None,
) -> Trace:
    """Show `slates` slates, to `shoppers` shoppers at each step, and record their objectives and those of the oracle's slates.

    The seed determines the shoppers, who are the same for every agent; the agent's own seed is derived from it. If `slates` is
    not a multiple of `shoppers`, the last step is shown to all shoppers, but only its first rows count and are logged.

    Args:
        world: a world or its name.
        agent: a name that `slategym agents` lists, or a class or function of (problem, seed, scalarizer) that makes an agent,
            such as `my_agent.py:Mine`.
        slates: the total number of slates, at least 1.
        seed: 0 to 2**64 - 1.
        shoppers: n, simulated together; the agent decides for all of them and then learns from all.
        weights: (M,), the weights of the objectives, for the agent and the oracle; by default the world's own (click 1,
            conversion 10).
        scalarizer: the scalarizer that the agent maximises instead of the weighted sum, as a text (see `agents.scalarizers.make`)
            or an object, which is copied. Open parameters of a text, such as the utopia, are computed from the world.
        baseline: the baseline of the regret; by default made from the world and the scalarizer.
        log: where each slate is written, or None.
        exact: which slates are compared with the oracle's in exact expectation: "sampled", spread evenly over the run, which
            takes about a fifth of the time of a run of random slates; "every"; or "off", where `expected` and `best` are NaN.
        staggered: whether the first shoppers' episodes are shortened, so that the ends of the rows' episodes are spread evenly
            over time. Otherwise all episodes begin together, and end together if nobody leaves. The first shoppers are not
            counted among the episodes.
        references: other slates that are evaluated in addition to the oracle's.
        checkpoints: where the state of the run is saved at intervals. If the run was killed, it continues from there, with the
            same numbers and the same log.
        progress: called after each step with the number of slates shown so far.
        stop: called before each step; the run ends early when it returns True.
        track: a tracker, which gets about a hundred reports of the run, or the name of one, such as "csv" or "tensorboard",
            which writes to the folder "tracking". It changes no results.

    Raises:
        ValueError: an argument is out of its range, there is no such world, agent or scalarizer, or no mixture of slates meets
            the scalarizer's constraints.
    """
    world = make_world(world) if isinstance(world, str) else world
    weights = world.weights if weights is None else weights
    if len(weights) != len(world.objective_names):
        raise ValueError(f"weights is {tuple(weights)}: expected one number for each of {', '.join(world.objective_names)}")
    refuse_zero(weights)
    check_steps(slates, shoppers)
    if scalarizer is not None:
        scalarizer, baseline = own_scalarizer(world, scalarizer, baseline, exact)
    measured_by = baseline or RegretBaseline.fixed(weights)
    oracle = agent == "oracle" and scalarizer is None  # it shows the best slate
    count = min(shoppers, slates)
    recorder = Recorder(world, slates, count, exact, measured_by, oracle, references)

    env = SlateVectorEnv(world, num_envs=count, weights=tuple(weights))
    env.begin(seed)
    if staggered:
        stagger(env.simulation.shoppers, world.visits)
    chooser = make_chooser(agent, env.simulation, seed, scalarizer or FixedSum(weights))
    steps = Steps(env, chooser, recorder, log)
    tracker = Tracking(track)(f"{getattr(chooser, 'name', 'agent')} seed {seed}") if isinstance(track, str) else track
    if checkpoints:
        steps.resume(checkpoints)
        if progress and steps.done:
            progress(min(steps.done * count, slates))
    config = {
        "world": world.origin or world.name,
        "agent": getattr(chooser, "name", type(chooser).__name__),
        "slates": slates,
        "seed": seed,
        "shoppers": shoppers,
        "weights": [float(weight) for weight in weights],
        "objectives": list(world.objective_names),
        "plurals": dict(world.plurals),
        "exact": exact,
    }
    with one_thread(with_torch=references is not None), followed(tracker, config, recorder, weights, steps.done) as follower:
        while steps.done < recorder.steps and not (stop and stop()):
            steps.take()
            done = steps.done
            if checkpoints and done < recorder.steps and checkpoints.due():
                steps.keep(checkpoints)
            if follower:
                follower.step(done, steps.agent)
            if progress:
                progress(min(done * count, slates))
        if checkpoints and 0 < steps.done < recorder.steps:  # it was stopped
            steps.keep(checkpoints)
    return recorder.trace(steps.done, scalarized=bool(scalarizer and baseline))


def check_steps(slates: int, shoppers: int) -> None:
    """Refuse runs with more steps than can be stored.

    Args:
        slates: the total number of slates.
        shoppers: the number of shoppers in each step.

    Raises:
        ValueError: there are too many steps.
    """
    steps = -(-slates // shoppers)
    if steps > MOST_STEPS:
        raise ValueError(
            f"slates is {slates:,} with {shoppers:,} shoppers at once, which is {steps:,} steps: "
            f"expected at most {MOST_STEPS:,} steps; use more shoppers at once"
        )


def refuse_zero(weights: Sequence[float]) -> None:
    """Refuse weights that are all 0, with which there is nothing to learn.

    Args:
        weights: (M,), the weights of the objectives.

    Raises:
        ValueError: the weights are all 0, or one is not finite.
    """
    if not np.isfinite(weights).all() or not np.any(weights):
        raise ValueError(f"weights is {tuple(weights)}: expected finite numbers that are not all 0")


def own_scalarizer(
    world: World, scalarizer: str | Scalarizer, baseline: RegretBaseline | None, exact: Exactness
) -> tuple[Scalarizer, RegretBaseline | None]:
    """The agent's own copy of a scalarizer, and the baseline of the regret.

    Args:
        world: the world of the run.
        scalarizer: see `run`.
        baseline: see `run`.
        exact: see `run`.
    """
    reference = reference_of(world) if isinstance(scalarizer, str) or baseline is None else None
    if isinstance(scalarizer, str):
        own = make_scalarizer(scalarizer, world.objective_names, reference, weights=world.weights)
    else:
        own = deepcopy(scalarizer)
    return own, baseline or (None if exact == "off" else RegretBaseline.of(world, own, reference))


def make_chooser(agent: str | AgentMaker | Insider, simulation: Simulation, seed: int, scalarizer: Scalarizer) -> Agent:
    """The agent of a run.

    Args:
        agent: see `run`.
        simulation: the simulation of the run.
        seed: the seed of the run, from which the agent's own seed is derived.
        scalarizer: the agent's own scalarizer.
    """
    # 32 bits, because some libraries take no more; hashed, so that the agent does not share the shoppers' random numbers.
    own = int(np.random.SeedSequence(seed).generate_state(1)[0])
    if isinstance(agent, Insider):
        return agent.make(simulation, own, scalarizer)
    return make_agent(agent, simulation, own, scalarizer)
