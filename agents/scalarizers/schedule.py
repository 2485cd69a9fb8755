"""Scalarizers that follow each other at given slate counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from typing_extensions import override

from slategym.agents.scalarizers.base import Scalarizer, Weights
from slategym.agents.scalarizers.context import ScalarizerContext
from slategym.agents.scalarizers.make import make_scalarizer
from slategym.utils.integers import whole


class Schedule(Scalarizer):
    """One scalarizer after another, each from a number of slates on.

    Args:
        parts: (slates, scalarizer) pairs; the first from 0, the others later and later.
    """

    def __init__(self, parts: Sequence[tuple[int, Scalarizer]]) -> None:
        starts = [start for start, _ in parts]
        if not starts or starts[0] != 0 or starts != sorted(set(starts)):
            raise ValueError(f"parts begin at {starts} slates: expected the first at 0 and each later than the one before")
        self._parts = list(parts)
        self.slates = 0

    @classmethod
    def from_text(cls, text: str, context: ScalarizerContext) -> Scalarizer:
        """The schedule of a text such as `0=fixed:weights=1,1;100000=nash`: parts with semicolons between them.

        Args:
            text: the parts, each the slates from which it is in force and a scalarizer.
            context: the objectives that it is made for.

        Raises:
            ValueError: a part is none, or the parts do not begin at 0 or do not rise.
        """
        parts: list[tuple[int, Scalarizer]] = []
        for part in (part.strip() for part in text.split(";") if part.strip()):
            start, equals, scalarizer = part.partition("=")
            try:
                first = whole(start.strip()) if equals else -1
            except ValueError:
                first = -1
            if first < 0:
                raise ValueError(f"{part!r}: expected the slates from which it holds and a scalarizer, as 100000=nash")
            if scalarizer.strip().startswith("schedule"):
                raise ValueError(f"{part!r}: a schedule cannot hold a schedule; name its parts one after another")
            given = (context.objective_names, context.reference, context.seed, context.weights)
            parts.append((first, make_scalarizer(scalarizer, *given)))
        if not parts:
            raise ValueError(
                "it holds no part: expected some with semicolons between them, as schedule:0=fixed:weights=1,1;100000=nash"
            )
        return cls(parts)

    @property
    def parts(self) -> list[tuple[int, Scalarizer]]:
        """The scalarizers that follow each other, with the slates from which each is in force."""
        return self._parts

    @property
    def now(self) -> Scalarizer:
        """The scalarizer in force."""
        return self.at(self.slates)

    def at(self, slates: int) -> Scalarizer:
        """The scalarizer in force after so many slates."""
        return next(part for start, part in reversed(self.parts) if start <= slates)

    @override
    def weights(self, value: ArrayLike) -> Weights:
        return self.now.weights(value)

    @override
    def gradient(self, value: ArrayLike) -> Weights:
        return self.now.gradient(value)

    @override
    def utility(self, value: ArrayLike) -> float:
        return self.now.utility(value)

    def update(self, objectives: NDArray[np.float32]) -> None:
        """Count the slates, and let the scalarizer in force learn."""
        self.now.update(objectives)
        self.slates += len(objectives)
