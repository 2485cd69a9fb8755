"""Agents that begin anew where clicks fall: ahead of their stationary twins after a change, and the same as they without one."""

import numpy as np
import pytest
from scipy.stats import t

from slategym.agents.registry import make_agent
from slategym.sim import ItemChange, Simulation, make_world

SMALL = {"items": 60, "categories": 6, "slate_size": 3}
CHANGE, STEPS, ROWS = 60, 120, 500  # the linear agents ask for 10,000 clicks before they watch them


def changed():
    """A shop whose items lose what they were liked for, so that the clicks fall by more than a tenth."""
    appeal = make_world("ShopBandit-v0", **SMALL).catalog.appeal
    return make_world("ShopBandit-v0", **SMALL, schedule=[ItemChange(CHANGE, appeal=(-appeal - 1).astype(np.float32))])


def earned(agent, world, seed):
    """(steps,) the mean value per slate of each step."""
    simulation = Simulation(world, seed, ROWS)
    agent = make_agent(agent, simulation, seed)
    values = []
    for _ in range(STEPS):
        observation = simulation.observe()
        decision = agent.act(observation)
        feedback = simulation.show(decision.slate)
        agent.update(observation, decision, feedback)
        simulation.restart(feedback.terminated | feedback.truncated)
        values.append(float((feedback.objectives @ (1.0, 10.0)).mean()))
    return np.array(values)


@pytest.mark.slow
@pytest.mark.parametrize("name", [pytest.param("logistic-ts", marks=pytest.mark.slow), "lin-ucb"])
def test_restarts_earn_more_after_a_change(name):
    """Paired by seed; the seeds are not those on which `KEPT` was chosen."""
    world = changed()
    twins = [[earned(agent, world, seed) for agent in (f"{name}:restarts=true", name)] for seed in range(10, 15)]
    before, after = slice(0, CHANGE), slice(CHANGE + 1, STEPS)
    gains = []
    for restarting, stationary in twins:
        np.testing.assert_array_equal(restarting[before], stationary[before])
        gains.append(restarting[after].mean() - stationary[after].mean())
    low = np.mean(gains) - t.ppf(0.975, len(gains) - 1) * np.std(gains, ddof=1) / np.sqrt(len(gains))
    assert low > 0, gains
