"""Shoppers in motion: a world, a seed, and a batch of shoppers who visit, leave and are followed by others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slategym.sim.blocks import blocks
from slategym.sim.draws import Draws, Stream
from slategym.sim.feedback import Feedback, Late
from slategym.sim.slate import Items, first_shown
from slategym.sim.user_model import NOTHING, Done
from slategym.sim.world import World, remember

ROW_BITS = 32


@dataclass(frozen=True)
class _Sales:
    """Purchases; one entry each, oldest first: where and when the item was shown, when the shop hears of it, what is paid."""

    row: NDArray[np.int64]
    shown: NDArray[np.int64]
    due: NDArray[np.int64]
    rank: NDArray[np.int64]
    item: NDArray[np.int64]
    revenue: NDArray[np.float32]

    @staticmethod
    def none() -> _Sales:
        empty = np.zeros(0, np.int64)
        return _Sales(empty, empty, empty, empty, empty, np.zeros(0, np.float32))

    def _arrays(self) -> tuple[NDArray[np.int64] | NDArray[np.float32], ...]:
        return (self.row, self.shown, self.due, self.rank, self.item, self.revenue)

    def where(self, mask: NDArray[np.bool_]) -> _Sales:
        return _Sales(*(array[mask] for array in self._arrays()))  # type: ignore[arg-type]

    def then(self, other: _Sales) -> _Sales:
        return _Sales(*(np.concatenate(pair) for pair in zip(self._arrays(), other._arrays(), strict=True)))  # type: ignore[arg-type]


class Simulation:
    """A batch of n shoppers of a world.

    Args:
        world: what is simulated.
        seed: 0 to 2**64 - 1; with the rows it decides everything.
        rows: how many rows, or which ones: the `e`-th shopper of row `r` is the same whatever the other rows are.
        compiled: use the kernel of the built-in behaviour where there is one; False goes by its NumPy specification alone.

    Attributes:
        shoppers: the shoppers at their present visit.
        steps: how many slates each row has been shown.
    """

    def __init__(self, world: World, seed: int, rows: int | ArrayLike = 1, *, compiled: bool = True) -> None:
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
        self._pending = _Sales.none()
        self._compiled = world.user_model.compiled(world.catalog, world.slate_size) if compiled else None

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
        items = self.world.items(self.shoppers, self.world.check_slate(slate, len(self)))
        draws, shoppers, model, catalog = self.draws, self.shoppers, self.world.user_model, self.world.catalog
        done = self._compiled(self.seed, shoppers, items) if self._compiled else NOTHING
        clicks = model.clicks(shoppers, catalog, items, draws) & first_shown(items) if done.clicks is None else done.clicks
        bought = done.bought
        if bought is None:
            bought = clicks & (draws.uniform(Stream.CONVERSION, items) < model.conversion(shoppers, catalog, items))
        earned = (
            np.stack([clicks.sum(axis=1), bought.sum(axis=1)], axis=1, dtype=np.float32) if done.earned is None else done.earned
        )
        sale = self._sale(items, bought, draws)
        leave = self._move(items, clicks, bought, earned, sale, draws, done)

        leave |= self.world.visits == 1  # a single visit is the whole episode, not a span cut short
        shoppers.visit += 1
        ended = (shoppers.visit >= self.world.visits) & ~leave
        open_, late = self._arrivals(sale, leave | ended)
        now = bought
        if len(open_.row):
            now = bought.copy()
            now[open_.row, open_.rank] = False
        revenue = np.zeros(items.shape, np.float32)
        revenue[sale.row, sale.rank] = sale.revenue
        revenue[open_.row, open_.rank] = 0
        objectives = earned.copy()
        np.subtract.at(objectives[:, 1], open_.row, 1)
        np.add.at(objectives[:, 1], late.row, 1)
        self.steps += 1
        return Feedback(clicks, now, revenue, objectives, leave, ended, late, self.observe())

    def restart(self, rows: NDArray[np.bool_] | None = None) -> None:
        """The next shopper of each row in the mask (n,), or of all rows, comes for the first time."""
        which = np.ones(len(self), np.bool_) if rows is None else rows
        if which.any():
            going = np.flatnonzero(which)
            for block in blocks(len(going)):
                those = going[block]
                identity = self.shoppers.identity[those] + (1 << ROW_BITS)
                self.shoppers.put(those, self.world.shoppers(self.seed, identity))
            self._pending = self._pending.where(~which[self._pending.row])

    def _move(
        self,
        items: Items,
        clicks: NDArray[np.bool_],
        bought: NDArray[np.bool_],
        earned: NDArray[np.float32],
        sale: _Sales,
        draws: Draws,
        done: Done,
    ) -> NDArray[np.bool_]:
        """Let the visit leave its traces on the shoppers, as far as the kernel has not; returns (n,) who leaves."""
        if done.left is not None:
            return done.left
        world, shoppers, n = self.world, self.shoppers, len(self)
        if not done.history:
            remember(shoppers, world.catalog, items, earned)
        revenue = np.zeros(items.shape, np.float32)
        revenue[sale.row, sale.rank] = sale.revenue
        nobody, unseen = np.zeros(n, np.bool_), np.zeros((n, 0), np.float32)
        # What the shopper knows of the visit; the shop may hear of a purchase later.
        answer = Feedback(clicks, bought, revenue, earned, nobody, nobody, Late.none(), unseen)
        if not done.evolved:
            world.user_model.evolve(shoppers, world.catalog, items, answer, draws)
        return draws.uniform(Stream.LEAVING) < world.user_model.leaving(shoppers, answer)

    def _sale(self, items: Items, bought: NDArray[np.bool_], draws: Draws) -> _Sales:
        """What is paid for the purchases of this step, and when the shop hears of it; one entry each."""
        row, rank = np.nonzero(bought)
        item, shown = items[row, rank], np.full(len(row), self.steps)
        if len(row) == 0:
            return _Sales.none()
        model, catalog = self.world.user_model, self.world.catalog
        buyers, theirs = self.shoppers.take(row), draws.take(row)
        revenue = model.spend(buyers, catalog, item[:, None], theirs)[:, 0].astype(np.float32)
        late_by = model.delay(buyers, catalog, item[:, None], theirs)[:, 0] if model.longest_delay else np.zeros_like(item)
        return _Sales(row, shown, shown + late_by, rank, item, revenue)

    def _arrivals(self, sale: _Sales, gone: NDArray[np.bool_]) -> tuple[_Sales, Late]:
        """The purchases of this step that stay open, and those of earlier steps that become known now."""
        # Whoever goes takes no secret along: what is not yet known becomes known.
        open_ = sale.where((sale.due > self.steps) & ~gone[sale.row])
        pending = self._pending
        due = (pending.due <= self.steps) | gone[pending.row]
        arrived = pending.where(due)
        self._pending = pending.where(~due).then(open_)
        return open_, Late(arrived.row, self.steps - arrived.shown, arrived.rank, arrived.item, arrived.revenue)
