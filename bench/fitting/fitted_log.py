"""The result of fitting a log."""

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
        parameters: the parameters, in the form of the fitted world's file.
        segments: the segments of the log's shoppers.
        clicking: the click model, and the attraction of items to segments.
        conversions: the rates of conversions given a click; None if the log has no conversions.
        conversion_test: the p-value of "no effects of items at levels" on conversions; None if it was not tested.
    """

    parameters: dict[str, Any]
    segments: Segments
    clicking: Clicking
    conversions: Rates | None
    conversion_test: float | None
