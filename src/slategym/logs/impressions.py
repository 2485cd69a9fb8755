"""A log of impressions, with a row for each item that was shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.utils.lookup import choose
from slategym.utils.short_repr import Brief

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, repr=False)
class ImpressionLog(Brief):
    """A log in memory with a row for each impression, ordered by slate and rank; slates are in chronological order.

    `read_impressions` creates one from a file, a data frame or a log of slategym. Ids are numbered from 0; `ids` contains the
    original values.

    Attributes:
        slate: (r,) number of each row's slate, ascending from 0.
        rank: (r,) rank from 0 at the top.
        item: (r,) number of the item.
        ids: original ids by number, for "item", and for "shopper", "session" and each context or feature of texts.
        events: (r,) bool by name: "click", "conversion" and others.
        propensity: (r,) probability of the item at its rank given the items above it; None if unknown.
        joint_propensity: (r,) probability of the whole slate, where only this is known.
        time: (r,) time when the slate was shown, in `time_unit`.
        shopper: (r,) number of the shopper.
        session: (r,) number of the session.
        revenue: (r,) money.
        delay: (r,) time from impression to conversion, in `time_unit`; NaN without a conversion or if unknown.
        context: (r,) by name, what was known of the shopper: float64, or numbers of texts in `ids`; the same within a slate.
        features: (m,) by name, what is known of the items; NaN or -1 for items that were never shown.
        candidates: the items that could have been shown in each slate: (s + 1,) the start of each slate's candidates, and their
            item numbers.
        time_unit: "seconds", or "steps" in a log of slategym.
        source: origin of the log, for messages.
        columns: by meaning, the columns of the source with that meaning.
        notes: assumptions made when the log was read, in sentences.
    """

    slate: Ints
    rank: Ints
    item: Ints
    ids: Mapping[str, NDArray[Any]]
    events: Mapping[str, Mask]
    propensity: Floats | None = None
    joint_propensity: Floats | None = None
    time: Floats | None = None
    shopper: Ints | None = None
    session: Ints | None = None
    revenue: Floats | None = None
    delay: Floats | None = None
    context: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    features: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    candidates: tuple[Ints, Ints] | None = None
    time_unit: str = "seconds"
    source: str = "the log"
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def _told(self) -> Iterable[str]:
        yield f"{len(self):,} impressions of {self.slates:,} slates"
        yield f"{self.items:,} items"
        yield " ".join(self.events)

    def __len__(self) -> int:
        return len(self.item)

    @property
    def slates(self) -> int:
        """s, the number of slates."""
        return int(self.slate[-1]) + 1 if len(self.slate) else 0

    @property
    def ranks(self) -> int:
        """k, one more than the highest rank."""
        return int(self.rank.max()) + 1 if len(self.rank) else 0

    @property
    def items(self) -> int:
        """m, the number of items."""
        return len(self.ids["item"])

    @property
    def starts(self) -> Ints:
        """(s + 1,) the first row of each slate, and the number of rows."""
        return np.searchsorted(self.slate, np.arange(self.slates + 1))

    @property
    def click(self) -> Mask:
        """(r,) whether each impression was clicked.

        Raises:
            ValueError: the log has no clicks.
        """
        return self.event("click")

    @property
    def conversion(self) -> Mask:
        """(r,) whether each impression was converted.

        Raises:
            ValueError: the log has no conversions.
        """
        return self.event("conversion")

    def event(self, name: str) -> Mask:
        """(r,) whether an event happened.

        Args:
            name: "click", "conversion", or another name in `events`.

        Raises:
            ValueError: the log has no such event.
        """
        if name not in self.events:
            has = ", ".join(self.events) or "none"
            raise ValueError(
                f"{self.source} has no event {name!r} (it has: {has}): name its column, such as --columns {name}=COLUMN"
            )
        return self.events[name]

    def dense(self, values: NDArray[Any] | str, fill: Any) -> NDArray[Any]:
        """(s, k) values by slate and rank.

        Args:
            values: (r,), or the name of a column: "item", "click", "propensity", ...
            fill: value where a slate has no item at a rank.

        Raises:
            ValueError: there is no such column, or it has another length.
        """
        column = self._column(values) if isinstance(values, str) else np.asarray(values)
        if column.shape != (len(self),):
            raise ValueError(f"values has shape {column.shape}: expected ({len(self)},), one for each impression")
        found = np.full((self.slates, self.ranks), fill, np.result_type(column.dtype, np.min_scalar_type(fill)))
        found[self.slate, self.rank] = column
        return found

    def _column(self, name: str) -> NDArray[Any]:
        known = {"slate": self.slate, "rank": self.rank, "item": self.item, **self.events, **self.context}
        for other in ("propensity", "joint_propensity", "time", "shopper", "session", "revenue", "delay"):
            if (column := getattr(self, other)) is not None:
                known[other] = column
        return choose(f"column of {self.source}", name, known)

    @property
    def shown(self) -> Mask:
        """(s, k) whether the log has an item at each rank of each slate."""
        return self.dense(np.ones(len(self), np.bool_), False)

    def propensities(self) -> Floats:
        """(s, k) the probability of each choice given the choices above it; 1 where a slate has no item.

        Raises:
            ValueError: the log has no propensity for each rank, or one is missing.
        """
        found = self.propensity
        if found is None and self.joint_propensity is not None and self.ranks == 1:
            found = self.joint_propensity
        if found is None:
            other = "only those of whole slates" if self.joint_propensity is not None else "none"
            raise ValueError(
                f"{self.source} has no propensity of each choice ({other}): name its column, such as --columns propensity=COLUMN"
            )
        return np.asarray(self.dense(found, 1.0), np.float64)

    def of_slate(self, values: NDArray[Any]) -> NDArray[Any]:
        """(s,) the values of the slates, for values that are the same within a slate.

        Args:
            values: (r,), such as `time`, `shopper` or a column of `context`.
        """
        return values[self.starts[:-1]]

    def part(self, slates: Mask | slice) -> ImpressionLog:
        """Return some of the slates, in the same order; items and ids keep their numbers.

        Args:
            slates: (s,) bool, or a slice of slate numbers.

        Raises:
            ValueError: the mask has another shape.
        """
        chosen = np.zeros(self.slates, np.bool_)
        if not isinstance(slates, slice) and np.shape(slates) != (self.slates,):
            raise ValueError(f"slates has shape {np.shape(slates)}: expected ({self.slates},), one for each slate")
        chosen[slates] = True
        rows = chosen[self.slate]

        def of(column: Any) -> Any:
            return None if column is None else column[rows]

        return replace(
            self,
            slate=(np.cumsum(chosen) - 1)[self.slate[rows]],
            rank=self.rank[rows],
            item=self.item[rows],
            events={name: column[rows] for name, column in self.events.items()},
            propensity=of(self.propensity),
            joint_propensity=of(self.joint_propensity),
            time=of(self.time),
            shopper=of(self.shopper),
            session=of(self.session),
            revenue=of(self.revenue),
            delay=of(self.delay),
            context={name: column[rows] for name, column in self.context.items()},
            candidates=None if self.candidates is None else _some_lists(*self.candidates, chosen),
        )


def _some_lists(offsets: Ints, items: Ints, chosen: Mask) -> tuple[Ints, Ints]:
    lengths = np.diff(offsets)
    kept = items[np.repeat(chosen, lengths)]
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths[chosen])]), kept
