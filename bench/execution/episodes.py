"""The episodes of a run: each shopper's visits from the first to the last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.sim.shoppers import Shoppers
from slategym.utils.short_repr import Brief

Array = NDArray[Any]
NAMES = ("start", "shopper", "length", "objectives", "left")


@dataclass(frozen=True, repr=False)
class WholeEpisodes(Brief):
    """Whole episodes of e shoppers: they began with a first visit, and early enough for all possible visits before the run ended.

    Attributes:
        start: (e,) int64, the step of the first visit.
        shopper: (e,) int64, the shopper's identity.
        length: (e,) int64, the number of visits.
        objectives: (e, M) float64, the sum of the rewards of all visits, including delayed conversions.
        left: (e,) bool, whether the shopper left before the last possible visit.
    """

    start: NDArray[np.int64]
    shopper: NDArray[np.int64]
    length: NDArray[np.int64]
    objectives: NDArray[np.float64]
    left: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.start)


class EpisodeRecorder:
    """Combines visits into episodes during a run.

    Args:
        shoppers: n, the number of shoppers in each step.
        objectives: M, the number of objectives.
    """

    def __init__(self, shoppers: int, objectives: int) -> None:
        self._start = np.full(shoppers, -1, np.int64)  # -1 while the first visit of a row's shopper was not recorded
        self._earned = np.zeros((shoppers, objectives))
        self._ended: list[tuple[Array, ...]] = []

    def record(self, step: int, shopper: Array, visit: Array, objectives: Array, terminated: Array, truncated: Array) -> None:
        """Count a step.

        Args:
            step: the number of the step.
            shopper: (n,) the identities of the shoppers.
            visit: (n,) the numbers of their earlier visits.
            objectives: (n, M) the rewards of the step.
            terminated: (n,) bool, whether the shopper left.
            truncated: (n,) bool, whether it was the last possible visit.
        """
        first = visit == 0
        self._start[first] = step
        self._earned[first] = 0
        self._earned += objectives
        rows = np.flatnonzero((terminated | truncated) & (self._start >= 0))
        if len(rows):
            self._ended.append((self._start[rows], shopper[rows], visit[rows] + 1, self._earned[rows], terminated[rows]))

    def episodes(self, steps: int, visits: int) -> WholeEpisodes:
        """The whole episodes, in the order of their ends.

        An episode counts if it began at least `visits` steps before the end of the run: of the later episodes, only the short
        ones would be complete.

        Args:
            steps: the number of steps of the run.
            visits: the largest number of visits of a shopper.
        """
        start, shopper, length, objectives, left = self._together()
        whole = start <= steps - visits
        return WholeEpisodes(start[whole], shopper[whole], length[whole], objectives[whole], left[whole] & (visits > 1))

    def ended(self, since: int, until: int) -> tuple[Array, Array]:
        """The numbers of visits (e,) and the rewards (e, M) of the episodes that ended in a range of steps.

        Args:
            since: the first step.
            until: the step after the last.
        """
        start, _, length, objectives, _ = self._together()
        end = start + length - 1
        rows = (end >= since) & (end < until)
        return length[rows], objectives[rows]

    def state(self) -> dict[str, Array]:
        """The state that `restore` needs to continue from here."""
        ended = dict(zip(NAMES, self._together(), strict=True))
        return {"open_start": self._start.copy(), "open_earned": self._earned.copy(), **ended}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Continue from a saved state.

        Args:
            state: the value that `state` returned.
        """
        self._start, self._earned = state["open_start"].copy(), state["open_earned"].copy()
        self._ended = [tuple(state[name] for name in NAMES)]

    def _together(self) -> tuple[Array, ...]:
        numbers = np.zeros(0, np.int64)
        none = (numbers, numbers, numbers, np.zeros((0, self._earned.shape[1])), np.zeros(0, np.bool_))
        return tuple(np.concatenate(parts) for parts in zip(none, *self._ended, strict=True))


def stagger(shoppers: Shoppers, visits: int) -> None:
    """Let the first shopper of each row begin at a later visit, in place, so that the episodes of the rows do not end together.

    Row r begins with visit floor(visits * frac(r * 0.618...)). The multiples of the golden ratio are spread evenly for any number
    of rows (Knuth, "The Art of Computer Programming" 3, 1998, section 6.4).

    Args:
        shoppers: one shopper per row, at the first visit.
        visits: the largest number of visits of a shopper.
    """
    row = shoppers.identity % 2**32
    shoppers.visit[:] = (visits * ((row * GOLDEN) % 1)).astype(np.int64)


GOLDEN = (5**0.5 - 1) / 2
