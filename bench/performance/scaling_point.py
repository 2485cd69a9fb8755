"""One point of the scaling measurement: `python -m slategym.bench.performance.scaling_point POINT SECONDS`."""

from __future__ import annotations

import json
import sys
from time import perf_counter
from typing import Any

import numpy as np

from slategym.agents.registry import make_agent
from slategym.bench.execution.threads import one_thread
from slategym.bench.performance.scaling import ENVIRONMENT, WORLD, Point
from slategym.envs.vector import SlateVectorEnv
from slategym.sim.worlds import make_world

LEAST, MOST = 3, 2000  # steps


def measure(point: Point, seconds: float) -> dict[str, Any]:
    """Step until `seconds` have passed.

    Returns:
        `slates_per_second` and `nanoseconds_per_slate` over `steps` steps; `state_bytes` of all shoppers, and
        `state_bytes_per_shopper`; `memory_bytes`, the peak of the process (None if the system does not report it), and
        `memory_at_start`, the peak before the world was made; `build_seconds`, the time to make the catalogue and the shoppers.
    """
    before, start = memory_peak(), perf_counter()
    world = make_world(WORLD, items=point.items, slate_size=point.slate_size, candidates=point.candidates)
    env = SlateVectorEnv(world, point.shoppers)
    observation, _ = env.reset(seed=0)
    built = perf_counter() - start
    agent = None if point.who == ENVIRONMENT else make_agent(point.who, env.simulation, 0)
    random = np.random.Generator(np.random.Philox(0))
    made = [random.integers(world.choices, size=(point.shoppers, point.slate_size)) for _ in range(2)]
    steps, taken = -1, 0.0
    while steps < LEAST or (taken < seconds and steps < MOST):
        start = perf_counter()
        if agent is None:
            observation = env.step(made[steps % 2])[0]
        else:
            decision = agent.act(observation)
            after = env.step(decision.slate)[0]
            agent.update(observation, decision, env.feedback)
            observation = after
        steps += 1
        if steps:  # the first step may compile, so it is not counted
            taken += perf_counter() - start
    slates = steps * point.shoppers
    state = env.simulation.shoppers.nbytes
    return {
        "steps": steps,
        "slates_per_second": slates / taken,
        "nanoseconds_per_slate": taken / slates * 1e9,
        "state_bytes": state,
        "state_bytes_per_shopper": state / point.shoppers,
        "memory_bytes": memory_peak(),
        "memory_at_start": before,
        "build_seconds": built,
    }


def memory_peak() -> int | None:
    """The peak memory of this process so far, in bytes."""
    try:
        # Unlike getrusage, this does not include the parent's memory at the start of the process.
        with open("/proc/self/status", encoding="ascii") as lines:
            return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        pass
    try:
        import resource
    except ImportError:  # Windows
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main() -> None:
    """Print the measurements as JSON."""
    with one_thread():  # like runs
        print(json.dumps(measure(Point(**json.loads(sys.argv[1])), float(sys.argv[2]))))


if __name__ == "__main__":
    main()
