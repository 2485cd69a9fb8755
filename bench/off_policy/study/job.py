"""One cell of the study: many logs of one size from one logging policy, evaluated by all estimators."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.bench.jobs.store import RunStore
from slategym.bench.off_policy.actions import mrdr_weights
from slategym.bench.off_policy.intervals import bernstein, bootstraps, normal
from slategym.bench.off_policy.registry import make_estimator
from slategym.bench.off_policy.rounds import Actions, Rounds, Slates
from slategym.bench.off_policy.selection import slope
from slategym.bench.off_policy.study.policies import PlackettLuce, Product, of_items, places
from slategym.bench.off_policy.study.reward_model import predictions
from slategym.bench.off_policy.study.setting import Kind, Setting
from slategym.bench.off_policy.sums import Sums
from slategym.bench.rollouts import generator
from slategym.bench.statistics import LEVEL
from slategym.utils.short_repr import Brief

Floats = NDArray[np.float64]
WAYS = ("normal", "bootstrap", "bernstein")


@dataclass(frozen=True, repr=False)
class Cell(Brief):
    """The estimates for each log.

    Attributes:
        value: (R, E) the estimate of each estimator for each log.
        low: (R, E, 3) lower ends of the normal, bootstrap and Bernstein intervals.
        high: (R, E, 3) upper ends of these intervals.
        size: (R, E) effective sample sizes, from the weights as estimators use them.
        weights: (R,) effective sample sizes, from the weights of whole rounds.
    """

    value: Floats
    low: Floats
    high: Floats
    size: Floats
    weights: Floats


@dataclass(frozen=True, repr=False, kw_only=True)
class StudyJob(Brief):
    """One cell.

    Attributes:
        setting: the world.
        kind: the kind of choices, see `setting.KINDS`.
        logging: the name of the logging policy.
        rounds: n, the number of rounds of each log.
        replications: R, the number of logs.
        seed: the seed of the logs.
        estimators: the estimators, as texts.
        examination: (k,) the examination of ranks, for the position-based estimator.
        fingerprint: the fingerprint of everything that the result depends on; empty if the result is not stored.
    """

    setting: Setting
    kind: Kind
    logging: str
    rounds: int
    replications: int
    seed: int
    estimators: tuple[str, ...]
    examination: tuple[float, ...]
    fingerprint: str = ""

    @property
    def title(self) -> str:
        """The kind, the logging policy and the number of rounds."""
        return f"{self.kind} {self.logging} {self.rounds}"

    @property
    def known(self) -> Mapping[str, Any]:
        """Empty, because the result refers to no objects by name."""
        return {}

    @property
    def size(self) -> int:
        """The rounds of all logs."""
        return self.rounds * self.replications

    def run(self, progress: Callable[[int], None], stop: Callable[[], bool], store: RunStore | None = None) -> Cell | None:
        """Draw the logs and compute the estimates; None if the job was stopped early.

        Args:
            progress: called with the number of rounds so far.
            stop: called before each log; if it returns True, the job is stopped.
            store: not used.
        """
        made = [make_estimator(text) for text in self.estimators]
        shape = (self.replications, len(made))
        value, size, weights = np.empty(shape), np.empty(shape), np.empty(self.replications)
        low, high = np.empty((*shape, len(WAYS))), np.empty((*shape, len(WAYS)))
        for number, rounds in enumerate(self.logs()):
            if stop():
                return None
            chosen: list[Sums] = []
            for estimator in made:
                candidates = [Sums() for _ in estimator.candidates]
                for candidate, sums in zip(estimator.candidates, candidates, strict=True):
                    sums.add(candidate.terms(rounds))
                chosen.append(candidates[slope(candidates)])
            value[number] = [sums.value[0] for sums in chosen]
            size[number] = [sums.effective_size for sums in chosen]
            weight = rounds.weight
            weights[number] = weight.sum() ** 2 / max(float(weight @ weight), 1e-300)
            ends = (
                [normal(sums, LEVEL) for sums in chosen],
                bootstraps(chosen, LEVEL),
                [bernstein(sums, LEVEL) for sums in chosen],
            )
            for way, found in enumerate(ends):
                low[number, :, way] = [each[0][0] for each in found]
                high[number, :, way] = [each[1][0] for each in found]
            progress((number + 1) * self.rounds)
        return Cell(value, low, high, size, weights)

    def logs(self) -> Iterator[Rounds]:
        """The logs, one after the other."""
        behaviour, target = (self.setting.policy(self.kind, name) for name in (self.logging, "target"))
        for replication in range(self.replications):
            random = generator(self.seed, f"{self.kind} {self.logging} {self.rounds} {replication}")
            context = random.integers(len(self.setting.scores), size=self.rounds)
            slate = behaviour.sample(random, context)
            reward = self.setting.rewards(random, context, slate)
            yield self._rounds(behaviour, target, context, slate, reward)

    def _rounds(
        self,
        behaviour: PlackettLuce | Product,
        target: PlackettLuce | Product,
        context: NDArray[np.int64],
        slate: NDArray[np.int64],
        reward: Floats,
    ) -> Rounds:
        """The rounds of a log, with the predictions of a reward model that is fitted to it."""
        chances = target.choices(context, slate)
        logged, wanted = of_items(behaviour.choices(context, slate), slate), of_items(chances, slate)
        features = self.setting.features[context]
        if self.kind == "actions":
            given = (features, slate[:, 0], reward[:, 0], chances[:, 0])
            plain = predictions(*given)
            robust = predictions(*given, mrdr_weights(logged[:, 0], wanted[:, 0]))
            return Actions(reward[:, 0], logged[:, 0], wanted[:, 0], *plain, *robust)
        to_come = reward[:, ::-1].cumsum(axis=1)[:, ::-1]  # the target of a rank's model: its own reward and those below
        each = [predictions(features, slate[:, rank], to_come[:, rank], chances[:, rank]) for rank in range(slate.shape[1])]
        predicted, expected = (np.stack(part, axis=1) for part in zip(*each, strict=True))
        if self.kind == "product":
            return Slates(reward, logged, wanted, predicted, expected, independent=True)
        at = [places(policy.marginals, context, slate) for policy in (behaviour, target)]
        return Slates(reward, logged, wanted, predicted, expected, places_behaviour=at[0], places_target=at[1])


def estimators_for(kind: Kind, examination: Sequence[float]) -> tuple[str, ...]:
    """The estimators that are studied.

    Args:
        kind: the kind of choices, see `setting.KINDS`.
        examination: (k,) the examination of ranks.
    """
    ranks = ",".join(f"{number:.6g}" for number in examination)
    return {
        "actions": (
            *("ipw", "ipw:clip=auto", "snipw", "dm", "dr", "sndr"),
            *("switch-dr", "dr-os", "mrdr", "subgaussian-ipw", "subgaussian-dr"),
        ),
        "slates": (
            *("sips", "sips:self_normalised=true", "iips", "rips", "rips:self_normalised=true"),
            *("cascade-dr", f"position-based:examination={ranks}"),
        ),
        "product": ("sips", "iips", "rips", "cascade-dr", "pseudo-inverse", "pseudo-inverse:self_normalised=true"),
    }[kind]
