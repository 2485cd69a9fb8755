"""The options of a world: their types, defaults and meanings, as the signature and docstring of its function tell them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

REQUIRED = inspect.Parameter.empty
_ENTRY = re.compile(r"(\w+(?:, \w+)*): (.*)")


@dataclass(frozen=True)
class Option:
    """An option of a world.

    Attributes:
        name: as a keyword argument, and as `--option name=value`.
        type_name: "int"; "int | None" where there need be none; empty if the function does not say.
        default: the value, or `REQUIRED`.
        meaning: in a line or two; empty if the docstring does not tell.
    """

    name: str
    type_name: str
    default: Any
    meaning: str

    @property
    def kind(self) -> Callable[[Any], Any] | None:
        """What a value is: int, float, bool or str; None if that is not known, or another."""
        if self.default is not None and self.default is not REQUIRED:
            return type(self.default)
        named = [each.strip() for each in self.type_name.split("|")]
        return next((each for each in (int, float, bool, str) if each.__name__ in named), None)


def options_of(function: Callable[..., Any]) -> dict[str, Option]:
    """The keyword arguments of a function, by name."""
    meanings = argument_meanings(inspect.getdoc(function) or "")
    found = {}
    for each in inspect.signature(function).parameters.values():
        if each.kind in (each.KEYWORD_ONLY, each.POSITIONAL_OR_KEYWORD):
            found[each.name] = Option(each.name, _type(each), each.default, meanings.get(each.name, ""))
    return found


def argument_meanings(doc: str) -> Mapping[str, str]:
    """What the `Args:` of a docstring say of each argument; "a, b: text" is said of both."""
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
    """A docstring without its `Args:`."""
    kept, inside = [], False
    for line in inspect.cleandoc(doc).splitlines():
        inside = line.strip() in ("Args:", "Arguments:") or (inside and (not line.strip() or line.startswith(" ")))
        kept += [] if inside else [line]
    return "\n".join(kept).strip()


def _type(parameter: inspect.Parameter) -> str:
    annotation = parameter.annotation
    if annotation is parameter.empty:
        return "" if parameter.default in (None, parameter.empty) else type(parameter.default).__name__
    if isinstance(annotation, str):
        return annotation
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)
