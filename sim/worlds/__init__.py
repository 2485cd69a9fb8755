"""The worlds by name."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import replace
from typing import Any

from slategym.sim.choice import Choice, make_choice
from slategym.sim.names import call_with, choose
from slategym.sim.user_model import UserModel
from slategym.sim.world import World
from slategym.sim.worlds.shop import shop, shop_bandit

WORLDS: dict[str, Callable[..., World]] = {"Shop-v0": shop, "ShopBandit-v0": shop_bandit}


def make_world(name: str, *, user_model: UserModel | None = None, choice: str | Choice | None = None, **options: Any) -> World:
    """A world by name.

    Args:
        name: "Shop-v0" or "slategym/Shop-v0".
        user_model: how shoppers answer, instead of the world's own model.
        choice: how they look and click, instead of the user model's own: a `Choice`, or a name in `sim.choice.CHOICES`.
        options: those of the function in `WORLDS`.

    Raises:
        ValueError: there is no such world, choice or option; the message names the nearest ones.
    """
    plain = name.removeprefix("slategym/")
    world = call_with(f"world {plain!r}", choose("world", plain, WORLDS), options, ("user_model", "choice"))
    model = world.user_model if user_model is None else user_model
    if choice is not None:
        model = copy(model)
        object.__setattr__(model, "choice", make_choice(choice, world.slate_size))  # the model may be a frozen dataclass
    return replace(world, user_model=model)
