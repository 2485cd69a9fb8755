"""Registration of the worlds with Gymnasium: "slategym/Shop-v0", and "slategym/MOShop-v0" with a vector reward."""

from __future__ import annotations

import gymnasium

from slategym.sim.worlds import WORLDS

# The single and the vector environment, by the prefix of the id.
FORMS = {
    "": ("slategym.envs.single:SlateEnv", "slategym.envs.vector:SlateVectorEnv"),
    "MO": ("slategym.envs.mo:MOSlateEnv", "slategym.envs.mo:MOSlateVectorEnv"),
}


def register_worlds() -> None:
    """Register every world as a single and a vector environment, except ids that are registered already.

    No id has `max_episode_steps`: a world truncates after its number of visits. Gymnasium's passive checker, which warns about
    rewards that are not one number, is disabled for vector rewards, as `mo_gymnasium.make` does.
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
