"""Fingerprints of values: equal for equal configurations, worlds and code."""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import pickle
import platform
import sys
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from slategym.utils.storage.graph import Flattener

LIBRARIES = (
    "numpy",
    "scipy",
    "numba",
    "torch",
    "stable-baselines3",
    "scikit-learn",
    "mabwiser",
    "river",
    "vowpalwabbit",
    "pymoo",
)
DESCRIPTIONS = ("meaning",)  # attributes that do not affect numbers: rewording one changes no fingerprint
SHOWN = ("scripts", "testing", "reports", "searches")  # packages that do not affect numbers


def fingerprint(value: Any) -> str:
    """The fingerprint of a value, 64 hexadecimal digits.

    An object is represented by its class and attributes; a function or class from outside slategym by the source of its module,
    or by its code if there is no source. With `code_version()` in the value, the fingerprint also changes with slategym's code.

    Args:
        value: any value: JSON values, arrays, worlds, agents' names or classes.

    Raises:
        ValueError: a part of the value can neither be decomposed nor pickled.
    """
    graph = Flattener(foreign=_stand_in, left_out=DESCRIPTIONS)
    try:
        place = graph.add(value)
    except RecursionError as error:
        raise ValueError(f"a {type(value).__name__} is nested too deeply for a fingerprint") from error
    digest = hashlib.sha256(json.dumps([graph.nodes, place], separators=(",", ":")).encode())
    for array in graph.arrays:
        digest.update(f"{array.dtype.descr}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data if array.size else b"")
    return digest.hexdigest()


def files_print(path: Path) -> str:
    """A fingerprint of the content of a file, or of the names and contents of all files in a folder.

    Args:
        path: path of the file or folder.

    Raises:
        OSError: a file cannot be read.
    """
    digest = hashlib.sha256()
    for each in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if each.is_file():
            digest.update(f"{each.relative_to(path)}\0{each.stat().st_size}\0".encode())
            with each.open("rb") as file:
                while block := file.read(1 << 20):
                    digest.update(block)
    return digest.hexdigest()


@cache
def code_version() -> dict[str, str]:
    """What numbers depend on besides the configuration: slategym's source code and the versions of numerical libraries."""
    root = Path(__file__).parents[2]
    digest = hashlib.sha256()
    for folder, names, files in sorted(os.walk(root, followlinks=True)):
        names[:] = sorted(name for name in names if name not in (*SHOWN, "__pycache__"))
        for name in sorted(files):
            if name.endswith((".py", ".json", ".npz", ".fit")):
                path = Path(folder, name)
                digest.update(f"{path.relative_to(root)}\0".encode() + path.read_bytes())
    found = {"slategym": digest.hexdigest(), "python": platform.python_version(), "machine": platform.machine()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = ""
    return found


def _stand_in(value: Any) -> Any:
    """A value that can be decomposed, in place of one that cannot."""
    if isinstance(value, partial):
        return ("partial", value.func, value.args, value.keywords)
    if inspect.ismethod(value):
        return ("method", value.__func__, value.__self__)
    if isinstance(value, type) or inspect.isroutine(value):
        return ("code", getattr(value, "__module__", "") or "", value.__qualname__, _source(value))
    if isinstance(value, dict):
        return ("mapping", type(value), list(value.items()))
    if isinstance(value, list | tuple | set | frozenset):
        return ("sequence", type(value), list(value))
    detach = getattr(value, "detach", None)
    if detach is not None:  # a tensor
        return ("tensor", detach().cpu().numpy())
    state = getattr(value, "__dict__", None)
    if state and not inspect.ismodule(value):
        return ("object", type(value), dict(state))
    try:
        return ("pickled", type(value).__qualname__, pickle.dumps(value))
    except Exception as error:  # pickling may raise any exception
        raise ValueError(f"a {type(value).__qualname__} has no fingerprint: it cannot be pickled ({error})") from error


def _source(value: Any) -> str:
    """A digest of the source of a class or function from outside slategym; empty for slategym's own, covered by its version."""
    module = getattr(value, "__module__", "") or ""
    if module.partition(".")[0] in ("slategym", "builtins", "numpy", "scipy", "torch"):
        return ""
    path = getattr(sys.modules.get(module), "__file__", None)
    try:
        if path is not None:
            return hashlib.sha256(Path(path).read_bytes()).hexdigest()
        return hashlib.sha256(inspect.getsource(value).encode()).hexdigest()
    except (OSError, TypeError):
        code = getattr(value, "__code__", None)
        return hashlib.sha256(code.co_code + repr(code.co_consts).encode()).hexdigest() if code else ""
