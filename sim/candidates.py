"""The retrieval stage: a few items of a large catalogue, drawn for each shopper and visit, from which the slate is chosen."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.sim.slate import Items
from slategym.utils.arrays import check_numbers, check_shape
from slategym.utils.parallel import in_shards

LARGEST = 2**24  # float32, the type of the observation, holds the numbers of this many items exactly


def fill_candidates(
    seed: int,
    identity: NDArray[np.int64],
    visit: NDArray[np.int64],
    positions: Items,
    items: int,
    count: int,
    out: NDArray[Any],
) -> None:
    """Write the items at `positions` (n, c) among the candidates of shoppers at their visits, into `out` (n, c).

    The catalogue is divided into C strata of neighbouring items, stratum j from floor(j m / C) up to floor((j + 1) m / C).
    Candidate j is drawn uniformly from stratum j, with a counter-based random number of the stream `Stream.CANDIDATES`. It is
    therefore a function of (seed, shopper, visit, j) alone, and can be computed without the other candidates. Candidates are
    different, in ascending order, and are all items if C = m. The probability that an item is a candidate is
    1 / (size of its stratum), where the size is floor or ceil of m / C. Two items of one stratum are never candidates together.

    Args:
        seed: the seed of the simulation.
        identity: (n,) the shoppers' identities.
        visit: (n,) the number of their present visit.
        positions: (n, c), each 0..C - 1.
        items: m.
        count: C, at most m.
        out: (n, c), of any dtype that holds whole numbers below m.

    Raises:
        ValueError: the shapes do not match, or a position is outside 0..C - 1.
    """
    shape = (len(identity), None)
    positions = check_numbers(positions, count, "positions", "a position among the candidates", shape)
    check_shape(visit, (len(identity),), "visit", "one visit per shopper")
    check_shape(out, positions.shape, "out", "that of the positions")
    from slategym.sim.kernel.candidates import fill  # compiled: imported on first use

    def work(rows: slice) -> None:
        fill(np.uint64(seed), identity[rows], visit[rows], positions[rows], items, count, out[rows])

    in_shards(len(identity), work)
