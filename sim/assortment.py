"""The items that a world can show: those launched and not retired, and in large catalogues the candidates among them."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slategym.sim.candidates import fill_candidates
from slategym.sim.catalog import Catalog
from slategym.sim.schedule import Change, Launch, Retire, in_order
from slategym.sim.shoppers import Shoppers
from slategym.sim.slate import Items, check_slate
from slategym.utils.arrays import check_numbers, check_room

if TYPE_CHECKING:
    from slategym.sim.world import World


class Assortment:
    """The part of a `World` that determines which items a slate can hold now, and how the schedule changes them."""

    catalog: Catalog
    slate_size: int
    candidates: int | None
    schedule: tuple[Change, ...]
    retired: tuple[int, ...]

    @property
    def _world(self) -> World:
        return cast("World", self)

    def _check_schedule(self) -> None:
        """Sort the schedule, and check every change.

        Raises:
            ValueError: a change is impossible (the message names it), or too few items are left to show.
        """
        if self.schedule:
            object.__setattr__(self, "schedule", in_order(self.schedule, self.catalog))
        left, least = self.launched - len(self.retired), self.candidates or self.slate_size
        if left < least:
            what = "as many as a slate holds" if self.candidates is None else "as many as there are candidates"
            raise ValueError(f"only {left} items can be shown: expected at least {least}, {what}")
        self.at(0)  # makes all later worlds, because each change must be possible in the world before it

    @cached_property
    def following(self) -> World | None:
        """The world after the first change of the schedule; None if there are no more changes."""
        if not self.schedule:
            return None
        return replace(self._world, schedule=self.schedule[1:], **self.schedule[0].changed(self._world))

    def at(self, step: int) -> World:
        """Return the world at a step of a simulation, with all changes that are due by then; this world if there are none.

        Args:
            step: the number of slates that each row has been shown.
        """
        world = self._world
        while world.following is not None and world.schedule[0].step <= step:
            world = world.following
        return world

    @property
    def final(self) -> World:
        """The world after the last change of the schedule, in which all items have been launched."""
        return self.at(self.schedule[-1].step) if self.schedule else self._world

    @property
    def comes_and_goes(self) -> bool:
        """Whether some items can be shown only at some steps."""
        return bool(self.retired) or any(isinstance(change, Launch | Retire) for change in self.schedule)

    @cached_property
    def launched(self) -> int:
        """The number of launched items, which are the first ones of the catalogue; retired items count."""
        return self.catalog.size - sum(len(change.items) for change in self.schedule if isinstance(change, Launch))

    @cached_property
    def available(self) -> Items | None:
        """(a,) the items that can be shown, in ascending order; None if all can."""
        if self.launched == self.catalog.size and not self.retired:
            return None
        return np.setdiff1d(np.arange(self.launched), np.asarray(self.retired, np.int64))

    @cached_property
    def allowed(self) -> NDArray[np.bool_] | None:
        """(launched,) bool, which of the launched items can be shown; None if all can, or if there are candidates."""
        if not self.retired or self.candidates is not None:
            return None
        allowed = np.ones(self.launched, np.bool_)
        allowed[list(self.retired)] = False
        return allowed

    @property
    def choices(self) -> int:
        """The number of values that an entry of a slate can have: C candidates, or all launched items."""
        return self.launched if self.candidates is None else self.candidates

    def candidates_of(self, shoppers: Shoppers) -> Items:
        """(n, C) the candidates of this visit, a function of (seed, shopper, visit); without C, all items that can be shown.

        Args:
            shoppers: n shoppers.

        Raises:
            ValueError: the shoppers belong to another world.
        """
        self._world.check_shoppers(shoppers)
        count, every = self.choices, np.arange(self.choices)
        if self.candidates is None:
            every = every if self.available is None else self.available
            return np.broadcast_to(every, (len(shoppers), len(every)))
        return self.items(shoppers, np.broadcast_to(every, (len(shoppers), count)))

    def items(self, shoppers: Shoppers, slate: Items) -> Items:
        """(n, k) the items of slates, which hold positions if there are candidates, and items otherwise.

        Args:
            shoppers: n shoppers.
            slate: (n, k).

        Raises:
            ValueError: the slates are not (n, k) whole numbers, or one of them is no item, or no position.
        """
        slate = check_numbers(slate, self.choices, "slate", self._what, (len(shoppers), None), f"{len(shoppers)} shoppers")
        if self.candidates is None:
            return slate
        items = np.empty(slate.shape, np.int64)
        self._offer(shoppers, slate, items)
        return items

    def _offer(self, shoppers: Shoppers, positions: Items, out: NDArray[Any]) -> None:
        """Write the items at positions among the candidates, which are drawn from the items that can be shown."""
        count = self.catalog.size if self.available is None else len(self.available)
        fill_candidates(shoppers.seed, shoppers.identity, shoppers.visit, positions, count, self.candidates or count, out)
        if self.available is not None:
            out[...] = self.available[out.astype(np.int64)]

    def write_candidates(self, shoppers: Shoppers, observation: NDArray[np.float32]) -> None:
        """Write the candidates into an observation, if the world has candidates.

        Args:
            shoppers: n shoppers.
            observation: (n, o) float32, written to.
        """
        if self.candidates is not None:
            layout = self._world.layout
            check_room(observation, (len(shoppers), layout.size), "observation")
            shown = observation[:, layout["candidates"]]
            every = np.broadcast_to(np.arange(self.candidates), shown.shape)
            self._offer(shoppers, every, shown)

    def check_slate(self, slate: ArrayLike, shoppers: int) -> Items:
        """Check a slate and return it as (n, k) int64.

        Args:
            slate: (n, k).
            shoppers: n.

        Raises:
            ValueError: the slate is invalid; the message says why.
        """
        slates = check_slate(slate, shoppers, self.slate_size, self.choices, self._what)
        if self.allowed is not None and not (shown := self.allowed[slates]).all():
            row, rank = np.argwhere(~shown)[0]
            raise ValueError(f"slate[{row}, {rank}] = {slates[row, rank]} is a retired item: expected one that can be shown")
        return slates

    @property
    def _what(self) -> str:
        """What an entry of a slate is, for messages."""
        if self.candidates is not None:
            return "a position among the candidates"
        return "an item" if self.launched == self.catalog.size else "an item that has been launched"
