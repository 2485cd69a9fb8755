"""Finding a thing by its name, and saying which names come near when there is none."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import TypeVar

T = TypeVar("T")


def choose(kind: str, name: str, known: Mapping[str, T]) -> T:
    """The entry of that name.

    Raises:
        ValueError: there is none; the message names the nearest ones and all that there are.
    """
    if name in known:
        return known[name]
    by_lower = {each.lower(): each for each in known}
    near = [by_lower[each] for each in get_close_matches(name.lower(), by_lower, n=3, cutoff=0.4)]
    hint = f" Did you mean {' or '.join(repr(each) for each in near)}?" if near else ""
    raise ValueError(f"there is no {kind} {name!r}.{hint} There are: {', '.join(known)}")
