"""Candidates, compiled; the specification is `slategym.sim.candidates`."""

from __future__ import annotations

from typing import Any

import numba as nb

from slategym.sim.kernel.philox import block
from slategym.sim.streams import Stream

CANDIDATES = int(Stream.CANDIDATES) // 2


@nb.njit(cache=True, nogil=True)
def fill(seed: Any, identity: Any, visit: Any, positions: Any, items: int, count: int, out: Any) -> None:
    """Write the items (n, c) at the positions (n, c) among `count` candidates of n shoppers at their visits."""
    for i in range(positions.shape[0]):
        for j in range(positions.shape[1]):
            position = positions[i, j]
            low = position * items // count
            size = (position + 1) * items // count - low
            uniform, _ = block(seed, CANDIDATES, identity[i], visit[i], position)
            out[i, j] = low + int(uniform * size)
