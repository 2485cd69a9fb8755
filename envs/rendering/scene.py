"""What there is to render of a row: a shopper, the last slate they were shown, and their answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slategym.sim.feedback import Feedback
from slategym.sim.simulation import Simulation
from slategym.sim.slate import Items
from slategym.sim.world import World
from slategym.utils.arrays import check_mask
from slategym.utils.short_repr import Brief


@dataclass(frozen=True, repr=False)
class Scene(Brief):
    """One shopper before or after a slate.

    Attributes:
        world: the shopper's.
        shopper: who it is.
        visit: the number of the visit, from 0.
        observation: (o,) float32, what the recommender sees of the shopper: after the answer, if there was a slate.
        slate: (k,) the items shown; None before the first slate.
        clicks, conversions: (k,) bool.
        revenue: (k,) float32.
        delayed: conversions of earlier slates that became known with the answer.
        terminated, truncated: whether that was the shopper's last visit.
    """

    world: World
    shopper: int
    visit: int
    observation: NDArray[np.float32]
    slate: Items | None
    clicks: NDArray[np.bool_]
    conversions: NDArray[np.bool_]
    revenue: NDArray[np.float32]
    delayed: int = 0
    terminated: bool = False
    truncated: bool = False


Shown = tuple[Items, NDArray[np.int64], NDArray[np.int64]]  # slates (n, k) of items, to whom, and at which visit


class Scenes:
    """Keeps what the rows of a batch were shown last.

    Args:
        world: theirs.
        rows: n, how many there are.
    """

    def __init__(self, world: World, rows: int) -> None:
        self.world = world
        self.answered = np.zeros(rows, np.bool_)  # whose present shopper, or the one who has just gone, was shown a slate
        self._next: Shown | None = None
        self._shown: Shown | None = None
        self._feedback: Feedback | None = None

    def reset(self, rows: NDArray[np.bool_] | None) -> None:
        """Other shoppers stand in the rows of a mask (n,), or in all."""
        if rows is not None:
            check_mask(rows, self.answered.shape, "rows")
        self.answered = self.answered & ~rows if rows is not None else np.zeros_like(self.answered)

    def about_to_show(self, simulation: Simulation, slates: ArrayLike) -> None:
        """Slates (n, k) will be shown. Positions are looked up now, since the candidates change with the visit.

        Raises:
            ValueError: the slates are none.
        """
        shoppers = simulation.shoppers
        items = self.world.items(shoppers, self.world.check_slate(slates, len(self.answered)))
        self._next = items.copy(), shoppers.identity.copy(), shoppers.visit.copy()

    def answer(self, feedback: Feedback) -> None:
        """They were shown, and this came of it."""
        self._shown, self._feedback = self._next, feedback
        self.answered = np.ones_like(self.answered)

    def of_rows(self, simulation: Simulation) -> list[Scene]:
        """The scene of every row."""
        observation, shoppers = simulation.observe(), simulation.shoppers
        return [
            self._answered(row) if answered else self._newcomer(shoppers.identity[row], shoppers.visit[row], observation[row])
            for row, answered in enumerate(self.answered.tolist())
        ]

    def _newcomer(self, shopper: np.int64, visit: np.int64, observation: NDArray[np.float32]) -> Scene:
        nothing = np.zeros(self.world.slate_size, np.bool_)
        return Scene(self.world, int(shopper), int(visit), observation, None, nothing, nothing, nothing.astype(np.float32))

    def _answered(self, row: int) -> Scene:
        assert self._shown is not None
        assert self._feedback is not None
        (slates, identity, visit), feedback = self._shown, self._feedback
        return Scene(
            self.world,
            int(identity[row]),
            int(visit[row]),
            feedback.next_observation[row],
            slates[row],
            feedback.clicks[row],
            feedback.conversions[row],
            feedback.revenue[row],
            delayed=int((feedback.delayed.row == row).sum()),
            terminated=bool(feedback.terminated[row]),
            truncated=bool(feedback.truncated[row]),
        )
