"""One way into the package: what is called, with which good arguments, and which of them are fuzzed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.fuzz.hostile import Kind


@dataclass(frozen=True)
class Subject:
    """What a case calls.

    Attributes:
        call: takes the arguments by name.
        arguments: good ones.
        state: what must not have changed where an input was refused.
    """

    call: Callable[..., Any]
    arguments: Mapping[str, Any]
    state: Callable[[], tuple[Any, ...]] = tuple


@dataclass(frozen=True)
class Case:
    """An entry point and its fuzzed arguments.

    Attributes:
        name: the full name, where it is defined.
        make: gives a fresh subject.
        kinds: what the fuzzed arguments are, by name.
        of: which object of several that share the method.
        legal: whether unusual but legal values are tried too, each on a fresh subject.
        beside: arguments of such names that are no indices here.
    """

    name: str
    make: Callable[[], Subject]
    kinds: Mapping[str, Kind]
    of: str = ""
    legal: bool = True
    beside: tuple[str, ...] = field(default=())


def defined(thing: Any, method: str) -> str:
    """The full name of a method where it is defined."""
    kind = thing if isinstance(thing, type) else type(thing)
    owner = next(each for each in kind.__mro__ if method in vars(each))
    return f"{owner.__module__}.{owner.__qualname__}.{method}"
