"""The state of the whole process, watched while a user's code is loaded or called."""

from __future__ import annotations

import builtins
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any, Literal, NamedTuple

import numpy as np

from slategym.testing.findings import Finding
from slategym.testing.probes import generator_states, imported_torch, is_library


class Belonging(NamedTuple):
    """A part of the process's state: what changes it, how to avoid the change, and how severe it is."""

    what: str
    fix: str
    severity: Literal["failure", "hint"]


def _generator(name: str, own: str) -> Belonging:
    fix = f"Create your own generator, {own}, or take random numbers from draws"
    return Belonging(f"seeds, or draws from, the global generator of {name}", fix, "failure")


BELONGINGS = {
    "random": _generator("random", "random.Random(seed)"),
    "numpy.random": _generator("numpy.random", "numpy.random.default_rng(seed)"),
    "torch": _generator("torch", "torch.Generator().manual_seed(seed)"),
    "np.seterr": Belonging("changes np.seterr for the whole process", "Use `with np.errstate(...):` around such code", "hint"),
    "warnings": Belonging(
        "changes the warning filters of the whole process", "Use `with warnings.catch_warnings():` around such code", "hint"
    ),
    "folder": Belonging(
        "changes the working directory of the whole process", "Build paths from Path(__file__).parent instead", "hint"
    ),
    "dtype": Belonging("changes torch's default dtype for the whole process", "Pass dtype= where a tensor is created", "hint"),
}


def belongings() -> dict[str, Any]:
    """The present values of `BELONGINGS`; torch's only if it has been imported."""
    return generator_states() | settings()


def settings() -> dict[str, Any]:
    """The values of `belongings` except the generators."""
    torch = imported_torch()
    found = {"np.seterr": np.geterr(), "warnings": tuple(warnings.filters), "folder": os.getcwd()}
    return found if torch is None else found | {"dtype": torch.get_default_dtype()}


def changes(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """The names of the values that differ; what is only in `after`, such as torch's values, is ignored."""
    return [name for name, value in before.items() if after[name] != value]


class Watch:
    """Records what a user's code changes in the process, but not what the libraries change that it imports.

    Attributes:
        changed: names in `BELONGINGS` of what has changed, in order.
    """

    def __init__(self) -> None:
        self.changed: list[str] = []
        self._before = belongings()
        self._import = builtins.__import__
        self._in_library = False

    def look(self) -> None:
        """Record what has changed since the last call."""
        now = belongings()
        self.changed += [name for name in changes(self._before, now) if name not in self.changed]
        self._before = now

    def importing(self, name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
        """Import as Python does; changes made by a library meanwhile are ignored."""
        if self._in_library or level or not _of_library(name):
            return self._import(name, globals, locals, fromlist, level)
        self.look()
        self._in_library = True
        try:
            return self._import(name, globals, locals, fromlist, level)
        finally:
            self._in_library = False
            self._before = belongings()


@contextmanager
def watched() -> Iterator[Watch]:
    """Record what loading a user's file changes in the process."""
    watch = Watch()
    builtins.__import__ = watch.importing
    try:
        yield watch
    finally:
        builtins.__import__ = watch._import
        watch.look()


def findings_of_changes(changed: list[str], where: str, when: str = "") -> tuple[Finding, ...]:
    """A finding for each name in `changed`: "my_shop.py changes np.seterr for the whole process, when it is loaded"."""
    each = [BELONGINGS[name] for name in changed]
    return tuple(Finding(f"{one.what}{when}", where, one.fix, one.severity) for one in each)


def _of_library(name: str) -> bool:
    top = name.partition(".")[0]
    try:
        spec = find_spec(top)
    except (ImportError, ValueError):
        return False
    return spec is not None and (spec.origin in ("built-in", "frozen") or is_library(spec.origin or ""))
