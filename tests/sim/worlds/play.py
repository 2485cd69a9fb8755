"""Whole episodes of shoppers, for what a policy earns of them."""

import numpy as np

from slategym.sim.draws import Draws
from slategym.sim.simulation import Simulation


def random_slates(world, simulation):
    """Slates of different items, or positions, which depend on the row and the step alone."""
    rows = np.arange(len(simulation))
    every = np.broadcast_to(np.arange(world.choices), (len(rows), world.choices))
    return np.argsort(Draws(99, rows, np.full(len(rows), simulation.steps)).uniform(64, every), axis=1)[:, : world.slate_size]


def greedy(world, simulation):
    """The oracle of single visits."""
    return world.best_slate(simulation.shoppers, world.weights)


def play(world, rows, policy, seed=0):
    """What each shopper earns of the first objective, how often they click, and how many slates they see."""
    simulation, here = Simulation(world, seed, rows), np.ones(rows, bool)
    earned, clicks, steps = np.zeros(rows), np.zeros(rows), np.zeros(rows)
    while here.any():
        feedback = simulation.show(policy(world, simulation))
        earned += feedback.objectives[:, 0] * here
        clicks += feedback.clicks.sum(axis=1) * here
        steps += here
        here &= ~(feedback.terminated | feedback.truncated)
    return earned, clicks, steps
