"""A batch of shoppers: who they are, what stays and what moves."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.utils.arrays import check_rows
from slategym.utils.short_repr import Brief

Array = NDArray[Any]


class Shoppers(Brief):
    """A batch of n shoppers as arrays.

    `traits` stay and `state` moves; both are dictionaries of arrays (n, ...), float32 unless there is a reason, and each array
    is also an attribute: `shoppers.taste`. Every world's shoppers have the state `exposure (n, g)`, recent impressions per
    category, `engagement (n, 2)`, recent clicks and conversions, and `pending_conversions (n, longest_delay)` int16, the
    conversions that the shop hears of at the next visit whose number leaves that remainder.

    Args:
        identity: (n,) int64, who they are; `episode * 2**32 + row`.
        visit: (n,) int64, how often each has come before.
        traits: what stays, arrays (n, ...) by name.
        state: what changes, arrays (n, ...) by name.
        seed: of the simulation that they belong to.

    Raises:
        ValueError: an array of another number of rows.

    Attributes:
        identity: (n,) int64, who they are; `episode * 2**32 + row`.
        visit: (n,) int64, how often each has come before.
        seed: of the simulation that they belong to; with identity and visit it decides their candidates.
    """

    def __init__(
        self,
        identity: NDArray[np.int64],
        visit: NDArray[np.int64],
        traits: Mapping[str, Array],
        state: Mapping[str, Array],
        *,
        seed: int = 0,
    ) -> None:
        self.seed = seed
        self.identity = identity
        self.visit = visit
        self.traits = dict(traits)
        self.state = dict(state)
        for name, array in (("visit", visit), *self.traits.items(), *self.state.items()):
            if len(array) != len(identity):
                raise ValueError(f"shoppers.{name} has shape {array.shape}: expected {len(identity)} rows, one a shopper")

    def _told(self) -> Iterable[str]:
        yield f"{len(self):,} of them"
        yield f"traits {' '.join(self.traits) or 'none'}"
        yield f"state {' '.join(self.state) or 'none'}"

    def __getattr__(self, name: str) -> Array:
        for group in ("traits", "state"):
            arrays = self.__dict__.get(group, {})
            if name in arrays:
                found: Array = arrays[name]
                return found
        known = ", ".join([*self.__dict__.get("traits", {}), *self.__dict__.get("state", {})])
        raise AttributeError(f"shoppers have no {name!r}; they have: {known}")

    def __len__(self) -> int:
        return len(self.identity)

    def take(self, rows: Array | slice) -> Shoppers:
        """Some rows: a copy of those given by number or by mask, a view of a slice.

        Args:
            rows: (r,) int64 numbers, (n,) bool, or a slice.

        Raises:
            ValueError: what is not a row, or a mask of another length.
        """
        rows = self._rows(rows)
        return Shoppers(
            self.identity[rows],
            self.visit[rows],
            {name: array[rows] for name, array in self.traits.items()},
            {name: array[rows] for name, array in self.state.items()},
            seed=self.seed,
        )

    def put(self, rows: Array | slice, others: Shoppers) -> None:
        """Replace some rows by other shoppers of the same simulation, in place.

        Args:
            rows: (r,) int64 numbers, (n,) bool, or a slice.
            others: r shoppers.

        Raises:
            ValueError: what is not a row, or shoppers of another number or with other arrays; nothing has changed then.
        """
        rows = self._rows(rows)
        if len(self.identity[rows]) != len(others):
            raise ValueError(f"{len(others)} shoppers came for {len(self.identity[rows])} rows: expected one for each")
        for mine, theirs in ((self.traits, others.traits), (self.state, others.state)):
            for name, array in mine.items():
                if name not in theirs or theirs[name].shape[1:] != array.shape[1:]:
                    raise ValueError(f"the other shoppers have another {name!r}, or none: expected shoppers of the same world")
        self.identity[rows] = others.identity
        self.visit[rows] = others.visit
        for mine, theirs in ((self.traits, others.traits), (self.state, others.state)):
            for name, array in mine.items():
                array[rows] = theirs[name]

    def _rows(self, rows: Array | slice) -> Array | slice:
        return rows if isinstance(rows, slice) else check_rows(rows, len(self))

    def room_for(self, count: int) -> Shoppers:
        """Shoppers with the same arrays, their values not yet set.

        Args:
            count: how many.
        """

        def room(array: Array) -> Array:
            return np.empty((count, *array.shape[1:]), array.dtype)

        traits = {name: room(array) for name, array in self.traits.items()}
        state = {name: room(array) for name, array in self.state.items()}
        return Shoppers(room(self.identity), room(self.visit), traits, state, seed=self.seed)

    @staticmethod
    def joined(batches: Sequence[Shoppers]) -> Shoppers:
        """A copy of several batches of a simulation's shoppers, one after the other.

        Args:
            batches: at least one.

        Raises:
            ValueError: shoppers of different worlds.
        """
        together, start = batches[0].room_for(sum(map(len, batches))), 0
        for batch in batches:
            together.put(slice(start, start + len(batch)), batch)
            start += len(batch)
        return together

    @property
    def nbytes(self) -> int:
        """The memory of all arrays, in bytes."""
        arrays = (self.identity, self.visit, *self.traits.values(), *self.state.values())
        return sum(array.nbytes for array in arrays)


def check_widths(shoppers: Shoppers, widths: Mapping[str, tuple[int, ...]], world: str, leave_out: Collection[str] = ()) -> None:
    """Refuse shoppers whose arrays have other shapes than a world's.

    Args:
        shoppers: n of them.
        widths: the shape of each array behind n, by name.
        world: its name, for the message.
        leave_out: names of arrays that may differ.

    Raises:
        ValueError: names the array, its shape and the shape that is expected.
    """
    if not isinstance(shoppers, Shoppers):
        raise ValueError(f"shoppers is a {type(shoppers).__name__}: expected Shoppers, as `World.shoppers` makes them")
    count, arrays = len(shoppers), {"visit": shoppers.visit, **shoppers.traits, **shoppers.state}
    for name, width in widths.items():
        if (name not in arrays or arrays[name].shape != (count, *width)) and name not in leave_out:
            came = f"has shape {arrays[name].shape}" if name in arrays else "is missing"
            raise ValueError(f"shoppers.{name} {came}: expected {(count, *width)}, as the shoppers of {world} have it")
