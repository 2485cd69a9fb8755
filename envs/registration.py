"""Registration of the worlds with Gymnasium: "slategym/Shop-v0", and "slategym/MOShop-v0" with the vector reward."""

from __future__ import annotations

import gymnasium

from slategym.sim.worlds import WORLDS

# The single and the vector environment, by the prefix of the world's name.
FORMS = {
    "": ("slategym.envs.single:SlateEnv", "slategym.envs.vector:SlateVectorEnv"),
    "MO": ("slategym.envs.mo:MOSlateEnv", "slategym.envs.mo:MOSlateVectorEnv"),
}


def register_worlds() -> None:
    """Register all worlds as single and vector environments, except ids that exist already.

    No id has `max_episode_steps`: a world truncates after its number of visits. Gymnasium's passive checker, which warns of a
    reward that is not one number, is disabled for vector rewards, as by `mo_gymnasium.make`.
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
