"""Ranges of numbers, as annotations of arguments: `items: ItemCount = 500`."""

from __future__ import annotations

from math import inf
from typing import Annotated, Any, NamedTuple, get_args


class Range(NamedTuple):
    """The numbers that an argument accepts.

    Attributes:
        least: the smallest number.
        most: the largest number.
        above: whether numbers must be greater than the smallest.
    """

    least: float = -inf
    most: float = inf
    above: bool = False

    def __contains__(self, value: object) -> bool:
        number: Any = value
        return bool((self.least < number if self.above else self.least <= number) and number <= self.most)

    def __str__(self) -> str:
        low = f"above {_written(self.least)}" if self.above else f"from {_written(self.least)}"
        high = "" if self.most == inf else f" to {_written(self.most)}"
        return "" if self.least == -inf and not high else f"{low}{high}"


def range_of(kind: Any) -> Range:
    """The range in an annotation; all numbers if there is none.

    Args:
        kind: an annotation such as `ItemCount`.
    """
    return next((each for each in get_args(kind)[1:] if isinstance(each, Range)), Range())


def _written(number: float) -> str:
    return f"{number:,}" if isinstance(number, int) else f"{number:g}"


# Sizes have upper limits: a larger number is a mistake that would run out of memory hours later.
ItemCount = Annotated[int, Range(1, 10_000_000)]
SlateSize = Annotated[int, Range(1, 10_000)]
VisitCount = Annotated[int, Range(1, 2**24 - 1)]
DayCount = Annotated[int, Range(0, 10_000)]
Dimensions = Annotated[int, Range(1, 10_000)]
ShopperCount = Annotated[int, Range(1, 100_000_000)]
SlateCount = Annotated[int, Range(1, 1_000_000_000_000)]
SeedCount = Annotated[int, Range(1, 10_000)]
ProcessCount = Annotated[int, Range(1, 10_000)]
Port = Annotated[int, Range(0, 65535)]  # 0: a free port
PointCount = Annotated[int, Range(2, 10_000)]
Count = Annotated[int, Range(1, 1_000_000_000)]
Whole = Annotated[int, Range(0, 1_000_000_000)]
Seed = Annotated[int, Range(0, 2**64 - 1)]

Share = Annotated[float, Range(0, 1)]
PositiveShare = Annotated[float, Range(0, 1, above=True)]
Positive = Annotated[float, Range(0, above=True)]
NonNegative = Annotated[float, Range(0)]
