"""Checks of arrays before their numbers are used as indices."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

INT64 = np.dtype(np.int64)
FEW = 32  # up to this many numbers, Python is faster than NumPy


def _within(numbers: NDArray[np.int64], below: int) -> bool:
    """Return whether all numbers are in 0..below - 1."""
    if numbers.size <= FEW:
        few = numbers.ravel().tolist()
        return not few or (min(few) >= 0 and max(few) < below)
    # Viewed as unsigned, a negative number is very large.
    return bool(np.maximum.reduce(numbers.view(np.uint64), axis=None) < below)


def check_numbers(
    numbers: ArrayLike,
    below: int,
    name: str,
    what: str = "an item",
    shape: tuple[int | None, ...] | None = None,
    means: str = "",
) -> NDArray[np.int64]:
    """Check whole numbers 0..below - 1, such as items, positions, rows and ranks, before they are used as indices.

    Args:
        numbers: whole numbers of any type.
        below: the first number that is too large.
        name: name of the argument, for the message.
        what: what a number stands for.
        shape: the expected shape, in which None allows any length; None for any shape.
        means: meaning of the shape, for the message.

    Returns:
        The numbers as int64; the same array if it already is.

    Raises:
        ValueError: the shape is wrong, or a number is not whole or out of range; the message contains the first such place, the
            number and the range.
    """
    if type(numbers) is np.ndarray and numbers.dtype == INT64 and numbers.shape == shape and _within(numbers, below):
        return numbers
    array = as_array(numbers, name)
    if shape is not None:
        check_shape(array, shape, name, means)
    kind = array.dtype.kind
    if kind == "f" and not np.isfinite(array).all():
        place = _first(~np.isfinite(array))
        raise ValueError(f"{name}{_at(place)} = {array[place]}: expected {what}, a whole number 0..{below - 1}")
    if kind not in "iu":
        raise ValueError(f"{name} has dtype {array.dtype}: expected whole numbers; use {name}.astype(np.int64)")
    whole = array.astype(np.int64, copy=False)
    if not _within(whole, below):
        place = _first((array < 0) | (array >= below))
        raise ValueError(f"{name}{_at(place)} = {array[place]} is not {what}: expected 0..{below - 1}")
    return whole


def check_rows(rows: ArrayLike, count: int, name: str = "rows") -> NDArray[np.int64] | NDArray[np.bool_]:
    """Check a selection of `count` rows: a mask (count,) is returned unchanged, row numbers (r,) as int64.

    Raises:
        ValueError: the mask has another length, or a number is not a row.
    """
    array = as_array(rows, name)
    if array.dtype == np.bool_:
        check_shape(array, (count,), name, "a mask of the rows")
        return array
    return check_numbers(array, count, name, "a row", (None,))


def as_array(values: ArrayLike, name: str) -> NDArray[Any]:
    """Convert values to an array; raises a ValueError if they are rows of different lengths."""
    try:
        return np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{name} is not an array: expected rows of equal length ({error})") from error


def as_numbers(values: ArrayLike, name: str) -> NDArray[Any]:
    """Convert values to an array of real numbers of any type; raises a ValueError that contains their dtype."""
    array = as_array(values, name)
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name} has dtype {array.dtype}: expected numbers")
    return array


def check_shape(array: NDArray[Any], shape: tuple[int | None, ...], name: str, means: str = "") -> None:
    """Raise a ValueError if an array has another shape; None allows any length."""
    if array.ndim != len(shape) or any(
        length is not None and length != found for length, found in zip(shape, array.shape, strict=True)
    ):
        wanted = ", ".join("any" if length is None else str(length) for length in shape)
        wanted = f"({wanted},)" if len(shape) == 1 else f"({wanted})"
        raise ValueError(f"{name} has shape {array.shape}: expected {wanted}{means and ', ' + means}")


def check_finite(numbers: NDArray[np.floating], shape: tuple[int, ...], name: str) -> None:
    """Check that an array has a shape and contains only finite numbers.

    Raises:
        ValueError: the message contains the first place without a finite number.
    """
    check_array(numbers, shape, name, "fiu", "numbers")
    if not np.isfinite(numbers).all():
        place = ", ".join(map(str, np.argwhere(~np.isfinite(numbers))[0]))
        raise ValueError(f"{name}[{place}] is {numbers[~np.isfinite(numbers)][0]}: expected a finite number")


def check_mask(mask: NDArray[np.bool_], shape: tuple[int, ...], name: str) -> None:
    """Check that an array is bool and has a shape.

    Raises:
        ValueError: the message contains the actual type, shape or dtype.
    """
    check_array(mask, shape, name, "b", "bool")


def check_array(array: NDArray[np.generic], shape: tuple[int, ...], name: str, kinds: str, what: str) -> None:
    """Check that an array has a shape and one of NumPy's `kinds` of dtype.

    Raises:
        ValueError: the message contains the actual type, shape or dtype.
    """
    if not isinstance(array, np.ndarray):
        raise ValueError(f"{name} is a {type(array).__name__}: expected an array {shape} of {what}")
    if array.shape != shape:
        raise ValueError(f"{name} has shape {array.shape}: expected {shape}")
    if array.dtype.kind not in kinds:
        raise ValueError(f"{name} has dtype {array.dtype}: expected {what}")


def check_room(array: NDArray[np.floating], shape: tuple[int, ...], name: str) -> None:
    """Check that floats can be written to an array, and that it has a shape.

    Raises:
        ValueError: the message contains the actual type, shape or dtype.
    """
    check_array(array, shape, name, "f", "float32")
    if not array.flags.writeable:
        raise ValueError(f"{name} is read-only: expected an array that can be written to")


def _first(bad: NDArray[np.bool_]) -> tuple[int, ...]:
    """The first place where the mask is true."""
    return tuple(int(index) for index in np.argwhere(bad)[0])


def _at(place: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, place))}]" if place else ""
