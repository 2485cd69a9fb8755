"""Drives an agent in a world, a step of many shoppers at a time, and holds it against the oracle as it goes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter

import numpy as np

from slategym.agents.agent import Agent
from slategym.agents.registry import make_agent
from slategym.agents.scalarizer import FixedSum, Scalarizer
from slategym.bench.log import LogWriter
from slategym.bench.threads import one_thread
from slategym.bench.trace import Trace
from slategym.envs.vector import SlateVectorEnv
from slategym.sim.simulation import Simulation
from slategym.sim.world import World
from slategym.sim.worlds import make_world

AgentMaker = Callable[[Simulation, int, Scalarizer], Agent]


def run(
    world: World | str,
    agent: str | AgentMaker,
    slates: int,
    seed: int = 0,
    *,
    shoppers: int = 1000,
    weights: Sequence[float] = (1.0, 10.0),
    log: LogWriter | None = None,
    exact: bool = True,
    progress: Callable[[int], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Trace:
    """Show `slates` slates, `shoppers` at a step, and record what they earned and what the oracle's would have.

    The seed decides the shoppers, the same ones for every agent, and from it the agent's own randomness is derived. Where
    `shoppers` does not divide `slates`, the last step is shown to all and only its first rows count and are logged.

    Args:
        world: a world or its name.
        agent: a name that `slategym agents` lists, or a function of (simulation, seed, scalarizer) that makes an agent.
        slates: how many are shown in all, at least 1.
        seed: 0 to 2**64 - 1.
        shoppers: n, how many shoppers are in the shop at once; the agent decides for all of them and then learns from all.
        weights: (M,), the worth of a click and of a conversion, to the agent and to the oracle.
        log: where each slate is written, if anywhere.
        exact: ask the world for exact expectations beside; without them `expected` and `best` are NaN and the run is faster.
        progress: called after each step with the slates shown so far.
        stop: asked before each step; the run ends early once it says yes.

    Raises:
        ValueError: an argument is out of its range, or there is no such world or agent.
    """
    if slates < 1 or shoppers < 1:
        raise ValueError(f"slates is {slates} and shoppers is {shoppers}: expected at least 1 of both")
    world = make_world(world) if isinstance(world, str) else world
    if len(weights) != len(world.objectives):
        raise ValueError(f"weights is {tuple(weights)}: expected one number for each of {', '.join(world.objectives)}")
    count = min(shoppers, slates)
    steps = -(-slates // count)
    counted = np.full(steps, count)
    counted[-1] = slates - (steps - 1) * count
    objectives, expected, best = (np.full((steps, len(weights)), np.nan) for _ in range(3))
    seconds = np.zeros(steps)

    env = SlateVectorEnv(world, num_envs=count, weights=tuple(weights))
    observation, _ = env.reset(seed=seed)
    chooser = _make(agent, env.simulation, seed, weights)
    done = 0
    with one_thread():
        while done < steps and not (stop and stop()):
            rows = slice(0, int(counted[done]))
            shown = env.simulation.shoppers
            start = perf_counter()
            decision = chooser.act(observation)
            seconds[done] = perf_counter() - start

            if exact:
                expected[done] = world.expected(shown, decision.slate)[rows].mean(axis=0)
                if agent == "oracle":  # it has just shown the best slate
                    best[done] = expected[done]
                else:
                    best[done] = world.expected(shown, world.best_slate(shown, weights))[rows].mean(axis=0)
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
            if progress:
                progress(int(counted[:done].sum()))
    return Trace(counted[:done], objectives[:done], expected[:done], best[:done], seconds[:done], count, slates)


def _make(agent: str | AgentMaker, simulation: Simulation, seed: int, weights: Sequence[float]) -> Agent:
    # 32 bits, for the libraries that take no more; hashed, so that nobody's stream is the shoppers' by accident.
    own = int(np.random.SeedSequence(seed).generate_state(1)[0])
    if isinstance(agent, str):
        return make_agent(agent, simulation, own, FixedSum(weights))
    return agent(simulation, own, FixedSum(weights))
