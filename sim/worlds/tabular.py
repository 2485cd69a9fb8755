"""Parts of worlds fitted to logs: the table of shopper segments, and the file of fitted parameters."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slategym.sim.draws import Draws
from slategym.sim.streams import Stream
from slategym.utils.short_repr import Brief


class ContingencyTable(Brief):
    """A joint table of discrete variables; a cell is a combination of one level of each.

    Args:
        levels: the levels of each variable, by name; the last variable varies fastest from cell to cell.
        weight: (cells,) the frequency of each cell, in any unit.

    Attributes:
        levels: the argument.
        share: (cells,) float64, the weights scaled to a sum of one.

    Raises:
        ValueError: the number of weights differs from the number of cells, or weights are negative or all 0.
    """

    def __init__(self, levels: Mapping[str, Sequence[Any]], weight: ArrayLike) -> None:
        self.levels = {name: tuple(each) for name, each in levels.items()}
        weights = np.asarray(weight, np.float64)
        cells = math.prod(self.shape)
        if weights.shape != (cells,):
            raise ValueError(
                f"weight has shape {weights.shape}: expected ({cells},), one for each cell of a table of {self.shape}"
            )
        if not ((weights >= 0).all() and 0 < weights.sum() < np.inf):
            raise ValueError("weight must hold finite numbers of at least 0, with at least one above 0")
        self.share = weights / weights.sum()
        self._until = np.cumsum(self.share)
        self._last = int(np.flatnonzero(self.share)[-1])

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of levels of each variable."""
        return tuple(len(each) for each in self.levels.values())

    def __len__(self) -> int:
        return len(self.share)

    def sample(self, draws: Draws) -> NDArray[np.int64]:
        """(n,) the cell of each shopper, from the first trait draw."""
        cell = np.searchsorted(self._until, draws.uniform(Stream.TRAIT), side="right")
        return np.minimum(cell, self._last)  # the sum of the shares may be slightly below one

    def level(self, name: str) -> NDArray[np.int64]:
        """(cells,) the number of a variable's level in each cell."""
        axis = list(self.levels).index(name)
        return np.unravel_index(np.arange(len(self)), self.shape)[axis]

    def one_hot(self, name: str) -> NDArray[np.float64]:
        """(cells, levels of the variable) 1 in the column of the cell's level, otherwise 0."""
        return np.eye(len(self.levels[name]))[self.level(name)]


def load_parameters(world: str, folder: str, path: str | Path | None) -> dict[str, Any]:
    """Read the fitted parameters of a world.

    Args:
        world: the name of the world, which the file must contain.
        folder: the folder under `slategym.sim.worlds` whose parameters.json is used if `path` is None.
        path: a file written by `slategym fit --preset`.

    Raises:
        ValueError: the file belongs to another world.
        FileNotFoundError: there is no such file.
    """
    source = files("slategym.sim.worlds").joinpath(folder, "parameters.json") if path is None else Path(path)
    try:
        parameters = json.loads(source.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{source} is not JSON ({error}): expected a file written by `slategym fit --preset`") from error
    found = parameters.get("world") if isinstance(parameters, dict) else None
    if found != world:
        raise ValueError(f"{source} holds the parameters of {found!r}: expected those of {world!r}")
    assert isinstance(parameters, dict)
    return parameters
