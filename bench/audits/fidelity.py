"""How close the clicks of one user model are to those of another: a check of learned models and language models."""

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
LEAST = 1e-9  # probabilities are clipped to at least this, and to at most 1 minus this


@dataclass(frozen=True, repr=False)
class Fidelity(Brief):
    """How well a user model reproduces the true clicks on random slates, with 95 % intervals over shoppers.

    Attributes:
        impressions: the number of impressions.
        true_rate: clicks per impression of the true model.
        rate: clicks per impression of the evaluated model.
        difference: the model's rate minus the true rate, for the same shoppers and slates.
        by_rank: the difference at each rank.
        explained: the gain in log-likelihood over the mean rate of each rank, as a share of the gain of the true probabilities:
            1 for the true model, 0 for the mean rates, below 0 for anything worse.
        correlation: the correlation of the two probabilities over impressions, within ranks.
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

    The shoppers are shown random slates and answer by the world's own model; at each visit, the probabilities of both models are
    computed. For a black box, which only returns clicks, the probabilities are estimates, and their noise lowers `explained`.

    Args:
        world: the world with the user model to evaluate.
        truth: the user model to compare with; it must use the same traits and states of shoppers, like the model from which a
            `TextShopper` was made.
        shoppers: n, the number of shoppers.
        visits: the number of visits of each shopper.
        seed: the seed of shoppers and slates.
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
    # (n, visits, k): each row of the simulation is one sample, because its visits depend on each other.
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
    """The expected log-likelihood of the given probabilities, for answers with the true probabilities."""
    held = np.clip(given, LEAST, 1 - LEAST)
    return np.asarray(true * np.log(held) + (1 - true) * np.log1p(-held))
