"""The options of a world, an agent or a scalarizer: types, defaults and meanings, from signature and docstring."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import isfinite
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from slategym.utils.checked import annotations_of
from slategym.utils.integers import whole
from slategym.utils.lookup import named_parameters
from slategym.utils.ranges import Range

REQUIRED = inspect.Parameter.empty
_ENTRY = re.compile(r"(\w+(?:, \w+)*): (.*)")
_ELSEWHERE = re.compile(r"see `\w+`\.?")  # the whole meaning of an argument that a base class documents
_LIST = re.compile(r"\b(?:Sequence|Iterable|tuple|list)\[")
_WORDS = {"true": True, "false": False, "none": None}


def _number(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise ValueError
    return value


_READERS: Mapping[Any, tuple[Callable[[str], Any], str]] = {
    bool: (lambda text: {"true": True, "false": False}[text.lower()], "true or false"),
    int: (whole, "a whole number, such as 1000 or 1e5"),
    float: (_number, "a finite number"),
    str: (str, "a text"),
}


@dataclass(frozen=True)
class Option:
    """An option of a world, an agent or a scalarizer.

    Attributes:
        name: name as a keyword argument, and in texts as `name=value`.
        type_name: such as "int", or "int | None" for an optional value; empty if there is no annotation.
        default: the default value, or `REQUIRED`.
        meaning: description in a line or two; empty if the docstring has none.
        range: range of its numbers; None if none is declared.
        choices: the possible values, if they are a few texts, or true and false.
    """

    name: str
    type_name: str
    default: Any
    meaning: str
    range: Range | None = None
    choices: tuple[Any, ...] = ()

    @property
    def limits(self) -> str:
        """The range of its numbers, such as "from 1 to 1,000"; empty if there is none."""
        return "" if self.range is None else str(self.range)

    @property
    def kind(self) -> Callable[[Any], Any] | None:
        """The type of its value: int, float, bool or str; None if it is unknown or another type."""
        if self.default is not None and self.default is not REQUIRED:
            return type(self.default)
        named = [each.strip() for each in self.type_name.split("|")]
        return next((each for each in (int, float, bool, str) if each.__name__ in named), None)

    def read(self, text: str) -> Any:
        """Read a value from a text; if the type is unknown, it is guessed from the text.

        Raises:
            ValueError: the text has another type; the message contains the expected type.
        """
        if "ArrayLike" in self.type_name:
            return tuple(self._number(part) for part in text.split(","))
        if _LIST.search(self.type_name) and self.kind in (None, tuple, list):
            return tuple(guess_value(part.strip()) for part in text.split(","))
        if self.kind not in _READERS or (text.lower() == "none" and self.default is None):
            return guess_value(text)
        read, expected = _READERS[self.kind]
        try:
            return read(text)
        except (ValueError, KeyError):
            default = "" if self.default is REQUIRED else f"; {self.default!r} is the default"
            raise ValueError(f"expected {expected}{default}") from None

    def _number(self, text: str) -> float:
        try:
            return _number(text)
        except ValueError:
            raise ValueError(f"expected finite numbers separated by commas, but {text.strip()!r} is not one") from None


def guess_value(text: str) -> Any:
    """Guess a value from a text: true, false, none, a number, several separated by commas, JSON, or else the text itself."""
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    for candidate in (text, f"[{text}]"):
        try:
            value = json.loads(candidate)
        except ValueError:
            continue
        return tuple(value) if isinstance(value, list) else value
    return text


def options_of(function: Callable[..., Any], leave_out: Iterable[str] = ()) -> dict[str, Option]:
    """The keyword arguments of a function or class by name, with exceptions.

    Args:
        function: a function, or a class; the docstrings of its base classes are read too.
        leave_out: names of arguments that are not options.
    """
    documented = reversed(inspect.getmro(function)) if isinstance(function, type) else [function]
    kinds = annotations_of(function)
    meanings: dict[str, str] = {}
    for described in documented:
        told = argument_meanings(described.__doc__ or "")
        meanings |= {name: text for name, text in told.items() if not _ELSEWHERE.fullmatch(text)}
    return {
        name: Option(
            name,
            _type(parameter, kinds.get(name)),
            parameter.default,
            meanings.get(name, ""),
            _range(kinds.get(name)),
            _choices(kinds.get(name)),
        )
        for name, parameter in named_parameters(function)[0].items()
        if name not in leave_out
    }


def argument_meanings(doc: str) -> Mapping[str, str]:
    """The descriptions of arguments in the `Args:` of a docstring; "a, b: text" describes both."""
    meanings: dict[str, str] = {}
    inside, names, indent = False, [""], 0
    for line in inspect.cleandoc(doc).splitlines():
        words = line.strip()
        depth = len(line) - len(line.lstrip())
        if words in ("Args:", "Arguments:"):
            inside = True
        elif words and not depth:
            inside = False
        elif inside and words:
            entry = _ENTRY.match(words)
            if entry and (not meanings or depth <= indent):
                names, indent = entry[1].split(", "), depth
                meanings.update(dict.fromkeys(names, entry[2]))
            elif meanings:
                meanings.update({name: f"{meanings[name]} {words}" for name in names})
    return meanings


def without_arguments(doc: str) -> str:
    """A docstring without its `Args:` section."""
    kept, inside = [], False
    for line in inspect.cleandoc(doc).splitlines():
        inside = line.strip() in ("Args:", "Arguments:") or (inside and (not line.strip() or line.startswith(" ")))
        kept += [] if inside else [line]
    return "\n".join(kept).strip()


def _range(kind: Any) -> Range | None:
    """The range in an annotation, also within a union of types."""
    parts = get_args(kind)
    if get_origin(kind) is Annotated:
        return next((each for each in parts[1:] if isinstance(each, Range)), None)
    return next(filter(None, map(_range, parts)), None) if get_origin(kind) in (Union, UnionType) else None


def _choices(kind: Any) -> tuple[Any, ...]:
    """The values of a `Literal`, or of bool."""
    return get_args(kind) if get_origin(kind) is Literal else (False, True) if kind is bool else ()


def _plain(kind: Any) -> str:
    """The types in an annotation, without their ranges."""
    if get_origin(kind) is Annotated:
        return _plain(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return " | ".join(map(_plain, get_args(kind)))
    return "None" if kind is type(None) else getattr(kind, "__name__", str(kind))


def _type(parameter: inspect.Parameter, kind: Any) -> str:
    if str(_range(kind) or ""):
        return _plain(kind)
    annotation = parameter.annotation
    if annotation is parameter.empty:
        return "" if parameter.default in (None, parameter.empty) else type(parameter.default).__name__
    if isinstance(annotation, str):
        return annotation
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)
