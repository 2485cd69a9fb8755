"""Shoppers in motion: a world, a seed, and a batch of shoppers who visit, leave and are followed by others."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slategym.sim.blocks import blocks
from slategym.sim.draws import Draws, Stream
from slategym.sim.feedback import Feedback, Late
from slategym.sim.slate import Items, first_shown
from slategym.sim.user_model import Done, Kernel
from slategym.sim.world import World, remember

ROW_BITS = 32


# A purchase: where and when the item was shown, when the shop hears of it, what is paid. Sales stand oldest first.
SALE = np.dtype(
    [("row", np.int64), ("shown", np.int64), ("due", np.int64), ("rank", np.int64), ("item", np.int64), ("revenue", np.float32)]
)
Sales = NDArray[np.void]
NO_SALES: Sales = np.zeros(0, SALE)
NOTHING_LATE = Late.none()


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
        self.compiled = compiled
        self.shoppers = world.shoppers(self.seed, numbers, compiled=compiled)
        self._kernel = world.kernel if compiled else Kernel()
        self._pending = NO_SALES

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def draws(self) -> Draws:
        """The random numbers of the present visit."""
        return Draws(self.seed, self.shoppers.identity.copy(), self.shoppers.visit.copy())

    def observe(self) -> NDArray[np.float32]:
        """(n, o) float32, what the recommender may see now."""
        return self.world.observe(self.shoppers, compiled=self.compiled)

    def show(self, slate: ArrayLike) -> Feedback:
        """Show each shopper a slate (n, k) and advance by a visit. Those who `left` or `ended` wait for `restart`.

        Raises:
            ValueError: the slate is not one (see `World.check_slate`); nothing has changed then.
        """
        world, shoppers = self.world, self.shoppers
        model, catalog = world.user_model, world.catalog
        items = world.items(shoppers, world.check_slate(slate, len(self)))
        observation = np.empty((len(self), world.layout.size), np.float32)
        done = self._kernel.visit(self.seed, shoppers, items, observation)
        draws = Draws(self.seed, shoppers.identity, shoppers.visit)
        clicks = model.clicks(shoppers, catalog, items, draws) & first_shown(items) if done.clicks is None else done.clicks
        bought = done.bought
        if bought is None:
            bought = clicks & (draws.uniform(Stream.CONVERSION, items) < model.conversion(shoppers, catalog, items))
        objectives = done.earned
        if objectives is None:
            objectives = np.stack([clicks.sum(axis=1), bought.sum(axis=1)], axis=1, dtype=np.float32)
        sales = self._sales(items, bought, draws)
        revenue = np.zeros(items.shape, np.float32)
        if len(sales):
            revenue[sales["row"], sales["rank"]] = sales["revenue"]
        left = done.left
        if left is None:
            left = self._move(items, clicks, bought, revenue, objectives, draws, done)

        shoppers.visit += 1
        if world.visits == 1:
            left[:] = True  # a single visit is the whole episode, not a span cut short
        ended = (shoppers.visit >= world.visits) > left
        late = self._arrivals(sales, left | ended, bought, revenue, objectives)
        self.steps += 1
        if done.observed:
            world.offer(shoppers, observation)
        else:
            observation = self.observe()
        return Feedback(clicks, bought, revenue, objectives, left, ended, late, observation)

    def restart(self, rows: NDArray[np.bool_] | None = None, observation: NDArray[np.float32] | None = None) -> None:
        """The next shopper of each row in the mask (n,), or of all rows, comes for the first time.

        Args:
            rows: the mask.
            observation: (n, o), into whose rows what the recommender sees of those who come is written, if it is given.
        """
        which = np.ones(len(self), np.bool_) if rows is None else rows
        coming = np.flatnonzero(which)
        if len(coming) == 0:
            return
        for block in blocks(len(coming)):
            those = coming[block]
            identity = self.shoppers.identity[those] + (1 << ROW_BITS)
            newcomers = self.world.shoppers(self.seed, identity, compiled=self.compiled)
            self.shoppers.put(those, newcomers)
            if observation is not None:
                observation[those] = self.world.observe(newcomers, compiled=self.compiled)
        if len(self._pending):
            self._pending = self._pending[~which[self._pending["row"]]]

    def _move(
        self,
        items: Items,
        clicks: NDArray[np.bool_],
        bought: NDArray[np.bool_],
        revenue: NDArray[np.float32],
        earned: NDArray[np.float32],
        draws: Draws,
        done: Done,
    ) -> NDArray[np.bool_]:
        """Let the visit leave its traces on the shoppers, as far as the kernel has not; returns (n,) who leaves."""
        world, shoppers, n = self.world, self.shoppers, len(self)
        if not done.history:
            remember(shoppers, world.catalog, items, earned)
        nobody, unseen = np.zeros(n, np.bool_), np.zeros((n, 0), np.float32)
        # What the shopper knows of the visit; the shop may hear of a purchase later.
        answer = Feedback(clicks, bought, revenue, earned, nobody, nobody, Late.none(), unseen)
        if not done.evolved:
            world.user_model.evolve(shoppers, world.catalog, items, answer, draws)
        return draws.uniform(Stream.LEAVING) < world.user_model.leaving(shoppers, answer)

    def _sales(self, items: Items, bought: NDArray[np.bool_], draws: Draws) -> Sales:
        """What is paid for the purchases of this step, and when the shop hears of it."""
        place = np.flatnonzero(bought)
        if len(place) == 0:
            return NO_SALES
        sales = np.empty(len(place), SALE)
        row, item = place // items.shape[1], items.ravel()[place]
        sold = self._kernel.sell(self.seed, self.shoppers, row, item)
        if sold is None:
            model, catalog = self.world.user_model, self.world.catalog
            buyers, theirs = self.shoppers.take(row), draws.take(row)
            paid = model.spend(buyers, catalog, item[:, None], theirs)[:, 0]
            late = model.delay(buyers, catalog, item[:, None], theirs)[:, 0] if model.longest_delay else 0
        else:
            paid, late = sold
        sales["row"], sales["rank"], sales["item"] = row, place % items.shape[1], item
        sales["shown"], sales["due"], sales["revenue"] = self.steps, self.steps + late, paid
        return sales

    def _arrivals(
        self,
        sales: Sales,
        gone: NDArray[np.bool_],
        bought: NDArray[np.bool_],
        revenue: NDArray[np.float32],
        objectives: NDArray[np.float32],
    ) -> Late:
        """Take out of this step's purchases those that stay open, and bring in those of earlier steps that become known now."""
        pending = self._pending
        if len(sales) == len(pending) == 0:
            return NOTHING_LATE
        # Whoever goes takes no secret along: what is not yet known becomes known.
        waits = (sales["due"] > self.steps) & ~gone[sales["row"]]
        open_ = sales[waits]
        bought[open_["row"], open_["rank"]] = False
        revenue[open_["row"], open_["rank"]] = 0
        np.subtract.at(objectives[:, 1], open_["row"], 1)
        due = (pending["due"] <= self.steps) | gone[pending["row"]]
        late = pending[due]
        np.add.at(objectives[:, 1], late["row"], 1)
        pending = pending[~due]
        self._pending = np.empty(len(pending) + len(open_), SALE)
        self._pending[: len(pending)], self._pending[len(pending) :] = pending, open_
        columns = (late["row"], self.steps - late["shown"], late["rank"], late["item"], late["revenue"])
        return Late(*(np.ascontiguousarray(column) for column in columns))
