"""Sums over impressions that forget: by a discount, or outside a window."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from typing import Any, ClassVar, Generic, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from slategym.agents.common.pooling import is_pooled, pooled_total

CHUNKS = 8  # number of chunks of a window


class Sums(ABC):
    """Sums over impressions, which can be scaled, added to other sums and set to zero.

    Attributes:
        summed: the names of the arrays that are sums.
    """

    summed: ClassVar[tuple[str, ...]]

    def scale(self, factor: float) -> None:
        """Multiply every sum by a factor."""
        for name in self.summed:
            array: NDArray[Any] = getattr(self, name)
            array *= factor

    def include(self, other: Self) -> None:
        """Add other sums of the same shapes."""
        for name in self.summed:
            array: NDArray[Any] = getattr(self, name)
            array += getattr(other, name)

    def empty(self) -> Self:
        """Sums of the same shape over no impressions."""
        made = copy(self)
        for name in self.summed:
            setattr(made, name, np.zeros_like(getattr(self, name)))
        return made

    def duplicate(self) -> Self:
        """A copy of the sums, in new arrays."""
        made = self.empty()
        made.include(self)
        return made

    @abstractmethod
    def carry(self, into: NDArray[np.float64]) -> None:
        """Transform the sums as if `into` (a, a) times each context had been added instead of the context."""

    @abstractmethod
    def grow(self, features: NDArray[np.float32]) -> None:
        """Append items that have not been shown yet; `features` (m, b) are those of all items."""


Some = TypeVar("Some", bound=Sums)


class Memory(Generic[Some]):
    """Sums that forget.

    With a half-life, every sum is multiplied by 2^(-n / halflife) for n further slates (discounted LinUCB: Russac, Vernade,
    Cappe, "Weighted linear bandits for non-stationary environments", NeurIPS 2019). With a window, the sums are kept in about
    `CHUNKS` chunks. The oldest chunks are dropped when the chunks hold more slates than the window; the total is then computed
    again, so that rounding errors do not accumulate. Half-life and window can be combined. Delayed outcomes are added to the
    latest chunk.

    Args:
        sums: sums over no impressions.
        halflife: number of slates after which a slate counts half; None: no discount.
        window: largest number of slates that count; None: all.

    Attributes:
        latest: the sums to which new impressions are added.
    """

    def __init__(self, sums: Some, halflife: float | None = None, window: int | None = None) -> None:
        self.latest = sums
        self.halflife, self.window = halflife, window
        self.closed: deque[tuple[float, Some]] = deque()  # chunks before the latest one, with their numbers of slates
        self.rest: Some | None = None  # the total of the closed chunks
        self.in_latest = 0.0

    @property
    def forgets(self) -> bool:
        """Whether there is a half-life or a window."""
        return self.halflife is not None or self.window is not None

    @property
    def slates(self) -> float:
        """The number of slates in the sums; discounted slates count as fractions."""
        return self.in_latest + sum(count for count, _ in self.closed)

    def total(self) -> Some:
        """The sums over all remembered impressions; do not change them."""
        if self.rest is None:
            return self.latest
        total = self.rest.duplicate()
        total.include(self.latest)
        return total

    def begin(self, slates: int) -> None:
        """Forget old impressions for this number of further slates; call this before they are added to `latest`."""
        if self.halflife is not None:
            self.discount(float(np.exp2(-slates / self.halflife)))
        if self.window is not None:
            self._begin_in_window(slates, self.window)
        self.in_latest += slates

    @contextmanager
    def step(self) -> Iterator[None]:
        """Pool what is added within this block over all shards, if there are several (`pooling`)."""
        if not is_pooled():
            yield
            return
        own = vars(self).copy()
        self.latest, self.in_latest, self.closed, self.rest = self.latest.empty(), 0.0, deque(), None
        self.halflife = self.window = None
        try:
            yield
        finally:
            step, slates = self.latest, self.in_latest
            vars(self).update(own)
        names = step.summed
        sums = pooled_total(slates=np.array(slates), **{name: getattr(step, name) for name in names})
        for name in names:
            setattr(step, name, sums[name])
        self.begin(round(sums["slates"].item()))
        self.latest.include(step)

    def _begin_in_window(self, slates: int, window: int) -> None:
        changed = False
        if self.in_latest > 0 and self.in_latest + slates > window / CHUNKS:
            self.closed.append((self.in_latest, self.latest))
            self.latest, self.in_latest, changed = self.latest.empty(), 0.0, True
        while self.closed and self.slates + slates > window:
            self.closed.popleft()
            changed = True
        if not changed:
            return
        self.rest = None
        if self.closed:
            self.rest = self.closed[0][1].duplicate()
            for _, sums in list(self.closed)[1:]:
                self.rest.include(sums)

    def discount(self, kept: float) -> None:
        """Multiply the weight of all remembered impressions by `kept`."""
        self._all(lambda sums: sums.scale(kept))
        self.in_latest *= kept
        self.closed = deque((kept * count, sums) for count, sums in self.closed)

    def carry(self, into: NDArray[np.float64]) -> None:
        """See `Sums.carry`."""
        self._all(lambda sums: sums.carry(into))

    def grow(self, features: NDArray[np.float32]) -> None:
        """See `Sums.grow`."""
        self._all(lambda sums: sums.grow(features))

    def _all(self, change: Callable[[Some], None]) -> None:
        for sums in (self.latest, *(sums for _, sums in self.closed), *(() if self.rest is None else (self.rest,))):
            change(sums)
