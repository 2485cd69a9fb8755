"""Work on many shoppers in blocks, so that intermediate results stay small."""

from __future__ import annotations

from collections.abc import Iterator

ROWS = 2**18  # a block of shoppers with a few hundred bytes each takes tens of megabytes, and a call costs little in comparison


def blocks(rows: int) -> Iterator[slice]:
    """Slices of at most `ROWS` rows, in order; one empty slice if there are no rows."""
    return (slice(start, min(start + ROWS, rows)) for start in range(0, max(rows, 1), ROWS))
