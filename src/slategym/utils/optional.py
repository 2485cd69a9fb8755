"""Libraries that are not installed with slategym unless one asks for them."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def require(module: str, extra: str) -> Any:
    """A module of an optional dependency.

    Args:
        module: its name, as in an import.
        extra: the extra of slategym that brings it.

    Raises:
        ImportError: it is not installed; the message names the command.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise ImportError(f'{module} cannot be imported ({error}): it comes with pip install "slategym[{extra}]"') from error
