"""Segments of a log's shoppers: combinations of the levels of its context columns, which are all that agents see of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.logs.impressions import Floats, ImpressionLog, Ints
from slategym.utils.checked import checked
from slategym.utils.lookup import nearest
from slategym.utils.ranges import Count, PositiveShare
from slategym.utils.short_repr import Brief

OTHER, MISSING = "other", "missing"


@dataclass(frozen=True)
class Variable:
    """A column of the context, divided into levels.

    Attributes:
        name: name of the column.
        levels: names of the levels.
        edges: ascending upper bounds of the levels of a numeric column: level i contains the numbers up to edges[i], the last
            level the numbers above; a level "missing" may follow. None: the levels are texts or single numbers, and "other"
            contains the rest.
    """

    name: str
    levels: tuple[str, ...]
    edges: tuple[float, ...] | None = None

    def codes(self, log: ImpressionLog) -> Ints:
        """(s,) the number of each slate's level.

        Args:
            log: a log with a column of that name.

        Raises:
            ValueError: the log has no such column.
        """
        if self.name not in log.context:
            raise ValueError(
                f"{log.source} has no context {self.name!r}, which the segments need.{nearest(self.name, log.context)}"
            )
        values = log.of_slate(log.context[self.name])
        if self.edges is not None:
            numbers = np.asarray(values, np.float64)
            code = np.searchsorted(self.edges, numbers, side="left")
            return self._pooled(np.where(np.isnan(numbers), -1, code), MISSING, log)
        distinct, place = np.unique(values, return_inverse=True)
        number = {level: code for code, level in enumerate(self.levels)}
        found = np.array([number.get(text, -1) for text in _texts(log, self.name, distinct)], np.int64)
        return self._pooled(found[place], OTHER, log)

    def _pooled(self, codes: Ints, level: str, log: ImpressionLog) -> Ints:
        unknown = codes < 0
        if not unknown.any():
            return codes
        if level not in self.levels:
            level = OTHER if OTHER in self.levels else self.levels[0]  # the value did not exist when the levels were chosen
        return np.where(unknown, self.levels.index(level), codes)


@dataclass(frozen=True, repr=False)
class Segments(Brief):
    """Segments of shoppers by the levels of context columns; a cell is a combination of one level of each.

    Attributes:
        variables: the columns with their levels; in the numbering of cells the last one varies fastest.
        left_out: the context columns that are not used.
    """

    variables: tuple[Variable, ...]
    left_out: tuple[str, ...] = ()

    def _told(self) -> Iterable[str]:
        yield " x ".join(f"{variable.name} ({len(variable.levels)})" for variable in self.variables) or "a single segment"

    @staticmethod
    @checked
    def fit(
        log: ImpressionLog,
        columns: Sequence[str] | None = None,
        *,
        least_share: PositiveShare = 0.02,
        bins: Count = 4,
        most_cells: Count = 1024,
    ) -> Segments:
        """Divide the context of a log into levels.

        Texts that occur in at least `least_share` of the slates are separate levels, the others are pooled. Numbers are cut at
        their quantiles, unless there are few of them. A column is left out if fewer than two levels have that share, including
        the pool. If the remaining columns have more than `most_cells` cells together, those that explain most of the clicks are
        used, according to the Bayesian information criterion (Schwarz, Annals of Statistics 1978).

        Args:
            log: a log with context.
            columns: columns of the context; None: all, within `most_cells`.
            least_share: smallest share of the slates for a level of texts.
            bins: number of levels of a numeric column.
            most_cells: largest number of cells.

        Raises:
            ValueError: there is no such column, or an argument is out of its range.
        """
        for name in columns or ():
            if name not in log.context:
                has = ", ".join(log.context) or "none"
                raise ValueError(f"{log.source} has no context {name!r}.{nearest(name, log.context)} It has: {has}")
        found = [_variable(log, name, least_share, bins) for name in (log.context if columns is None else columns)]
        several = [variable for variable in found if _tells_apart(variable, log, least_share)]
        if math.prod(len(variable.levels) for variable in several) > most_cells:
            several = _most_telling(log, several, most_cells)
        kept = {variable.name for variable in several}
        return Segments(tuple(several), tuple(name for name in log.context if name not in kept))

    @property
    def levels(self) -> dict[str, tuple[str, ...]]:
        """The levels of each variable, as required by `ContingencyTable`."""
        return {variable.name: variable.levels for variable in self.variables}

    @property
    def cells(self) -> int:
        """The number of cells."""
        return math.prod(len(variable.levels) for variable in self.variables)

    @property
    def names(self) -> tuple[str, ...]:
        """(c,) names of the columns that agents see, such as "country=DE"; pooled values are all zeros."""
        return tuple(f"{name}={level}" for name, levels in self.levels.items() for level in levels if level != OTHER)

    def cell(self, log: ImpressionLog) -> Ints:
        """(s,) the number of each slate's cell.

        Args:
            log: a log with the columns of the variables.

        Raises:
            ValueError: a column is missing.
        """
        found = np.zeros(log.slates, np.int64)
        for variable in self.variables:
            found = found * len(variable.levels) + variable.codes(log)
        return found

    def columns_of_cells(self) -> NDArray[np.float32]:
        """(cells, c) what agents see of the shoppers of each cell, 0 or 1."""
        shape = tuple(len(variable.levels) for variable in self.variables)
        level = np.unravel_index(np.arange(self.cells), shape) if shape else ()
        parts = [
            np.eye(len(variable.levels), dtype=np.float32)[code][:, [level != OTHER for level in variable.levels]]
            for variable, code in zip(self.variables, level, strict=True)
        ]
        return np.concatenate([np.zeros((self.cells, 0), np.float32), *parts], axis=1)

    def one_hot(self, log: ImpressionLog) -> NDArray[np.float32]:
        """(s, c) what agents see of each slate's shopper, 0 or 1.

        Args:
            log: a log with the columns of the variables.

        Raises:
            ValueError: a column is missing.
        """
        return self.columns_of_cells()[self.cell(log)]

    def to_json(self) -> list[dict[str, Any]]:
        """The variables, in JSON values."""
        return [
            {"name": each.name, "levels": list(each.levels), "edges": None if each.edges is None else list(each.edges)}
            for each in self.variables
        ]

    @staticmethod
    def from_json(variables: Sequence[Mapping[str, Any]]) -> Segments:
        """Recreate the segments that `to_json` wrote.

        Args:
            variables: the result of `to_json`.

        Raises:
            ValueError: the variables do not have the required form.
        """
        try:
            return Segments(
                tuple(
                    Variable(
                        str(each["name"]),
                        tuple(str(level) for level in each["levels"]),
                        None if each["edges"] is None else tuple(float(edge) for edge in each["edges"]),
                    )
                    for each in variables
                )
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"the segments do not have the form that slategym writes ({error!r})") from error


def _variable(log: ImpressionLog, name: str, least_share: float, bins: int) -> Variable:
    values = log.of_slate(log.context[name])
    if name not in log.ids:
        numbers = np.asarray(values, np.float64)
        known = numbers[~np.isnan(numbers)]
        if len(np.unique(known)) > bins:
            edges = np.unique(np.quantile(known, np.arange(1, bins) / bins))
            edges = edges[edges < known.max()]  # otherwise the last level would be empty
            if len(edges):
                return Variable(name, (*_ranges(edges), *([MISSING] if len(known) < len(numbers) else [])), tuple(edges.tolist()))
    distinct, counts = np.unique(values, return_counts=True)
    frequent = counts >= least_share * max(len(values), 1)
    order = np.argsort(-counts[frequent], kind="stable")
    levels = [level for level in _texts(log, name, distinct[frequent][order]) if level != OTHER]
    return Variable(name, (*levels, *([OTHER] if len(levels) < len(distinct) else [])))


def _ranges(edges: Floats) -> list[str]:
    texts = [f"{edge:.4g}" for edge in edges]
    return [f"<={texts[0]}", *(f"{low}..{high}" for low, high in pairwise(texts)), f">{texts[-1]}"]


def _texts(log: ImpressionLog, name: str, values: NDArray[Any]) -> list[str]:
    """Values of a context column as texts."""
    if name in log.ids:
        return [text or MISSING for text in log.ids[name][values].astype(np.str_).tolist()]
    return [MISSING if value != value else f"{value:g}" for value in values.tolist()]


def _tells_apart(variable: Variable, log: ImpressionLog, least_share: float) -> bool:
    shares = np.bincount(variable.codes(log), minlength=len(variable.levels)) / max(log.slates, 1)
    return int((shares >= least_share).sum()) > 1


def _most_telling(log: ImpressionLog, variables: list[Variable], most_cells: int) -> list[Variable]:
    """The variables that explain most of the clicks, within the number of cells, in their original order."""
    clicks = log.click if "click" in log.events else np.ones(len(log), np.bool_)
    gain = {variable.name: _gain(variable.codes(log)[log.slate], clicks, len(variable.levels)) for variable in variables}
    kept: list[str] = []
    cells = 1
    for variable in sorted(variables, key=lambda variable: -gain[variable.name]):
        if cells * len(variable.levels) <= most_cells:
            kept.append(variable.name)
            cells *= len(variable.levels)
    return [variable for variable in variables if variable.name in kept]


def _gain(code: Ints, clicks: NDArray[np.bool_], levels: int) -> float:
    """The log-likelihood of click rates by level minus that of a single rate, minus the penalty for the additional rates."""
    shown, clicked = np.bincount(code, minlength=levels), np.bincount(code, clicks, levels)

    def likelihood(clicked: Any, shown: Any) -> float:
        rate = clicked / np.maximum(shown, 1)
        logs = np.where(clicked > 0, clicked * np.log(np.maximum(rate, 1e-300)), 0.0)
        missed = np.where(clicked < shown, (shown - clicked) * np.log1p(-np.minimum(rate, 1 - 1e-16)), 0.0)
        return float(np.sum(logs + missed))

    return likelihood(clicked, shown) - likelihood(clicked.sum(), shown.sum()) - (levels - 1) / 2 * math.log(max(len(code), 1))
