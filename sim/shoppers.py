"""A batch of shoppers: their identities, fixed traits and changing state."""

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

    `traits` are fixed and `state` changes. Both are dictionaries of arrays (n, ...), float32 unless there is a reason, and each
    array is also an attribute: `shoppers.taste`. The shoppers of every world have the state `exposure (n, g)`, recent impressions
    per category; `engagement (n, 2)`, recent clicks and conversions; and `pending_conversions (n, longest_delay)` int16, whose
    column j holds the conversions that the shop learns of at the next visit v with v % longest_delay = j.

    Args:
        identity: (n,) int64, `episode * 2**32 + row`.
        visit: (n,) int64, the number of earlier visits.
        traits: fixed arrays (n, ...) by name.
        state: changing arrays (n, ...) by name.
        seed: the seed of their simulation.

    Raises:
        ValueError: an array has the wrong number of rows.

    Attributes:
        identity: (n,) int64, `episode * 2**32 + row`.
        visit: (n,) int64, the number of earlier visits.
        seed: the seed of their simulation; with identity and visit it determines their candidates.
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
                raise ValueError(f"shoppers.{name} has shape {array.shape}: expected {len(identity)} rows, one per shopper")

    def _told(self) -> Iterable[str]:
        yield f"{len(self):,} shoppers"
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
        """Return some rows: a copy if they are given by number or mask, a view if they are given as a slice.

        Args:
            rows: (r,) int64 numbers of rows, (n,) bool, or a slice.

        Raises:
            ValueError: a number is no row, or a mask has the wrong length.
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
        """Replace the shoppers of some rows by others of the same simulation, in place.

        Args:
            rows: (r,) int64 numbers of rows, (n,) bool, or a slice.
            others: r shoppers.

        Raises:
            ValueError: a number is no row, the number of shoppers is wrong, or they have other arrays; nothing has changed.
        """
        rows = self._rows(rows)
        if len(self.identity[rows]) != len(others):
            raise ValueError(f"{len(others)} shoppers came for {len(self.identity[rows])} rows: expected one for each")
        for mine, theirs in ((self.traits, others.traits), (self.state, others.state)):
            for name, array in mine.items():
                if name not in theirs or theirs[name].shape[1:] != array.shape[1:]:
                    raise ValueError(f"the new shoppers have no {name!r} of the same shape: expected shoppers of the same world")
        self.identity[rows] = others.identity
        self.visit[rows] = others.visit
        for mine, theirs in ((self.traits, others.traits), (self.state, others.state)):
            for name, array in mine.items():
                array[rows] = theirs[name]

    def _rows(self, rows: Array | slice) -> Array | slice:
        return rows if isinstance(rows, slice) else check_rows(rows, len(self))

    def room_for(self, count: int) -> Shoppers:
        """Return shoppers with the same arrays, whose values are not set yet.

        Args:
            count: the number of shoppers.
        """

        def room(array: Array) -> Array:
            return np.empty((count, *array.shape[1:]), array.dtype)

        traits = {name: room(array) for name, array in self.traits.items()}
        state = {name: room(array) for name, array in self.state.items()}
        return Shoppers(room(self.identity), room(self.visit), traits, state, seed=self.seed)

    @staticmethod
    def joined(batches: Sequence[Shoppers]) -> Shoppers:
        """Join several batches of a simulation's shoppers, one after the other, as a copy.

        Args:
            batches: at least one batch.

        Raises:
            ValueError: the shoppers belong to different worlds.
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
    """Check that the arrays of shoppers have the shapes of a world.

    Args:
        shoppers: n shoppers.
        widths: the shape of each array without the leading n, by name.
        world: the name of the world, for the message.
        leave_out: names of arrays that may have other shapes.

    Raises:
        ValueError: an array has the wrong shape; the message names the array, its shape and the expected shape.
    """
    if not isinstance(shoppers, Shoppers):
        raise ValueError(f"shoppers is a {type(shoppers).__name__}: expected Shoppers, such as `World.shoppers` returns")
    count, arrays = len(shoppers), {"visit": shoppers.visit, **shoppers.traits, **shoppers.state}
    for name, width in widths.items():
        if (name not in arrays or arrays[name].shape != (count, *width)) and name not in leave_out:
            came = f"has shape {arrays[name].shape}" if name in arrays else "is missing"
            raise ValueError(f"shoppers.{name} {came}: expected {(count, *width)}, as for the shoppers of {world}")
