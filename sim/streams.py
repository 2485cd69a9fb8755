"""The streams of random numbers: one for each purpose."""

from __future__ import annotations

from enum import IntEnum


class Stream(IntEnum):
    """Streams of random numbers, one for each purpose. Custom user models use numbers from `CUSTOM` to 511."""

    CLICK = 0
    CONVERSION = 1
    SLATE = 2
    LEAVING = 3
    DELAY = 4
    SPEND = 5
    TRAIT = 6
    EVOLUTION = 8
    CANDIDATES = 10
    BROWSE = 12
    BEHAVIOUR = 16
    CUSTOM = 64
