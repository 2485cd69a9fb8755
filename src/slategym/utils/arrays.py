"""Checks of arrays, made before their numbers become indices."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

INT64 = np.dtype(np.int64)
FEW = 32  # numbers, for which Python is faster than NumPy


def _within(numbers: NDArray[np.int64], below: int) -> bool:
    """Whether all are 0..below - 1."""
    if numbers.size <= FEW:
        few = numbers.ravel().tolist()
        return not few or (min(few) >= 0 and max(few) < below)
    # A negative number is a huge one without its sign.
    return bool(np.maximum.reduce(numbers.view(np.uint64), axis=None) < below)


def check_numbers(
    numbers: ArrayLike,
    below: int,
    name: str,
    what: str = "an item",
    shape: tuple[int | None, ...] | None = None,
    means: str = "",
) -> NDArray[np.int64]:
    """Whole numbers 0..below - 1 as int64: what items, positions, rows and ranks are checked by before they are indices.

    Args:
        numbers: of any kind of whole numbers.
        below: how many there are to choose from.
        name: of the argument, for the message.
        what: a number stands for.
        shape: what is expected, None for a length that may be any; any shape if it is None.
        means: what the shape says, for the message.

    Returns:
        The same numbers, and the same array if it is int64 already.

    Raises:
        ValueError: another shape, not whole numbers, or a number out of range; names the first such place, its number and the
            range.
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
        numbers_run = "ids" if what == "an item" else "they"
        raise ValueError(f"{name}{_at(place)} = {array[place]} is not {what}: {numbers_run} run 0..{below - 1}")
    return whole


def check_rows(rows: ArrayLike, count: int, name: str = "rows") -> NDArray[np.int64] | NDArray[np.bool_]:
    """Some of `count` rows: a mask of them all as it is, or the numbers of some (r,) as int64.

    Raises:
        ValueError: a mask of another length, or what is not a row.
    """
    array = as_array(rows, name)
    if array.dtype == np.bool_:
        check_shape(array, (count,), name, "a mask of the rows")
        return array
    return check_numbers(array, count, name, "a row", (None,))


def as_array(values: ArrayLike, name: str) -> NDArray[Any]:
    """Values as an array, or a ValueError where they are rows of different lengths."""
    try:
        return np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{name} is no array: expected rows of one length ({error})") from error


def as_numbers(values: ArrayLike, name: str) -> NDArray[Any]:
    """Values as an array of real numbers of any kind, or a ValueError that says what they are."""
    array = as_array(values, name)
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name} has dtype {array.dtype}: expected numbers")
    return array


def check_shape(array: NDArray[Any], shape: tuple[int | None, ...], name: str, means: str = "") -> None:
    """A ValueError where an array has another shape; None stands for a length that may be any."""
    if array.ndim != len(shape) or any(
        length is not None and length != found for length, found in zip(shape, array.shape, strict=True)
    ):
        wanted = ", ".join("any" if length is None else str(length) for length in shape)
        wanted = f"({wanted},)" if len(shape) == 1 else f"({wanted})"
        raise ValueError(f"{name} has shape {array.shape}: expected {wanted}{means and ', ' + means}")


def check_finite(numbers: NDArray[np.floating], shape: tuple[int, ...], name: str) -> None:
    """Refuse what is no array of finite numbers of a shape.

    Raises:
        ValueError: names the first place that holds none.
    """
    check_array(numbers, shape, name, "fiu", "numbers")
    if not np.isfinite(numbers).all():
        place = ", ".join(map(str, np.argwhere(~np.isfinite(numbers))[0]))
        raise ValueError(f"{name}[{place}] is {numbers[~np.isfinite(numbers)][0]}: expected a finite number")


def check_mask(mask: NDArray[np.bool_], shape: tuple[int, ...], name: str) -> None:
    """Refuse what is no bool array of a shape.

    Raises:
        ValueError: says what it is.
    """
    check_array(mask, shape, name, "b", "bool")


def check_array(array: NDArray[np.generic], shape: tuple[int, ...], name: str, kinds: str, what: str) -> None:
    """Refuse what is no array of a shape and of one of NumPy's `kinds` of numbers.

    Raises:
        ValueError: says what it is.
    """
    if not isinstance(array, np.ndarray):
        raise ValueError(f"{name} is a {type(array).__name__}: expected an array {shape} of {what}")
    if array.shape != shape:
        raise ValueError(f"{name} has shape {array.shape}: expected {shape}")
    if array.dtype.kind not in kinds:
        raise ValueError(f"{name} has dtype {array.dtype}: expected {what}")


def check_room(array: NDArray[np.floating], shape: tuple[int, ...], name: str) -> None:
    """Refuse what is no array of a shape that floats can be written to.

    Raises:
        ValueError: says what it is.
    """
    check_array(array, shape, name, "f", "float32")
    if not array.flags.writeable:
        raise ValueError(f"{name} is read-only: expected an array that can be written to")


def _first(bad: NDArray[np.bool_]) -> tuple[int, ...]:
    """Where the first one stands."""
    return tuple(int(index) for index in np.argwhere(bad)[0])


def _at(place: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, place))}]" if place else ""
