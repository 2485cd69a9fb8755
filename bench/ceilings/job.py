"""Fits and reference values as jobs of a comparison."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from slategym.bench.ceilings.ceiling import affordable
from slategym.bench.ceilings.episodes import reference_episodes, tune
from slategym.bench.ceilings.model import Stopped
from slategym.bench.ceilings.references import Fit, References, fit
from slategym.bench.ceilings.store import find_fit, find_values, keep_fit, kept_values
from slategym.bench.execution.threads import one_thread
from slategym.bench.jobs.store import RunStore
from slategym.sim.world import World
from slategym.utils.short_repr import Brief

PREPARATION = 1_000_000  # as long as about so many slates of a learner it takes to prepare references
TUNED = "tuned"
EPISODES = 1000  # shoppers whose episodes the reference policies run, for each seed


@dataclass(frozen=True, repr=False)
class Prepared(Brief):
    """What the references of a world need.

    Attributes:
        fit: of its gains; None where there is none.
        tuned: the parameters of the best known policy for whole episodes; None where no slate makes shoppers stay.
    """

    fit: Fit | None
    tuned: Mapping[str, float] | None


@dataclass(frozen=True, repr=False)
class PrepareJob(Brief):
    """The fit of a world and the best known policy for whole episodes, as far as they are not kept already.

    Attributes:
        world: any.
        weights: (M,), of the objectives.
        fingerprint: empty, as they are kept elsewhere.
    """

    world: World
    weights: tuple[float, ...]
    fingerprint: str = ""

    @property
    def title(self) -> str:
        """What it makes."""
        return "reference policies"

    @property
    def known(self) -> Mapping[str, Any]:
        """The world, which results name instead of holding it."""
        return {"world": self.world}

    @property
    def size(self) -> int:
        """About how many slates of a learner take as long."""
        return PREPARATION

    def run(self, progress: Callable[[int], None], stop: Callable[[], bool], store: RunStore | None = None) -> Prepared | None:
        """What the references need, or None if it was stopped early."""
        found = find_fit(self.world) if affordable(self.world) else None
        with one_thread(with_torch=True):
            if found is None and affordable(self.world):
                try:
                    found = fit(self.world, stop=stop)
                except Stopped:
                    return None
                keep_fit(self.world, found)
            tuned = None
            if lasting(self.world) and not stop():
                tuned = kept_values(lambda: tune(self.world, self.weights), self.world, TUNED, list(self.weights))
        progress(PREPARATION)
        return Prepared(found, tuned)


def find_prepared(world: World, weights: tuple[float, ...]) -> Prepared:
    """What is kept of that.

    Args:
        world: any.
        weights: (M,), of the objectives.
    """
    tuned = find_values(world, TUNED, list(weights)) if lasting(world) else None
    return Prepared(find_fit(world) if affordable(world) else None, tuned)


def lasting(world: World) -> bool:
    """Whether what is shown at one visit decides about later ones, changing shoppers or making them leave.

    Only in a world that stays and has no rules for slates.

    Args:
        world: any.
    """
    stays = not world.schedule and not world.rules
    return stays and world.visits > 1 and (world.user_model.anyone_leaves or world.user_model.anyone_changes)


@dataclass(frozen=True)
class ReferenceValues:
    """What the reference policies earn with the shoppers of a seed.

    Attributes:
        seed: of the runs.
        policies: see `reference_episodes`.
    """

    seed: int
    policies: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, repr=False)
class ReferenceJob(Brief):
    """The reference policies' episodes for the shoppers of a seed, unless they are kept already.

    Attributes:
        world: where the shoppers come.
        weights: (M,), of the objectives.
        seed: of the runs.
        prepared: what the references need.
        fingerprint: empty, as values are kept elsewhere.
    """

    world: World
    weights: tuple[float, ...]
    seed: int
    prepared: Prepared
    fingerprint: str = ""

    @property
    def title(self) -> str:
        """What it runs."""
        return f"reference policies seed {self.seed}"

    @property
    def known(self) -> Mapping[str, Any]:
        """The world, which results name instead of holding it."""
        return {"world": self.world}

    @property
    def content(self) -> tuple[Any, ...]:
        """What the values are and depend on."""
        return episodes_of(self.weights, self.seed, self.prepared)

    @property
    def size(self) -> int:
        """About how many slates of a learner take as long."""
        return 30 * EPISODES

    def run(
        self, progress: Callable[[int], None], stop: Callable[[], bool], store: RunStore | None = None
    ) -> ReferenceValues | None:
        """The values, or None if they were stopped early."""
        if stop():
            return None
        with one_thread(with_torch=self.prepared.fit is not None):
            values = kept_values(self._values, self.world, *self.content)
        progress(self.size)
        return ReferenceValues(self.seed, values)

    def _values(self) -> Mapping[str, Any]:
        references = References(self.world, self.prepared.fit) if self.prepared.fit else None
        return reference_episodes(self.world, self.weights, self.seed, EPISODES, references, self.prepared.tuned)


def episodes_of(weights: tuple[float, ...], seed: int, prepared: Prepared) -> tuple[Any, ...]:
    """What the reference policies' values for a seed are and depend on, besides the world.

    Args:
        weights: (M,), of the objectives.
        seed: of the runs.
        prepared: what the references need, by which it is known which policies are among them.
    """
    return "episodes", list(weights), seed, EPISODES, prepared.fit is not None, prepared.tuned is not None
