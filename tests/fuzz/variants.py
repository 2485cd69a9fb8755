"""Ways in which arguments of agents are changed, each with whether it is legal still."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from slategym.agents.base import Decision


def only(kind: Any, *start: str) -> Any:
    """Those whose name begins so."""

    def variants(good: Any) -> Iterator[tuple[str, bool, Any]]:
        return ((label, legal, value) for label, legal, value in kind(good) if label.startswith(start))

    return variants


def fewer(good: Decision) -> Iterator[tuple[str, bool, Any]]:
    yield "fewer slates", False, Decision(good.slate[1:], good.propensity)
    yield "fewer propensities", False, Decision(good.slate, good.propensity[1:])


def halved(good: np.ndarray) -> Iterator[tuple[str, bool, Any]]:
    yield "fewer rows", False, good[1:]
    yield "more rows", False, np.concatenate([good, good])


def scores(good: np.ndarray) -> Iterator[tuple[str, bool, Any]]:
    yield "a dimension less", False, good[0]
    yield "a dimension more", False, good[None]
    yield "no columns", False, good[:, :0]
    yield "fewer rows", False, good[:2]
    yield "objects", False, good.astype(object)
    yield "text", False, good.astype(str)
    yield "strided", True, np.repeat(good, 2, axis=1)[:, ::2]
    yield "read-only", True, _frozen(good)


def _frozen(array: np.ndarray) -> np.ndarray:
    frozen = array.copy()
    frozen.flags.writeable = False
    return frozen
