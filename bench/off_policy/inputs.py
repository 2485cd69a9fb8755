"""Checks of the inputs of estimators; errors name the wrong input."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slategym.bench.off_policy.terms import Floats, columns, numbers
from slategym.utils.short_repr import brief

TOLERANCE = 1e-6  # the amount by which a probability in float32 may exceed 1


def row_count(reward: ArrayLike) -> int:
    """The number of rounds of a reward.

    Raises:
        ValueError: it is not an array of numbers.
    """
    array = numbers("reward", reward)
    if not array.ndim:
        raise ValueError(f"reward is {brief(reward)}: expected an array with one row per round")
    return len(array)


def checked_rewards(name: str, values: ArrayLike | None, shape: tuple[int, ...], reward: ArrayLike) -> Floats | None:
    """Check rewards or predictions, and add an axis of objectives if there is none; None stays None.

    Args:
        name: their name in error messages.
        values: an array of `shape`, or of `shape` and M objectives, the number of objectives of the reward.
        shape: (n,) or (n, k).
        reward: the reward that they belong to.

    Raises:
        ValueError: the shape is different, or a number is not finite.
    """
    if values is None:
        return None
    array = columns(name, values, shape)
    many = 1 if np.ndim(reward) == len(shape) else np.shape(reward)[-1]
    if array.shape[-1] != many:
        raise ValueError(f"{name} has {array.shape[-1]} objectives: expected {many}, like reward")
    if not np.isfinite(array).all():
        row = int(np.argwhere(~np.isfinite(array))[0][0])
        raise ValueError(f"{name}[{row}] is not finite: expected finite numbers")
    return array


def checked_probabilities(name: str, values: ArrayLike, shape: tuple[int, ...], absent: bool = False) -> Floats:
    """Check probabilities and their shape.

    Args:
        name: their name in error messages.
        values: the probabilities, 0 to 1.
        shape: the expected shape.
        absent: whether NaN is allowed for unknown probabilities.

    Raises:
        ValueError: the shape is different, or a number is not a probability.
    """
    array = numbers(name, values)
    if array.shape != shape:
        raise ValueError(f"{name} has shape {array.shape}: expected {shape}")
    wrong = ~((array >= 0) & (array <= 1 + TOLERANCE))
    if absent:
        wrong &= ~np.isnan(array)
    if wrong.any():
        place = tuple(int(number) for number in np.argwhere(wrong)[0])
        raise ValueError(f"{name}{list(place)} is {array[place]}: expected a probability, 0 to 1{', or NaN' if absent else ''}")
    return array


def checked_mask(shown: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Check a mask and its shape.

    Raises:
        ValueError: it is not a bool array of this shape.
    """
    if np.shape(numbers("shown", shown)) != shape or np.asarray(shown).dtype != np.bool_:
        raise ValueError(f"shown is {brief(shown)}: expected bool of shape {shape}")
    return np.asarray(shown)


def checked_clusters(cluster: ArrayLike | None, n: int) -> NDArray[np.int64] | None:
    """Check the (n,) numbers of clusters; None stays None.

    Raises:
        ValueError: they are not n whole numbers from 0.
    """
    if cluster is None:
        return None
    array = numbers("cluster", cluster)
    if array.shape != (n,) or (array % 1 != 0).any() or (array < 0).any() or (array >= 2**53).any():
        raise ValueError(f"cluster is {brief(cluster)}: expected ({n},) whole numbers from 0")
    return array.astype(np.int64)
