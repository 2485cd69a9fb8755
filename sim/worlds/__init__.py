"""The worlds by name."""

from __future__ import annotations

from slategym.sim.names import choose
from slategym.sim.world import World
from slategym.sim.worlds.shop import shop, shop_bandit

WORLDS = {"Shop-v0": shop, "ShopBandit-v0": shop_bandit}


def make_world(name: str, **options: object) -> World:
    """A world by name, "Shop-v0" or "slategym/Shop-v0"; the options are those of the function in `WORLDS`.

    Raises:
        ValueError: there is no such world or option; the message names the nearest ones.
    """
    return choose("world", name.removeprefix("slategym/"), WORLDS)(**options)
