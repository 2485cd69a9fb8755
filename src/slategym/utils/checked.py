"""Checks of the type and range of arguments, according to their annotations."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from functools import cache, partial, wraps
from math import isfinite
from typing import Annotated, Any, Literal, ParamSpec, TypeVar, Union, get_args, get_origin

import numpy as np

from slategym.utils.ranges import Range

P = ParamSpec("P")
T = TypeVar("T")
UNKNOWN: Any = object()  # an annotation that cannot be resolved, or is not checked
SEQUENCES = (list, tuple, Sequence, Iterable)
NUMBERS = {int: "a whole number", float: "a number"}
LONGEST = 60  # characters of a value in a message


def checked(function: Callable[P, T]) -> Callable[P, T]:
    """Decorate a function or constructor to check its arguments with `check_values` at every call.

    Args:
        function: a function with annotations.
    """
    signature = inspect.signature(function)

    @wraps(function)
    def call(*arguments: P.args, **options: P.kwargs) -> T:
        try:
            given = signature.bind_partial(*arguments, **options).arguments
        except TypeError:  # the call itself raises a better message
            return function(*arguments, **options)
        check_values(function, given)
        return function(*arguments, **options)

    return call


def check_values(function: Callable[..., Any], values: Mapping[str, Any]) -> None:
    """Check the values of arguments against the annotations of a function.

    Whole numbers are int, but not bool; numbers are finite int or float. NumPy scalars are accepted too. Only bool, int, float,
    str, `Literal`, `Range`, None, classes and sequences of these are checked.

    Args:
        function: a function, a class, or a `partial` of one.
        values: values by name; names without an annotation are ignored.

    Raises:
        ValueError: the message contains every wrong value and what was expected.
    """
    annotations = annotations_of(function)
    wrong = []
    for name, value in values.items():
        kind = annotations.get(name, UNKNOWN)
        if not _fits(kind, value):
            wrong.append(f"{name} is {_shown(value)}: expected {expected(kind)}")
    if wrong:
        raise ValueError("; ".join(wrong))


def check_fields(instance: Any) -> None:
    """Check the fields of a dataclass; call it in `__post_init__`.

    Args:
        instance: an instance of the dataclass.

    Raises:
        ValueError: see `check_values`.
    """
    check_values(type(instance), {field.name: getattr(instance, field.name) for field in fields(instance) if field.init})


def annotations_of(function: Callable[..., Any]) -> Mapping[str, Any]:
    """The annotations of a function's arguments, resolved where possible; for a class those of all its constructors.

    Args:
        function: a function, a class, or a `partial` of one.
    """
    return _annotations(function.func if isinstance(function, partial) else function)


@cache
def _annotations(function: Callable[..., Any]) -> Mapping[str, Any]:
    if isinstance(function, type):
        found: dict[str, Any] = {}
        for base in reversed(function.__mro__[:-1]):
            if "__init__" in vars(base):
                found |= _annotations(vars(base)["__init__"])
        return found
    plain = inspect.unwrap(getattr(function, "__func__", function))
    scope = getattr(plain, "__globals__", {})
    return {name: _resolved(kind, scope) for name, kind in getattr(plain, "__annotations__", {}).items() if name != "return"}


def _resolved(annotation: Any, scope: dict[str, Any]) -> Any:
    if isinstance(annotation, str):
        try:
            return eval(annotation, scope)  # the source of an annotation, as in typing.get_type_hints
        except Exception:  # a name that is imported only for type checkers
            return UNKNOWN
    return annotation


def _fits(kind: Any, value: Any) -> bool:
    if kind is None or kind is type(None):
        return value is None
    origin = get_origin(kind)
    if origin is Annotated:
        base, *metadata = get_args(kind)
        return _fits(base, value) and all(value in limits for limits in metadata if isinstance(limits, Range))
    if origin is Literal:
        return isinstance(value, str) and value in get_args(kind)
    if origin in (Union, types.UnionType):
        return any(_fits(part, value) for part in get_args(kind))
    if kind is bool:
        return isinstance(value, bool | np.bool_)
    if kind is int:
        return isinstance(value, int | np.integer) and not isinstance(value, bool)
    if kind is float:
        return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool) and _is_finite(value)
    if origin in SEQUENCES:
        parts = get_args(kind)
        if isinstance(value, str | bytes) or not hasattr(value, "__iter__"):
            return False
        known = isinstance(value, list | tuple) or (isinstance(value, np.ndarray) and value.ndim == 1)
        return not known or not parts or all(_fits(parts[0], part) for part in value)
    if origin is type:
        return isinstance(value, type)
    if origin is Mapping or kind is Mapping or origin is dict:
        return isinstance(value, Mapping)
    if isinstance(kind, type) and origin is None and kind is not Any and not getattr(kind, "_is_protocol", False):
        return isinstance(value, kind)
    return True


def _is_finite(value: Any) -> bool:
    try:
        return isfinite(value)
    except OverflowError:  # a whole number outside float64
        return False


def expected(kind: Any) -> str:
    """Describe in words what an annotation accepts.

    Args:
        kind: the annotation.
    """
    if kind is None or kind is type(None):
        return "None"
    origin = get_origin(kind)
    if origin is Annotated:
        base, *metadata = get_args(kind)
        limits = " ".join(str(each) for each in metadata if isinstance(each, Range))
        return f"{expected(base)} {limits}".rstrip()
    if origin is Literal:
        return " or ".join(map(repr, get_args(kind)))
    if origin in (Union, types.UnionType):
        return ", or ".join(expected(part) for part in get_args(kind))
    if origin is type:
        return f"a class, such as {get_args(kind)[0].__name__}"
    if origin in SEQUENCES:
        parts = get_args(kind)
        return f"several values, each {expected(parts[0])}" if parts else "several values"
    if kind in NUMBERS:
        return NUMBERS[kind]
    return {bool: "True or False", str: "a text"}.get(kind) or f"a {getattr(kind, '__name__', str(kind))}"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
