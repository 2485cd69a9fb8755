"""Advice on which estimators to use, computed from the cells of a study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Any

import numpy as np

NAMES = {"actions": "single actions", "slates": "slates chosen item by item", "product": "slates whose ranks are independent"}
COVERED = 0.93  # the least coverage that is accepted for a nominal 95 %
USABLE = 0.2  # the largest useful error, as a share of the value
CHANCE = 1.645  # standard errors
ENOUGH = 1000  # a sufficient effective sample size
UNBIASED = ("ipw", "snipw", "dr", "sndr", "sips", "cascade-dr")  # unbiased or consistent, without an option that adds bias
Cells = Sequence[Mapping[str, Any]]


def short(text: str) -> str:
    """A short form of an estimator's text for tables, without lists of numbers.

    Args:
        text: a text such as "position-based:examination=1,0.85".
    """
    name, _, options = text.partition(":")
    if "self_normalised" in options:
        return f"{name}, self-normalised"
    return f"{name}, clipped" if "auto" in options else name


def failing(error: float | None, coverage: float, replications: int) -> str:
    """Why an estimator fails: "error" if its error is too large, "coverage" if its interval covers too rarely; else empty.

    Args:
        error: root mean square error, as a share of the true value.
        coverage: share of the logs in which its normal 95 % interval contains the true value.
        replications: the number of logs; coverage fails if it is significantly below 93 % (one-sided, 5 %).
    """
    if error is None or error > USABLE:
        return "error"
    return "coverage" if coverage + CHANCE * sqrt(COVERED * (1 - COVERED) / replications) < COVERED else ""


def advice(cells: Cells) -> list[str]:
    """Sentences on which estimator to use, and in which cases none should be trusted.

    Args:
        cells: the cells of a study.
    """
    return [sentence for kind in NAMES for sentence in _of_kind([cell for cell in cells if cell["kind"] == kind], kind)]


def recommended(cells: Cells) -> dict[str, str]:
    """The estimator with the lowest error over all logs, by kind.

    Args:
        cells: the cells of a study.
    """
    by_kind = {kind: [cell for cell in cells if cell["kind"] == kind] for kind in NAMES}
    return {kind: _ranked(some)[0][0] for kind, some in by_kind.items() if some}


def _ranked(cells: Cells) -> tuple[list[str], dict[str, Any], Any]:
    """The estimators of a kind, the best one first; the errors of each in each cell; and the least error of each cell.

    Errors are compared relative to the least error of a cell, so that the hardest cells do not dominate.
    """
    errors = {name: np.array([_error(cell, name) for cell in cells]) for name in cells[0]["estimators"]}
    best = np.min(list(errors.values()), axis=0)
    return sorted(errors, key=lambda name: _times(errors[name], best)), errors, best


def _of_kind(cells: Cells, kind: str) -> list[str]:
    if not cells:
        return []
    ranked, errors, best = _ranked(cells)
    held = {name: sum(_covers(cell, name) for cell in cells) for name in errors}
    first, count = ranked[0], len(cells)
    said = [
        f"For {NAMES[kind]} use {short(first)}: over the {count} logs its error is {_times(errors[first], best):.2f} times "
        f"that of the best estimator of each log, and its 95 % interval covers {100 * COVERED:g} % or more in {held[first]} of "
        "these logs."
    ]
    sound = next(name for name in ranked if held[name] == max(held.values()))
    if sound != first and held[sound] > held[first]:
        said.append(
            f"If the interval matters, use {short(sound)}: it covers in {held[sound]} of {count} logs, with an error "
            f"{_times(errors[sound], errors[first]):.2f} times as large."
        )
    lost = [cell for cell in cells if all(found["fails"] for found in cell["estimators"].values())]
    if lost:
        places = ", ".join(f"{cell['logging']} with {cell['rounds']:,} rounds" for cell in lost)
        largest = max(cell["effective_size"] for cell in lost)
        said.append(
            f"No estimator gives a value within {100 * USABLE:g} % and an interval that covers if the log is {places} "
            f"(effective sample sizes of up to {largest:,.0f})."
        )
    return said + _coverage(cells)


def _coverage(cells: Cells) -> list[str]:
    """Sentences on the coverage of the normal intervals of unbiased estimators, by effective sample size."""
    names = [name for name in UNBIASED if name in cells[0]["estimators"]]
    said = []
    for enough, words in ((False, f"below {ENOUGH:,}"), (True, f"{ENOUGH:,} or more")):
        some = [cell for cell in cells if (cell["effective_size"] >= ENOUGH) == enough]
        covered = [100 * cell["estimators"][name]["coverage"]["normal"] for cell in some for name in names]
        if covered:
            said.append(
                f"If the effective sample size is {words}, normal 95 % intervals of {', '.join(names)} cover "
                f"{min(covered):.0f} to {max(covered):.0f} %."
            )
    return said


def _covers(cell: Mapping[str, Any], name: str) -> bool:
    return not failing(0, cell["estimators"][name]["coverage"]["normal"], cell["replications"])


def _error(cell: Mapping[str, Any], name: str) -> float:
    error = cell["estimators"][name]["rmse"]
    return float("inf") if error is None else max(float(error), 1e-300)


def _times(errors: Any, others: Any) -> float:
    """The geometric mean of ratios."""
    return float(np.exp(np.mean(np.log(errors) - np.log(others))))
