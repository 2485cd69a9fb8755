"""Reading logs of impressions from files, data frames, dictionaries and logs of slategym."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.logs import cells
from slategym.logs.bandit_feedback import from_bandit_feedback, is_bandit_feedback
from slategym.logs.impressions import Floats, ImpressionLog, Ints, Mask
from slategym.logs.reading import read_log
from slategym.logs.roles import Columns, Given, assign, given_columns, plain_name
from slategym.logs.slates import impressions_of
from slategym.sim.files.table import Table

MANY = 1000  # a column of texts that mostly differ is not used as context if it has more texts than this


def read_impressions(source: Any, columns: Given = None, *, encoding: str | None = None) -> ImpressionLog:
    """Read a log of impressions, with one row for each item that was shown.

    Columns are recognised by their names (`slategym.logs.roles.ROLES` lists them: "product_id" is an item, "is_clicked" a click)
    or named in `columns`. An unknown column that always has the same value for an item becomes a feature of the item; one with
    the same value within each slate becomes context. All other columns are ignored; `notes` says so.

    Args:
        source: path of a CSV or Parquet file, optionally compressed by gzip; a folder that `slategym simulate` wrote; a data
            frame of pandas, polars or pyarrow, or a relation of DuckDB; a dictionary of columns; or bandit feedback in the format
            of the Open Bandit Pipeline.
        columns: `click=is_clicked,item=product_id,context=age+country,ignore=url`, or the same as a dictionary.
        encoding: encoding of a CSV file, if it is neither UTF-8 nor UTF-16.

    Raises:
        ValueError: there is no such file, a column is missing, or cells are wrong (listed by row and column).
    """
    given = given_columns(columns)
    if isinstance(source, str | Path) and Path(source).is_dir():
        if given:
            raise ValueError(f"{source} is a log of slategym, whose columns are known: remove columns")
        return impressions_of(read_log(source), str(source))
    if isinstance(source, Mapping) and is_bandit_feedback(source):
        if given:
            raise ValueError("the columns of bandit feedback have fixed names: remove columns")
        return from_bandit_feedback(source)
    return _Reading(cells.table_of(source, encoding), given).log()


class _Reading:
    """Converts a table to a log."""

    def __init__(self, table: Table, given: Columns) -> None:
        self.table, self.given = table, given
        self.roles, self.rest = assign(list(table.columns), given)
        self.notes: list[str] = []
        self.count = table.rows
        if "item" not in self.roles:
            self.table.refuse()
            raise ValueError(
                f"{table.name} has no column of items: name it, such as --columns item=COLUMN. It has: {', '.join(table.columns)}"
            )

    def log(self) -> ImpressionLog:
        """Return the log, or raise an error that lists all faults."""
        item, item_ids = self._coded("item")
        self.ids: dict[str, NDArray[Any]] = {"item": item_ids}
        when, unit = self._time()
        slate = self._slates(when)
        rank = self._ranks(slate)
        order = np.lexsort((rank, slate))
        self.order, self.slate, self.rank = order, slate[order], rank[order]
        self._check_ranks()
        candidates = self._candidates()  # before items are stored, because candidates may contain more items
        item = self.renumbered[item] if candidates else item
        propensity = self._column("propensity", self._probability)
        joint = self._column("joint_propensity", self._probability)
        self._same_within("joint_propensity", joint)
        shopper = self._column("shopper", lambda name: self._kept("shopper", name))
        session = self._column("session", lambda name: self._kept("session", name))
        self._same_within("shopper", shopper)
        self._same_within("session", session)
        named = [role for role in ("click", "conversion") if role in self.roles]
        events: dict[str, Mask] = {str(role): cells.events(self.table, self.roles[role][0]) for role in named}
        events |= {plain_name(name): cells.events(self.table, name) for name in self.roles.get("event", [])}
        revenue = self._column("revenue", lambda name: np.nan_to_num(self.table.numbers(name, missing=True)))
        delay = self._delay(when)
        context, features = self._described(item)
        self.table.refuse()
        slates = self.slate[-1] + 1
        first = np.searchsorted(self.slate, np.arange(slates))
        return ImpressionLog(
            slate=self.slate,
            rank=self.rank,
            item=item[order],
            ids=self.ids,
            events={name: event[order] for name, event in events.items()},
            propensity=propensity,
            joint_propensity=joint,
            time=None if when is None else np.minimum.reduceat(when[order], first)[self.slate],
            shopper=shopper,
            session=session,
            revenue=revenue,
            delay=delay,
            context=context,
            features=features,
            candidates=candidates,
            time_unit=unit,
            source=self.table.name,
            columns={role: tuple(names) for role, names in self.roles.items()},
            notes=tuple(self.notes),
        )

    def _coded(self, role: str) -> tuple[Ints, NDArray[Any]]:
        return cells.coded(self.table, self.roles[role][0])

    def _kept(self, name: str, column: str) -> Ints:
        codes, self.ids[name] = cells.coded(self.table, column)
        return codes

    def _column(self, role: str, read: Callable[[str], Any]) -> Any:
        """A column in the order of the log; None if it does not exist."""
        return read(self.roles[role][0])[self.order] if role in self.roles else None

    def _probability(self, name: str) -> Floats:
        return self.table.numbers(name, 0.0, 1.0, above=0.0)

    def _time(self) -> tuple[Floats | None, str]:
        if "time" not in self.roles:
            return None, "seconds"
        column = self.roles["time"][0]
        when, said = cells.times(self.table, column)
        if said not in ("seconds", "dates"):
            self.notes.append(f"{column} was read as {said}, and converted to seconds.")
        return when, "steps" if column == "step" else "seconds"

    def _slates(self, when: Floats | None) -> Ints:
        """(r,) the number of each row's slate; slates are ordered by time, then by their first rows."""
        if "slate" not in self.roles:
            self.notes.append("There is no column of slates: each row is read as a separate slate.")
            group, first = np.arange(self.count), np.arange(self.count)
        else:
            group = np.zeros(self.count, np.int64)
            for name in self.roles["slate"]:
                code = cells.coded(self.table, name)[0]
                group = np.unique(group * (code.max(initial=0) + 1) + code, return_inverse=True)[1]
            first = np.unique(group, return_index=True)[1]
        starts = first.astype(np.float64)
        if when is not None:
            starts = np.full(len(first), np.inf)
            np.minimum.at(starts, group, np.where(np.isnan(when), np.inf, when))
        place = np.argsort(np.lexsort((first, starts)))
        return place[group]

    def _ranks(self, slate: Ints) -> Ints:
        if "rank" in self.roles:
            rank = cells.whole_numbers(self.table, self.roles["rank"][0])
            if len(rank) and rank.min() == 1:
                self.notes.append(f"{self.roles['rank'][0]} counts from 1: it was converted to ranks from 0.")
                rank = rank - 1
            return rank
        order = np.argsort(slate, kind="stable")
        ascending = slate[order]
        rank = np.empty(self.count, np.int64)
        rank[order] = np.arange(self.count) - np.searchsorted(ascending, ascending)
        if "slate" in self.roles and rank.any():
            self.notes.append("There is no column of ranks: the rows of a slate are assumed to be in order.")
        return rank

    def _check_ranks(self) -> None:
        twice = (np.diff(self.slate) == 0) & (np.diff(self.rank) == 0)
        if twice.any():
            column = (self.roles.get("rank") or self.roles["slate"])[0]
            rows = np.sort(self.order[1:][twice])
            self.table.faults_at(column, rows, lambda row: "is also the rank of another row of the slate: expected each once")

    def _candidates(self) -> tuple[Ints, Ints] | None:
        """The candidates of each slate, with item numbers for both candidates and rows."""
        if "candidates" not in self.roles:
            return None
        offsets, entries = cells.lists(self.table, self.roles["candidates"][0])
        import pyarrow as pa

        shown = self.table.text_of(self.roles["item"][0])
        codes, ids = cells.encoded(pa.concat_arrays([shown.cast(pa.string()), entries]))
        known = dict(zip(ids.astype(np.str_).tolist(), range(len(ids)), strict=True))
        self.renumbered = np.array([known[name] for name in self.ids["item"].astype(np.str_).tolist()], np.int64)
        self.ids["item"] = ids
        first = self.order[np.searchsorted(self.slate, np.arange(self.slate[-1] + 1))]
        lengths = np.diff(offsets)[first]
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        place = np.arange(starts[-1]) + np.repeat(offsets[first] - starts[:-1], lengths)
        return starts, codes[self.count :][place]

    def _delay(self, when: Floats | None) -> Floats | None:
        if "delay" in self.roles:
            delay: Floats = self._column("delay", lambda name: self.table.numbers(name, 0.0, missing=True))
            return delay
        if "conversion_time" not in self.roles or when is None:
            return None
        name = self.roles["conversion_time"][0]
        until = cells.times(self.table, name, missing=True)[0]
        early = until < when
        self.table.faults_in(name, early, "is {}: expected a time after the impression")
        return (until - when)[self.order]

    def _same_within(self, role: str, values: Any) -> None:
        """Record faults where a value differs within a slate."""
        if values is None:
            return
        rows = np.sort(self.order[self._changes(values)])
        self.table.faults_at(
            self.roles[role][0], rows, lambda row: f"differs from another row of the same slate: expected one {role} per slate"
        )

    def _changes(self, values: NDArray[Any]) -> Mask:
        """(r,) in the order of the log, whether a value differs from the row before in the same slate."""
        same = np.diff(self.slate, prepend=-1) == 0
        before = np.roll(values, 1)
        return np.asarray(same & (values != before) & ~((values != values) & (before != before)), np.bool_)

    def _described(self, item: Ints) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]]]:
        """The columns that describe shoppers, in the order of the log, and those that describe items, by item."""
        context: dict[str, NDArray[Any]] = {}
        features: dict[str, NDArray[Any]] = {}
        for name in self.roles.get("context", []):
            context[plain_name(name)] = self._values(name)[self.order]
            if (changes := self._changes(context[plain_name(name)])).any():
                self.table.faults_at(
                    name,
                    np.sort(self.order[changes]),
                    lambda row: "differs from another row of the same slate: expected one value",
                )
        for name in self.roles.get("feature", []):
            values = self._values(name)
            features[plain_name(name)], wrong = _by_item(values, item, len(self.ids["item"]))
            self.table.faults_at(name, np.flatnonzero(wrong), lambda row: "differs from another row of the same item")
        for name in self.rest:
            values = self._values(name)
            by_item, differs = _by_item(values, item, len(self.ids["item"]))
            texts = name in self.ids
            if texts and len(self.ids[name]) > max(MANY, self.count / 2):
                self.notes.append(f"{name} is ignored: most of its values occur only once.")
                del self.ids[name]
            elif not differs.any() and 2 * len(self.ids["item"]) <= self.count and _several(by_item):
                features[name] = by_item
                self.roles.setdefault("feature", []).append(name)
                self.notes.append(f"{name} was read as a feature of items: it is the same whenever an item is shown.")
            elif not self._changes(values[self.order]).any():
                context[name] = values[self.order]
                self.roles.setdefault("context", []).append(name)
            else:
                self.notes.append(f"{name} is ignored: it differs within slates and for the same item.")
                self.ids.pop(name, None)
        return context, features

    def _values(self, name: str) -> NDArray[Any]:
        """A column as numbers if all its cells are numbers, otherwise as numbers of its texts; an empty cell is also a text."""
        if self.table.share_of_numbers(name) == 1.0:
            return self.table.numbers(name, missing=True)
        import pyarrow.compute as pc

        values, self.ids[plain_name(name)] = cells.encoded(pc.fill_null(self.table.text_of(name), ""))
        return values


def _by_item(values: NDArray[Any], item: Ints, count: int) -> tuple[NDArray[Any], Mask]:
    """(m,) each item's value where it was first shown, and (r,) whether a row has a different value for its item."""
    found = np.full(count, np.nan if values.dtype.kind == "f" else -1, values.dtype)
    known, first = np.unique(item, return_index=True)
    found[known] = values[first]
    differs = found[item] != values
    return found, np.asarray(differs & ~((values != values) & (found[item] != found[item])), np.bool_)


def _several(values: NDArray[Any]) -> bool:
    """Return whether there are different values."""
    known = values[values == values]
    return len(known) > 0 and bool((known != known[0]).any())
