"""Items and segments of shoppers from files and data frames, and schedules from files. Logs and worlds do not belong here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slategym.utils.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from slategym.sim.files.items import read_catalog as read_catalog
    from slategym.sim.files.schedule import read_schedule as read_schedule
    from slategym.sim.files.segments import read_segments as read_segments

__all__, __getattr__ = lazy_exports(
    __name__,
    {
        "slategym.sim.files.items": ("read_catalog",),
        "slategym.sim.files.schedule": ("read_schedule",),
        "slategym.sim.files.segments": ("read_segments",),
    },
)
