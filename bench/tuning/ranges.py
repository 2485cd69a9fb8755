"""The values that a search tries for an option: from the option's declaration, or from a text."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, inf, log10
from typing import Any

import numpy as np

from slategym.utils.lookup import nearest
from slategym.utils.options import REQUIRED, Option, guess_value
from slategym.utils.ranges import Range

FACTOR = 10  # how far a search goes below and above a default whose declaration has no ends
DIGITS = 4  # significant ones of a number that a search tries
SYNTAX = "expected NAME=LOW..HIGH, NAME=LOW..HIGH:log or NAME=VALUE,VALUE,..., such as alpha=0.01..3:log or passes=1,2,3"


@dataclass(frozen=True)
class SearchRange:
    """The values that a search tries for one option: numbers between two ends, or some values.

    Attributes:
        name: of the option.
        low: the least number; not used where there are `choices`.
        high: the greatest number.
        whole: whether the numbers are whole.
        log: whether their logarithms are spread evenly, instead of the numbers.
        choices: the values, if they are some.
    """

    name: str
    low: float = 0.0
    high: float = 0.0
    whole: bool = False
    log: bool = False
    choices: tuple[Any, ...] = ()

    def __str__(self) -> str:
        if self.choices:
            return ",".join(_written(value) for value in self.choices)
        return f"{_written(self.low)}..{_written(self.high)}{':log' if self.log else ''}"

    def __contains__(self, value: object) -> bool:
        if self.choices:
            return value in self.choices
        return isinstance(value, int | float) and not isinstance(value, bool) and self.low <= value <= self.high

    def grid(self, points: int) -> list[Any]:
        """Values spread over the range: all choices, or so many numbers with both ends, fewer if they are whole and few.

        Args:
            points: how many numbers.
        """
        if self.choices:
            return list(self.choices)
        spaced = np.geomspace(self.low, self.high, points) if self.log else np.linspace(self.low, self.high, points)
        return list(dict.fromkeys(self.setting(float(value)) for value in spaced))

    def setting(self, value: Any) -> Any:
        """The value that an option gets: numbers that are not whole have four significant digits.

        Args:
            value: as a sampler gives it.
        """
        if self.choices:
            return value
        if self.whole:
            return round(value)
        digits = DIGITS - 1 - floor(log10(abs(value))) if value else 0
        return min(max(round(float(value), digits), self.low), self.high)


def default_range(option: Option) -> SearchRange | None:
    """The range of an option by its declaration; None if it declares none, or has no default to search around.

    - One of some texts, or true and false: all of them.
    - A number above 0 with a declared range: from a tenth of the default to ten times the default, on a log scale, cut to the
      declaration.
    - A number whose default is 0: from 0 to 1, cut to the declaration.

    Args:
        option: of an agent or a scalarizer.
    """
    if option.choices:
        return SearchRange(option.name, choices=option.choices)
    if option.kind is bool and option.default is not REQUIRED:
        return SearchRange(option.name, choices=(False, True))
    default = option.default
    if option.range is None or option.kind not in (int, float) or not isinstance(default, int | float) or default < 0:
        return None
    low, high = (default / FACTOR, default * FACTOR) if default else (0.0, 1.0)
    low, high = max(low, option.range.least), min(high, option.range.most)
    if option.kind is int:
        low, high = max(floor(low), 1 if default else 0, ceil(option.range.least)), floor(high)
    return SearchRange(option.name, low, high, option.kind is int, log=bool(default)) if low < high else None


def read_range(text: str, options: dict[str, Option]) -> SearchRange:
    """The range of a text.

    Args:
        text: "alpha=0.01..3:log", "alpha=0..1" or "passes=1,2,3".
        options: the options that there are, by name.

    Raises:
        ValueError: the text is none, there is no such option, or a value is not one of the option.
    """
    name, equals, body = (part.strip() for part in text.partition("="))
    if not (name and equals and body):
        raise ValueError(f"--range is {text!r}: {SYNTAX}")
    if name not in options:
        raise ValueError(f"--range {text}: there is no option {name!r}.{nearest(name, options)} There are: {', '.join(options)}")
    option = options[name]
    found = _between(text, name, body, option) if ".." in body else _some(text, name, body, option)
    _check_declared(text, found, option)
    return found


def _between(text: str, name: str, body: str, option: Option) -> SearchRange:
    low, _, rest = body.partition("..")
    high, colon, scale = rest.partition(":")
    if option.kind not in (int, float, None):
        raise ValueError(f"--range {text}: {name} is no number: expected some of its values, with commas between them")
    if colon and scale.strip() != "log":
        raise ValueError(f"--range {text}: the scale is {scale.strip()!r}: expected log, or nothing")
    ends = [_value(text, part, option) for part in (low, high)]
    if not all(isinstance(end, int | float) and not isinstance(end, bool) for end in ends) or not ends[0] < ends[1]:
        raise ValueError(f"--range {text}: expected two numbers, the lower one first")
    if colon and ends[0] <= 0:
        raise ValueError(f"--range {text}: a log scale begins above 0, and this one at {ends[0]:g}")
    whole = option.kind is int or (option.kind is None and all(isinstance(end, int) for end in ends))
    return SearchRange(name, ends[0], ends[1], whole, bool(colon))


def _some(text: str, name: str, body: str, option: Option) -> SearchRange:
    values = tuple(_value(text, part, option) for part in body.split(","))
    if len(set(values)) < len(values):
        raise ValueError(f"--range {text}: a value comes twice")
    if len(values) < 2:
        raise ValueError(f"--range {text}: a search needs two values or more; to fix one, write it behind the name of the agent")
    return SearchRange(name, choices=values)


def _value(text: str, part: str, option: Option) -> Any:
    try:
        return option.read(part.strip()) if option.kind in (int, float, bool, str) else guess_value(part.strip())
    except ValueError as error:
        raise ValueError(f"--range {text}: {part.strip()!r}: {error}") from None


def _check_declared(text: str, found: SearchRange, option: Option) -> None:
    """Refuse values that the option does not allow."""
    limits = option.range or Range(-inf, inf)
    for value in found.choices or (found.low, found.high):
        if isinstance(value, int | float) and not isinstance(value, bool) and value not in limits:
            raise ValueError(f"--range {text}: {option.name} may be {limits}, and {value:g} is outside")
        if option.choices and value not in option.choices:
            raise ValueError(f"--range {text}: {option.name} is {' or '.join(option.choices)}, and {value!r} is none")


def _written(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    return f"{value:.10g}" if isinstance(value, int | float) else str(value)
