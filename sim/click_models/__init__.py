"""Click models by name: how attraction becomes clicks on a slate. Nothing about conversions."""

from __future__ import annotations

import inspect
from collections.abc import Callable

from slategym.sim.click_models.base import ClickModel
from slategym.sim.click_models.cascade import Cascade, DependentClick
from slategym.sim.click_models.multinomial import Multinomial
from slategym.sim.click_models.position_based import PositionBased
from slategym.sim.click_models.user_browsing import UserBrowsing
from slategym.utils.lookup import choose
from slategym.utils.plugins import is_reference, load

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


def make_click_model(click_model: str | ClickModel | Callable[..., ClickModel], slate_size: int) -> ClickModel:
    """A click model by name, with its default parameters.

    Args:
        click_model: one of `CLICK_MODELS`; `my_clicks.py:Skimming`, a click model in a file, or a class or function of the slate
            size, or of nothing, that gives one; or such an object itself.
        slate_size: k.

    Raises:
        ValueError: there is no such click model, or it is none; the message names the nearest ones.
    """
    name = str(click_model)
    if isinstance(click_model, str):
        click_model = load("click model", name) if is_reference(name) else choose("click model", name, CLICK_MODELS)
    if callable(click_model) and not isinstance(click_model, ClickModel):
        name = getattr(click_model, "__qualname__", name)
        maker: Callable[..., ClickModel] = click_model
        click_model = maker(slate_size) if _takes_one(maker) else maker()
    if not isinstance(click_model, ClickModel):
        raise ValueError(
            f"{name} is a {type(click_model).__name__}: expected a slategym.sim.ClickModel, or a class or function of the slate "
            "size that gives one"
        )
    return click_model


def _takes_one(maker: Callable[..., ClickModel]) -> bool:
    """Whether a class or function must be, or can be, given one positional argument."""
    try:
        inspect.signature(maker).bind(1)
    except TypeError:
        return False
    return True
