"""Wrappers that re-rank the best items of any agent to make slates diverse: MMR and determinantal point processes."""

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
UNLIKE = 0.01  # similarities are reduced by this share, so that the determinant of equal items is not 0


class Measure(Protocol):
    """The novelty of items, given the items already chosen."""

    def beside(self, like: Floats, place: Items) -> Floats:
        """(n, c) the novelty of each item, after one more item has been chosen.

        Args:
            like: (n, c) the similarity of each item to the chosen one.
            place: (n,) the position of the chosen item among the c items.
        """
        ...


class GreatestLikeness:
    """Minus the greatest similarity to a chosen item.

    Args:
        shape: (n, k, c), for n slates of k items chosen from c items each.
    """

    def __init__(self, shape: tuple[int, int, int]) -> None:
        self.greatest = np.full((shape[0], shape[2]), -np.inf)

    def beside(self, like: Floats, place: Items) -> Floats:
        """(n, c) minus the greatest similarity to a chosen item."""
        self.greatest = np.maximum(self.greatest, like)
        return -self.greatest


class Unexplained:
    """The logarithm of the squared length of the part of an item that the chosen items do not explain.

    The Cholesky factor of the chosen items' similarities grows by one row per item (Chen et al. 2018, algorithm 1).

    Args:
        shape: (n, k, c), for n slates of k items chosen from c items each.
    """

    def __init__(self, shape: tuple[int, int, int]) -> None:
        self.factor, self.chosen, self.left = np.zeros(shape), 0, np.ones((shape[0], shape[2]))

    def beside(self, like: Floats, place: Items) -> Floats:
        """(n, c) the logarithm of the squared length of the unexplained part of each item."""
        row, known = np.arange(len(place)), self.factor[:, : self.chosen]
        explained = (known * known[row, :, place][:, :, None]).sum(axis=1)
        root = np.sqrt(np.maximum(self.left[row, place], LEAST))[:, None]
        further = ((1 - UNLIKE) * like - explained) / root
        self.factor[:, self.chosen] = further
        self.chosen += 1
        self.left = self.left - further**2
        return np.log(np.maximum(self.left, LEAST))


class Diversified(Wrapper):
    """Base class of the re-rankers; subclasses define the novelty of an item, given the items already chosen.

    The wrapped agent chooses a slate, with its exploration. The items with its next highest scores are added, up to `top` items
    in total. The relevance of an item is its score, scaled to 0..1 for each shopper; the items of the slate get the highest
    values, in their order. The new slate is built from these items, rank by rank, by the highest (1 - share) * relevance +
    share * novelty. The wrapped agent learns from the slate shown. Propensities are 1 if those of the wrapped agent are,
    otherwise NaN.

    Args:
        problem: items, observation layout, objectives and slate size.
        seed: seed of the wrapped agent.
        scalarizer: combines the objectives; by default a fixed sum with the problem's weights.
        make: creates the wrapped agent from (problem, seed, scalarizer).
        share: weight of novelty, from 0 to 1; 0 leaves the agent's slates unchanged.
        top: number of items to choose from; at least the size of a slate.
        likeness: similarity of items: "category" is 1 within a category and 0 otherwise; "features" is the cosine.

    Raises:
        ValueError: an option is out of its range, or `make` does not return an `Agent`.
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
        """The measure of novelty, before any item is chosen.

        Args:
            shape: (n, k, c), for n slates of k items chosen from c items each.
        """

    def choose(self, observation: Observation, allowed: Mask | None = None) -> Decision:
        """The wrapped agent's slate, re-ranked for diversity."""
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
        """(n, k) the wrapped agent's best slate, re-ranked for diversity."""
        return self._reordered(observation, self.agent.best(observation, allowed), allowed)

    def _reordered(self, observation: Observation, slate: Items, allowed: Mask | None) -> Items:
        """(n, k) the re-ranked slates."""
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
        """(n, c) the items of slates, followed by the items with the next highest scores; and their relevance."""
        try:
            scores = np.array(self.agent.scores(observation), np.float64)
        except NotImplementedError:  # without scores there are no more items, and relevance follows the slate's order
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
        """(n, c, d) the features of items, scaled to length 1; None if similarity is by category."""
        if self.likeness == "category":
            return None
        vectors = self.problem.features[items].astype(np.float64)
        return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=2, keepdims=True), 1e-12))

    def _likeness(self, vectors: Floats | None, items: Items, place: Items) -> Floats:
        """(n, c) the similarity of each item to the one at position (n,) of its row; at most 1."""
        if vectors is not None:
            return np.asarray(np.vecdot(vectors, vectors[np.arange(len(place)), place][:, None]))
        category = self.problem.category[items]
        return np.asarray(category == np.take_along_axis(category, place[:, None], axis=1), np.float64)


def _scaled(scores: Floats) -> Floats:
    """Scales scores (n, c) to 0..1 in each row; 0 where they are all equal."""
    low = scores.min(axis=1, keepdims=True)
    spread = scores.max(axis=1, keepdims=True) - low
    return np.asarray((scores - low) / np.where(spread > 0, spread, 1.0))


class MMR(Diversified):
    """Maximal marginal relevance: novelty is minus the largest similarity to a chosen item (Carbonell, Goldstein, SIGIR 1998)."""

    name = "mmr"

    def measure(self, shape: tuple[int, int, int]) -> Measure:
        """Minus the greatest similarity to a chosen item."""
        return GreatestLikeness(shape)


class DPP(Diversified):
    """The most probable slate of a determinantal point process, chosen greedily (Chen, Zhang, Zhou, NeurIPS 2018).

    With the matrix of similarities L, the slate maximises (1 - share) * the sum of relevance + share * log det L. The novelty of
    an item is its contribution to log det L.
    """

    name = "dpp"

    def measure(self, shape: tuple[int, int, int]) -> Measure:
        """The contribution of an item to log det L."""
        return Unexplained(shape)


KINDS: dict[str, type[Diversified]] = {"mmr": MMR, "dpp": DPP}
find = find_wrapped  # every family of agents has this function


def options(name: str) -> dict[str, Option]:
    """The options of an agent such as "mmr:lin-ts": those of the wrapper, and those of the agent with other names."""
    return options_with(KINDS[name.partition(":")[0]], name)


def make(name: str, problem: Problem, seed: int = 0, scalarizer: Scalarizer | None = None, **options: Any) -> Diversified:
    """Make an agent such as "mmr:lin-ts"; options that the wrapper does not have go to the wrapped agent.

    Raises:
        ValueError: there is no such agent or option.
        ImportError: the agent needs a library that is not installed.
    """
    return wrapped_by(KINDS[name.partition(":")[0]], name, problem, seed, scalarizer, options)
