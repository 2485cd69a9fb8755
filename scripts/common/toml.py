"""Writes configurations as TOML, which the standard library can only read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def as_toml(content: Mapping[str, Any]) -> str:
    """The TOML text of a configuration, one entry per line.

    Args:
        content: strings, numbers, booleans, lists and tables. A list of tables has one line per element; a table is written
            inline.

    Raises:
        TypeError: a value has another type.
    """
    return "".join(f"{_key(name)} = {_lines(value)}\n" for name, value in content.items())


def _lines(value: Any) -> str:
    if isinstance(value, list) and any(isinstance(each, Mapping) for each in value):
        return "[\n" + "".join(f"    {_text(each)},\n" for each in value) + "]"
    return _text(value)


def _text(value: Any) -> str:
    if isinstance(value, str):  # JSON escapes the same characters as TOML, except 127
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)  # TOML has inf and nan too
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(name)} = {_text(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_text, value))}]"
    raise TypeError(f"{value!r} is a {type(value).__name__}: expected a text, a number, a list or a table")


def _key(name: str) -> str:
    bare = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    return name if bare else _text(name)
