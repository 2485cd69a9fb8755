"""Objectives of the whole visit, whose expectation is estimated by rehearsing it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from typing_extensions import override

from slategym.sim.draws import Draws
from slategym.sim.feedback import Feedback
from slategym.sim.objectives.base import Floats, Mask, Objective, Value
from slategym.sim.shoppers import Shoppers
from slategym.sim.slate import Items, check_items
from slategym.sim.streams import Stream
from slategym.sim.user_models.answer import answer_slates

if TYPE_CHECKING:
    from slategym.sim.world import World

REHEARSALS = 16
OTHER_SEEDS = 2**63  # the first seed of the replicates, far from those that users give


class AnswerObjective(Objective):
    """An objective that is known only after the visit; its expectation is estimated by a mean over rehearsals.

    Every rehearsal has its own random numbers, which are the same for every slate. With R = 16 rehearsals the standard error for
    one shopper is a quarter of the objective's standard deviation; for a mean over shoppers it is smaller.
    """

    @override
    def expected(self, world: World, shoppers: Shoppers, items: Items, click: Floats, conversion: Floats) -> Floats:
        return np.asarray(rehearsed_means([self], world, shoppers, items)[0])

    @abstractmethod
    def rehearsed(self, world: World, items: Items, feedback: Feedback, leaving: Floats) -> Floats:
        """(n,) the reward of a rehearsed answer, after which the shoppers leave with the probabilities `leaving` (n,)."""

    @override
    def exact(self, world: World) -> bool:
        return False


def rehearsed_means(objectives: Sequence[AnswerObjective], world: World, shoppers: Shoppers, items: Items) -> Floats:
    """(len(objectives), n) the expectations of several objectives; each visit is rehearsed once for all of them."""
    items = check_items(items, world.catalog.size, "items", (len(shoppers), None))
    total = np.zeros((len(objectives), len(items)))
    for replicate in range(REHEARSALS):
        answer = rehearse(world, shoppers, items, replicate)
        for number, objective in enumerate(objectives):
            total[number] += objective.rehearsed(world, items, *answer)
    return total / REHEARSALS


class Retention(AnswerObjective):
    """1 if the shopper comes back, or if the simulated period ends; 0 if the shopper has left.

    The oracle uses the effect of a point of satisfaction on it (`UserModel.staying`), to first order. In a world that nobody
    leaves it is 1, and in a world of single visits 0.
    """

    @override
    def bounds(self, world: World) -> tuple[float, float]:
        return (float(world.visits > 1),) * 2 if self._constant(world) else (0.0, 1.0)

    @override
    def reward(self, world: World, before: Any, items: Items, converted: Mask, feedback: Feedback) -> Floats:
        check_items(items, world.catalog.size, "items", (len(feedback.terminated), None))
        return np.asarray(~feedback.terminated, np.float64)

    @override
    def expected(self, world: World, shoppers: Shoppers, items: Items, click: Floats, conversion: Floats) -> Floats:
        items = check_items(items, world.catalog.size, "items", (len(shoppers), None))
        if self._constant(world):
            return np.full(len(items), float(world.visits > 1))
        return super().expected(world, shoppers, items, click, conversion)

    @override
    def rehearsed(self, world: World, items: Items, feedback: Feedback, leaving: Floats) -> Floats:
        check_items(items, world.catalog.size, "items", (len(leaving), None))
        return 1 - leaving

    @override
    def values(self, world: World, shoppers: Shoppers, items: Items | None) -> tuple[Value, Value]:
        items = world.catalog.check(items, len(shoppers), "items")
        if self._constant(world):
            return 0.0, 0.0
        slope = np.asarray(world.user_model.staying(shoppers), np.float64)[:, None]
        click, conversion = world.user_model.satisfaction(world.catalog)
        return slope * click[items], slope * conversion[items]

    @override
    def exact(self, world: World) -> bool:
        return self._constant(world)

    @override
    def oracle_exact(self, world: World) -> bool:
        return self._constant(world)

    def _constant(self, world: World) -> bool:
        return world.visits == 1 or not world.user_model.anyone_leaves


class DaysAway(AnswerObjective):
    """The days until the shopper's next visit; 0 if the world does not count days, and for shoppers who have left."""

    @override
    def bounds(self, world: World) -> tuple[float, float]:
        return 0.0, float(world.user_model.longest_absence)

    @override
    def reward(self, world: World, before: Any, items: Items, converted: Mask, feedback: Feedback) -> Floats:
        check_items(items, world.catalog.size, "items", (len(feedback.terminated), None))
        return np.zeros(len(items)) if feedback.days_away is None else np.asarray(feedback.days_away, np.float64)

    @override
    def rehearsed(self, world: World, items: Items, feedback: Feedback, leaving: Floats) -> Floats:
        return self.reward(world, None, items, feedback.conversions, feedback)

    @override
    def expected(self, world: World, shoppers: Shoppers, items: Items, click: Floats, conversion: Floats) -> Floats:
        items = check_items(items, world.catalog.size, "items", (len(shoppers), None))
        return super().expected(world, shoppers, items, click, conversion) if not self.exact(world) else np.zeros(len(items))

    @override
    def exact(self, world: World) -> bool:
        return world.user_model.longest_absence == 0

    @override
    def oracle_exact(self, world: World) -> bool:
        return self.exact(world)


@dataclass(frozen=True)
class Custom(AnswerObjective):
    """A custom objective: a function of the feedback.

    The oracle ignores it: it shows the best slates for the other objectives.

    Args:
        function: a function of (feedback, items) that returns (n,) numbers; `items` (n, k) are the items shown. In the feedback,
            `objectives` and `next_observation` are not known yet. It must treat each row separately, and draw no random numbers.
        lowest, highest: the smallest and the largest value that it returns.
    """

    function: Callable[[Feedback, Items], Any] = field(kw_only=True)
    lowest: float = field(default=-np.inf, kw_only=True)
    highest: float = field(default=np.inf, kw_only=True)

    @override
    def bounds(self, world: World) -> tuple[float, float]:
        return self.lowest, self.highest

    @override
    def reward(self, world: World, before: Any, items: Items, converted: Mask, feedback: Feedback) -> Floats:
        items = check_items(items, world.catalog.size, "items", (len(feedback.terminated), None))
        return self._checked(self.function(feedback, items), len(items))

    @override
    def rehearsed(self, world: World, items: Items, feedback: Feedback, leaving: Floats) -> Floats:
        items = check_items(items, world.catalog.size, "items", (len(feedback.terminated), None))
        return self._checked(self.function(feedback, items), len(items))

    def _checked(self, answer: Any, count: int) -> Floats:
        values = np.asarray(answer, np.float64)
        if values.shape != (count,) or not np.isfinite(values).all():
            what = f"an array {values.shape}" if values.shape != (count,) else "a number that is not finite"
            raise ValueError(f"the objective {self.name!r} returns {what}: expected one finite number for each of {count} rows")
        if (values < self.lowest).any() or (values > self.highest).any():
            row = int(np.argmax((values < self.lowest) | (values > self.highest)))
            raise ValueError(
                f"the objective {self.name!r} returns {values[row]:g} in row {row}: "
                f"expected {self.lowest:g} to {self.highest:g}, its lowest and highest"
            )
        return values


def rehearse(world: World, shoppers: Shoppers, items: Items, replicate: int) -> tuple[Feedback, Floats]:
    """Simulate one possible answer to slates of items (n, k), a pure function of (shopper, visit, slate, replicate).

    Conversions are known at once. The draws also determine who leaves.

    Returns:
        The feedback, without objectives and observation, and (n,) the probability that the shopper leaves after it.
    """
    model, catalog = world.user_model, world.catalog
    items = check_items(items, catalog.size, "items", (len(shoppers), None))
    after = shoppers.take(np.arange(len(shoppers)))
    draws = Draws(OTHER_SEEDS + replicate, after.identity, after.visit)
    answer = answer_slates(model, after, catalog, items, draws)
    model.evolve(after, catalog, items, answer, draws)
    leaving = np.ones(len(items)) if world.visits == 1 else np.asarray(model.leaving(after, answer), np.float64)
    left = draws.uniform(Stream.LEAVING) < leaving
    ended = (after.visit + 1 >= world.visits) & ~left
    away = np.where(left, 0, model.days_away(after, answer, draws)) if model.longest_absence else None
    return replace(answer, terminated=left, truncated=ended, days_away=away), leaving
