"""What each shown item earned, objective by objective."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slategym.sim.feedback import Feedback

# The objectives that are earned item by item, and the field of Feedback that says so.
_FIELDS = {"click": "clicks", "conversion": "conversions"}
_LATE = "conversion"


class Outcomes:
    """Reads feedback as numbers per objective and rank, for learners that give each item its own credit.

    Args:
        objectives: the names of the M objectives.

    Attributes:
        late: (M,) float32, what a late arrival is worth in each objective: 1 for a conversion.

    Raises:
        ValueError: an objective that is not earned item by item.
    """

    def __init__(self, objectives: tuple[str, ...]) -> None:
        unknown = [name for name in objectives if name not in _FIELDS]
        if unknown:
            raise ValueError(f"this agent cannot learn {', '.join(unknown)}: it learns {', '.join(_FIELDS)}")
        self.objectives = objectives
        self.late = np.array([name == _LATE for name in objectives], np.float32)

    def __call__(self, feedback: Feedback) -> NDArray[np.float32]:
        """(n, k, M) what became known at once of each shown item."""
        return np.stack([getattr(feedback, _FIELDS[name]) for name in self.objectives], axis=2).astype(np.float32)
