"""Runs an agent in a world, many shoppers at each step, and compares it with the oracle."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Agent
from slategym.agents.registry import AgentMaker, make_agent
from slategym.agents.scalarizers import make_scalarizer
from slategym.agents.scalarizers.base import FixedSum, Scalarizer
from slategym.bench.execution.checkpoints import Checkpoints
from slategym.bench.execution.log_writer import LogWriter
from slategym.bench.execution.regret import RegretBaseline, reference_of
from slategym.bench.execution.threads import one_thread
from slategym.bench.execution.trace import Trace
from slategym.envs.vector import SlateVectorEnv
from slategym.sim.simulation import Simulation
from slategym.sim.world import World
from slategym.sim.worlds import make_world
from slategym.utils.checked import checked
from slategym.utils.ranges import Seed, ShopperCount, SlateCount

Floats = NDArray[np.float64]
MOST_STEPS = 50_000_000


@dataclass(frozen=True)
class Insider:
    """A maker of agents that see the whole simulation, for the bench itself; other agents see the problem alone."""

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
    exact: bool = True,
    checkpoints: Checkpoints | None = None,
    progress: Callable[[int], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Trace:
    """Show `slates` slates, `shoppers` at each step, and record their objectives and those of the oracle's slates.

    The seed decides the shoppers, the same ones for every agent, and the agent's own seed is derived from it. Where
    `shoppers` does not divide `slates`, the last step is shown to all and only its first rows count and are logged.

    Args:
        world: a world or its name.
        agent: a name that `slategym agents` lists, or a class or function of (problem, seed, scalarizer) that makes an agent,
            such as `my_agent.py:Mine`.
        slates: shown in all, at least 1.
        seed: 0 to 2**64 - 1.
        shoppers: n, simulated together; the agent decides for all of them and then learns from all.
        weights: (M,), of the objectives, for the agent and the oracle; by default the world's own (click 1, conversion 10).
        scalarizer: what the agent maximises instead of the weighted sum: a text (see `agents.scalarizers.make`) or a scalarizer,
            of which it gets a copy. What a text leaves open, such as the utopia, is computed from the world.
        baseline: of the regret; by default made from the world and the scalarizer.
        log: where each slate is written, if anywhere.
        exact: whether to compute exact expectations; without them `expected` and `best` are NaN and the run is faster.
        checkpoints: where the run is kept now and then, and from where it continues if it was killed, with the same numbers
            and the same log.
        progress: called after each step with the slates shown so far.
        stop: asked before each step; the run ends early once it returns True.

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
        scalarizer, baseline = _own_scalarizer(world, scalarizer, baseline, exact)
    measured_by = baseline or RegretBaseline.fixed(weights)
    ceiling = agent == "oracle" and scalarizer is None  # it shows the best slate
    count = min(shoppers, slates)
    steps = -(-slates // count)
    counted = np.full(steps, count)
    counted[-1] = slates - (steps - 1) * count
    objectives, expected, best, weights_used = (np.full((steps, len(weights)), np.nan) for _ in range(4))
    seconds = np.zeros(steps)

    env = SlateVectorEnv(world, num_envs=count, weights=tuple(weights))
    observation, _ = env.reset(seed=seed)
    chooser = _make(agent, env.simulation, seed, scalarizer or FixedSum(weights))
    done = 0
    columns = {
        "objectives": objectives,
        "expected": expected,
        "best": best,
        "seconds": seconds,
        "weights_used": weights_used,
    }
    if checkpoints:
        done, chooser = _resume(checkpoints, env.simulation, chooser, columns, log)
        observation = env.simulation.observe()
        if progress and done:
            progress(int(counted[:done].sum()))
    with one_thread():
        while done < steps and not (stop and stop()):
            rows = slice(0, int(counted[done]))
            shown = env.simulation.shoppers
            weights_used[done] = getattr(chooser, "weights", np.nan)
            start = perf_counter()
            decision = chooser.act(observation)
            seconds[done] = perf_counter() - start

            if exact:
                expected[done] = world.expected(shown, decision.slate)[rows].mean(axis=0)
                if ceiling:
                    best[done] = expected[done]
                else:
                    goal = measured_by.at(done * count)
                    best[done] = world.expected(shown, world.best_slate(shown, goal.weights))[rows].mean(axis=0)
            identity, visit = shown.identity.copy(), shown.visit.copy()

            start = perf_counter()
            after, *_ = env.step(decision.slate)
            feedback = env.feedback
            chooser.update(observation, decision, feedback)
            seconds[done] += perf_counter() - start

            objectives[done] = feedback.objectives[rows].mean(axis=0, dtype=np.float64)
            if log:
                log.write(done, identity, visit, observation, decision, feedback, rows.stop)
            observation = after
            done += 1
            if checkpoints and done < steps and checkpoints.due():
                _keep(checkpoints, done, env.simulation, chooser, columns, log)
            if progress:
                progress(int(counted[:done].sum()))
        if checkpoints and 0 < done < steps:  # it was stopped
            _keep(checkpoints, done, env.simulation, chooser, columns, log)
    return Trace(
        counted[:done],
        objectives[:done],
        expected[:done],
        best[:done],
        seconds[:done],
        count,
        slates,
        weights_used[:done],
        baseline if scalarizer else None,
    )


def _keep(
    checkpoints: Checkpoints,
    done: int,
    simulation: Simulation,
    agent: Agent,
    columns: Mapping[str, Floats],
    log: LogWriter | None,
) -> None:
    content = {
        "simulation": simulation.state(),
        "agent": agent,
        "columns": {name: column[:done] for name, column in columns.items()},
        "log": log.state() if log else None,
    }
    checkpoints.write(done, content, {"world": simulation.world})


def _resume(
    checkpoints: Checkpoints, simulation: Simulation, agent: Agent, columns: Mapping[str, Floats], log: LogWriter | None
) -> tuple[int, Agent]:
    """The steps that were done before, and the agent as it was then; without a checkpoint 0 and the new agent."""
    for content in checkpoints.read({"world": simulation.world}):
        try:
            if log:
                log.restore(content["log"])
            simulation.restore(content["simulation"])
        except (ValueError, KeyError, TypeError) as error:  # the log lacks parts, or the checkpoint is of a run without a log
            checkpoints.refused.append(str(error))
            continue
        done, kept = int(content["step"]), content["agent"]
        for name, column in columns.items():
            column[:done] = content["columns"][name]
        if attach := getattr(kept, "attach", None):  # agents of users may have act and update alone
            attach(simulation)
        return done, kept
    if log:
        log.restore({"parts": 0, "waiting": [], "rows": 0})
    return 0, agent


def check_steps(slates: int, shoppers: int) -> None:
    """Refuse runs of more steps than their numbers have room for.

    Args:
        slates: shown in all.
        shoppers: in each step.

    Raises:
        ValueError: there are too many steps.
    """
    steps = -(-slates // shoppers)
    if steps > MOST_STEPS:
        raise ValueError(
            f"slates is {slates:,} with {shoppers:,} shoppers at once: "
            f"expected at most {MOST_STEPS:,} steps, and these are {steps:,}"
        )


def refuse_zero(weights: Sequence[float]) -> None:
    """Refuse weights that are all 0, by which there is nothing to learn.

    Args:
        weights: (M,), of the objectives.

    Raises:
        ValueError: they are all 0, or one is not finite.
    """
    if not np.isfinite(weights).all() or not np.any(weights):
        raise ValueError(f"weights is {tuple(weights)}: expected finite numbers that are not all 0")


def _own_scalarizer(
    world: World, scalarizer: str | Scalarizer, baseline: RegretBaseline | None, exact: bool
) -> tuple[Scalarizer, RegretBaseline | None]:
    """The agent's own scalarizer, and the baseline of the regret."""
    reference = reference_of(world) if isinstance(scalarizer, str) or baseline is None else None
    if isinstance(scalarizer, str):
        own = make_scalarizer(scalarizer, world.objective_names, reference, weights=world.weights)
    else:
        own = deepcopy(scalarizer)
    return own, baseline or (RegretBaseline.of(world, own, reference) if exact else None)


def _make(agent: str | AgentMaker | Insider, simulation: Simulation, seed: int, scalarizer: Scalarizer) -> Agent:
    # 32 bits, as some libraries take no more; hashed, so that it does not share the shoppers' random numbers.
    own = int(np.random.SeedSequence(seed).generate_state(1)[0])
    if isinstance(agent, Insider):
        return agent.make(simulation, own, scalarizer)
    return make_agent(agent, simulation, own, scalarizer)
