"""Shoppers in motion: a world, a seed, and a batch of shoppers who visit, leave and are followed by others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slategym.sim.draws import Draws, Stream
from slategym.sim.feedback import Feedback, Late
from slategym.sim.slate import Items, first_shown
from slategym.sim.user_model import Floats
from slategym.sim.world import HISTORY_DECAY, World

ROW_BITS = 32


@dataclass(frozen=True)
class _Pending:
    """Purchases that have happened and are not yet known; one entry each, oldest first."""

    row: NDArray[np.int64]
    shown: NDArray[np.int64]
    due: NDArray[np.int64]
    rank: NDArray[np.int64]
    item: NDArray[np.int64]
    revenue: NDArray[np.float32]

    @staticmethod
    def none() -> _Pending:
        empty = np.zeros(0, np.int64)
        return _Pending(empty, empty, empty, empty, empty, np.zeros(0, np.float32))

    def _arrays(self) -> tuple[NDArray[np.int64] | NDArray[np.float32], ...]:
        return (self.row, self.shown, self.due, self.rank, self.item, self.revenue)

    def where(self, mask: NDArray[np.bool_]) -> _Pending:
        return _Pending(*(array[mask] for array in self._arrays()))  # type: ignore[arg-type]

    def then(self, other: _Pending) -> _Pending:
        return _Pending(*(np.concatenate(pair) for pair in zip(self._arrays(), other._arrays(), strict=True)))  # type: ignore[arg-type]


class Simulation:
    """A batch of n shoppers of a world.

    Args:
        world: what is simulated.
        seed: 0 to 2**64 - 1; with the rows it decides everything.
        rows: how many rows, or which ones: the `e`-th shopper of row `r` is the same whatever the other rows are.

    Attributes:
        shoppers: the shoppers at their present visit.
        steps: how many slates each row has been shown.
    """

    def __init__(self, world: World, seed: int, rows: int | ArrayLike = 1) -> None:
        if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed < 2**64:
            raise ValueError(f"seed is {seed!r}: expected a whole number from 0 to 2**64 - 1")
        numbers = np.arange(rows) if isinstance(rows, int) else np.asarray(rows, np.int64)
        if numbers.ndim != 1 or len(numbers) == 0 or numbers.min() < 0 or numbers.max() >= 2**ROW_BITS:
            raise ValueError(f"rows is {rows!r}: expected a number of rows from 1, or row numbers 0..2**32 - 1")
        self.world = world
        self.seed = int(seed)
        self.rows = numbers
        self.steps = 0
        self.shoppers = world.shoppers(self.seed, numbers)
        self._pending = _Pending.none()

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def draws(self) -> Draws:
        """The random numbers of the present visit."""
        return Draws(self.seed, self.shoppers.identity.copy(), self.shoppers.visit.copy())

    def observe(self) -> NDArray[np.float32]:
        """(n, o) float32, what the recommender may see now."""
        return self.world.observe(self.shoppers)

    def show(self, slate: ArrayLike) -> Feedback:
        """Show each shopper a slate (n, k) and advance by a visit. Those who `left` or `ended` wait for `restart`.

        Raises:
            ValueError: the slate is not one (see `World.check_slate`); nothing has changed then.
        """
        items = self.world.check_slate(slate, len(self))
        draws, shoppers, model, catalog = self.draws, self.shoppers, self.world.user_model, self.world.catalog
        clicks = model.clicks(shoppers, catalog, items, draws) & first_shown(items)
        bought = clicks & (draws.uniform(Stream.CONVERSION, items) < model.conversion(shoppers, catalog, items))
        paid = np.where(bought, model.spend(shoppers, catalog, items, draws), 0).astype(np.float32)
        answer = self._feedback(clicks, bought, paid, Late.none())
        late_by = np.where(bought, model.delay(shoppers, catalog, items, draws), 0) if model.longest_delay else None

        self._remember(items, answer)
        model.evolve(shoppers, catalog, items, answer, draws)
        leave = draws.uniform(Stream.LEAVING) < model.leaving(shoppers, answer)
        leave |= self.world.visits == 1  # a single visit is the whole episode, not a span cut short
        shoppers.visit += 1
        ended = (shoppers.visit >= self.world.visits) & ~leave
        if late_by is None:
            late, now = Late.none(), bought
        else:
            # Whoever goes takes no secret along: what is not yet known becomes known.
            late_by[leave | ended] = 0
            now = bought & (late_by == 0)
            late = self._arrivals(items, paid, late_by, leave | ended)
        self.steps += 1
        return self._feedback(clicks, now, np.where(now, paid, np.float32(0)), late, leave, ended, self.observe())

    def restart(self, rows: NDArray[np.bool_] | None = None) -> None:
        """The next shopper of each row in the mask (n,), or of all rows, comes for the first time."""
        which = np.ones(len(self), np.bool_) if rows is None else rows
        if which.any():
            identity = self.shoppers.identity[which] + (1 << ROW_BITS)
            self.shoppers.put(which, self.world.shoppers(self.seed, identity))
            self._pending = self._pending.where(~which[self._pending.row])

    def _remember(self, items: Items, answer: Feedback) -> None:
        """Write a visit into the history that the recommender sees."""
        n, g = len(self), self.world.catalog.categories
        cell = np.arange(n)[:, None] * g + self.world.catalog.category[items]
        shown = np.bincount(cell[first_shown(items)], minlength=n * g).reshape(n, g)
        exposure, engagement = self.shoppers.state["exposure"], self.shoppers.state["engagement"]
        exposure *= np.float32(HISTORY_DECAY)
        exposure += shown.astype(np.float32)
        engagement *= np.float32(HISTORY_DECAY)
        engagement += answer.objectives

    def _arrivals(self, items: Items, paid: NDArray[np.float32], late_by: NDArray[np.int64], gone: NDArray[np.bool_]) -> Late:
        """What becomes known at this step of earlier steps; what this step leaves open joins the pending."""
        pending = self._pending
        due = (pending.due <= self.steps) | gone[pending.row]
        arrived = pending.where(due)
        row, rank = np.nonzero(late_by)
        delay = late_by[row, rank]
        new = _Pending(row, np.full(len(row), self.steps), self.steps + delay, rank, items[row, rank], paid[row, rank])
        self._pending = pending.where(~due).then(new)
        return Late(arrived.row, self.steps - arrived.shown, arrived.rank, arrived.item, arrived.revenue)

    def _feedback(
        self,
        clicks: NDArray[np.bool_],
        conversions: NDArray[np.bool_],
        revenue: NDArray[np.float32],
        late: Late,
        left: NDArray[np.bool_] | None = None,
        ended: NDArray[np.bool_] | None = None,
        observation: Floats | None = None,
    ) -> Feedback:
        n = len(self)
        arrived = conversions.sum(axis=1) + np.bincount(late.row, minlength=n)
        nobody = np.zeros(n, np.bool_)
        return Feedback(
            clicks=clicks,
            conversions=conversions,
            revenue=revenue,
            objectives=np.stack([clicks.sum(axis=1), arrived], axis=1).astype(np.float32),
            left=nobody if left is None else left,
            ended=nobody if ended is None else ended,
            late=late,
            next_observation=np.zeros((n, 0), np.float32) if observation is None else observation.astype(np.float32, copy=False),
        )
