"""Changes of a world at given steps of a simulation: new hidden values of items, launches and retirements."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slategym.utils.arrays import check_numbers
from slategym.utils.short_repr import Brief

if TYPE_CHECKING:
    from slategym.sim.catalog import Catalog
    from slategym.sim.world import World

LAST_STEP = 2**62  # more steps than any simulation has


@dataclass(frozen=True, eq=False, repr=False)
class Change(Brief):
    """A change of a world, from a step of the simulation on. Use `ItemChange`, `Launch` or `Retire`.

    Attributes:
        step: the number of slates that each row of a simulation has been shown before the change, 1 or more. From the next slates
            on, the shoppers of all rows are in the changed world, whatever the number of their own visit.
    """

    step: int

    def __post_init__(self) -> None:
        step = self.step
        if isinstance(step, bool) or not isinstance(step, int | np.integer) or not 1 <= step <= LAST_STEP:
            raise ValueError(f"step is {step!r}: expected a whole number from 1, the steps of the simulation before the change")
        object.__setattr__(self, "step", int(step))

    @abstractmethod
    def changed(self, world: World) -> dict[str, Any]:
        """The fields of a world that change, by name.

        Args:
            world: the world before the change.

        Raises:
            ValueError: the world cannot change in this way.
        """


@dataclass(frozen=True, eq=False, repr=False)
class ItemChange(Change):
    """New hidden values of all items. Their features, which agents see, do not change.

    Attributes:
        step: see `Change`.
        appeal: (m,) makes clicks more likely, see `Catalog`; None keeps it.
        quality: (m,) makes conversions more likely, see `Catalog`; None keeps it.
        taste: (m, q); None keeps it.
    """

    appeal: ArrayLike | None = None
    quality: ArrayLike | None = None
    taste: ArrayLike | None = None

    @property
    def values(self) -> dict[str, Any]:
        """The new values, by field of the catalogue."""
        given = {"appeal": self.appeal, "quality": self.quality, "taste": self.taste}
        return {name: value for name, value in given.items() if value is not None}

    def changed(self, world: World) -> dict[str, Any]:
        """The catalogue with the new values."""
        if not self.values:
            raise ValueError(f"the change at step {self.step} has no values: expected appeal, quality or taste")
        for name, value in self.values.items():
            if np.shape(value) != (expected := getattr(world.catalog, name).shape):
                raise ValueError(
                    f"{name} at step {self.step} has shape {np.shape(value)}: expected {expected}, a row for each item"
                )
        return {"catalog": replace(world.catalog, **self.values)}


@dataclass(frozen=True, eq=False, repr=False)
class Launch(Change):
    """Items that can be shown from a step on; before it neither agents nor the oracle see them.

    Items are launched in the order of the catalogue, which contains all items from the beginning, so that their numbers do not
    change: with a catalogue of 550 items and a launch of the last fifty, the simulation begins with the first 500.

    Attributes:
        step: see `Change`.
        items: their numbers in the catalogue.
    """

    items: Sequence[int] | NDArray[np.int64]

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "items", _numbers(self, self.items))

    def changed(self, world: World) -> dict[str, Any]:
        """Nothing: only the schedule changes, which no longer contains the launch."""
        return {}


@dataclass(frozen=True, eq=False, repr=False)
class Retire(Change):
    """Items that cannot be shown any more from a step on.

    Attributes:
        step: see `Change`.
        items: their numbers in the catalogue.
    """

    items: Sequence[int] | NDArray[np.int64]

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "items", _numbers(self, self.items))

    def changed(self, world: World) -> dict[str, Any]:
        """The retired items."""
        gone = [int(item) for item in self.items]
        for item in gone:
            if item >= world.launched:
                raise ValueError(f"item {item} is retired at step {self.step}: expected one of the {world.launched:,} items then")
            if item in world.retired:
                raise ValueError(f"item {item} is retired at step {self.step}: it was retired before")
        return {"retired": tuple(sorted((*world.retired, *gone)))}


def _numbers(change: Launch | Retire, items: Any) -> tuple[int, ...]:
    given = np.asarray(list(items) if isinstance(items, Iterable) else items)
    what = f"items of the {type(change).__name__} at step {change.step}"
    numbers = check_numbers(given, 2**32, what, "an item", (None,)) if given.size else given
    if len(numbers) == 0 or len(np.unique(numbers)) < len(numbers):
        raise ValueError(f"{what}: {numbers.tolist()}, expected at least one item, and each only once")
    return tuple(numbers.tolist())


def in_order(schedule: Iterable[Change], catalog: Catalog) -> tuple[Change, ...]:
    """Sort changes by their steps; changes at the same step keep their order.

    Args:
        schedule: the changes.
        catalog: all items, including those launched later.

    Raises:
        ValueError: an entry is no change, or launches do not follow the order of the catalogue.
    """
    changes = list(schedule)
    for change in changes:
        if not isinstance(change, Change):
            raise ValueError(f"the schedule holds a {type(change).__name__}: expected ItemChange, Launch or Retire")
    changes.sort(key=lambda change: change.step)
    launched = [item for change in changes if isinstance(change, Launch) for item in change.items]
    expected = list(range(catalog.size - len(launched), catalog.size))
    if launched != expected:
        raise ValueError(
            f"the schedule launches {len(launched)} items, {_told(launched)}: expected the last ones of the catalogue, in its "
            f"order ({_told(expected)}), so that items keep their numbers; move them to the end of the catalogue"
        )
    return tuple(changes)


def _told(items: list[int]) -> str:
    return ", ".join(map(str, items)) if len(items) < 8 else f"{items[0]}, {items[1]}, ..., {items[-1]}"
