"""What a fit of a log gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from slategym.bench.fitting.clicking import Clicking
from slategym.bench.fitting.rates import Rates
from slategym.logs.segments import Segments
from slategym.utils.short_repr import Brief


@dataclass(frozen=True, repr=False)
class FittedLog(Brief):
    """A fit of a log.

    Attributes:
        parameters: as the file of the fitted world has them.
        segments: of the log's shoppers.
        clicking: the click model, and the attraction of items to segments.
        conversions: the rates of conversions given a click; None where the log has none.
        conversion_test: the p-value of "no effects of items at levels" on conversions; None where the log has none.
    """

    parameters: dict[str, Any]
    segments: Segments
    clicking: Clicking
    conversions: Rates | None
    conversion_test: float | None
