"""Ranges of values that a search tries for an option, from the option's declaration or from a text."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, inf, log10
from typing import Any

import numpy as np

from slategym.utils.lookup import nearest
from slategym.utils.options import Option, guess_value
from slategym.utils.ranges import Range

FACTOR = 10  # default ranges extend from default / FACTOR to default * FACTOR
DIGITS = 4  # significant digits of numbers that a search tries
SYNTAX = "expected NAME=LOW..HIGH, NAME=LOW..HIGH:log or NAME=VALUE,VALUE,..., such as alpha=0.01..3:log or passes=1,2,3"


@dataclass(frozen=True)
class SearchRange:
    """The values that a search tries for one option: numbers between two ends, or a list of values.

    Attributes:
        name: name of the option.
        low: lowest number; not used with `choices`.
        high: highest number; not used with `choices`.
        whole: whether the numbers are integers.
        log: whether the scale is logarithmic.
        choices: the list of values; empty if there are ends.
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

    def at_end(self, value: Any) -> bool:
        """Whether a value is so close to an end of the range (within 5 % of its width) that better values may lie outside.

        Args:
            value: a value in the range.
        """
        if self.choices:
            return False
        low, high, place = (log10(each) if self.log else each for each in (self.low, self.high, value))
        return not 0.05 < (place - low) / (high - low) < 0.95

    def grid(self, points: int) -> list[Any]:
        """Values spread over the range: all choices, or evenly spaced numbers including both ends.

        Args:
            points: number of values; fewer are returned if the range contains fewer integers.
        """
        if self.choices:
            return list(self.choices)
        spaced = np.geomspace(self.low, self.high, points) if self.log else np.linspace(self.low, self.high, points)
        return list(dict.fromkeys(self.setting(float(value)) for value in spaced))

    def setting(self, value: Any) -> Any:
        """The value for an option, rounded to an integer or to four significant digits.

        Args:
            value: value from a sampler.
        """
        if self.choices:
            return value
        if self.whole:
            return round(value)
        digits = DIGITS - 1 - floor(log10(abs(value))) if value else 0
        return min(max(round(float(value), digits), self.low), self.high)


def default_range(option: Option) -> SearchRange | None:
    """The range of an option by its declaration; None if it declares none, or has no default to search around.

    - A choice of texts, or true and false: all of them.
    - A number with a positive default and a declared range: from a tenth of the default to ten times the default, on a log scale,
      limited to the declared range.
    - A number with the default 0 and a declared range: from 0 to 1, limited to the declared range.

    Args:
        option: an option of an agent or a scalarizer.
    """
    if option.choices:
        return SearchRange(option.name, choices=option.choices)
    default = option.default
    if option.range is None or option.kind not in (int, float) or not isinstance(default, int | float) or default < 0:
        return None
    low, high = (default / FACTOR, default * FACTOR) if default else (0.0, 1.0)
    low, high = max(low, option.range.least), min(high, option.range.most)
    if option.kind is int:
        low, high = max(floor(low), 1 if default else 0, ceil(option.range.least)), floor(high)
    return SearchRange(option.name, low, high, option.kind is int, log=bool(default)) if low < high else None


def read_range(text: str, options: dict[str, Option]) -> SearchRange:
    """Read a range from a text.

    Args:
        text: such as "alpha=0.01..3:log", "alpha=0..1" or "passes=1,2,3".
        options: the available options, by name.

    Raises:
        ValueError: the text has the wrong form, there is no such option, or the option does not accept a value.
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
        raise ValueError(f"--range {text}: {name} is not a number: expected some of its values, separated by commas")
    if colon and scale.strip() != "log":
        raise ValueError(f"--range {text}: the scale is {scale.strip()!r}: expected log, or nothing")
    ends = [_value(text, part, option) for part in (low, high)]
    if not all(isinstance(end, int | float) and not isinstance(end, bool) for end in ends) or not ends[0] < ends[1]:
        raise ValueError(f"--range {text}: expected two numbers, the lower one first")
    if colon and ends[0] <= 0:
        raise ValueError(f"--range {text}: a log scale needs ends above 0, and the lower end is {ends[0]:g}")
    whole = option.kind is int or (option.kind is None and all(isinstance(end, int) for end in ends))
    return SearchRange(name, ends[0], ends[1], whole, bool(colon))


def _some(text: str, name: str, body: str, option: Option) -> SearchRange:
    values = tuple(_value(text, part, option) for part in body.split(","))
    if len(set(values)) < len(values):
        raise ValueError(f"--range {text}: expected each value only once")
    if len(values) < 2:
        raise ValueError(f"--range {text}: expected two values or more; to fix a value, give it with the name of the agent")
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
            raise ValueError(f"--range {text}: {value:g} is out of range: expected {option.name} {limits}")
        if option.choices and value not in option.choices:
            known = " or ".join(map(_written, option.choices))
            raise ValueError(f"--range {text}: {value!r} is not a value of {option.name}: expected {known}")


def _written(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    return f"{value:.10g}" if isinstance(value, int | float) else str(value)
