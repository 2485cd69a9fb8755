"""The text syntax of everything that has a name and options: `lin-ts:alpha=0.1,ridge=2`."""

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
    """One option of a text.

    Attributes:
        key: its name.
        sign: "=", or ">=", "<=", ">" or "<" for bounds.
        value: its text; a list of values keeps its commas.
    """

    key: str
    sign: str
    value: str

    def __str__(self) -> str:
        return f"{self.key}{self.sign}{self.value}"


def split_options(text: str) -> tuple[str, str]:
    """The name of a text and its options, still as text: ("my_agent.py:Mine", "alpha=0.1") of `my_agent.py:Mine:alpha=0.1`.

    The options begin behind the first colon that a name and a sign follow, so that names may have colons.
    """
    name, *rest = _START.split(text.strip(), maxsplit=1)
    return name.strip(), rest[0].strip() if rest else ""


def choose_named(kind: str, name: str, known: Mapping[str, T]) -> T:
    """The entry of that name, as `choose`; what was meant as an option without a value is told apart.

    Raises:
        ValueError: there is none.
    """
    plain, colon, _ = name.partition(":")
    if name not in known and colon and plain in known:
        raise ValueError(f"{kind} {name!r}: expected options as name=value, such as {plain}:name=value")
    return choose(kind, name, known)


def terms(text: str) -> list[Term]:
    """The options of a text `key=value,key=value`; a part without a sign goes on with the value before: `weights=1,10`.

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
    """The text of a name and options, as `split_options` and `read_options` read it."""
    parts = ",".join(f"{key}={_text(value)}" for key, value in options.items())
    return f"{name}:{parts}" if parts else name


def call_with_text(kind: str, function: Callable[..., T], text: str, *arguments: Any) -> T:
    """Call a function or class with the options of a text.

    Args:
        kind: what has the options, for messages: "click model 'cascade'".
        function: what is called.
        text: `key=value,key=value`; empty for none.
        arguments: what comes before the options.

    Raises:
        ValueError: there is no such option, or a value is of another type.
    """
    called = partial(function, *arguments)
    return call_with(kind, called, read_options(kind, text, options_of(function) if text else {}))


def read_values(text: str, known: Mapping[str, Option]) -> dict[str, Any]:
    """The options of a text, each of the type that its name has; names that are not known keep what their text looks like.

    Args:
        text: `key=value,key=value`.
        known: the options by name, as `options_of` finds them.

    Raises:
        ValueError: a value of another type, a bound instead of a value, or an option that is given twice.
    """
    found: dict[str, Any] = {}
    for term in terms(text):
        if term.sign != "=":
            raise ValueError(f"{term} is a bound: expected a value, as {term.key}={term.value}")
        if term.key in found:
            raise ValueError(f"the option {term.key!r} is given twice: give it once")
        try:
            found[term.key] = known[term.key].read(term.value) if term.key in known else guess_value(term.value)
        except ValueError as error:
            raise ValueError(f"{term}: {error}") from None
    return found


def read_options(kind: str, text: str, known: Mapping[str, Option], given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The options of a text, as `read_values`, beside those that have been given as values already.

    Args:
        kind: what has the options, for messages: "agent 'lin-ts'".
        text: `key=value,key=value`.
        known: the options by name, as `options_of` finds them.
        given: options that have been given as values already, which are added.

    Raises:
        ValueError: as `read_values`, or an option of the text has been given already.
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
