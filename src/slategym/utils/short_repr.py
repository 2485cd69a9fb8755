"""Short representations of objects, regardless of how many numbers they contain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from itertools import accumulate
from typing import Any

import numpy as np

FEW = 8  # numbers of an array that are shown one by one
LONGEST = 60  # characters of an attribute
MOST = 240  # characters in total


class Brief:
    """A class with a `repr` of one line: its attributes, with only dtype and shape for arrays.

    A dataclass that derives from it sets `repr=False`.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        parts = list(self._told())
        shown = sum(total <= MOST for total in accumulate(len(part) + 2 for part in parts))
        return f"{type(self).__name__}({', '.join(parts[:shown] + ['...'] * (shown < len(parts)))})"

    def _told(self) -> Iterable[str]:
        """The parts between the parentheses."""
        names = [field.name for field in fields(self) if field.repr] if is_dataclass(self) else getattr(self, "__dict__", {})
        return [f"{name.lstrip('_')}={brief(getattr(self, name))}" for name in names if hasattr(self, name)]


def brief(value: Any) -> str:
    """A value in at most `LONGEST` characters."""
    if isinstance(value, np.ndarray):
        few = value.ndim == 1 and value.size <= FEW and value.dtype.kind in "fiub"
        return f"[{', '.join(f'{number:.4g}' for number in value.tolist())}]" if few else f"{value.dtype} {value.shape}"
    text = repr(value)
    if len(text) <= LONGEST and "\n" not in text:
        return text
    if isinstance(value, str):
        return f"{text[: LONGEST - 3]}..."
    many = f" of {len(value)}" if isinstance(value, Sequence | Mapping) else ""
    return f"{type(value).__name__}{many}" if many or "\n" in text or len(text) > 2 * LONGEST else text
