"""Logs of slates and their answers: reading, joining, the world of a log. No writing, which knows the decisions of agents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slategym.utils.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from slategym.logs.log import Log as Log
    from slategym.logs.reading import read_log as read_log
    from slategym.logs.reading import scan_log as scan_log

__all__, __getattr__ = lazy_exports(
    __name__,
    {
        "slategym.logs.log": ("Log",),
        "slategym.logs.reading": (
            "read_log",
            "scan_log",
        ),
    },
)
