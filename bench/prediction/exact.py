"""The truth of random slates for shoppers whom no model has met, and how far estimates are from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Agent, Observation
from slategym.agents.estimates import Estimates
from slategym.agents.predictors.agent import Predictor
from slategym.agents.predictors.fit import Step, predicted
from slategym.bench.prediction.metrics import judged, rank_correlation
from slategym.bench.rollouts import derived, random_policy, sample_visited
from slategym.sim.world import World
from slategym.utils.short_repr import Brief

Floats = NDArray[np.float64]
COUNTS = ("pending_conversions",)  # of what is on its way, which tells nothing of a shopper
TARGETS = ("click", "conversion", "both")
SMALLEST = 1e-12
FLOOR = 0.01  # the least examination
ENOUGH = 20_000  # slates, to learn the examination of ranks from


@dataclass(frozen=True, repr=False)
class Truth(Brief):
    """Random slates for some shoppers with exact probabilities, and what is true of these shoppers.

    Attributes:
        observations: (n, o) of each batch of shoppers.
        positions: (n, k) of each batch, the slates as agents give them.
        click: (r, k) the probability of a click.
        conversion: (r, k) that a click converts.
        shopper: (r,) who they are.
        traits: (r, ...) by name, what is true of the shoppers and not observed.
    """

    observations: tuple[Observation, ...]
    positions: tuple[NDArray[np.int64], ...]
    click: Floats
    conversion: Floats
    shopper: NDArray[np.int64]
    traits: dict[str, NDArray[Any]]

    @staticmethod
    def of(world: World, seed: int, slates: int) -> Truth:
        """Sample random slates of shoppers whom random slates bring to any of their visits.

        Args:
            world: where they come.
            seed: of the run; the shoppers are others than those of runs with the same seed.
            slates: how many.
        """
        own = derived(seed, "truth of random slates")
        known = (*(field.name for field in world.layout.fields), *COUNTS)
        policy = random_policy(world, derived(seed, "slates whose truth is told"))
        observations, positions, clicks, conversions, who, traits = [], [], [], [], [], []
        for shoppers in sample_visited(world, random_policy(world, own), own, slates):
            slate = policy(shoppers)
            click, _ = world.probabilities(shoppers, slate)
            observations.append(world.observe(shoppers))
            positions.append(slate)
            clicks.append(click)
            conversions.append(world.user_model.conversion(shoppers, world.catalog, world.items(shoppers, slate)))
            who.append(shoppers.identity.copy())
            hidden = {name: values for name, values in shoppers.state.items() if name not in known}
            traits.append({name: np.array(values) for name, values in {**shoppers.traits, **hidden}.items()})
        joined = {name: np.concatenate([each[name] for each in traits]) for name in traits[0]}
        return Truth(
            tuple(observations),
            tuple(positions),
            np.concatenate(clicks).astype(np.float64),
            np.concatenate(conversions).astype(np.float64),
            np.concatenate(who),
            joined,
        )


@dataclass(frozen=True, repr=False)
class Shown(Brief):
    """What a model estimates of shown items, at the best rank.

    Attributes:
        click: (r, k).
        conversion: (r, k).
    """

    click: Floats
    conversion: Floats

    def at_ranks(self, examination: Floats) -> dict[str, Floats]:
        """The chance of a click at its rank, that a click converts, and of both.

        Args:
            examination: (k,) relative to the best rank.
        """
        click = self.click * examination
        return {"click": click, "conversion": self.conversion, "both": click * self.conversion}


def shown(agent: Agent, observations: Sequence[Observation], positions: Sequence[NDArray[np.int64]]) -> Shown:
    """What a model estimates of slates.

    Args:
        agent: has estimates.
        observations: (n, o) of each batch.
        positions: (n, k) of each batch.
    """
    clicks, conversions = [], []
    for observation, slate in zip(observations, positions, strict=True):
        if isinstance(agent, Predictor):
            found = predicted(agent, observation, slate)
        else:
            every = agent.estimates(observation)
            found = Estimates(*(np.take_along_axis(each, slate, axis=1) for each in (every.click, every.conversion)))
        clicks.append(found.click)
        conversions.append(found.conversion)
    return Shown(np.concatenate(clicks).astype(np.float64), np.concatenate(conversions).astype(np.float64))


def shown_in(agent: Agent, steps: Sequence[Step]) -> Shown:
    """What a model estimates of the slates of some steps."""
    return shown(agent, [observation for observation, _, _ in steps], [decision.slate for _, decision, _ in steps])


def examined_by(agent: Agent, steps: Sequence[Step]) -> Floats:
    """(k,) the examination of ranks by a model's estimates of steps, of which some, spread evenly, are enough.

    Args:
        agent: has estimates.
        steps: of the training part.
    """
    every = max(1, sum(len(observation) for observation, _, _ in steps) // ENOUGH)
    some = steps[::every]
    return examination(shown_in(agent, some), np.concatenate([feedback.clicks for _, _, feedback in some]))


def examination(found: Shown, clicks: NDArray[np.bool_]) -> Floats:
    """(k,) the examination of ranks that a model's estimates imply: clicks over predicted clicks, relative to the best rank.

    Args:
        found: estimates of slates.
        clicks: (r, k), on them.
    """
    ratio = clicks.sum(axis=0) / np.maximum(found.click.sum(axis=0), SMALLEST)
    return np.asarray(np.maximum(ratio / max(ratio.max(), SMALLEST), FLOOR))


def errors(truth: Truth, predicted: dict[str, Floats]) -> dict[str, Any]:
    """How far probabilities are from the truth, over all impressions of the random slates.

    Args:
        truth: of the slates.
        predicted: of `Shown.at_ranks`.

    Returns:
        For click, conversion and both: `rmse`; `bias`, the mean of predicted minus exact; `rank_correlation`; and the
        expectations of `metrics.judged`.
    """
    exact = {"click": truth.click, "conversion": truth.conversion, "both": truth.click * truth.conversion}
    found: dict[str, Any] = {}
    for target in TARGETS:
        gap = predicted[target] - exact[target]
        found[target] = {
            "rmse": float(np.sqrt((gap**2).mean())),
            "bias": float(gap.mean()),
            "rank_correlation": rank_correlation(predicted[target], exact[target]),
            **judged(exact[target], predicted[target]),
        }
    return found


def selection_bias(truth: Truth, conversion: Floats) -> dict[str, float]:
    """What a model errs by in conversions where shoppers do not click, beyond where they do.

    Args:
        truth: of random slates.
        conversion: (r, k) the model's estimates that a click converts.

    Returns:
        `all`, the mean of predicted minus exact over all impressions; `clicked`, that weighted by the exact chance of a click;
        and `difference`, the former less the latter, which is 0 of a model that errs alike on both.
    """
    gap = conversion - truth.conversion
    everywhere = float(gap.mean())
    clicked = float((gap * truth.click).sum() / max(truth.click.sum(), SMALLEST))
    return {"all": everywhere, "clicked": clicked, "difference": everywhere - clicked}
