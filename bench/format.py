"""Numbers and names as text: decimals, intervals, percentages, lists."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from slategym.bench.statistics import Estimate


def decimals(estimates: Iterable[Estimate]) -> int:
    """The number of decimals for a column of estimates: two digits of the median interval, or four digits of the means."""
    known = [estimate for estimate in estimates if estimate.mean is not None]
    halves = sorted((estimate.interval[1] - estimate.interval[0]) / 2 for estimate in known if estimate.interval)
    half = halves[len(halves) // 2] if halves else 0.0
    largest = max((abs(estimate.mean) for estimate in known if estimate.mean is not None), default=0.0)
    if largest == 0:
        return 2
    digits = 3 - math.floor(math.log10(largest))
    if half > 0:
        digits = min(digits + 2, 1 - math.floor(math.log10(half)))
    return max(0, min(8, digits))


def number(value: float | None, places: int, signed: bool = False) -> str:
    """A number with a typographic minus sign; a dash for None."""
    if value is None:
        return "–"
    return f"{value:{'+' if signed else ''},.{places}f}".replace("-", "−")


def interval(estimate: Estimate, places: int) -> str:
    """An interval in words: "95 % interval 0.48 to 0.52"."""
    return f"95 % interval {ends(estimate, places)}" if estimate.interval else "no interval"


def ends(estimate: Estimate, places: int) -> str:
    """The ends of an interval: "0.48 to 0.52"; empty without an interval."""
    return f"{number(estimate.low, places)} to {number(estimate.high, places)}" if estimate.interval else ""


def bracketed(estimate: Estimate, places: int) -> str:
    """The interval as it is printed after a mean: " [0.48, 0.52]"; empty without an interval."""
    return f" [{number(estimate.low, places)}, {number(estimate.high, places)}]" if estimate.interval else ""


def percent(share: float | None) -> str:
    """A share as a percentage."""
    return "–" if share is None else f"{100 * share:.1f} %"


def milliseconds(seconds: float | None) -> str:
    """A time in milliseconds, "3.1 ms", with a non-breaking space."""
    return "–" if seconds is None else f"{1000 * seconds:.{int(seconds < 0.1)}f}\u00a0ms"


def percent_ends(estimate: Estimate) -> str:
    """The ends of a share's interval as percentages: "48.0 to 52.0 %"; empty without an interval."""
    return f"{percent(estimate.low).removesuffix(' %')} to {percent(estimate.high)}" if estimate.interval else ""


def weighted_sum(weights: Sequence[float], names: Sequence[str]) -> str:
    """The formula of a value: "clicks + 10 × conversions"."""
    text = ""
    for weight, name in zip(weights, names, strict=False):
        sign, term = "−" if weight < 0 else "+", name if abs(weight) == 1 else f"{abs(weight):g} × {name}"
        text += f" {sign} {term}" if text else f"{sign.removeprefix('+')}{term}"
    return text


def listed(names: list[str]) -> str:
    """Names as a list in a sentence: "a, b and c"."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
