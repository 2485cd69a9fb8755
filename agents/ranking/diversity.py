"""Wrappers that re-rank the best items of any agent, so that those of a slate differ: MMR, and determinantal point processes."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Chances, Decision, Observation, Problem, Slate
from slategym.agents.choosing.eligibility import choice_of
from slategym.agents.choosing.given_slates import drawn
from slategym.agents.choosing.parts import parts_of
from slategym.agents.registry import AgentMaker
from slategym.agents.scalarizers.base import Scalarizer
from slategym.agents.wrapping import Wrapper, find_wrapped, options_with, wrapped_by
from slategym.sim.choice import Mask, highest
from slategym.sim.selection import top_k
from slategym.utils.checked import checked
from slategym.utils.options import Option
from slategym.utils.ranges import Share, SlateSize

Items = NDArray[np.int64]
Floats = NDArray[np.float64]
LEAST = 1e-9
UNLIKE = 0.01  # of an item's length is its own, so that two of a kind are not quite the same to a determinant


class Measure(Protocol):
    """How new items are beside those chosen."""

    def beside(self, like: Floats, place: Items) -> Floats:
        """(n, c) how new each item is, now that one more is chosen.

        Args:
            like: (n, c) the likeness of each item to that one.
            place: (n,) where it stands among the c items.
        """
        ...


class GreatestLikeness:
    """Minus the greatest likeness to an item chosen.

    Args:
        shape: (n, k, c), of n slates of k from c items each.
    """

    def __init__(self, shape: tuple[int, int, int]) -> None:
        self.greatest = np.full((shape[0], shape[2]), -np.inf)

    def beside(self, like: Floats, place: Items) -> Floats:
        """(n, c) minus the greatest likeness to an item chosen."""
        self.greatest = np.maximum(self.greatest, like)
        return -self.greatest


class Unexplained:
    """The logarithm of the squared length of what is left of an item when those chosen have explained what they can of it.

    The Cholesky factor of the likenesses of the items chosen grows by a row with each of them (Chen et al. 2018, algorithm 1).

    Args:
        shape: (n, k, c), of n slates of k from c items each.
    """

    def __init__(self, shape: tuple[int, int, int]) -> None:
        self.factor, self.chosen, self.left = np.zeros(shape), 0, np.ones((shape[0], shape[2]))

    def beside(self, like: Floats, place: Items) -> Floats:
        """(n, c) the logarithm of the squared length of what is left of each item."""
        row, known = np.arange(len(place)), self.factor[:, : self.chosen]
        explained = (known * known[row, :, place][:, :, None]).sum(axis=1)
        root = np.sqrt(np.maximum(self.left[row, place], LEAST))[:, None]
        further = ((1 - UNLIKE) * like - explained) / root
        self.factor[:, self.chosen] = further
        self.chosen += 1
        self.left = self.left - further**2
        return np.log(np.maximum(self.left, LEAST))


class Diversified(Wrapper):
    """The base of the re-rankers. Subclasses say how new an item is beside those chosen.

    The wrapped agent chooses a slate, with its exploration. Behind it stand its items of the next highest scores, up to `top` in
    all. Their relevance is their scores, scaled to 0 to 1 for each shopper, the highest ones given to the items of the slate in
    its order. From those the slate is made anew, rank by rank, by the sum of (1 - share) * relevance and share * novelty. The
    wrapped agent learns from what is shown. Propensities are 1 where its own are; else they are not known.

    Args:
        problem: what slates are chosen from.
        seed: of the wrapped agent.
        scalarizer: how the objectives are mixed; by default the fixed sum with the problem's weights.
        make: makes the wrapped agent, of (problem, seed, scalarizer).
        share: of novelty in the order; 0 leaves the agent's slates as they are.
        top: items that a slate is made from, at least a slate.
        likeness: "category", items of one category are alike and others are not; "features", by the cosine of the features.

    Raises:
        ValueError: an option is out of its range, or what is made is no `Agent`.
    """

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        make: AgentMaker,
        share: Share = 0.3,
        top: SlateSize = 50,
        likeness: Literal["category", "features"] = "category",
    ) -> None:
        super().__init__(problem, seed, scalarizer, make=make)
        self.share, self.likeness = share, likeness
        self.top = max(min(top, problem.choices), problem.slate_size)

    @abstractmethod
    def measure(self, shape: tuple[int, int, int]) -> Measure:
        """A measure of novelty beside no items.

        Args:
            shape: (n, k, c), of n slates of k from c items each.
        """

    def choose(self, observation: Observation, allowed: Mask | None = None) -> Decision:
        """The wrapped agent's best items, so ordered that a slate's items differ."""
        decision = self.agent.act(observation, allowed)
        slate = self._reordered(observation, decision.slate, allowed)
        known = (decision.propensity == 1).all(axis=1, keepdims=True) | (self.share == 0)
        propensity = np.where(known, decision.propensity, np.float32(np.nan))
        return Decision(slate, propensity.astype(np.float32), decision.estimated, allowed)

    propensities_are = "estimated"

    def chances(self, observation: Observation, slate: Slate, allowed: Mask | None, draws: int) -> Chances:
        """(n, k) the propensities of given slates, estimated by draws."""
        by_rows = any(hasattr(part, "forget_shoppers") for part in parts_of(self.agent))
        return drawn(self, observation, slate, allowed, draws, by_rows=by_rows)

    def best(self, observation: Observation, allowed: Mask | None = None) -> Items:
        """(n, k) the wrapped agent's best items, so ordered that a slate's items differ."""
        return self._reordered(observation, self.agent.best(observation, allowed), allowed)

    def _reordered(self, observation: Observation, slate: Items, allowed: Mask | None) -> Items:
        """(n, k) the slates made anew."""
        observation = self._checked(observation)
        if self.share == 0 or len(slate) == 0:
            return slate
        pool, relevance = self._pool(observation, slate, allowed)
        items, among = pool, self.problem.candidates_in(observation)
        if among is not None:
            items = np.take_along_axis(among, pool, axis=1)
        choice = choice_of(self.problem, observation, allowed) if self.problem.rules.more_than_never else None
        (n, c), row, left = pool.shape, np.arange(len(pool)), np.ones(pool.shape, np.bool_)
        vectors = self._vectors(items)
        chosen, score, measure = np.empty(slate.shape, np.int64), relevance, self.measure((n, slate.shape[1], c))
        for rank in range(slate.shape[1]):
            free = left if choice is None else left & np.take_along_axis(choice.eligible(), pool, axis=1)
            place = highest(score, free)
            chosen[:, rank] = pool[row, place]
            left[row, place] = False
            if choice is not None:
                choice.take(chosen[:, rank])
            if rank + 1 < slate.shape[1]:
                novelty = measure.beside(self._likeness(vectors, items, place), place)
                score = (1 - self.share) * relevance + self.share * novelty
        return chosen

    def _pool(self, observation: Observation, slate: Items, allowed: Mask | None) -> tuple[Items, Floats]:
        """(n, c) the items of slates, and behind them those of the next highest scores; and their relevance."""
        try:
            scores = np.array(self.agent.scores(observation), np.float64)
        except NotImplementedError:  # an agent without scores has no further items, and its order alone says what is better
            places = -np.arange(slate.shape[1], dtype=np.float64)
            return slate, _scaled(np.broadcast_to(places, slate.shape))
        further, mask = self.top - slate.shape[1], self.eligible(observation, allowed)
        own = np.take_along_axis(scores, slate, axis=1)
        if mask is not None:
            scores = np.where(mask, scores, -np.inf)
            further = min(further, int(mask.sum(axis=1).min()) - slate.shape[1])
        np.put_along_axis(scores, slate, -np.inf, axis=1)
        rest = top_k(scores, max(further, 0))
        relevance = np.concatenate([own, np.take_along_axis(scores, rest, axis=1)], axis=1)
        return np.concatenate([slate, rest], axis=1), _scaled(-np.sort(-relevance, axis=1))

    def _vectors(self, items: Items) -> Floats | None:
        """(n, c, d) the features of items, of the length 1; None where categories say what is alike."""
        if self.likeness == "category":
            return None
        vectors = self.problem.features[items].astype(np.float64)
        return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=2, keepdims=True), 1e-12))

    def _likeness(self, vectors: Floats | None, items: Items, place: Items) -> Floats:
        """(n, c) how like each item is to the one at a place (n,) of its row; 1 at most."""
        if vectors is not None:
            return np.asarray(np.vecdot(vectors, vectors[np.arange(len(place)), place][:, None]))
        category = self.problem.category[items]
        return np.asarray(category == np.take_along_axis(category, place[:, None], axis=1), np.float64)


def _scaled(scores: Floats) -> Floats:
    """Scores (n, c) from 0 to 1 in each row; 0 where they are all equal."""
    low = scores.min(axis=1, keepdims=True)
    spread = scores.max(axis=1, keepdims=True) - low
    return np.asarray((scores - low) / np.where(spread > 0, spread, 1.0))


class MMR(Diversified):
    """Maximal marginal relevance: novelty is minus the greatest likeness to an item chosen (Carbonell, Goldstein, SIGIR 1998)."""

    name = "mmr"

    def measure(self, shape: tuple[int, int, int]) -> Measure:
        """Minus the greatest likeness to an item chosen."""
        return GreatestLikeness(shape)


class DPP(Diversified):
    """The most probable slate of a determinantal point process, greedily (Chen, Zhang, Zhou, NeurIPS 2018).

    With L the matrix of likenesses, a slate is to maximise (1 - share) * the sum of relevance + share * log det L. The novelty of
    an item is what it adds to log det L.
    """

    name = "dpp"

    def measure(self, shape: tuple[int, int, int]) -> Measure:
        """What an item adds to log det L."""
        return Unexplained(shape)


KINDS: dict[str, type[Diversified]] = {"mmr": MMR, "dpp": DPP}
find = find_wrapped  # what a family of agents has


def options(name: str) -> dict[str, Option]:
    """The options of "mmr:lin-ts": the wrapper's, and the agent's that are not called the same."""
    return options_with(KINDS[name.partition(":")[0]], name)


def make(name: str, problem: Problem, seed: int = 0, scalarizer: Scalarizer | None = None, **options: Any) -> Diversified:
    """The agent "mmr:lin-ts"; the options beside the wrapper's are those of the agent.

    Raises:
        ValueError: there is no such agent or option.
        ImportError: the agent needs a library that is not installed.
    """
    return wrapped_by(KINDS[name.partition(":")[0]], name, problem, seed, scalarizer, options)
