"""The retrieval stage: a few items of a large catalogue, drawn for each shopper and visit, from which the slate is chosen."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.sim.slate import Items
from slategym.utils.arrays import check_numbers, check_shape
from slategym.utils.parallel import in_shards

LARGEST = 2**24  # items whose numbers float32 holds exactly, as the observation has to


def fill_candidates(
    seed: int,
    identity: NDArray[np.int64],
    visit: NDArray[np.int64],
    positions: Items,
    items: int,
    count: int,
    out: NDArray[Any],
) -> None:
    """Write which items stand at `positions` (n, c) among the candidates of shoppers at their visits, into `out` (n, c).

    The catalogue is cut into C strata of neighbouring items, stratum j from floor(j m / C) up to floor((j + 1) m / C), and
    candidate j is drawn uniformly from stratum j, by a random number of its own: counter-based, of the stream
    `Stream.CANDIDATES`, so a function of (seed, shopper, visit, j) alone, and one candidate costs no more than itself.
    Candidates differ, ascend, and are all items where C = m. An item is among them with probability 1 / (size of its stratum),
    which is floor or ceil of m / C: C / m where C divides m, and about that elsewhere. Two items of one stratum never meet.

    Args:
        seed: of the simulation.
        identity: (n,) who the shoppers are.
        visit: (n,) their present visit.
        positions: (n, c), each 0..C - 1.
        items: m.
        count: C, at most m.
        out: (n, c), of any kind that holds whole numbers below m.

    Raises:
        ValueError: arrays that do not belong together, or what is not a position among the candidates.
    """
    shape = (len(identity), None)
    positions = check_numbers(positions, count, "positions", "a position among the candidates", shape)
    check_shape(visit, (len(identity),), "visit", "one visit a shopper")
    check_shape(out, positions.shape, "out", "that of the positions")
    from slategym.sim.kernel.candidates import fill  # compiled, so not on import

    def work(rows: slice) -> None:
        fill(np.uint64(seed), identity[rows], visit[rows], positions[rows], items, count, out[rows])

    in_shards(len(identity), work)
