"""How near the clicks of one user model come to those of another: a certificate for learned models and language models."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slategym.bench.statistics import Estimate
from slategym.sim.simulation import Simulation
from slategym.sim.user_models.base import UserModel
from slategym.sim.world import World
from slategym.utils.checked import checked
from slategym.utils.ranges import Count, Seed
from slategym.utils.short_repr import Brief

Floats = NDArray[np.float64]
LEAST = 1e-9  # probability that a model is taken to mean at least


@dataclass(frozen=True, repr=False)
class Fidelity(Brief):
    """What a user model's clicks have to do with the true ones, on random slates; intervals of 95 % over shoppers.

    Attributes:
        impressions: how many there were.
        true_rate: clicks per impression of the truth.
        rate: those of the model.
        difference: of the model's rate from the true one, for the same shoppers and slates.
        by_rank: the same for each rank.
        explained: share of what the true probabilities say beyond the mean rate of each rank, in log-likelihood, that the model's
            say: 1 for the truth, 0 for the mean rates, below 0 for what is worse.
        correlation: of the two probabilities over impressions, at the same rank.
    """

    impressions: int
    true_rate: Estimate
    rate: Estimate
    difference: Estimate
    by_rank: tuple[Estimate, ...]
    explained: Estimate
    correlation: float


@checked
def fidelity(world: World, truth: UserModel, *, shoppers: Count = 500, visits: Count = 5, seed: Seed = 0) -> Fidelity:
    """Compare the click probabilities of a world's user model with those of another, at the same visits.

    Shoppers of the world are shown random slates for some visits and answer as the world's own model says; at each visit both
    models are asked. Of a black box that only clicks the probabilities are estimates, and `explained` is too low by their noise.

    Args:
        world: with the model that is judged.
        truth: reads the same traits and states of shoppers, as the model that a `TextShopper` was made of does.
        shoppers: n of them.
        visits: of each.
        seed: of shoppers and slates.
    """
    simulation, random = Simulation(world, seed, shoppers), np.random.default_rng(seed)
    model, exact = [], []
    for _ in range(visits):
        slate = np.argsort(random.random((shoppers, world.catalog.size)), axis=1)[:, : world.slate_size]
        now = simulation.shoppers
        model.append(np.asarray(world.user_model.click_probability(now, world.catalog, slate), np.float64))
        exact.append(np.asarray(truth.click_probability(now, world.catalog, slate), np.float64))
        feedback = simulation.show(slate)
        simulation.restart(feedback.terminated | feedback.truncated)
    # (n, visits, k): a row of the simulation counts as one, as its visits have to do with each other.
    given, true = np.stack(model, axis=1), np.stack(exact, axis=1)
    constant = np.broadcast_to(true.mean(axis=(0, 1)), true.shape)
    gain, most = (_log_likelihood(true, each) - _log_likelihood(true, constant) for each in (given, true))
    rows = (shoppers, -1)
    centred = [(each - each.mean(axis=(0, 1))).ravel() for each in (given, true)]
    spread = np.linalg.norm(centred[0]) * np.linalg.norm(centred[1])
    return Fidelity(
        impressions=true.size,
        true_rate=Estimate.from_samples(true.reshape(rows).mean(axis=1)),
        rate=Estimate.from_samples(given.reshape(rows).mean(axis=1)),
        difference=Estimate.from_samples((given - true).reshape(rows).mean(axis=1)),
        by_rank=tuple(Estimate.from_samples(each) for each in (given - true).mean(axis=1).T),
        explained=Estimate.from_ratio(gain.reshape(rows).sum(axis=1), most.reshape(rows).sum(axis=1)),
        correlation=float(centred[0] @ centred[1] / spread) if spread else 0.0,
    )


def _log_likelihood(true: Floats, given: Floats) -> Floats:
    """The expected log-likelihood of answers with true probabilities, by given ones."""
    held = np.clip(given, LEAST, 1 - LEAST)
    return np.asarray(true * np.log(held) + (1 - true) * np.log1p(-held))
