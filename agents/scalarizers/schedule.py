"""Successive scalarizers, each from a given slate count on."""

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
    """Successive scalarizers, each from a number of slates on.

    Args:
        parts: (slates, scalarizer) pairs; the first from 0, the others in increasing order.
    """

    def __init__(self, parts: Sequence[tuple[int, Scalarizer]]) -> None:
        starts = [start for start, _ in parts]
        if not starts or starts[0] != 0 or starts != sorted(set(starts)):
            raise ValueError(f"parts start at {starts} slates: expected 0 for the first, and increasing numbers")
        self._parts = list(parts)
        self.slates = 0

    @classmethod
    def from_text(cls, text: str, context: ScalarizerContext) -> Scalarizer:
        """Create a schedule from a text such as `0=fixed:weights=1,1;100000=nash`, whose parts are separated by semicolons.

        Args:
            text: the parts, each the slate count from which it applies and a scalarizer.
            context: the objectives that the scalarizer is made for.

        Raises:
            ValueError: a part is invalid, or the slate counts do not start at 0 or do not increase.
        """
        parts: list[tuple[int, Scalarizer]] = []
        for part in (part.strip() for part in text.split(";") if part.strip()):
            start, equals, scalarizer = part.partition("=")
            try:
                first = whole(start.strip()) if equals else -1
            except ValueError:
                first = -1
            if first < 0:
                raise ValueError(f"{part!r}: expected the slates from which it applies, and a scalarizer, such as 100000=nash")
            if scalarizer.strip().startswith("schedule"):
                raise ValueError(f"{part!r}: a schedule cannot contain a schedule; list all parts in one schedule")
            given = (context.objective_names, context.reference, context.seed, context.weights)
            parts.append((first, make_scalarizer(scalarizer, *given)))
        if not parts:
            raise ValueError(
                "there are no parts: expected parts separated by semicolons, such as schedule:0=fixed:weights=1,1;100000=nash"
            )
        return cls(parts)

    @property
    def parts(self) -> list[tuple[int, Scalarizer]]:
        """The successive scalarizers, each with the slate count from which it applies."""
        return self._parts

    @property
    def now(self) -> Scalarizer:
        """The scalarizer that applies now."""
        return self.at(self.slates)

    def at(self, slates: int) -> Scalarizer:
        """The scalarizer that applies after this many slates."""
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
        """Count the slates, and update the scalarizer that applies now."""
        self.now.update(objectives)
        self.slates += len(objectives)
