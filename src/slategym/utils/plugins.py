"""Custom objects by reference, such as `my_shop.py:Bookshop`: a name in a Python file."""

from __future__ import annotations

import hashlib
import importlib
import importlib.abc
import importlib.util
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from slategym.utils.lookup import choose


def is_reference(name: str) -> bool:
    """Return whether a name refers to something outside slategym: `path/to/file.py:Name` or `package.module:Name`."""
    place, colon, attribute = name.rpartition(":")
    return bool(colon) and attribute.isidentifier() and (place.endswith(".py") or all(p.isidentifier() for p in place.split(".")))


def load(kind: str, reference: str) -> Any:
    """Load the object of a reference; a file is run only once, even if several objects are loaded from it.

    Args:
        kind: what is loaded, for messages: "world", "user model", "agent".
        reference: `path/to/file.py:Name` or `package.module:Name`.

    Raises:
        ValueError: there is no such file, module or name, or the file fails when it is run.
    """
    place, _, attribute = reference.rpartition(":")
    if not place.endswith(".py") and place.partition(".")[0] in sys.stdlib_module_names:
        raise ValueError(f"{reference} belongs to Python itself: expected a custom {kind}, such as my_file.py:Mine")
    module = _from_file(kind, Path(place)) if place.endswith(".py") else _by_name(kind, place)
    public = {name: value for name, value in vars(module).items() if not name.startswith("_")}
    return choose(f"{kind} in {place}", attribute, public)


def is_loaded(reference: str) -> bool:
    """Return whether the file or module of a reference has already been run, so that `load` will not run it."""
    place = reference.rpartition(":")[0]
    return (_module_name(Path(place).resolve()) if place.endswith(".py") else place) in sys.modules


def find_file(kind: str, path: Path) -> Path:
    """Return the absolute path of a file.

    Raises:
        ValueError: there is no such file.
    """
    if not path.is_file():
        raise ValueError(f"there is no file {path} to load the {kind} from: the current folder is {Path.cwd()}")
    return path.resolve()


def loaded_files() -> dict[str, Path]:
    """The files that have been run to load objects, by the names of their modules."""
    return {name: Path(module.__file__) for name, module in list(sys.modules.items()) if name in _names and module.__file__}


def make_importable(files: dict[str, Path]) -> None:
    """Let a new process import files of another process under the same module names, so that it can read its pickles.

    A file is run when a pickle first needs it, and not otherwise.
    """
    sys.meta_path.append(_Finder(files))


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, files: dict[str, Path]) -> None:
        self.files = files

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        return importlib.util.spec_from_file_location(name, self.files[name]) if name in self.files else None


_names: set[str] = set()


def _from_file(kind: str, path: Path) -> ModuleType:
    path = find_file(kind, path)
    name = _module_name(path)
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    _names.add(name)
    sys.modules[name] = module  # before it runs, because dataclasses and pickle look it up
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # sys.exit(0) in a file must not end a command as a success
        del sys.modules[name]
        raise ValueError(f"{path} cannot be run to load the {kind}: {type(error).__name__}: {error}") from error
    return module


def _module_name(path: Path) -> str:
    """A unique name, so that two files called my_shop.py are not confused; it is the same in every process."""
    return f"{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"


def _by_name(kind: str, name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ValueError(f"the module {name} cannot be imported to load the {kind}: {error}") from error
    except (Exception, SystemExit) as error:
        what = f"{type(error).__name__}: {error}"
        raise ValueError(f"the module {name} cannot be imported to load the {kind}: {what}") from error
