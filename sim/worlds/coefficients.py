"""The base of a world's coefficients: finite numbers with defaults."""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import isfinite


@dataclass(frozen=True, repr=False)
class Coefficients:
    """The base of dataclasses whose fields are finite numbers with defaults; `repr` shows only those that were changed.

    Raises:
        ValueError: a coefficient is not a finite number.
    """

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, bool) or not isinstance(value, float | int) or not isfinite(value):
                raise ValueError(f"{each.name} is {value!r}: expected a finite number")

    def __repr__(self) -> str:
        changed = [each for each in fields(self) if getattr(self, each.name) != each.default]
        return f"{type(self).__name__}({', '.join(f'{each.name}={getattr(self, each.name)!r}' for each in changed)})"
