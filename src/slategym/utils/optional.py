"""Optional dependencies, which are not installed with slategym by default."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def require(module: str, extra: str) -> Any:
    """Import a module of an optional dependency.

    Args:
        module: full name of the module.
        extra: the extra of slategym that installs it.

    Raises:
        ImportError: the module is not installed; the message contains the command to install it.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise ImportError(f'{module} cannot be imported ({error}): it comes with pip install "slategym[{extra}]"') from error
