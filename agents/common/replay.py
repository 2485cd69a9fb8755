"""A replay buffer of the last slates and their feedback, in which delayed conversions are added when they arrive."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from slategym.agents.common.click_history import EMPTY
from slategym.sim.feedback import DelayedConversions

FIRST = 1024  # initial number of slates in the arrays


class Slates(NamedTuple):
    """Some slates: observations (n, o), items (n, k), clicks (n, k) and conversions (n, k).

    The history (n, L, 3) holds the shoppers' previous clicks, in the form of `ClickHistory`; None if it is not kept.
    """

    seen: NDArray[np.float32]
    items: NDArray[np.int64]
    clicks: NDArray[np.bool_]
    conversions: NDArray[np.bool_]
    history: NDArray[np.int32] | None = None


class Replay:
    """A replay buffer of the last slates.

    Args:
        columns: o, the number of columns of the observations.
        slate_size: k.
        capacity: largest number of slates.
        longest_delay: the largest delay of a conversion, in steps.
        history: L, the number of previous clicks that are kept with a slate.

    Attributes:
        shown_at: (slates,) the step at which each slate was shown.
        delay: (slates, k) the delay of each conversion, in steps.
    """

    def __init__(self, columns: int, slate_size: int, capacity: int, longest_delay: int, history: int = 0) -> None:
        self.capacity, self.longest_delay = capacity, longest_delay
        self.steps = 0
        self.count = 0  # number of all slates so far
        self.since = 0  # number of the first slate that is still learned from
        self.starts: list[tuple[int, int]] = []  # the number of the first slate, and of slates, of each of the last steps
        room = min(capacity, FIRST)
        self.seen = np.zeros((room, columns), np.float32)
        self.items = np.zeros((room, slate_size), np.int32)
        self.clicks = np.zeros((room, slate_size), np.bool_)
        self.conversions = np.zeros((room, slate_size), np.bool_)
        self.history = np.zeros((room, history, len(EMPTY)), np.int32)
        self.shown_at = np.zeros(room, np.int32)
        self.delay = np.zeros((room, slate_size), np.int32)

    def __len__(self) -> int:
        return min(self.count - self.since, self.capacity)

    def forget(self, kept: int) -> None:
        """Forget all but the last `kept` slates."""
        self.since = max(self.since, self.count - kept)

    def correct(self, delayed: DelayedConversions) -> None:
        """Add delayed conversions to the slates that they belong to; call this before `add` of the current step.

        Args:
            delayed: the delayed conversions of a feedback, already checked.
        """
        for age, (start, rows) in enumerate(reversed(self.starts), start=1):
            entries = np.flatnonzero((delayed.age == age) & (delayed.row < rows))
            number = start + delayed.row[entries]
            kept = number >= self.count - self.capacity
            place = number[kept] % self.capacity, delayed.rank[entries][kept]
            self.conversions[place], self.delay[place] = True, age

    def add(self, slates: Slates) -> None:
        """Add the slates of a step; if there are more than the capacity, the last ones are kept."""
        self.starts = [*self.starts, (self.count, len(slates.seen))][-self.longest_delay :] if self.longest_delay else []
        kept = slice(max(len(slates.seen) - self.capacity, 0), None)
        number = np.arange(self.count, self.count + len(slates.seen))[kept]
        self.count += len(slates.seen)
        self._make_room()
        place = number % self.capacity
        for name, values in slates._asdict().items():
            if values is not None:
                getattr(self, name)[place] = values[kept]
        self.steps += 1
        self.shown_at[place], self.delay[place] = self.steps, 0

    def draw(self, random: np.random.Generator, count: int, halflife: float | None = None) -> Slates:
        """Draw slates with replacement; see `places`."""
        return self.take(self.places(random, count, halflife))

    def elapsed(self, places: NDArray[np.int64]) -> NDArray[np.int32]:
        """(n,) the number of steps since the slates at these places were shown."""
        return np.asarray(self.steps - self.shown_at[places])

    def numbers(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """(n,) the numbers of the slates at these places, counted from the first slate ever added."""
        last = self.count - 1
        return np.asarray(last - (last - places) % self.capacity)

    def take(self, places: NDArray[np.int64]) -> Slates:
        """The slates at places (n,)."""
        seen, items = self.seen.take(places, axis=0), self.items.take(places, axis=0).astype(np.int64)
        clicks, conversions = self.clicks.take(places, axis=0), self.conversions.take(places, axis=0)
        return Slates(seen, items, clicks, conversions, self.history.take(places, axis=0) if self.history.shape[1] else None)

    def places(self, random: np.random.Generator, count: int, halflife: float | None = None) -> NDArray[np.int64]:
        """(count,) the places of slates that are drawn with replacement.

        Args:
            random: the generator.
            count: number of draws.
            halflife: number of slates after which a slate is drawn half as often; None: draw uniformly.
        """
        if halflife is None:
            age = random.integers(len(self), size=count)
        else:
            oldest = 1 - np.exp2(-len(self) / halflife)  # the share of an unlimited past that the buffer covers
            age = np.floor(-np.log2(1 - oldest * random.random(count)) * halflife).astype(np.int64)
        return np.asarray((self.count - 1 - np.minimum(age, len(self) - 1)) % self.capacity)

    def _make_room(self) -> None:
        room = len(self.seen)
        while room < min(self.count, self.capacity):
            room = min(2 * room, self.capacity)
        if room > len(self.seen):
            for name in ("seen", "items", "clicks", "conversions", "history", "shown_at", "delay"):
                array = getattr(self, name)
                larger = np.zeros((room, *array.shape[1:]), array.dtype)
                larger[: len(array)] = array
                setattr(self, name, larger)
