"""The eight tasks, a file for each; a change of one is a new task of another name. No agent."""

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

# In the order of the radar: what one has to learn, then what one has to learn it in spite of.
TASKS: dict[str, Task] = {
    module.TASK.name: module.TASK
    for module in (exploration, large_catalogue, cold_start, drift, delay, satiation, episode_value, trade_off)
}
