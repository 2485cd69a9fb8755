"""The rounds of a log as arrays for estimators: single actions, slates or episodes, with the probabilities of both policies."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slategym.bench.off_policy.inputs import (
    checked_clusters,
    checked_mask,
    checked_probabilities,
    checked_rewards,
    row_count,
)
from slategym.bench.off_policy.terms import Floats, columns, numbers, ratio
from slategym.utils.short_repr import Brief, brief

REMEDIES = {
    "predicted": "fit a reward model and pass its predictions",
    "expected": "fit a reward model and pass its expectation under the target policy",
    "robust_predicted": "fit a reward model with the weights of mrdr_weights and pass its predictions",
    "robust_expected": "fit a reward model with the weights of mrdr_weights and pass its expectation under the target policy",
    "marginal_behaviour": "pass it, or independent=True if the logging policy draws each rank independently",
    "marginal_target": "pass it, or independent=True if both policies draw each rank independently",
    "product_behaviour": "pass independent=True if the logging policy draws each rank independently; else use rips or cascade-dr",
    "product_target": "pass independent=True if the logging policy draws each rank independently; else use rips or cascade-dr",
    "places_behaviour": "pass the probabilities of each shown item at each rank",
    "places_target": "pass the probabilities of each shown item at each rank",
    "behaviour": "pass it as (n, k), for each choice given those above it; for whole slates, use sips",
    "target": "pass it as (n, k), for each choice given those above it; for whole slates, use sips",
}


class Rounds(Brief, ABC):
    """The base of `Actions`, `Slates` and `Episodes`: arrays over n rounds, some of which may be absent."""

    kind: ClassVar[str]
    reward: Floats
    cluster: NDArray[np.int64] | None

    def __len__(self) -> int:
        return len(self.reward)

    def part(self, rows: slice | NDArray[Any]) -> Self:
        """Some of the rounds.

        Args:
            rows: the rows to take.
        """
        cut = {name: array[rows] for name, array in vars(self).items() if isinstance(array, np.ndarray)}
        return replace(self, **cut)  # type: ignore[type-var]  # all subclasses are dataclasses

    def blocks(self, size: int) -> Iterator[Self]:
        """The rounds in blocks.

        Args:
            size: the number of rounds of a block; the last block may be smaller.
        """
        for start in range(0, len(self), size):
            yield self.part(slice(start, start + size)) if size < len(self) else self

    def array(self, name: str) -> Any:
        """The array for an estimator's parameter, or None if it is absent.

        Args:
            name: the name of the parameter.
        """
        return getattr(self, name, None)

    def given(self, names: Sequence[str], estimator: str) -> dict[str, Floats]:
        """The arrays that an estimator takes.

        Args:
            names: the names of its parameters.
            estimator: the name of the estimator, for the error message.

        Raises:
            ValueError: an array is absent; the message says how to provide it.
        """
        found = {name: self.array(name) for name in names}
        missing = [name for name, array in found.items() if array is None]
        if missing:
            remedy = REMEDIES.get(missing[0], "pass it")
            raise ValueError(f"{estimator} needs {' and '.join(missing)}, which {type(self).__name__} lacks: {remedy}")
        return found

    @property
    def objectives(self) -> int:
        """M, the number of objectives that are evaluated together."""
        return int(self.reward.shape[-1])

    @property
    @abstractmethod
    def weight(self) -> Floats:
        """(n,) the importance weight of the whole round."""

    @property
    @abstractmethod
    def unlogged(self) -> NDArray[np.bool_]:
        """(n,) whether the logging policy's probability is 0 or unknown, so that the round cannot be weighted."""


@dataclass(frozen=True, repr=False)
class Actions(Rounds):
    """Rounds with a single action each.

    Attributes:
        reward: (n,), or (n, M) for M objectives.
        behaviour: (n,) probability of the logged action under the logging policy; 0 or NaN if it is not known.
        target: (n,) its probability under the policy to evaluate.
        predicted: (n,) or (n, M) a reward model's prediction for the logged action.
        expected: (n,) or (n, M) its expectation under the policy to evaluate.
        robust_predicted: `predicted` from a model fitted with `mrdr_weights`.
        robust_expected: `expected` from this model.
        outside: (n,) the probability that the policy to evaluate chooses an action that the logging policy never chooses here.
        cluster: (n,) int64 numbers, from 0, of the clusters that the rounds belong to, such as shoppers, if the rounds of a
            cluster depend on each other.
    """

    kind: ClassVar[str] = "actions"
    reward: Floats
    behaviour: Floats
    target: Floats
    predicted: Floats | None = None
    expected: Floats | None = None
    robust_predicted: Floats | None = None
    robust_expected: Floats | None = None
    outside: Floats | None = None
    cluster: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        n = row_count(self.reward)
        _set(self, "behaviour", checked_probabilities("behaviour", self.behaviour, (n,), absent=True))
        _set(self, "target", checked_probabilities("target", self.target, (n,)))
        for name in ("reward", "predicted", "expected", "robust_predicted", "robust_expected"):
            _set(self, name, checked_rewards(name, getattr(self, name), (n,), self.reward))
        _set(self, "outside", None if self.outside is None else checked_probabilities("outside", self.outside, (n,)))
        _set(self, "cluster", checked_clusters(self.cluster, n))

    @property
    def weight(self) -> Floats:
        """(n,) the importance weight."""
        return ratio(self.behaviour, self.target)

    @property
    def unlogged(self) -> NDArray[np.bool_]:
        """(n,) whether the logged propensity is 0 or unknown."""
        return np.asarray(~(self.behaviour > 0))


@dataclass(frozen=True, repr=False)
class Slates(Rounds):
    """Rounds with a slate each, of up to k ranks.

    Attributes:
        reward: (n, k), or (n, k, M) for M objectives, the reward of each rank.
        behaviour: (n, k) probability of each choice given those above it, under the logging policy; or (n,) of the whole slate,
            if only that is known. 0 or NaN if it is not known.
        target: the same under the policy to evaluate.
        predicted: (n, k) or (n, k, M) see `cascade_dr`.
        expected: (n, k) or (n, k, M) see `cascade_dr`.
        marginal_behaviour: (n, k) see `iips`.
        marginal_target: (n, k) see `iips`.
        places_behaviour: (n, k, k) see `position_based`.
        places_target: (n, k, k) see `position_based`.
        independent: whether the logging policy draws each rank independently of those above, so that `behaviour` is the
            probability of the item at its rank; without `marginal_target`, this must also hold for the policy to evaluate.
        shown: (n, k) bool, False for the missing ranks of shorter slates, where the other arrays are ignored.
        cluster: see `Actions`.
    """

    kind: ClassVar[str] = "slates"
    reward: Floats
    behaviour: Floats
    target: Floats
    predicted: Floats | None = None
    expected: Floats | None = None
    marginal_behaviour: Floats | None = None
    marginal_target: Floats | None = None
    places_behaviour: Floats | None = None
    places_target: Floats | None = None
    independent: bool = False
    shown: NDArray[np.bool_] | None = None
    cluster: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        n, k = row_count(self.reward), np.shape(self.reward)[1] if np.ndim(self.reward) > 1 else 0
        if not k:
            raise ValueError(f"reward has shape {np.shape(self.reward)}: expected (n, k) or (n, k, M), one reward per rank")
        whole = numbers("behaviour", self.behaviour).ndim == 1
        _set(self, "shown", None if self.shown is None else checked_mask(self.shown, (n, k)))
        for name in ("behaviour", "target", "marginal_behaviour", "marginal_target", "places_behaviour", "places_target"):
            array = getattr(self, name)
            shape = (n, k, k) if name.startswith("places") else (n,) if whole and name in ("behaviour", "target") else (n, k)
            if array is not None or name == "target":
                given = checked_probabilities(name, self._filled(name, array, 1.0), shape, absent="behaviour" in name)
                _set(self, name, given)
        for name in ("reward", "predicted", "expected"):
            array = getattr(self, name)
            _set(
                self, name, checked_rewards(name, None if array is None else self._filled(name, array, 0.0), (n, k), self.reward)
            )
        _set(self, "cluster", checked_clusters(self.cluster, n))

    def _filled(self, name: str, array: ArrayLike, value: float) -> Floats:
        """The array, with `value` at the ranks that are not shown."""
        given = numbers(name, array)
        if self.shown is None or given.ndim < 2 or given.shape[:2] != self.shown.shape:
            return given
        return np.where(self.shown.reshape(*self.shown.shape, *(1,) * (given.ndim - 2)), given, value)

    def array(self, name: str) -> Any:
        """The array for an estimator's parameter, or None if it is absent."""
        whole = self.behaviour.ndim == 1
        if name in ("product_behaviour", "product_target"):
            return self.array(name.replace("product", "marginal")) if self.independent else None
        found = getattr(self, name, None)
        if found is None and name.startswith("marginal"):
            plain, places = name.replace("marginal_", ""), getattr(self, name.replace("marginal", "places"))
            if places is not None:
                return np.einsum("nkk->nk", places)
            return getattr(self, plain) if self.independent and not whole else None
        return found

    def given(self, names: Sequence[str], estimator: str) -> dict[str, Floats]:
        """The arrays that an estimator takes; with propensities of whole slates, only `sips` is possible."""
        if self.behaviour.ndim == 1 and estimator != "sips" and "behaviour" in names:
            raise ValueError(f"{estimator} needs behaviour and target of each rank: {REMEDIES['behaviour']}")
        return super().given(names, estimator)

    @property
    def weight(self) -> Floats:
        """(n,) the importance weight of the whole slate."""
        each = ratio(self.behaviour, self.target)
        return each if each.ndim == 1 else np.asarray(each.prod(axis=1))

    @property
    def unlogged(self) -> NDArray[np.bool_]:
        """(n,) whether a propensity of the slate is 0 or unknown."""
        known = self.behaviour > 0
        return np.asarray(~known if known.ndim == 1 else ~known.all(axis=1))


@dataclass(frozen=True, repr=False)
class Episodes(Rounds):
    """Rounds with an episode each, of up to T steps; `from_steps` makes them from arrays of steps.

    Attributes:
        reward: (e, T), or (e, T, M) for M objectives.
        ratio: (e, T) importance weight of each step's choice, target / behaviour; NaN if it is not known.
        predicted: (e, T) or (e, T, M) see `episode_dr`.
        expected: (e, T) or (e, T, M) see `episode_dr`.
        shown: (e, T) bool, False for the missing steps of shorter episodes.
        cluster: (e,) see `Actions`.
    """

    kind: ClassVar[str] = "episodes"
    reward: Floats
    ratio: Floats
    predicted: Floats | None = None
    expected: Floats | None = None
    shown: NDArray[np.bool_] | None = None
    cluster: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        given, n = numbers("ratio", self.ratio).copy(), row_count(self.reward)
        if given.ndim != 2 or len(given) != n:
            raise ValueError(f"ratio has shape {given.shape}: expected ({n}, T), one number for each episode and step")
        _set(self, "shown", None if self.shown is None else checked_mask(self.shown, given.shape))
        if self.shown is not None:
            given[~self.shown] = 1
        if (given < 0).any() or np.isinf(given).any():
            raise ValueError("ratio has negative or infinite numbers: expected target / behaviour of each step, NaN if not known")
        _set(self, "ratio", given)
        for name in ("reward", "predicted", "expected"):
            array = getattr(self, name)
            if array is not None and self.shown is not None:
                array = numbers(name, array).copy()
                if array.shape[:2] == given.shape:
                    array[~self.shown] = 0
            _set(self, name, checked_rewards(name, array, given.shape, self.reward))
        _set(self, "cluster", checked_clusters(self.cluster, n))

    @staticmethod
    def from_steps(
        episode: ArrayLike,
        reward: ArrayLike,
        ratio: ArrayLike,
        predicted: ArrayLike | None = None,
        expected: ArrayLike | None = None,
        steps: int | None = None,
    ) -> Episodes:
        """Make episodes from arrays of steps.

        Args:
            episode: (n,) whole numbers, the episode of each step; the steps of an episode must be in the order of time.
            reward: (n,) or (n, M) the reward of each step.
            ratio: (n,) importance weight of each step.
            predicted: (n,) or (n, M) see `episode_dr`.
            expected: (n,) or (n, M) see `episode_dr`.
            steps: T; by default the length of the longest episode. All blocks of a log need the same number.

        Raises:
            ValueError: the lengths differ, or an episode is longer than `steps`.
        """
        number = numbers("episode", episode)
        if number.ndim != 1 or not len(number) or (number % 1 != 0).any():
            raise ValueError(f"episode is {brief(episode)}: expected (n,) whole numbers, for at least one step")
        _, row, count = np.unique(number, return_inverse=True, return_counts=True)
        order = np.argsort(row, kind="stable")
        step = np.empty(len(number), np.int64)
        step[order] = np.arange(len(number)) - np.repeat(np.cumsum(count) - count, count)
        longest = int(count.max(initial=1))
        if steps is not None and steps < longest:
            raise ValueError(f"steps is {steps}: expected at least {longest}, the length of the longest episode")
        shape = (len(count), steps or longest)

        def dense(name: str, values: ArrayLike) -> Floats:
            long = columns(name, values, number.shape)
            found = np.zeros((*shape, long.shape[1]))
            found[row, step] = long
            return found

        shown = np.zeros(shape, np.bool_)
        shown[row, step] = True
        model = None if predicted is None else dense("predicted", predicted)
        expectation = None if expected is None else dense("expected", expected)
        return Episodes(dense("reward", reward), dense("ratio", ratio)[:, :, 0], model, expectation, shown)

    def array(self, name: str) -> Any:
        """The array for an estimator's parameter, or None if it is absent."""
        return np.nan_to_num(self.ratio) if name == "ratio" else getattr(self, name, None)

    @property
    def weight(self) -> Floats:
        """(e,) the importance weight of the whole episode."""
        return np.asarray(np.nan_to_num(self.ratio).prod(axis=1))

    @property
    def unlogged(self) -> NDArray[np.bool_]:
        """(e,) whether a ratio of the episode is not known."""
        return np.asarray(np.isnan(self.ratio).any(axis=1))


def _set(instance: Any, name: str, value: Any) -> None:
    object.__setattr__(instance, name, value)
