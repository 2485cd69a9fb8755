"""Public names of a package, imported from the modules that define them at their first use."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy_exports(package: str, modules: Mapping[str, tuple[str, ...]]) -> tuple[list[str], Callable[[str], Any]]:
    """Create what a package's `__init__` needs to export names of its modules without importing them.

    ```python
    __all__, __getattr__ = lazy_exports(__name__, {"slategym.sim.catalog": ("Catalog",)})
    ```

    Args:
        package: name of the package.
        modules: the names to export, by the full name of the module that defines them.

    Returns:
        The package's `__all__`, sorted, and its `__getattr__`.
    """
    places = {name: module for module, names in modules.items() for name in names}

    def get(name: str) -> Any:
        if name not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(places[name]), name)
        setattr(sys.modules[package], name, value)  # the next use is then a plain lookup
        return value

    return sorted(places), get
