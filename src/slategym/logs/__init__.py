"""Logs of slates in the format of slategym, and logs of impressions in other formats, not the writing of slates (see `bench`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slategym.utils.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from slategym.logs.bandit_feedback import from_bandit_feedback as from_bandit_feedback
    from slategym.logs.bandit_feedback import to_bandit_feedback as to_bandit_feedback
    from slategym.logs.description import describe_log as describe_log
    from slategym.logs.impression_reading import read_impressions as read_impressions
    from slategym.logs.impression_writing import to_frame as to_frame
    from slategym.logs.impression_writing import to_table as to_table
    from slategym.logs.impression_writing import write_impressions as write_impressions
    from slategym.logs.impressions import ImpressionLog as ImpressionLog
    from slategym.logs.log import Log as Log
    from slategym.logs.reading import read_log as read_log
    from slategym.logs.reading import scan_log as scan_log
    from slategym.logs.segments import Segments as Segments
    from slategym.logs.slates import impressions_of as impressions_of

__all__, __getattr__ = lazy_exports(
    __name__,
    {
        "slategym.logs.bandit_feedback": ("from_bandit_feedback", "to_bandit_feedback"),
        "slategym.logs.description": ("describe_log",),
        "slategym.logs.impression_reading": ("read_impressions",),
        "slategym.logs.impression_writing": ("to_frame", "to_table", "write_impressions"),
        "slategym.logs.impressions": ("ImpressionLog",),
        "slategym.logs.log": ("Log",),
        "slategym.logs.segments": ("Segments",),
        "slategym.logs.slates": ("impressions_of",),
        "slategym.logs.reading": (
            "read_log",
            "scan_log",
        ),
    },
)
