"""Numbers and names as text: decimals, intervals, percentages, lists."""

from __future__ import annotations

import math
from collections.abc import Iterable

from slategym.bench.statistics import Difference, Estimate


def decimals(figures: Iterable[Estimate]) -> int:
    """How many decimals a column of figures deserves: two digits of the usual interval, or four digits of the figures."""
    known = [figure for figure in figures if figure.mean is not None]
    halves = sorted((figure.high - figure.low) / 2 for figure in known if figure.high is not None and figure.low is not None)
    half = halves[len(halves) // 2] if halves else 0.0
    largest = max((abs(figure.mean) for figure in known if figure.mean is not None), default=0.0)
    if largest == 0:
        return 2
    digits = 3 - math.floor(math.log10(largest))
    if half > 0:
        digits = min(digits + 2, 1 - math.floor(math.log10(half)))
    return max(0, min(8, digits))


def number(value: float | None, places: int, signed: bool = False) -> str:
    """A number as it is printed, with a true minus; a dash where there is none."""
    if value is None:
        return "–"
    return f"{value:{'+' if signed else ''},.{places}f}".replace("-", "−")


def interval(figure: Estimate | Difference, places: int) -> str:
    """An interval in words."""
    if figure.low is None or figure.high is None:
        return "no interval"
    return f"95 % interval {number(figure.low, places)} to {number(figure.high, places)}"


def percent(share: float | None) -> str:
    """A share as a percentage."""
    return "–" if share is None else f"{100 * share:.1f} %"


def listed(names: list[str]) -> str:
    """Names as a sentence lists them."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
