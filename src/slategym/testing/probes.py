"""Probes for the checks: global random state, lines that run, stored attributes, differences between arrays."""

from __future__ import annotations

import hashlib
import pickle
import random
import sys
import sysconfig
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from types import FrameType
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
T = TypeVar("T")
ANYTHING = (Exception, SystemExit)  # exceptions of the user's code; not Ctrl-C, which comes from the user

_LIBRARIES = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})
_CHECKS = str(Path(__file__).parent)
_PACKAGE = str(Path(__file__).parents[2])
_HELPERS = str(Path(__file__).parents[1] / "utils")


# ---- global random state


def imported_torch() -> Any:
    """Torch if it has been fully imported; code that has not imported it cannot draw from its generator."""
    torch = sys.modules.get("torch")
    return torch if hasattr(torch, "get_rng_state") else None


def generator_states() -> dict[str, Any]:
    """The states of the global generators, by module name."""
    kind, key, *rest = np.random.get_state(legacy=True)  # noqa: NPY002
    states = {"random": random.getstate(), "numpy.random": (kind, np.asarray(key).tobytes(), *rest)}
    torch = imported_torch()
    return states if torch is None else states | {"torch": torch.get_rng_state().numpy().tobytes()}


@contextmanager
def global_seed(seed: int) -> Iterator[Callable[[], str]]:
    """Seed the global generators of random, numpy and torch, and restore them at the end.

    Yields a function that returns the name of the first generator whose state has changed since; empty if none has.
    """
    torch = imported_torch()
    kept = random.getstate(), np.random.get_state(), torch and torch.get_rng_state()  # noqa: NPY002
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    if torch is not None:
        torch.default_generator.manual_seed(seed)
    before = generator_states()

    def moved() -> str:
        now = generator_states()
        return next((name for name, state in before.items() if now[name] != state), "")

    try:
        yield moved
    finally:
        random.setstate(kept[0])
        np.random.set_state(kept[1])  # noqa: NPY002
        if torch is not None:
            torch.set_rng_state(kept[2])


@contextmanager
def silently() -> Iterator[None]:
    """Suppress warnings; the checks report NaN and infinity themselves."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def guarded(function: Callable[[], T]) -> T:
    """Return the function's result; suppresses warnings and restores the global generators."""
    with silently(), global_seed(0):
        return function()


# ---- Python code that runs


def is_library(file: str) -> bool:
    """Return whether a file of code belongs to Python, to an installed library or to these checks."""
    return file.startswith(("<frozen", "<string>", *_LIBRARIES)) or file.startswith(_CHECKS)


def is_package(file: str) -> bool:
    """Return whether a file of code belongs to slategym."""
    return file.startswith(_PACKAGE)


def lines_run(function: Callable[[], object]) -> Counter[tuple[str, int]]:
    """Count how often each line (file, number) runs, except in libraries and in slategym's helpers.

    A helper that is called from many lines would be counted as often as all of them together, which does not mean a loop; a line
    that calls it in a loop is counted itself.
    """
    counts: Counter[tuple[str, int]] = Counter()

    def in_function(frame: FrameType, event: str, _: Any) -> Any:
        if event == "line":
            counts[frame.f_code.co_filename, frame.f_lineno] += 1
        return in_function

    def at_call(frame: FrameType, event: str, _: Any) -> Any:
        file = frame.f_code.co_filename
        return None if is_library(file) or file.startswith(_HELPERS) else in_function

    others = sys.gettrace()
    sys.settrace(at_call)
    try:
        function()
    finally:
        sys.settrace(others)
    return counts


# A line that runs once more per ten additional shoppers is a loop over shoppers; loops over blocks or batches grow far less.
_PER_SHOPPER = 0.1


def line_per_shopper(ask: Callable[[int], object], few: int = 100, many: int = 600) -> str:
    """The line, "my_shop.py:12", whose count grows most from `few` to `many` shoppers; empty if none grows per shopper."""
    ask(few), ask(many)  # so that one-time work is done
    before = lines_run(lambda: ask(few))
    after = lines_run(lambda: ask(many))
    growth = {line: count - before[line] for line, count in after.items()}
    worst = max(growth, key=growth.__getitem__, default=None)
    if worst is None or growth[worst] < _PER_SHOPPER * (many - few):
        return ""
    return f"{Path(worst[0]).name}:{worst[1]}"


def seconds(function: Callable[[], object], repetitions: int = 3) -> float:
    """The shortest time of some runs, after a warm-up run."""
    function()
    times = []
    for _ in range(repetitions):
        start = perf_counter()
        function()
        times.append(perf_counter() - start)
    return min(times)


def raised(error: BaseException) -> str:
    """An error in one line, with the line of the user's code: "raises KeyError: 'mood' (my_shop.py:12)"."""
    frames = [each for each in traceback.extract_tb(error.__traceback__) if not is_library(each.filename)]
    own = [each for each in frames if not is_package(each.filename)] or frames
    place = f" ({Path(own[-1].filename).name}:{own[-1].lineno})" if own else ""
    message = str(error).strip().split("\n")[0]
    return f"raises {type(error).__name__}{f': {message}' if message else ''}{place}"


# ---- what an object keeps


def fingerprint(thing: object, below: type) -> dict[str, bytes]:
    """A digest of each attribute of an object, including the class attributes below a base class."""
    found: dict[str, object] = {}
    for kind in reversed(type(thing).__mro__):
        if kind is not below and issubclass(kind, below):
            found.update({name: value for name, value in vars(kind).items() if not (name.startswith("__") or callable(value))})
    found.update(getattr(thing, "__dict__", {}))
    return {name: _digest(value) for name, value in found.items()}


def _digest(value: object) -> bytes:
    try:
        return hashlib.sha256(pickle.dumps(value)).digest()
    except Exception:  # pickling may raise any exception
        return str(id(value)).encode()


# ---- where arrays differ


def place(index: tuple[int, ...]) -> str:
    """Format an index, such as (3, 1), as "[3, 1]"."""
    return f"[{', '.join(map(str, index))}]" if index else ""


def first(mask: NDArray[np.bool_]) -> tuple[int, ...]:
    """The first index where the mask is true."""
    return tuple(int(each) for each in np.argwhere(mask)[0])


def differs(left: Array, right: Array, rtol: float = 0.0, atol: float = 0.0) -> NDArray[np.bool_] | None:
    """Where two arrays differ (NaN equals NaN); None if nowhere. Arrays of different shapes differ everywhere."""
    left, right = np.asarray(left), np.asarray(right)
    if left.shape != right.shape:
        return np.ones(left.shape or (1,), np.bool_)
    if left.dtype.kind in "fc" and right.dtype.kind in "fc":
        # isclose treats equal infinities as equal; their difference would be NaN.
        mask = ~np.isclose(left, right, rtol=rtol, atol=atol, equal_nan=True)
    else:
        mask = left != right
    return mask if mask.any() else None


def changed(before: Mapping[str, Array], after: Mapping[str, Array]) -> str:
    """The first array that has changed, with the place: "slate[0, 2]"; empty if none has."""
    for name, array in before.items():
        mask = differs(array, after[name])
        if mask is not None:
            return name + place(first(mask))
    return ""
