"""The base of click models: from attraction to clicks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from enum import IntEnum
from math import inf

import numpy as np
from numpy.typing import NDArray

from slategym.sim.slate import check_items, first_shown
from slategym.utils.arrays import check_shape
from slategym.utils.short_repr import Brief

Floats = NDArray[np.floating]
Items = NDArray[np.int64]
Chooser = Callable[[NDArray[np.float64]], Items]


def check_attraction(attraction: Floats, item_uniforms: Floats | None = None, slate_uniforms: Floats | None = None) -> None:
    """Check that attraction is (n, k), and that uniforms are one per item, (n, k), and one per shopper, (n,).

    Raises:
        ValueError: an array has the wrong shape; the message names it.
    """
    check_shape(attraction, (None, None), "attraction", "shoppers by ranks")
    if item_uniforms is not None:
        check_shape(item_uniforms, attraction.shape, "item_uniforms", "one uniform per item")
    if slate_uniforms is not None:
        check_shape(slate_uniforms, attraction.shape[:1], "slate_uniforms", "one uniform per shopper")


def check_gains(attraction: Floats, gain: Floats, slate_size: int) -> None:
    """Check that attraction and gain are both (n, m), with at least as many items as ranks.

    Raises:
        ValueError: an array has the wrong shape, or there are too few items.
    """
    check_shape(attraction, (None, None), "attraction", "shoppers by items")
    check_shape(gain, attraction.shape, "gain", "that of the attraction")
    if not 1 <= slate_size <= attraction.shape[1]:
        items = attraction.shape[1]
        raise ValueError(f"cannot take the best {slate_size} of {items} items: the slate is larger than the catalogue")


class ClickKernel(IntEnum):
    """The compiled ways to click (`slategym.sim.kernel.click_models`)."""

    POSITION_BASED = 0
    DEPENDENT_CLICK = 1
    USER_BROWSING = 2
    MULTINOMIAL = 3


class ClickModel(Brief, ABC):
    """The base of click models, which turn attraction into clicks. A repeated item has attraction 0 at its later ranks.

    Attributes:
        exact: whether `best_slate` is optimal; if not, `bound` limits the loss.
        exact_under_rules: whether `best_slate_among` is optimal.
        largest_attraction: the upper limit of attraction: 1 if it is a probability.
    """

    exact: bool = True
    exact_under_rules: bool = False
    largest_attraction: float = inf

    @abstractmethod
    def click_probability(self, attraction: Floats) -> Floats:
        """(n, k) the exact marginal probability of a click at each rank.

        Args:
            attraction: (n, k), of the items shown.
        """

    @abstractmethod
    def sample_clicks(self, attraction: Floats, item_uniforms: Floats, slate_uniforms: Floats) -> NDArray[np.bool_]:
        """(n, k) bool, the clicks that given random numbers lead to.

        Args:
            attraction: (n, k), of the items shown.
            item_uniforms: (n, k) in [0, 1), one per shopper and item.
            slate_uniforms: (n,) in [0, 1), one per shopper.
        """

    @abstractmethod
    def best_slate(self, attraction: Floats, gain: Floats, slate_size: int) -> Items:
        """(n, k) the slate with the highest expected gain.

        A slate may repeat an item, which counts once, at its first rank; the other rank is then as good as empty. In this way a
        slate shows fewer than k items if more would reduce the gain.

        Args:
            attraction: (n, m), of every item.
            gain: (n, m), the expected value of a click on the item; may be negative.
            slate_size: k.
        """

    def best_slate_among(self, attraction: Floats, gain: Floats, choose: Chooser) -> Items:
        """(n, k) a slate with a high expected gain among those that rules allow, which repeat no item.

        By default that with the highest sum of attraction times gain; if that is not optimal, `coordinate_ascent` improves it.

        Args:
            attraction: (n, m), of every item.
            gain: (n, m), the expected value of a click on the item.
            choose: returns the slates (n, k) with the highest sum of given scores (n, m), best first.
        """
        return choose(np.asarray(attraction * gain, np.float64))

    def kernel_parameters(self, slate_size: int) -> tuple[ClickKernel, NDArray[np.float64]] | None:
        """The compiled kernel that clicks like `sample_clicks`, and its parameters (r, k); None if there is none.

        A subclass that overrides `sample_clicks` or `click_probability` but not this method is not compiled.

        Args:
            slate_size: k.
        """
        return None

    def value(self, attraction: Floats, gain: Floats) -> NDArray[np.float64]:
        """(n,) the expected gain of slates.

        Args:
            attraction: (n, k), of the items shown.
            gain: (n, k), the expected value of a click on each.
        """
        check_attraction(attraction)
        return np.asarray((self.click_probability(attraction) * gain).sum(axis=1, dtype=np.float64))

    def value_of(self, attraction: Floats, gain: Floats, slate: Items) -> NDArray[np.float64]:
        """(n,) the expected gain of slates, which may repeat items.

        Args:
            attraction: (n, m), of every item.
            gain: (n, m), the expected value of a click on each.
            slate: (n, k) items.
        """
        check_gains(attraction, gain, 1)
        slate = check_items(slate, attraction.shape[1], shape=(len(attraction), None))
        shown = np.take_along_axis(attraction, slate, axis=1)
        return self.value(np.where(first_shown(slate), shown, 0), np.take_along_axis(gain, slate, axis=1))

    def bound(self, attraction: Floats, gain: Floats, slate_size: int) -> NDArray[np.float64]:
        """(n,) a value that no slate exceeds, with or without repeats; the value of the best slate if `best_slate` is exact.

        Args:
            attraction: (n, m), of every item.
            gain: (n, m), the expected value of a click on each.
            slate_size: k.
        """
        check_gains(attraction, gain, slate_size)
        return self.value_of(attraction, gain, self.best_slate(attraction, gain, slate_size))
