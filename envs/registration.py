"""Every world by its Gymnasium id: "slategym/Shop-v0", and "slategym/MOShop-v0" with the vector reward."""

from __future__ import annotations

import gymnasium

from slategym.sim.worlds import WORLDS

# The single and the vector environment, by what stands before the name of the world.
FORMS = {
    "": ("slategym.envs.single:SlateEnv", "slategym.envs.vector:SlateVectorEnv"),
    "MO": ("slategym.envs.mo:MOSlateEnv", "slategym.envs.mo:MOSlateVectorEnv"),
}


def register_worlds() -> None:
    """Register all worlds in both forms, single and vectorised; those that are registered already stay as they are.

    No id has `max_episode_steps`: a world truncates by itself after its visits. Gymnasium's passive checker, which warns of a
    reward that is not one number, is off for vector rewards, as `mo_gymnasium.make` has it.
    """
    for name in WORLDS:
        for prefix, (single, vector) in FORMS.items():
            if f"slategym/{prefix}{name}" not in gymnasium.registry:
                gymnasium.register(
                    id=f"slategym/{prefix}{name}",
                    entry_point=single,
                    vector_entry_point=vector,
                    disable_env_checker=prefix == "MO",
                    kwargs={"world": name},
                )
