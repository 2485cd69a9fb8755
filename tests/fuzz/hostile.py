"""What is passed for each kind of argument: values that are refused, and unusual ones that are legal."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from slategym.agents.base import Decision
from slategym.sim.feedback import Feedback

Variant = tuple[str, bool, Any]  # what it is, whether it is legal, the value
Kind = Callable[[Any], Iterator[Variant]]


class Opaque:
    """A thing that is no array."""


NOT_NUMBERS = (
    ("text", "slate"),
    ("object", Opaque()),
    ("array of objects", np.array([[Opaque()]], object)),
    ("dictionary", {"slate": 1}),
    ("ragged", [[0, 1], [2]]),
    ("0-d NaN", np.float64("nan")),
)


OUT_OF_RANGE = ("-1", "the size", "five times the size", "a thousand times the size", "2**40 times the size", "-2**63")


@dataclass(frozen=True)
class Indices:
    """Whole numbers 0..below - 1, of a shape whose dimensions are fixed or not.

    Args:
        below: how many there are.
        fixed: for each dimension, whether its length is.
        lists: whether a list is as good as an array.
        may_be_none: whether None stands for something.
    """

    below: int
    fixed: tuple[bool, ...]
    lists: bool = True
    may_be_none: bool = False

    def __call__(self, good: np.ndarray) -> Iterator[Variant]:
        good = np.asarray(good)
        beyond = (-1, self.below, 5 * self.below, 1000 * self.below + 7, min(self.below * 2**40, 2**62), -(2**63))
        for label, number in zip(OUT_OF_RANGE, beyond, strict=True):
            if number < 0 or self.below <= number < 2**63:
                yield label, False, _with(good, number)
        yield "2**63 + 5", False, _with(good.astype(np.uint64), 2**63 + 5)
        yield "2**64 - 1", False, _with(good.astype(np.uint64), 2**64 - 1)
        for kind in (np.float64, np.float32, np.complex128, object, str, np.bool_, "datetime64[s]"):
            yield f"dtype {np.dtype(kind).name}", False, good.astype(np.int64).astype(kind)
        yield "NaN", False, _with(good.astype(float), np.nan)
        yield "infinity", False, _with(good.astype(float), np.inf)
        yield "half", False, _with(good.astype(float), 0.5)
        for label, value in NOT_NUMBERS:
            yield label, False, value
        if not self.may_be_none:
            yield "None", False, None
        yield "a dimension more", False, good[None]
        if good.ndim:
            yield "a dimension less", False, good[0]
            yield "0-d", False, good.ravel()[0]
        for axis, fixed in enumerate(self.fixed):
            if fixed:
                yield f"empty along {axis}", False, good[(slice(None),) * axis + (slice(0, 0),)]
                yield f"one less along {axis}", False, good[(slice(None),) * axis + (slice(1, None),)]
                yield f"one more along {axis}", False, np.concatenate([good, good], axis=axis)
        for kind in ("int16", "int32", "uint16", "uint64", ">i8", ">i4"):
            if good.size == 0 or good.max() <= np.iinfo(kind).max:
                yield f"dtype {kind}", True, good.astype(kind)
        yield "read-only", True, _read_only(good)
        if good.ndim:
            yield "strided", True, np.repeat(good, 2, axis=-1)[..., ::2]
            yield "upside down in memory", True, good[::-1].copy()[::-1]
            yield "Fortran order", True, np.asfortranarray(good)
        if self.lists:
            yield "list", True, good.tolist()


def rows(count: int) -> Kind:
    """Numbers of some of so many rows, or a mask of them."""

    def variants(good: np.ndarray) -> Iterator[Variant]:
        for label, legal, value in Indices(count, (False,))(good):
            if label != "dtype bool":
                yield label, legal, value
        yield "mask too long", False, np.ones(count + 1, np.bool_)
        yield "mask too short", False, np.ones(count - 1, np.bool_)
        yield "mask of two dimensions", False, np.ones((count, 1), np.bool_)

    return variants


def mask(count: int) -> Kind:
    """A mask of so many rows."""

    def variants(good: np.ndarray) -> Iterator[Variant]:
        yield "numbers", False, np.array([0])
        yield "a number below 0", False, np.array([-1])
        yield "as many numbers", False, np.arange(count)
        yield "too long", False, np.ones(count + 1, np.bool_)
        yield "too short", False, np.ones(count - 1, np.bool_)
        yield "empty", False, np.ones(0, np.bool_)
        yield "two dimensions", False, np.ones((count, 1), np.bool_)
        yield "0-d", False, np.True_
        yield "floats", False, np.full(count, np.nan)
        yield "objects", False, np.array([None] * count)
        for label, value in NOT_NUMBERS:
            yield label, False, value
        yield "read-only", True, _read_only(good)
        yield "strided", True, np.repeat(good, 2)[::2]

    return variants


def numbers(candidates: slice | None = None, items: int = 0, legal: bool = True) -> Kind:
    """An array of finite numbers (n, o): an observation, whose columns of candidates hold items; a query, or scores."""

    def variants(good: np.ndarray) -> Iterator[Variant]:
        for label, number in (("NaN", np.nan), ("infinity", np.inf), ("-infinity", -np.inf)):
            yield label, False, _with(good, number)
        yield "one wider", False, np.concatenate([good, good[:, :1]], axis=1)
        yield "one narrower", False, good[:, 1:]
        yield "no columns", False, good[:, :0]
        yield "a dimension more", False, good[None]
        yield "0-d", False, good[0, 0]
        yield "None", False, None
        for label, value in NOT_NUMBERS:
            yield label, False, value
        yield "dtype object", False, good.astype(object)
        yield "dtype str", False, good.astype(str)
        yield "dtype complex", False, good.astype(complex)
        if candidates is not None:
            for number in (-1, items, 1000 * items, 1e30, -1e30, 0.5):
                bad = good.copy()
                bad[-1, candidates.stop - 1] = number
                yield f"candidate {number:g}", False, bad
        if legal:
            yield "dtype float64", True, good.astype(np.float64)
            yield "big-endian", True, good.astype(">f4")
            yield "read-only", True, _read_only(good)
            yield "strided", True, np.repeat(good, 2, axis=1)[:, ::2]
            yield "Fortran order", True, np.asfortranarray(good)
            yield "list", True, good.tolist()

    return variants


def decision(choices: int) -> Kind:
    """A decision, whose slate holds numbers below so many."""

    def variants(good: Decision) -> Iterator[Variant]:
        yield "None", False, None
        yield "a slate alone", False, good.slate
        for label, legal, slate in Indices(choices, (True, True))(good.slate):
            yield f"slate: {label}", legal, Decision(slate, good.propensity)
        p = good.propensity
        for label, value in (
            ("one narrower", p[:, 1:]),
            ("one wider", np.concatenate([p, p], axis=1)),
            ("one row", p[:1]),
            ("a dimension less", p[0]),
            ("below 0", _with(p, -0.5)),
            ("above 1", _with(p, 2.0)),
            ("infinity", _with(p, np.inf)),
            ("text", p.astype(str)),
            ("objects", p.astype(object)),
            ("None", None),
        ):
            yield f"propensity: {label}", False, Decision(good.slate, value)
        yield "propensity: dtype float64", True, Decision(good.slate, p.astype(np.float64))
        yield "propensity: read-only", True, Decision(good.slate, _read_only(p))

    return variants


def delayed(rows: int, ranks: int, items: int, longest: int) -> Kind:
    """Delayed conversions, for a batch of so many rows."""

    def variants(good: Any) -> Iterator[Variant]:
        yield "None", False, None
        for name, below in (("row", rows), ("rank", ranks), ("item", items), ("age", longest + 1)):
            for label, legal, value in Indices(below, (True,), lists=False)(getattr(good, name)):
                # Empty beside others that are not; an age of 0 is none.
                yield f"{name}: {label}", legal, replace(good, **{name: value})
        yield "age: 0", False, replace(good, age=np.zeros_like(good.age))
        yield "revenue: NaN", False, replace(good, revenue=_with(good.revenue, np.nan))
        yield "revenue: one less", False, replace(good, revenue=good.revenue[1:])

    return variants


def feedback(rows: int, ranks: int, items: int, longest: int, after: Kind | None = None) -> Kind:
    """An answer to so many slates."""

    def variants(good: Feedback) -> Iterator[Variant]:
        yield "None", False, None
        for name in ("clicks", "conversions"):
            array = getattr(good, name)
            for label, value in (
                ("one narrower", array[:, 1:]),
                ("one wider", np.concatenate([array, array], axis=1)),
                ("one row", array[:1]),
                ("a dimension less", array[0]),
                ("whole numbers", array.astype(int) * 7),
                ("floats", array.astype(float)),
                ("objects", array.astype(object)),
                ("text", array.astype(str)),
                ("None", None),
            ):
                yield f"{name}: {label}", False, replace(good, **{name: value})
            yield f"{name}: read-only", True, replace(good, **{name: _read_only(array)})
        for name in ("revenue", "objectives"):
            array = getattr(good, name)
            for label, value in (
                ("one narrower", array[:, 1:]),
                ("one wider", np.concatenate([array, array], axis=1)),
                ("one row more", np.concatenate([array, array[:1]])),
                ("no rows", array[:0]),
                ("NaN", _with(array, np.nan)),
                ("infinity", _with(array, np.inf)),
                ("objects", array.astype(object)),
                ("text", array.astype(str)),
                ("None", None),
            ):
                yield f"{name}: {label}", False, replace(good, **{name: value})
            yield f"{name}: read-only", True, replace(good, **{name: _read_only(array)})
        for name in ("terminated", "truncated"):
            array = getattr(good, name)
            for label, value in (("one less", array[1:]), ("numbers", array.astype(int)), ("two dimensions", array[None])):
                yield f"{name}: {label}", False, replace(good, **{name: value})
        for label, legal, value in delayed(rows, ranks, items, longest)(good.delayed):
            yield f"delayed.{label}", legal, replace(good, delayed=value)
        if after is not None:
            for label, legal, value in after(good.next_observation):
                if label == "no columns":  # it need not be told
                    continue
                yield f"next_observation: {label}", legal, replace(good, next_observation=value)

    return variants


def _with(array: np.ndarray, number: Any) -> np.ndarray:
    """A copy whose last number is another."""
    changed = np.array(array)
    if changed.ndim:
        changed.reshape(-1)[-1] = number
        return changed
    return np.array(number, changed.dtype)


def _read_only(array: np.ndarray) -> np.ndarray:
    copy = np.array(array)
    copy.flags.writeable = False
    return copy
