"""Click models by name: how attraction becomes clicks on a slate. Nothing about conversions."""

from __future__ import annotations

from collections.abc import Callable

from slategym.sim.click_models.base import ClickModel
from slategym.sim.click_models.cascade import Cascade, DependentClick
from slategym.sim.click_models.multinomial import Multinomial
from slategym.sim.click_models.position_based import PositionBased
from slategym.sim.click_models.user_browsing import UserBrowsing
from slategym.utils.lookup import choose

__all__ = [
    "CLICK_MODELS",
    "Cascade",
    "ClickModel",
    "DependentClick",
    "Multinomial",
    "PositionBased",
    "UserBrowsing",
    "make_choice",
]

# Each takes the slate size and gives the choice with its default parameters.
CLICK_MODELS: dict[str, Callable[[int], ClickModel]] = {
    "position-based": PositionBased.geometric,
    "cascade": lambda slate_size: Cascade(),
    "dependent-click": lambda slate_size: DependentClick(),
    "user-browsing": UserBrowsing.geometric,
    "multinomial": lambda slate_size: Multinomial(),
}


def make_click_model(choice: str | ClickModel, slate_size: int) -> ClickModel:
    """A choice by name with its default parameters; a choice passes as it is.

    Raises:
        ValueError: there is no such choice; the message names the nearest ones.
    """
    return choice if isinstance(choice, ClickModel) else choose("choice", choice, CLICK_MODELS)(slate_size)
