"""Lookup by name, with suggestions of similar names."""

from __future__ import annotations

import inspect
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from functools import partial
from typing import Any, TypeVar

from slategym.utils.checked import check_values

T = TypeVar("T")


def check_name(kind: str, name: str) -> None:
    """Check a name for tables, pages and paths: letters of any script, digits, ".", "_" and "-".

    Args:
        kind: what is named, for the message: "an objective", "a world".
        name: the name.

    Raises:
        ValueError: the name contains other characters, or neither a letter nor a digit.
    """
    kinds = [unicodedata.category(letter) for letter in name] if isinstance(name, str) else []
    # Letters may be followed by combining marks, such as the vowels of Hindi or separate accents.
    named = any(each[0] == "L" or each == "Nd" for each in kinds)
    if not named or not all(each[0] in "LM" or each == "Nd" or letter in "._-" for letter, each in zip(name, kinds, strict=True)):
        raise ValueError(
            f"{kind} is named {name!r}: expected letters of any script, digits, '.', '_' and '-', at least one letter or digit"
        )


def choose(kind: str, name: str, known: Mapping[str, T]) -> T:
    """Return the entry of a name.

    Raises:
        ValueError: there is none; the message contains the most similar names and all names.
    """
    if not isinstance(name, str):
        raise ValueError(f"there is no {kind} {name!r}: expected a name. There are: {', '.join(known)}")
    if name in known:
        return known[name]
    raise ValueError(f"there is no {kind} {name!r}.{nearest(name, known)} There are: {', '.join(known)}")


def nearest(name: str, known: Iterable[str]) -> str:
    """A sentence with the most similar known names, after a space: " Did you mean 'nash'?"; empty if none is similar."""
    by_lower = {each.lower(): each for each in known}
    near = [by_lower[each] for each in get_close_matches(name.lower(), by_lower, n=3, cutoff=0.4)]
    return f" Did you mean {' or '.join(repr(each) for each in near)}?" if near else ""


def call_with(kind: str, function: Callable[..., T], options: Mapping[str, Any], also: Iterable[str] = ()) -> T:
    """Call a function with keyword options; `also` contains names of further options, which the caller has already removed.

    Raises:
        ValueError: see `check_options`; or a value has another type or is out of its range (see `check_values`).
    """
    check_options(kind, function, options, also)
    check_values(function, options)
    return function(**options)


def check_options(kind: str, function: Callable[..., Any], options: Iterable[str], also: Iterable[str] = ()) -> None:
    """Check the names of keyword options; a function that accepts any names (`**options`) must check them itself.

    Raises:
        ValueError: the function has no such option; the message contains the most similar names and all names.
    """
    parameters, takes_more = named_parameters(function)
    if takes_more:
        return
    known = [*also, *parameters]
    for name in options:
        if name not in known:
            has = f"It has: {', '.join(known)}" if known else "It has no options"
            raise ValueError(f"{kind} has no option {name!r}.{nearest(name, known)} {has}")


def named_parameters(function: Callable[..., Any]) -> tuple[dict[str, inspect.Parameter], bool]:
    """The parameters of a function or class that can be given by name, and whether it also accepts other names.

    Parameters of base classes are included if the constructors pass on `**options`.

    Args:
        function: a function, a class, or a `partial` of one.
    """
    parameters = list(inspect.signature(function).parameters.values())
    kinds = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    found = {each.name: each for each in parameters if each.kind in kinds}
    takes_more = any(each.kind is each.VAR_KEYWORD for each in parameters)
    target = function.func if isinstance(function, partial) else function
    if not (takes_more and isinstance(target, type)):
        return found, takes_more
    known = set(inspect.signature(target).parameters) | {"self"}
    inherited: dict[str, inspect.Parameter] = {}
    constructors = [vars(each)["__init__"] for each in target.__mro__[:-1] if "__init__" in vars(each)]
    for constructor in constructors[1:]:
        parameters = list(inspect.signature(constructor).parameters.values())
        inherited |= {each.name: each for each in parameters if each.kind in kinds and each.name not in {*known, *inherited}}
        takes_more = any(each.kind is each.VAR_KEYWORD for each in parameters)
        if not takes_more:
            break
    # A class whose base classes accept no options uses its `**options` in another way.
    return found | inherited, takes_more or not inherited
