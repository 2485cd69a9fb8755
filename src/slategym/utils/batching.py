"""Work on many shoppers in blocks, so that what is made on the way stays small."""

from __future__ import annotations

from collections.abc import Iterator

ROWS = 2**18  # a block of shoppers of a few hundred bytes is tens of megabytes: small beside ten million, large beside a call


def blocks(rows: int) -> Iterator[slice]:
    """Slices of at most `ROWS` rows, in order; one empty slice where there are none."""
    return (slice(start, min(start + ROWS, rows)) for start in range(0, max(rows, 1), ROWS))
