"""Checks of options against a problem or a machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def device_of(name: str) -> torch.device:
    """Return the torch device of a name.

    Raises:
        ValueError: torch does not know the device, or it is not available.
    """
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        first = str(error).splitlines()[0]
        raise ValueError(
            f"device is {name!r}, which cannot be used here ({first}): expected cpu, or cuda on a machine with a GPU"
        ) from None
    return device


def examination_of(values: Sequence[float], slate_size: int) -> NDArray[np.float64]:
    """The given examinations, relative to the first rank.

    Raises:
        ValueError: the values are not one number above 0 for each rank.
    """
    given = np.asarray(values, np.float64)
    if given.shape != (slate_size,) or not (np.isfinite(given) & (given > 0)).all():
        raise ValueError(f"examination is {values!r}: expected {slate_size} numbers above 0, one for each rank")
    return np.asarray(given / given[0])


def on_cpu(value: Any) -> Any:
    """Move tensors to the CPU, also within dictionaries.

    Args:
        value: a tensor, a dictionary, or anything else, which is returned unchanged.
    """
    if isinstance(value, dict):
        return {key: on_cpu(each) for key, each in value.items()}
    return value.cpu() if isinstance(value, Tensor) else value
