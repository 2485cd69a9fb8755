"""The worlds by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from slategym.sim.names import call_with, choose
from slategym.sim.world import World
from slategym.sim.worlds.shop import shop, shop_bandit

WORLDS: dict[str, Callable[..., World]] = {"Shop-v0": shop, "ShopBandit-v0": shop_bandit}


def make_world(name: str, **options: Any) -> World:
    """A world by name, "Shop-v0" or "slategym/Shop-v0"; the options are those of the function in `WORLDS`.

    Raises:
        ValueError: there is no such world or option; the message names the nearest ones.
    """
    plain = name.removeprefix("slategym/")
    return call_with(f"world {plain!r}", choose("world", plain, WORLDS), options)
