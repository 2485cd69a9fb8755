"""The minutes that SlateQ's viewers watch in RecSimInterestEvolution-v0, as docs/agents/slateq.md has them.

`python docs/slateq.py SLATE_SIZE [SLATES]`: five seeds of 250 viewers, then the mean of 400 fresh viewers without exploration.
"""

import sys

import numpy as np
from scipy.stats import t

from slategym.agents.registry import make_agent
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world

AGENT = "slateq:tabular:parts=1,by=category,horizon=50"
SEEDS = range(10, 15)  # the settings were chosen on seed 0
VIEWERS, FRESH = 250, 400


def trained(world, seed, slates):
    """The agent after so many slates."""
    simulation = Simulation(world, seed, VIEWERS)
    agent = make_agent(AGENT, simulation, seed)
    for _ in range(slates // VIEWERS):
        observation = simulation.observe()
        decision = agent.act(observation)
        feedback = simulation.show(decision.slate)
        agent.update(observation, decision, feedback)
        simulation.restart(feedback.terminated | feedback.truncated)
    return agent


def watched(agent, world, seed):
    """The mean minutes that fresh viewers watch of the agent's best slates, over whole sessions."""
    simulation, total, here = Simulation(world, seed, FRESH), np.zeros(FRESH), np.ones(FRESH, bool)
    for _ in range(world.visits):
        feedback = simulation.show(agent.best(simulation.observe()))
        total += here * feedback.objectives[:, 0]
        here &= ~(feedback.terminated | feedback.truncated)
        if not here.any():
            break
    return total.mean()


if __name__ == "__main__":
    size, slates = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    world = make_world("RecSimInterestEvolution-v0", slate_size=size)
    minutes = np.array([watched(trained(world, seed, slates), world, seed + 5000) for seed in SEEDS])
    half = t.ppf(0.975, len(minutes) - 1) * minutes.std(ddof=1) / len(minutes) ** 0.5
    print(
        f"slates of {size}: {minutes.mean():.1f} ({minutes.mean() - half:.1f} to {minutes.mean() + half:.1f})", minutes.round(1)
    )
