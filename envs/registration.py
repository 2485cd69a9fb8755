"""Every world by its Gymnasium id, "slategym/Shop-v0"."""

from __future__ import annotations

import gymnasium

from slategym.sim.worlds import WORLDS


def register_worlds() -> None:
    """Register all worlds, single and vectorised; those that are registered already stay as they are.

    No id has `max_episode_steps`: a world truncates by itself after its visits.
    """
    for name in WORLDS:
        if f"slategym/{name}" not in gymnasium.registry:
            gymnasium.register(
                id=f"slategym/{name}",
                entry_point="slategym.envs.single:SlateEnv",
                vector_entry_point="slategym.envs.vector:SlateVectorEnv",
                kwargs={"world": name},
            )
