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
        about: what the log says of itself (see `slategym.logs.schema.describe`), and "estimated_propensities": whether they are
            estimates by repeated draws; the latter of a whole log only, not of a part.
        status: "finished", "interrupted" where the run ended early, or "running" where it is under way or was killed.
        columns: arrays by name, of r rows: (r,) for `step`, `row`, `shopper`, `visit`; (r, k) for `slate` (always items),
            `propensity`, `clicks`, `conversions`, `revenue`; (r, M) for `objectives`; (r, o) for `observation`, if it was logged.
            `delayed_age`, `delayed_rank`, `delayed_item` and `delayed_revenue` have one entry per delayed conversion, and
            `delayed_row` the row of these columns at which it arrived.
        rows: r.
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
        """The log with delayed conversions at the impressions that they belong to.

        Returns:
            A log whose `conversions` and `revenue` (r, k) count the delayed ones too, with a column `delay` (r, k) int64, the
            steps by which a conversion was delayed, -1 where there is none; and without the columns `delayed_...`. Conversions
            that had not arrived at the end of the log are not in it, nor those of impressions before its first row.

        Raises:
            ValueError: the columns `step`, `row`, `conversions`, `revenue` and `delayed_...` were not all read.
        """
        needed = ("step", "row", "conversions", "revenue", "delayed_row", "delayed_age", "delayed_rank", "delayed_revenue")
        missing = [name for name in needed if name not in self.columns]
        if missing:
            raise ValueError(f"the log was read without {', '.join(missing)}: read all columns to join delayed conversions")
        step, row = self["step"], self["row"]
        conversions, revenue = self["conversions"].copy(), self["revenue"].copy()
        delay = np.where(conversions, 0, -1)
        width = int(row.max()) + 1 if self.rows else 1
        key = step * width + row  # ascending, as rows are written step by step
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
        """The whole episodes in the log: each shopper's visits from the first to the last.

        An episode counts if its first visit is logged, at least as many steps before the log's end as an episode can have visits:
        of later ones only the short ones would be over.

        Returns:
            Arrays of e episodes in the order of their starts: `start` (e,) the step of the first visit, `shopper` (e,), `length`
            (e,) how many visits, `objectives` (e, M) what all of them earned, and `stayed` (e,) bool, whether the shopper came as
            often as possible.

        Raises:
            ValueError: the columns `step`, `shopper`, `visit` and `objectives` were not all read, or the log does not say how
                many visits an episode can have.
        """
        missing = [name for name in ("step", "shopper", "visit", "objectives") if name not in self.columns]
        if missing:
            raise ValueError(f"the log was read without {', '.join(missing)}: read these columns to add up episodes")
        visits = self.config.get("visits")
        if not isinstance(visits, int):
            raise ValueError("the log does not say how many visits an episode can have: expected one of `slategym simulate`")
        step, visit = self["step"], self["visit"]
        _, first, inverse = np.unique(self["shopper"], return_index=True, return_inverse=True)
        length = np.bincount(inverse)
        objectives = np.stack([np.bincount(inverse, column) for column in self["objectives"].T], axis=1)
        rows = np.bincount(step - step[0]) if self.rows else np.zeros(1)
        end = int(step[-1]) + int(rows[-1] == rows[0]) if self.rows else 0  # of a last step that is cut, some visits are missing
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
        """The world that the log is of, made again from its configuration; where it changes, `world.at(step)` is that of a row.

        A world or a user model from a file (`my_shop.py:Bookshop`) is loaded from there, which runs the file.

        Args:
            trust: run files that the log names.

        Raises:
            ValueError: the log does not name its world, there is no such world, or it needs `trust`.

        Warns:
            UserWarning: the world that is made is another one, as its files or slategym have changed since.
        """
        name, options = self.config.get("world"), self.config.get("options", {})
        if not isinstance(name, str):
            raise ValueError("the log does not say which world it is of: expected a log that `slategym simulate` wrote")
        texts = [name, *(text for value in options.values() for text in (value if isinstance(value, list) else [value]))]
        foreign = [text for text in texts if isinstance(text, str) and is_reference(split_options(text)[0])]
        if foreign and not trust:
            raise ValueError(
                f"the world of the log needs {', '.join(foreign)}, which runs code: world(trust=True) if you trust it"
            )
        world = make_world(name, **options)
        if fingerprint(world) != self.about.get("world"):
            warnings.warn(f"{name} is not the world that the log was written in: it has changed since", stacklevel=2)
        return world
