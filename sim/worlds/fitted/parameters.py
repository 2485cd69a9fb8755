"""The file of a fitted world: its content, and a check of every number before any is used."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from importlib.resources import files
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.sim.click_models import Cascade, ClickModel, DependentClick, PositionBased, UserBrowsing

Floats = NDArray[np.float64]

NAME = "Fitted-v0"
FILE = "world.json"
VERSION = 1
MOST_RANKS, MOST_CELLS, MOST_LOGIT = 10_000, 1_000_000, 60.0
REMEDY = "make it again with `slategym fit LOG --out FOLDER`"


def file_of(parameters: str | Path | None) -> Any:
    """Return the file for `parameters`: the file itself, `world.json` in a folder, or the packaged file for None.

    Raises:
        FileNotFoundError: there is no such file.
    """
    if parameters is None:
        return files("slategym.sim.worlds").joinpath("fitted", "parameters.json")
    path = Path(parameters)
    path = path / FILE if path.is_dir() else path
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}: expected a folder or file written by `slategym fit LOG --out FOLDER`")
    return path


def is_fitted(name: str) -> bool:
    """Return whether the name of a world is the folder or the JSON file of a fitted one.

    Args:
        name: such as "my_world" or "my_world/world.json".
    """
    path = Path(name)
    return (path / FILE).is_file() or (path.suffix == ".json" and path.is_file())


def read_parameters(parameters: str | Path | None) -> dict[str, Any]:
    """Read the parameters of a fitted world and check every one; this runs no code from the file.

    Args:
        parameters: the folder or file written by `slategym fit`; None for the packaged one.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not the file of a fitted world; the message names the first wrong entry.
    """
    source = file_of(parameters)
    try:
        content = json.loads(source.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{source} is not JSON ({error}): {REMEDY}") from None
    if not isinstance(content, dict) or content.get("world") != NAME:
        found = content.get("world") if isinstance(content, dict) else None
        raise ValueError(f"{source} holds the parameters of {found!r}: expected those of {NAME!r}, written by `slategym fit`")
    if content.get("version") != VERSION:
        raise ValueError(f"{source} has version {content.get('version')!r}: expected {VERSION}; {REMEDY}")
    check_parameters(content, str(source))
    return content


def check_parameters(content: Mapping[str, Any], source: str = "the parameters") -> None:
    """Check that parameters make a world.

    Args:
        content: the content of the JSON file.
        source: where it comes from, for messages.

    Raises:
        ValueError: an entry is wrong; the message names it, what was expected and what came.
    """
    check = _Check(source)
    ids = check.texts(content, "items.ids")
    m = len(ids)
    if len(set(ids)) < m:
        check.fail("items.ids", "names an item twice: expected different ids")
    k = check.whole(content, "slate_size", 1, min(m, MOST_RANKS))
    visits = check.whole(content, "visits", 1, 2**24 - 1)
    check.numbers(content, "items.price", (m,), 0, 3e38)
    check.numbers(content, "items.category", (m,), 0, 2**24 - 1, whole=True)
    names = check.texts(content, "items.feature_names", empty=True)
    check.numbers(content, "items.features", (m, len(names)), -3e38, 3e38)
    levels = _levels(content, check)
    columns = check.texts(content, "context", empty=True)
    known = [f"{name}={level}" for name, each in levels.items() for level in each]
    if unknown := [name for name in columns if name not in known][:1]:
        check.fail("context", f"names {unknown[0]!r}: expected columns such as {', '.join(known[:3]) or 'none'}")
    cells = math.prod(len(each) for each in levels.values())
    if cells > MOST_CELLS:
        check.fail("segments", f"have {cells:,} combinations of levels: expected at most {MOST_CELLS:,}")
    weight = check.numbers(content, "weight", (cells,), 0, 1e300)
    if not 0 < weight.sum() < np.inf:
        check.fail("weight", "adds up to 0: expected a number above 0 for at least one segment")
    for part in ("click", "conversion"):
        if part == "conversion" and content.get(part) is None:
            continue
        check.numbers(content, f"{part}.intercept", (), -MOST_LOGIT, MOST_LOGIT)
        check.numbers(content, f"{part}.item", (m,), -MOST_LOGIT, MOST_LOGIT)
        for group, shape in (("level", ()), ("item_by_level", (m,))):
            effects = check.mapping(content, f"{part}.{group}", optional=group == "item_by_level")
            for name, each in levels.items() if effects or group == "level" else ():
                check.numbers(effects, name, (*shape, len(each)), -MOST_LOGIT, MOST_LOGIT, f"{part}.{group}.")
    try:
        click_model_of(check.mapping(content, "click_model"), k)
    except (KeyError, TypeError, ValueError) as error:
        check.fail("click_model", f"makes no click model ({error})")
    check.numbers(content, "spend_spread", (), 0, 10)
    delay = check.numbers(content, "delay", (None,), 0, 1)
    if not 1 <= len(delay) <= 128 or abs(delay.sum() - 1) > 1e-6:
        check.fail("delay", f"has {len(delay)} shares that add up to {delay.sum():g}: expected 1 to 128 that add up to 1")
    if content.get("leaving") is not None:
        check.numbers(content, "leaving.by_visit", (visits,), -MOST_LOGIT, MOST_LOGIT)
        check.numbers(content, "leaving.clicked", (), -MOST_LOGIT, MOST_LOGIT)
        check.numbers(content, "leaving.converted", (), -MOST_LOGIT, MOST_LOGIT)
    if content.get("days_away") is not None:
        days = check.numbers(content, "days_away", (None,), 0, 1)
        if not 1 <= len(days) <= 10_000 or abs(days.sum() - 1) > 1e-6:
            check.fail("days_away", f"has {len(days)} shares that add up to {days.sum():g}: expected shares that add up to 1")


def levels_of(content: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return the levels of each variable that defines the segments, by name.

    Args:
        content: the result of `read_parameters`.
    """
    return {each["name"]: tuple(each["levels"]) for each in content["segments"]}


def _levels(content: Mapping[str, Any], check: _Check) -> dict[str, tuple[str, ...]]:
    variables = check.entry(content, "segments")
    if not isinstance(variables, list):
        check.fail("segments", "is not a list of variables")
    found: dict[str, tuple[str, ...]] = {}
    for number, each in enumerate(variables):
        if not isinstance(each, Mapping) or not isinstance(each.get("name"), str) or each["name"] in found:
            check.fail(f"segments[{number}]", "has no name, or the name of another one")
        levels = check.texts(each, "levels", f"segments[{number}].")
        if len(set(levels)) < len(levels):
            check.fail(f"segments[{number}].levels", "names a level twice")
        found[each["name"]] = tuple(levels)
    return found


def click_model_of(content: Mapping[str, Any], slate_size: int) -> ClickModel:
    """Make the click model of a fitted world.

    Args:
        content: its name and numbers: `examination`, (k,) for the position-based model and (k, k), rank by distance to the last
            click, for the user-browsing model; `continuation` (k,) for the dependent-click model; none for the cascade.
        slate_size: k.

    Raises:
        ValueError: there is no such click model, or the numbers do not fit it.
    """
    name = content["name"]
    shape = {"user-browsing": (slate_size, slate_size)}.get(name, (slate_size,))
    if name == "cascade":
        return Cascade()
    key = "continuation" if name == "dependent-click" else "examination"
    if name not in ("position-based", "dependent-click", "user-browsing"):
        raise ValueError(f"there is no {name!r}: expected position-based, cascade, dependent-click or user-browsing")
    values = _array(content[key])
    if values is None or values.shape != shape:
        raise ValueError(f"{key} does not have the shape {shape}")
    if name == "dependent-click":
        return DependentClick(values)
    return PositionBased(values) if name == "position-based" else UserBrowsing(values)


def _array(value: Any) -> Floats | None:
    """Return the numbers as an array; None if they are not numbers."""
    try:
        array = np.asarray(value)
    except (ValueError, OverflowError):
        return None
    if array.size and array.dtype.kind not in "iuf":
        return None
    return array.astype(np.float64)


class _Check:
    """Checks the entries of a file, named by paths such as "click.item"; all errors have the same form."""

    def __init__(self, source: str) -> None:
        self.source = source

    def fail(self, path: str, what: str) -> None:
        raise ValueError(f"{self.source}: {path} {what}; {REMEDY}")

    def entry(self, content: Mapping[str, Any], path: str, before: str = "") -> Any:
        value: Any = content
        for key in [path] if before else path.split("."):
            if not isinstance(value, Mapping) or key not in value:
                self.fail(before + path, "is missing")
            value = value[key]
        return value

    def mapping(self, content: Mapping[str, Any], path: str, optional: bool = False) -> Mapping[str, Any]:
        value = self.entry(content, path)
        if value is None and optional:
            return {}
        if not isinstance(value, Mapping):
            self.fail(path, f"is a {type(value).__name__}: expected entries by name")
        found: Mapping[str, Any] = value
        return found

    def texts(self, content: Mapping[str, Any], path: str, before: str = "", empty: bool = False) -> Sequence[str]:
        value = self.entry(content, path, before)
        if not isinstance(value, list) or not all(isinstance(text, str) for text in value) or not (value or empty):
            self.fail(before + path, "is not a list of texts")
        found: Sequence[str] = value
        return found

    def whole(self, content: Mapping[str, Any], path: str, least: int, most: int) -> int:
        value = self.entry(content, path)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.fail(path, f"is {str(value)[:40]}: expected a whole number from {least} to {most}")
        return int(value)

    def numbers(
        self,
        content: Mapping[str, Any],
        path: str,
        shape: tuple[int | None, ...],
        least: float,
        most: float,
        before: str = "",
        whole: bool = False,
    ) -> Floats:
        array = _array(self.entry(content, path, before))
        if array is not None and array.size == 0 and 0 in shape:  # no features: empty lists
            array = array.reshape([0 if size is None else size for size in shape])
        asked = " by ".join("any number" if size is None else str(size) for size in shape) or "one number"
        if array is None or array.ndim != len(shape) or any(n not in (None, s) for n, s in zip(shape, array.shape, strict=True)):
            came = "holds something other than numbers" if array is None else f"has the shape {array.shape}"
            self.fail(before + path, f"{came}: expected numbers, {asked}")
        assert array is not None
        wrong = ~((array >= least) & (array <= most))
        if whole:
            wrong |= array != np.floor(array)
        if wrong.any():
            kind = "a whole number" if whole else "a number"
            value = float(array[wrong][0])
            told = f"{value:g}" if isfinite(value) else str(value)
            self.fail(before + path, f"holds {told}: expected {kind} from {least:g} to {most:g}")
        return array
