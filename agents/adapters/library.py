"""Reads the options of other libraries' classes from their signatures and docstrings."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from slategym.utils.options import Option, options_of

_SPHINX = re.compile(r":param (\w+): (.*)")
_NUMPY = re.compile(r"(\w+) ?: .*")


def library_options(
    library: Callable[..., Any], leave_out: Iterable[str] = (), defaults: Mapping[str, Any] | None = None
) -> dict[str, Option]:
    """The arguments of a library's class or function as options, by name.

    Args:
        library: the class or function.
        leave_out: arguments that slategym sets itself.
        defaults: slategym's own default values.
    """
    # A library's signature declares types, not sensible values: these options have no range and no choices.
    meanings = library_meanings(inspect.getdoc(library) or "")
    given = defaults or {}
    return {
        name: Option(name, option.type_name, given.get(name, option.default), meanings.get(name, ""))
        for name, option in options_of(library, leave_out).items()
    }


def library_meanings(doc: str) -> dict[str, str]:
    """The first sentence about each argument in a docstring in the style of Sphinx or NumPy.

    Args:
        doc: the docstring, dedented.
    """
    found: dict[str, str] = {}
    name = section = ""
    lines = doc.splitlines()
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if following.startswith("---"):
            section = line.strip()
        entry = _SPHINX.fullmatch(line.strip())
        heading = _NUMPY.fullmatch(line) if section in ("Parameters", "Attributes") else None
        if entry:
            name, found[entry[1]] = entry[1], entry[2]
        elif heading:
            name, found[heading[1]] = heading[1], ""
        elif name and line.startswith(" ") and line.strip():
            found[name] = f"{found[name]} {line.strip()}".strip()
        elif name and not line.strip() and found[name]:
            name = ""
    # "i.e." and "e.g." do not end a sentence.
    return {name: re.split(r"(?<!i\.e)(?<!e\.g)\. ", text)[0].rstrip(".") for name, text in found.items()}
