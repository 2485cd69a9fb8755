"""The truth of random slates for shoppers whom no model has met, and how far estimates are from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Agent, Observation
from slategym.agents.common.shopper_memory import Kept, only, recalling
from slategym.agents.estimates import Estimates
from slategym.agents.from_log.following import followed
from slategym.agents.from_log.impressions import Step
from slategym.agents.predictors.agent import Predictor
from slategym.agents.predictors.fit import predicted
from slategym.bench.prediction.metrics import judged, rank_correlation, root_mean_square
from slategym.bench.rollouts import LONGEST, TAKEN, Policy, derived, generator, random_policy
from slategym.sim.feedback import Feedback
from slategym.sim.shoppers import Shoppers
from slategym.sim.simulation import Simulation
from slategym.sim.world import World
from slategym.utils.short_repr import Brief

Floats = NDArray[np.float64]
COUNTS = ("pending_conversions",)  # of what is on its way, which tells nothing of a shopper
TARGETS = ("click", "conversion", "both")
SMALLEST = 1e-12
FLOOR = 0.01  # the least examination
ROWS = 1000  # shoppers simulated together
ENOUGH = 20_000  # slates, to learn the examination of ranks from


@dataclass(frozen=True, repr=False)
class Visit(Brief):
    """A visit of some shoppers, of whom some are taken.

    Attributes:
        taken: (n,) bool, of whom a random slate is told; it is another one than they are shown.
        items: (n, k), what they are shown.
        feedback: their answer to it.
    """

    taken: NDArray[np.bool_]
    items: NDArray[np.int64]
    feedback: Feedback


@dataclass(frozen=True, repr=False)
class Truth(Brief):
    """Random slates for some shoppers with exact probabilities, and what is true of these shoppers.

    Attributes:
        visits: those in which shoppers are taken, and those before.
        observations: (t, o) of each visit in which t shoppers are taken.
        positions: (t, k) of each of these, the slates as agents give them.
        click: (r, k) the probability of a click.
        conversion: (r, k) that a click converts.
        shopper: (r,) who they are.
        traits: (r, ...) by name, what is true of the shoppers and not observed.
    """

    visits: tuple[Visit, ...]
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
        policy, shown_to = random_policy(world, own), random_policy(world, derived(seed, "slates whose truth is told"))
        visits: list[Visit] = []
        observations, positions, clicks, conversions, who, traits = [], [], [], [], [], []
        for shoppers in _visited(world, policy, own, slates, visits):
            slate = shown_to(shoppers)
            click, _ = world.probabilities(shoppers, slate)
            observations.append(world.observe(shoppers))
            positions.append(slate)
            clicks.append(click)
            conversions.append(world.user_model.conversion(shoppers, world.catalog, world.items(shoppers, slate)))
            hidden = {name: values for name, values in shoppers.state.items() if name not in known}
            who.append(shoppers.identity.copy())
            traits.append({name: np.array(values) for name, values in {**shoppers.traits, **hidden}.items()})
        joined = {name: np.concatenate([each[name] for each in traits]) for name in traits[0]}
        return Truth(
            tuple(visits),
            tuple(observations),
            tuple(positions),
            np.concatenate(clicks).astype(np.float64),
            np.concatenate(conversions).astype(np.float64),
            np.concatenate(who),
            joined,
        )

    def recalled(self, agent: Agent) -> Iterator[tuple[Observation, NDArray[np.int64]]]:
        """The observations of shoppers who are taken, and their slates; while they are out, an agent remembers these shoppers.

        Args:
            agent: that has estimates; it learns nothing, and remembers afterwards what it did before.
        """
        told = zip(self.observations, self.positions, strict=True)
        with recalling(agent) as memories:
            for memory in memories:
                memory.forget_shoppers()
            for visit in self.visits:
                if visit.taken.any():
                    with only(memories, visit.taken):
                        yield next(told)
                for memory in memories:
                    memory.add(visit.items, visit.feedback)


def _visited(world: World, policy: Policy, seed: int, count: int, visits: list[Visit]) -> Iterator[Shoppers]:
    """Shoppers as `rollouts.sample_visited` takes them; their visits are added to a list."""
    share = min(1.0, TAKEN / min(world.visits, LONGEST))
    random = generator(seed, "visits that are taken")
    simulation = Simulation(world, seed, min(ROWS, count))
    while count > 0:
        taken = np.flatnonzero(random.random(len(simulation)) < share)[:count]
        if len(taken):
            count -= len(taken)
            yield simulation.shoppers.take(taken)
        slate = policy(simulation.shoppers)
        items = world.items(simulation.shoppers, slate)
        feedback = simulation.show(slate)
        told = np.zeros((len(items), 0), np.float32)  # observations, which take most of the room
        mask = np.zeros(len(items), np.bool_)
        mask[taken] = True
        visits.append(Visit(mask, items, replace(feedback, next_observation=told)))
        simulation.restart(feedback.terminated | feedback.truncated)


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


def shown(agent: Agent, truth: Truth) -> Shown:
    """What a model estimates of the random slates.

    Args:
        agent: has estimates.
        truth: of the slates.
    """
    return _joined([_estimated(agent, observation, slate) for observation, slate in truth.recalled(agent)])


def shown_in(agent: Agent, steps: Sequence[Step], kept: Kept | None = None, first: int = 0, every: int = 1) -> Shown:
    """What a model estimates of the slates of steps, each from what it knows of the shopper before it.

    Args:
        agent: has estimates.
        steps: in the order of time.
        kept: what it remembers of shoppers before the first step, of `kept_of`; None for what it remembers now.
        first: number of the first step that is estimated; those before are only remembered.
        every: only every such step is estimated, from the first one on.
    """
    wanted = range(first, len(steps), every)
    path = enumerate(followed(agent, steps, kept))
    return _joined([_estimated(agent, step[0], step[1].slate) for at, step in path if at in wanted])


def _estimated(agent: Agent, observation: Observation, slate: NDArray[np.int64]) -> Estimates:
    if isinstance(agent, Predictor):
        return predicted(agent, observation, slate)
    every = agent.estimates(observation)
    return Estimates(*(np.take_along_axis(each, slate, axis=1) for each in (every.click, every.conversion)))


def _joined(found: Sequence[Estimates]) -> Shown:
    click, conversion = (np.concatenate([getattr(each, name) for each in found]) for name in ("click", "conversion"))
    return Shown(click.astype(np.float64), conversion.astype(np.float64))


def examined_by(agent: Agent, steps: Sequence[Step], kept: Kept) -> Floats:
    """(k,) the examination of ranks by a model's estimates of steps, of which some, spread evenly, are enough.

    Args:
        agent: has estimates.
        steps: of the training part.
        kept: what it remembered of shoppers before them, of `kept_of`.
    """
    every = max(1, sum(len(observation) for observation, _, _ in steps) // ENOUGH)
    clicks = np.concatenate([feedback.clicks for _, _, feedback in steps[::every]])
    return examination(shown_in(agent, steps, kept, every=every), clicks)


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
        For click, conversion and both: `rmse` and `rmse_interval` (95 %, over shoppers); `bias`, the mean of predicted minus
        exact; `rank_correlation`; and the expectations of `metrics.judged`.
    """
    exact = {"click": truth.click, "conversion": truth.conversion, "both": truth.click * truth.conversion}
    found: dict[str, Any] = {}
    shopper = np.repeat(truth.shopper, truth.click.shape[1])
    for target in TARGETS:
        gap = predicted[target] - exact[target]
        found[target] = {
            "rmse": float(np.sqrt((gap**2).mean())),
            "rmse_interval": root_mean_square(gap.ravel(), shopper),
            "bias": float(gap.mean()),
            "rank_correlation": rank_correlation(predicted[target], exact[target]),
            **judged(exact[target], predicted[target], shopper),
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
