"""Click models by name: how attraction becomes clicks on a slate. Conversions do not belong here."""

from __future__ import annotations

import inspect
from collections.abc import Callable

from slategym.sim.click_models.base import ClickModel
from slategym.sim.click_models.cascade import Cascade, DependentClick
from slategym.sim.click_models.multinomial import Multinomial
from slategym.sim.click_models.position_based import PositionBased
from slategym.sim.click_models.user_browsing import UserBrowsing
from slategym.utils.checked import checked
from slategym.utils.plugins import is_reference, load
from slategym.utils.ranges import NonNegative, Share, SlateSize
from slategym.utils.specification import call_with_text, choose_named, split_options

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


@checked
def _dependent_click(slate_size: SlateSize, continuation: Share = 0.5) -> DependentClick:
    return DependentClick(continuation)


@checked
def _multinomial(slate_size: SlateSize, no_click: NonNegative = 1.0) -> Multinomial:
    return Multinomial(no_click)


# Each takes the slate size and options, and returns the click model.
CLICK_MODELS: dict[str, Callable[..., ClickModel]] = {
    "position-based": PositionBased.geometric,
    "cascade": Cascade,
    "dependent-click": _dependent_click,
    "user-browsing": UserBrowsing.geometric,
    "multinomial": _multinomial,
}


@checked
def make_click_model(click_model: str | ClickModel | Callable[..., ClickModel], slate_size: int) -> ClickModel:
    """Make a click model from a name.

    Args:
        click_model: a name of `CLICK_MODELS`; or `my_clicks.py:Skimming`, a click model in a file, or a class or function there
            that takes the slate size, or nothing, and returns one; with or without options, as in
            "dependent-click:continuation=0.3". Or such an object itself.
        slate_size: k.

    Raises:
        ValueError: there is no such click model or option, or the object is no click model; the message names similar names.
    """
    name, text = split_options(click_model) if isinstance(click_model, str) else (str(click_model), "")
    if isinstance(click_model, str):
        click_model = _named(name)
    if callable(click_model) and not isinstance(click_model, ClickModel):
        kind = f"click model {name!r}"
        name = getattr(click_model, "__qualname__", name)
        click_model = call_with_text(kind, click_model, text, *((slate_size,) if _takes_one(click_model) else ()))
    elif text:
        raise ValueError(f"click model {name!r} has no options: {text} was given")
    if not isinstance(click_model, ClickModel):
        raise ValueError(
            f"{name} is a {type(click_model).__name__}: expected a slategym.sim.ClickModel, or a class or function that takes "
            "the slate size and returns one"
        )
    return click_model


def _named(name: str) -> Callable[..., ClickModel]:
    if is_reference(name) and name.partition(":")[0] not in CLICK_MODELS:
        found: Callable[..., ClickModel] = load("click model", name)
        return found
    return choose_named("click model", name, CLICK_MODELS)


def _takes_one(maker: Callable[..., ClickModel]) -> bool:
    """Whether a class or function requires or accepts one positional argument."""
    try:
        inspect.signature(maker).bind(1)
    except TypeError:
        return False
    return True
