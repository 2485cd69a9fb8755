"""The content of one rendered row: a shopper, the last slate and its outcome."""

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
        world: the world of the shopper.
        shopper: the shopper's identity.
        visit: the number of the visit, from 0.
        observation: (o,) float32, of the shopper; after the outcome of the slate, if there was one.
        slate: (k,) the items shown; None before the first slate.
        clicks, conversions: (k,) bool, of each rank.
        revenue: (k,) float32, of each rank.
        delayed: number of conversions of earlier slates that arrived at this step.
        terminated, truncated: whether the episode ended.
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


Shown = tuple[Items, NDArray[np.int64], NDArray[np.int64]]  # slates (n, k) of items, shoppers (n,) and visits (n,)


class Scenes:
    """The last slate of each row of a batch, and its outcome.

    Args:
        world: the world of the shoppers.
        rows: n, the number of rows.
    """

    def __init__(self, world: World, rows: int) -> None:
        self.world = world
        self.answered = np.zeros(rows, np.bool_)  # rows whose present shopper, or the one who has just left, was shown a slate
        self._next: Shown | None = None
        self._shown: Shown | None = None
        self._feedback: Feedback | None = None

    def reset(self, rows: NDArray[np.bool_] | None) -> None:
        """Note that the rows of a mask (n,), or all rows if it is None, have new shoppers."""
        if rows is not None:
            check_mask(rows, self.answered.shape, "rows")
        self.answered = self.answered & ~rows if rows is not None else np.zeros_like(self.answered)

    def about_to_show(self, simulation: Simulation, slates: ArrayLike) -> None:
        """Keep the items of slates (n, k) before they are shown: positions are looked up now, as candidates change at each visit.

        Raises:
            ValueError: the slates are invalid.
        """
        shoppers, world = simulation.shoppers, simulation.world
        items = world.items(shoppers, world.check_slate(slates, len(self.answered)))
        self._next = items.copy(), shoppers.identity.copy(), shoppers.visit.copy()

    def answer(self, feedback: Feedback) -> None:
        """Keep the feedback to the slates of `about_to_show`."""
        self._shown, self._feedback = self._next, feedback
        self.answered = np.ones_like(self.answered)

    def of_rows(self, simulation: Simulation) -> list[Scene]:
        """Return the scene of every row."""
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
