"""The public names of a package, imported from the modules that define them when they are first used."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy_exports(package: str, modules: Mapping[str, tuple[str, ...]]) -> tuple[list[str], Callable[[str], Any]]:
    """What a package's `__init__` needs to offer names of its modules without importing any of them.

    ```python
    __all__, __getattr__ = lazy_exports(__name__, {"slategym.sim.catalog": ("Catalog",)})
    ```

    Args:
        package: the package's own name.
        modules: the names to offer, by the full name of the module that defines them.

    Returns:
        The package's `__all__`, sorted, and its `__getattr__`.
    """
    places = {name: module for module, names in modules.items() for name in names}

    def get(name: str) -> Any:
        if name not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(places[name]), name)
        setattr(sys.modules[package], name, value)  # so that the next use is a plain lookup
        return value

    return sorted(places), get
