"""A log in memory."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.sim.world import World
from slategym.sim.worlds import make_world
from slategym.utils.lookup import choose
from slategym.utils.plugins import is_reference
from slategym.utils.short_repr import Brief
from slategym.utils.specification import split_options
from slategym.utils.storage.fingerprint import fingerprint

Array = NDArray[Any]


@dataclass(frozen=True, repr=False)
class Log(Brief):
    """A log in memory, or a part of one; `log["clicks"]` is a column, `log["context"]` a field of the observations.

    Attributes:
        about: metadata of the log (see `slategym.logs.schema.describe`), and "estimated_propensities": whether propensities are
            estimates by repeated draws; the latter only for a whole log.
        status: "finished", "interrupted" if the run ended early, or "running" if it is in progress or was killed.
        columns: arrays by name, with r rows: (r,) for `step`, `row`, `shopper`, `visit`; (r, k) for `slate` (always items),
            `propensity`, `clicks`, `conversions`, `revenue`; (r, M) for `objectives`; (r, o) for `observation`, if it was logged.
            `delayed_age`, `delayed_rank`, `delayed_item` and `delayed_revenue` have one entry per delayed conversion, and
            `delayed_row` the row of these columns at which it arrived.
        rows: r, the number of rows.
        start: number of the first row in the whole log.
    """

    about: dict[str, Any]
    status: str
    columns: dict[str, Array]
    rows: int
    start: int = 0

    def _told(self) -> Iterable[str]:
        yield f"{self.rows:,} rows"
        yield self.status
        yield " ".join(self.columns)

    def __len__(self) -> int:
        return self.rows

    def __getitem__(self, name: str) -> Array:
        """A column, or a field of the observation: "context", "candidates" (int64), "exposure", ..."""
        if name in self.columns:
            return self.columns[name]
        fields = self.about.get("layout", {}) if "observation" in self.columns else {}
        start, stop = choose("column or field of the log", name, {**dict.fromkeys(self.columns, (0, 0)), **fields})
        field = self.columns["observation"][:, start:stop]
        return field.astype(np.int64) if name == "candidates" else field

    @property
    def config(self) -> dict[str, Any]:
        """The configuration of the run."""
        found: dict[str, Any] = self.about["config"]
        return found

    def join_delayed(self) -> Log:
        """Return the log with delayed conversions moved to their impressions.

        Returns:
            A log whose `conversions` and `revenue` (r, k) include the delayed ones. It has a column `delay` (r, k) int64, the
            number of steps by which a conversion was delayed (-1 without a conversion), and no columns `delayed_...`. Conversions
            that had not arrived by the end of the log, and those of impressions before its first row, are not included.

        Raises:
            ValueError: one of the columns `step`, `row`, `conversions`, `revenue` and `delayed_...` was not read.
        """
        needed = ("step", "row", "conversions", "revenue", "delayed_row", "delayed_age", "delayed_rank", "delayed_revenue")
        missing = [name for name in needed if name not in self.columns]
        if missing:
            raise ValueError(f"the log was read without {', '.join(missing)}: read all columns to join delayed conversions")
        step, row = self["step"], self["row"]
        conversions, revenue = self["conversions"].copy(), self["revenue"].copy()
        delay = np.where(conversions, 0, -1)
        width = int(row.max()) + 1 if self.rows else 1
        key = step * width + row  # ascending, because rows are written step by step
        arrived, age, rank = self["delayed_row"], self["delayed_age"].astype(np.int64), self["delayed_rank"]
        shown = (step[arrived] - age) * width + row[arrived]
        place = np.minimum(np.searchsorted(key, shown), max(self.rows - 1, 0))
        known = key[place] == shown if self.rows else np.zeros(0, np.bool_)
        place, rank = place[known], rank[known]
        conversions[place, rank] = True
        revenue[place, rank] = self["delayed_revenue"][known]
        delay[place, rank] = age[known]
        kept = {name: column for name, column in self.columns.items() if not name.startswith("delayed_")}
        return replace(self, columns={**kept, "conversions": conversions, "revenue": revenue, "delay": delay})

    def episodes(self) -> dict[str, Array]:
        """The complete episodes in the log: each shopper's visits from the first to the last.

        An episode counts if its first visit is logged, and if the log continues for as many steps as an episode can have visits;
        otherwise only short episodes would be complete.

        Returns:
            Arrays of e episodes in the order of their starts: `start` (e,) the step of the first visit, `shopper` (e,), `length`
            (e,) the number of visits, `objectives` (e, M) the sums over all visits, and `stayed` (e,) bool, whether the shopper
            made all possible visits.

        Raises:
            ValueError: one of the columns `step`, `shopper`, `visit` and `objectives` was not read, or the log does not contain
                the largest number of visits of an episode.
        """
        missing = [name for name in ("step", "shopper", "visit", "objectives") if name not in self.columns]
        if missing:
            raise ValueError(f"the log was read without {', '.join(missing)}: read these columns to add up episodes")
        visits = self.config.get("visits")
        if not isinstance(visits, int):
            raise ValueError("the log does not contain the number of visits: expected a log written by `slategym simulate`")
        step, visit = self["step"], self["visit"]
        _, first, inverse = np.unique(self["shopper"], return_index=True, return_inverse=True)
        length = np.bincount(inverse)
        objectives = np.stack([np.bincount(inverse, column) for column in self["objectives"].T], axis=1)
        rows = np.bincount(step - step[0]) if self.rows else np.zeros(1)
        end = int(step[-1]) + int(rows[-1] == rows[0]) if self.rows else 0  # a last step that was cut off lacks some visits
        kept = np.flatnonzero((visit[first] == 0) & (step[first] + visits <= end))
        kept = kept[np.lexsort((self["shopper"][first[kept]], step[first[kept]]))]
        return {
            "start": step[first[kept]],
            "shopper": self["shopper"][first[kept]],
            "length": length[kept],
            "objectives": objectives[kept],
            "stayed": length[kept] == visits,
        }

    def world(self, *, trust: bool = False) -> World:
        """Recreate the world of the log from its configuration; if it changes over time, `world.at(step)` is the one of a row.

        A world or a user model from a file (`my_shop.py:Bookshop`) is loaded from there, which runs the file.

        Args:
            trust: run the files that the log names.

        Raises:
            ValueError: the log does not name its world, there is no such world, or `trust` is required.

        Warns:
            UserWarning: the recreated world differs, because its files or slategym have changed since.
        """
        name, options = self.config.get("world"), self.config.get("options", {})
        if not isinstance(name, str):
            raise ValueError("the log does not name its world: expected a log written by `slategym simulate`")
        texts = [name, *(text for value in options.values() for text in (value if isinstance(value, list) else [value]))]
        foreign = [text for text in texts if isinstance(text, str) and is_reference(split_options(text)[0])]
        if foreign and not trust:
            raise ValueError(
                f"the world of the log needs {', '.join(foreign)}, which runs code: use world(trust=True) if you trust it"
            )
        world = make_world(name, **options)
        if fingerprint(world) != self.about.get("world"):
            warnings.warn(f"{name} has changed since the log was written: the world differs from that of the log", stacklevel=2)
        return world
