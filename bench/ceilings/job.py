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

PREPARATION = 1_000_000  # the time to prepare references, as a number of slates of a learning agent
TUNED = "tuned"
EPISODES = 1000  # shoppers whose episodes the reference policies run, for each seed


@dataclass(frozen=True, repr=False)
class Prepared(Brief):
    """The data that the references of a world need.

    Attributes:
        fit: the fit of its gains, or None.
        tuned: the parameters of the best known policy for whole episodes; None if unknown, or if the world is not `lasting`.
    """

    fit: Fit | None
    tuned: Mapping[str, float] | None


@dataclass(frozen=True, repr=False)
class PrepareJob(Brief):
    """Computes the fit of a world and the best known policy for whole episodes, unless they are already stored.

    Attributes:
        world: any world.
        weights: (M,), the weights of the objectives.
        fingerprint: empty, because the results are stored elsewhere.
    """

    world: World
    weights: tuple[float, ...]
    fingerprint: str = ""

    @property
    def title(self) -> str:
        """The name of the job."""
        return "reference policies"

    @property
    def known(self) -> Mapping[str, Any]:
        """The world, which stored results refer to by name."""
        return {"world": self.world}

    @property
    def size(self) -> int:
        """The approximate number of slates of a learning agent that take the same time."""
        return PREPARATION

    def run(self, progress: Callable[[int], None], stop: Callable[[], bool], store: RunStore | None = None) -> Prepared | None:
        """The data that the references need, or None if the job was stopped early."""
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
    """The stored part of the data that the references need.

    Args:
        world: any world.
        weights: (M,), the weights of the objectives.
    """
    tuned = find_values(world, TUNED, list(weights)) if lasting(world) else None
    return Prepared(find_fit(world) if affordable(world) else None, tuned)


def lasting(world: World) -> bool:
    """Whether the slate of one visit affects later visits, because shoppers change or may leave.

    False for worlds with a schedule or with rules for slates.

    Args:
        world: any world.
    """
    stays = not world.schedule and not world.rules
    return stays and world.visits > 1 and (world.user_model.anyone_leaves or world.user_model.anyone_changes)


@dataclass(frozen=True)
class ReferenceValues:
    """The values of the reference policies for the shoppers of a seed.

    Attributes:
        seed: the seed of the runs.
        policies: see `reference_episodes`.
    """

    seed: int
    policies: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, repr=False)
class ReferenceJob(Brief):
    """Runs the reference policies' episodes for the shoppers of a seed, unless their values are already stored.

    Attributes:
        world: the world that the shoppers visit.
        weights: (M,), the weights of the objectives.
        seed: the seed of the runs.
        prepared: the data that the references need.
        fingerprint: empty, because the values are stored elsewhere.
    """

    world: World
    weights: tuple[float, ...]
    seed: int
    prepared: Prepared
    fingerprint: str = ""

    @property
    def title(self) -> str:
        """The name of the job."""
        return f"reference policies seed {self.seed}"

    @property
    def known(self) -> Mapping[str, Any]:
        """The world, which stored results refer to by name."""
        return {"world": self.world}

    @property
    def content(self) -> tuple[Any, ...]:
        """The key of the values: what they are and what they depend on."""
        return episodes_of(self.weights, self.seed, self.prepared)

    @property
    def size(self) -> int:
        """The approximate number of slates of a learning agent that take the same time."""
        return 30 * EPISODES

    def run(
        self, progress: Callable[[int], None], stop: Callable[[], bool], store: RunStore | None = None
    ) -> ReferenceValues | None:
        """The values, or None if the job was stopped early."""
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
    """The key of the reference policies' values for a seed: what they are and what they depend on, apart from the world.

    Args:
        weights: (M,), the weights of the objectives.
        seed: the seed of the runs.
        prepared: the data that the references need; it determines which policies are included.
    """
    return "episodes", list(weights), seed, EPISODES, prepared.fit is not None, prepared.tuned is not None
