"""What a recommender's model can do."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Problem
from slategym.agents.recommenders.interactions import Interactions


class Model(ABC):
    """A model of which items go with which.

    Its scores have any scale; those of a shopper of whom nothing is known are all equal.
    """

    @abstractmethod
    def fit(self, interactions: Interactions) -> None:
        """Learn from what shoppers did, anew or starting from what was learned.

        Args:
            interactions: of s shoppers.
        """

    @abstractmethod
    def scores(self, interactions: Interactions) -> NDArray[np.float64]:
        """(n, m) how well each item goes with what each shopper did.

        Args:
            interactions: of n shoppers, who need not be among those learned from.
        """

    @abstractmethod
    def grow(self, problem: Problem) -> None:
        """Take on further items, of which what was clicked tells nothing yet.

        Args:
            problem: with them.
        """
