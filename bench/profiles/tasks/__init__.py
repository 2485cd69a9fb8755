"""The eight tasks, one file per task. A changed task gets a new name. Agents do not belong here."""

from __future__ import annotations

from slategym.bench.profiles.task import Task
from slategym.bench.profiles.tasks import (
    cold_start,
    delay,
    drift,
    episode_value,
    exploration,
    large_catalogue,
    satiation,
    trade_off,
)

# In the order of the radar plot: first tasks that differ in what has to be learned, then those that make learning harder.
TASKS: dict[str, Task] = {
    module.TASK.name: module.TASK
    for module in (exploration, large_catalogue, cold_start, drift, delay, satiation, episode_value, trade_off)
}
