"""Linear bandits of the cascade model, which learn only from the items down to the first click."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.agents.bandits.examination import read
from slategym.agents.base import Problem
from slategym.agents.linear.agents import Linear, LinTS, LinUCB
from slategym.agents.linear.statistics import Shopper
from slategym.agents.scalarizers.base import Scalarizer
from slategym.sim.feedback import Feedback


class CascadeLinear(Linear):
    """Base class of linear cascade bandits: the linear model of the impressions that were read, without a position bias.

    Args:
        options: those of the linear agent, except `restarts`.
    """

    def __init__(self, problem: Problem, seed: int = 0, scalarizer: Scalarizer | None = None, **options: Any) -> None:
        super().__init__(replace(problem, slate_size=1), seed, scalarizer, **options)  # the model treats all ranks alike
        self.problem = problem

    def add(self, shopper: Shopper, items: NDArray[np.int64], feedback: Feedback) -> None:
        """Add the impressions that were read to the sums."""
        seen = read("cascade", feedback.clicks)
        assert seen is not None
        row, rank = np.nonzero(seen)
        pressure = None if shopper.pressure is None else shopper.pressure[row]
        some, outcomes = Shopper(shopper.context[row], pressure, shopper.kind), self.item_credit(feedback, items)
        self.model.memory.begin(len(items))
        self.model.memory.latest.add(some, items[row, rank][:, None], outcomes[row, rank][:, None])


class CascadeLinUCB(CascadeLinear, LinUCB):
    """CascadeLinUCB (Zong, Ni, Sung, Ke, Wen, Kveton, UAI 2016), with a context.

    Args:
        options: options of `LinUCB`.
    """

    name = "ranking:cascade-lin-ucb"


class CascadeLinTS(CascadeLinear, LinTS):
    """CascadeLinTS (Zong, Ni, Sung, Ke, Wen, Kveton, UAI 2016), with a context.

    Args:
        options: options of `LinTS`.
    """

    name = "ranking:cascade-lin-ts"
