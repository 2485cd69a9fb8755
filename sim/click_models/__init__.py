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
    "make_click_model",
]

# Each takes the slate size and gives the click model with its default parameters.
CLICK_MODELS: dict[str, Callable[[int], ClickModel]] = {
    "position-based": PositionBased.geometric,
    "cascade": lambda slate_size: Cascade(),
    "dependent-click": lambda slate_size: DependentClick(),
    "user-browsing": UserBrowsing.geometric,
    "multinomial": lambda slate_size: Multinomial(),
}


def make_click_model(click_model: str | ClickModel, slate_size: int) -> ClickModel:
    """A click model by name with its default parameters; a click model passes as it is.

    Raises:
        ValueError: there is no such click model; the message names the nearest ones.
    """
    return click_model if isinstance(click_model, ClickModel) else choose("click model", click_model, CLICK_MODELS)(slate_size)
