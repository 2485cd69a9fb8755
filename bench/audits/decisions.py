"""What an interval decides: yes, no, or, where it holds both answers, None."""

from __future__ import annotations

import math
from collections.abc import Iterable

from scipy.special import stdtrit

from slategym.bench.statistics import LEVEL, Figure

Decision = bool | None


def below(figure: Figure, limit: float) -> Decision:
    """Whether what was measured lies below a limit; by the mean alone where there is no interval."""
    low, high = _ends(figure)
    return True if high < limit else False if low >= limit else None


def at_most(figure: Figure, limit: float) -> Decision:
    """Whether what was measured is no more than a limit."""
    low, high = _ends(figure)
    return True if high <= limit else False if low > limit else None


def negated(holds: Decision) -> Decision:
    """No for yes, and undecided for undecided."""
    return None if holds is None else not holds


def all_of(every: Iterable[Decision]) -> Decision:
    """Whether all hold: no if one does not, and undecided if the others leave one open."""
    found = list(every)
    return False if False in found else None if None in found else True


def proportion(share: float, count: int) -> Figure:
    """A share of `count` shoppers with its interval."""
    half = float(stdtrit(count - 1, (1 + LEVEL) / 2)) * math.sqrt(share * (1 - share) / (count - 1))
    return {"mean": share, "low": share - half, "high": share + half}


def _ends(figure: Figure) -> tuple[float, float]:
    mean, low, high = (figure[part] for part in ("mean", "low", "high"))
    if mean is None:
        raise ValueError("there is no mean: expected a figure of something")
    return (mean, mean) if low is None or high is None else (low, high)
