"""Graphs of objects as JSON and arrays, which can be read without running code from the file."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Collection, Mapping
from enum import Enum
from functools import cached_property
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
# Only objects of these packages are recreated from files, without their constructors; adapters store formats of other libraries.
PACKAGES = ("agents", "bench", "envs", "sim", "utils")
EXCLUDED = ("agents.adapters",)
BIT_GENERATORS = ("Philox", "PCG64", "PCG64DXSM", "SFC64", "MT19937")


class UnsupportedError(TypeError):
    """An object cannot be stored as JSON and arrays."""


class Flattener:
    """Converts values to JSON nodes and arrays; an object that is used several times is stored once.

    Supported are None, bool, int, float, str, bytes, list, tuple, dict, set, frozenset, deque, slice, NumPy arrays, scalars and
    generators, and objects of slategym's own classes, by their `__getstate__` or their attributes without cached properties.

    Args:
        known: objects that are stored by name only; give them to `Rebuilder` again.
        foreign: returns a supported value in place of an unsupported one, for fingerprints.
        left_out: names of attributes that are left out, for fingerprints.

    Attributes:
        nodes: a node for each value, which is referred to as `[number]`; None, bool, int, float and str have no nodes and are
            stored where they are used.
        arrays: the arrays, to which nodes refer by number.
    """

    def __init__(
        self,
        known: Mapping[str, Any] | None = None,
        foreign: Callable[[Any], Any] | None = None,
        left_out: Collection[str] = (),
    ) -> None:
        self.nodes: list[Any] = []
        self.arrays: list[Array] = []
        self._numbers: dict[int, int] = {}
        self._alive: list[Any] = []  # keeps objects alive, because ids are unique only among living objects
        self._known = {id(value): name for name, value in (known or {}).items()}
        self._foreign = foreign
        self._left_out = left_out

    def add(self, value: Any) -> Any:
        """Add a value; returns the value itself, or `[number of its node]`.

        Raises:
            UnsupportedError: the value contains an object of an unsupported type; the message contains the type.
        """
        if value is None or type(value) in (bool, int, str) or (type(value) is float and math.isfinite(value)):
            return value
        if id(value) not in self._numbers:
            self._numbers[id(value)] = number = len(self.nodes)
            self._alive.append(value)
            self.nodes.append(None)
            self.nodes[number] = self._node(value)
        return [self._numbers[id(value)]]

    def _node(self, value: Any) -> dict[str, Any]:
        kind = type(value)
        if id(value) in self._known:
            return {"kind": "known", "name": self._known[id(value)]}
        if kind is float:
            return {"kind": "float", "text": repr(value)}
        if kind is bytes:
            return {"kind": "bytes", "array": self._array(np.frombuffer(value, np.uint8))}
        if kind in (list, tuple, deque):
            extra = {"maxlen": value.maxlen} if kind is deque else {}
            return {"kind": kind.__name__, "items": [self.add(item) for item in value], **extra}
        if kind in (set, frozenset):
            return {"kind": kind.__name__, "items": [self.add(item) for item in sorted(value, key=repr)]}
        if kind is dict:
            return {"kind": "dict", "items": [[self.add(key), self.add(item)] for key, item in value.items()]}
        if kind is slice:
            return {"kind": "slice", "items": [self.add(part) for part in (value.start, value.stop, value.step)]}
        if kind is np.ndarray and not value.dtype.hasobject:
            return {"kind": "array", "array": self._array(value), "frozen": not value.flags.writeable}
        if isinstance(value, np.generic) and not value.dtype.hasobject:
            return {"kind": "scalar", "array": self._array(np.asarray(value))}
        if kind is np.random.Generator and type(value.bit_generator).__name__ in BIT_GENERATORS:
            return {"kind": "generator", "state": self.add(value.bit_generator.state)}
        if is_own(kind):
            return self._object(value)
        if self._foreign is not None:
            return {"kind": "foreign", "value": self.add(self._foreign(value))}
        raise UnsupportedError(f"a {kind.__module__}.{kind.__qualname__} cannot be stored without pickle")

    def _object(self, value: Any) -> dict[str, Any]:
        name = f"{type(value).__module__}:{type(value).__qualname__}"
        if isinstance(value, Enum):
            return {"kind": "enum", "class": name, "name": value.name}
        if isinstance(value, tuple):
            return {"kind": "named_tuple", "class": name, "items": [self.add(item) for item in value]}
        state = value.__getstate__()
        if not isinstance(state, dict | None):
            raise UnsupportedError(f"{name} has slots, which cannot be stored")
        cached = {key for key in state or {} if isinstance(getattr(type(value), key, None), cached_property)}
        kept = {key: item for key, item in (state or {}).items() if key not in cached and key not in self._left_out}
        return {"kind": "object", "class": name, "state": self.add(kept)}

    def _array(self, array: Array) -> int:
        self.arrays.append(array)
        return len(self.arrays) - 1


class Rebuilder:
    """Recreates values from the nodes and arrays of a `Flattener`.

    Args:
        nodes: nodes of the `Flattener`.
        arrays: arrays of the `Flattener`, which become part of the values.
        known: objects that were stored by name.
    """

    def __init__(self, nodes: list[Any], arrays: list[Array], known: Mapping[str, Any] | None = None) -> None:
        self._nodes, self._arrays, self._known = nodes, arrays, dict(known or {})
        self._made: dict[int, Any] = {}

    def value(self, place: Any) -> Any:
        """The value for the result of `Flattener.add`.

        Raises:
            ValueError: the nodes are not from a `Flattener`, or contain the name of a class outside slategym.
        """
        try:
            return self._value(place)
        except (KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"its nodes are damaged ({type(error).__name__}: {error})") from error

    def _value(self, place: Any) -> Any:
        if not isinstance(place, list):
            return place
        (number,) = place
        if number not in self._made:
            self._make(number, self._nodes[number])
        return self._made[number]

    def _make(self, number: int, node: dict[str, Any]) -> None:
        kind, made = node["kind"], self._made
        items = node.get("items", [])
        # Containers that may contain themselves are recorded before their content is created.
        if kind == "list":
            made[number] = []
            made[number] += map(self._value, items)
        elif kind == "dict":
            made[number] = {}
            for key, item in items:
                made[number][self._value(key)] = self._value(item)
        elif kind == "deque":
            made[number] = deque(maxlen=node["maxlen"])
            made[number].extend(map(self._value, items))
        elif kind == "object":
            made[number] = instance = object.__new__(find_class(node["class"]))
            state = self._value(node["state"])
            if hasattr(instance, "__setstate__"):
                instance.__setstate__(state)
            else:
                vars(instance).update(state)
        else:
            made[number] = self._plain(kind, node, items)

    def _plain(self, kind: str, node: dict[str, Any], items: list[Any]) -> Any:
        if kind == "array":
            array = self._arrays[node["array"]]
            array.flags.writeable = not node["frozen"]
            return array
        if kind == "generator":
            state = self._value(node["state"])
            if state["bit_generator"] not in BIT_GENERATORS:
                raise ValueError(f"it contains an unknown bit generator {state['bit_generator']!r}")
            bits = getattr(np.random, state["bit_generator"])(0)
            bits.state = state
            return np.random.Generator(bits)
        if kind == "named_tuple":
            return find_class(node["class"])._make(map(self._value, items))
        makers: dict[str, Callable[[], Any]] = {
            "known": lambda: self._known[node["name"]],
            "float": lambda: float(node["text"]),
            "bytes": lambda: self._arrays[node["array"]].tobytes(),
            "scalar": lambda: self._arrays[node["array"]][()],
            "tuple": lambda: tuple(map(self._value, items)),
            "set": lambda: set(map(self._value, items)),
            "frozenset": lambda: frozenset(map(self._value, items)),
            "slice": lambda: slice(*map(self._value, items)),
            "enum": lambda: find_class(node["class"])[node["name"]],
        }
        return makers[kind]()


def is_own(kind: type) -> bool:
    """Return whether a class belongs to slategym and may be recreated from files."""
    return _is_own_module(kind.__module__) and "<locals>" not in kind.__qualname__


def find_class(name: str) -> Any:
    """The class of slategym for a name in a file, such as "slategym.agents.linear.agents:LinTS".

    Raises:
        ValueError: there is no such class, or it may not be recreated from files.
    """
    module, _, path = name.partition(":")
    if _is_own_module(module):
        try:
            found: Any = import_module(module)
            for part in path.split("."):
                found = getattr(found, part)
        except (ImportError, AttributeError):
            found = None
        if isinstance(found, type) and found.__module__ == module and is_own(found):
            return found
    raise ValueError(f"it contains {name!r}, which is not a class that this version of slategym recreates from files")


def _is_own_module(module: str) -> bool:
    top, _, name = module.partition(".")
    return top == "slategym" and name.partition(".")[0] in PACKAGES and not name.startswith(EXCLUDED)
