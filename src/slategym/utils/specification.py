"""The text syntax of names with options: `lin-ts:alpha=0.1,ridge=2`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple, TypeVar

from slategym.utils.lookup import call_with, choose
from slategym.utils.options import Option, guess_value, options_of

T = TypeVar("T")
_START = re.compile(r":(?=\s*[\w.-]+\s*(?:>=|<=|[<>=]))")
_TERM = re.compile(r"\s*(?P<key>[\w.-]+)\s*(?P<sign>>=|<=|[<>=])\s*(?P<value>.*?)\s*", re.DOTALL)


class Term(NamedTuple):
    """An option in a text.

    Attributes:
        key: name of the option.
        sign: "=", or ">=", "<=", ">" or "<" for bounds.
        value: the value as text; a list of values keeps its commas.
    """

    key: str
    sign: str
    value: str

    def __str__(self) -> str:
        return f"{self.key}{self.sign}{self.value}"


def split_options(text: str) -> tuple[str, str]:
    """Split a text into name and options: `my_agent.py:Mine:alpha=0.1` into ("my_agent.py:Mine", "alpha=0.1").

    The options start after the first colon that is followed by a name and a sign, so that names may contain colons.
    """
    name, *rest = _START.split(text.strip(), maxsplit=1)
    return name.strip(), rest[0].strip() if rest else ""


def choose_named(kind: str, name: str, known: Mapping[str, T]) -> T:
    """Return the entry of a name, as `choose`; an option without a value gets a separate message.

    Raises:
        ValueError: there is no entry of that name.
    """
    plain, colon, _ = name.partition(":")
    if name not in known and colon and plain in known:
        raise ValueError(f"{kind} {name!r}: expected options as name=value, such as {plain}:name=value")
    return choose(kind, name, known)


def terms(text: str) -> list[Term]:
    """Split options `key=value,key=value`; a part without a sign belongs to the value before it, as in `weights=1,10`.

    Raises:
        ValueError: the first part has no sign.
    """
    found: list[Term] = []
    for part in (part for part in text.split(",") if part.strip()):
        term = _TERM.fullmatch(part)
        if term:
            found.append(Term(term["key"], term["sign"], term["value"]))
        elif found:
            found[-1] = found[-1]._replace(value=f"{found[-1].value},{part.strip()}")
        else:
            raise ValueError(f"{part.strip()!r} has no name: expected options such as name=value,name=value")
    return found


def join_options(name: str, options: Mapping[str, Any]) -> str:
    """Join a name and options to a text that `split_options` and `read_options` can read."""
    parts = ",".join(f"{key}={_text(value)}" for key, value in options.items())
    return f"{name}:{parts}" if parts else name


def call_with_text(kind: str, function: Callable[..., T], text: str, *arguments: Any) -> T:
    """Call a function or class with the options in a text.

    Args:
        kind: what has the options, for messages: "click model 'cascade'".
        function: the function or class to call.
        text: `key=value,key=value`; empty for no options.
        arguments: positional arguments before the options.

    Raises:
        ValueError: there is no such option, or a value has another type.
    """
    called = partial(function, *arguments)
    return call_with(kind, called, read_options(kind, text, options_of(function) if text else {}))


def read_values(text: str, known: Mapping[str, Option]) -> dict[str, Any]:
    """Read the options in a text, each as its type requires; the values of unknown names are guessed.

    Args:
        text: `key=value,key=value`.
        known: the options by name, from `options_of`.

    Raises:
        ValueError: a value has another type, there is a bound instead of a value, or an option occurs twice.
    """
    found: dict[str, Any] = {}
    for term in terms(text):
        if term.sign != "=":
            raise ValueError(f"{term} is a bound: expected a value, such as {term.key}={term.value}")
        if term.key in found:
            raise ValueError(f"the option {term.key!r} is given twice: give it once")
        try:
            found[term.key] = known[term.key].read(term.value) if term.key in known else guess_value(term.value)
        except ValueError as error:
            raise ValueError(f"{term}: {error}") from None
    return found


def read_options(kind: str, text: str, known: Mapping[str, Option], given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Read the options in a text with `read_values`, and add options that are already given as values.

    Args:
        kind: what has the options, for messages: "agent 'lin-ts'".
        text: `key=value,key=value`.
        known: the options by name, from `options_of`.
        given: options that are already given as values.

    Raises:
        ValueError: see `read_values`; or an option in the text is already given.
    """
    try:
        found = read_values(text, known)
        for name in given or {}:
            if name in found:
                raise ValueError(f"the option {name!r} is given twice: give it once")
    except ValueError as error:
        raise ValueError(f"{kind}: {error}") from None
    return found | dict(given or {})


def _text(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, list | tuple):
        return ",".join(map(_text, value))
    return value if isinstance(value, str) else json.dumps(value)
