"""Objectives by name: the rewards of a visit. Their weights do not belong here: scalarizers set them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from slategym.sim.feedback import Feedback
from slategym.sim.objectives.base import ItemObjective, Objective
from slategym.sim.objectives.behaviour import BehaviourObjective
from slategym.sim.objectives.item import AdRevenue, Click, Conversion, Novelty, Profit, Revenue, Satisfaction
from slategym.sim.objectives.simulated import Custom, DaysAway, Retention
from slategym.sim.objectives.slate import Diversity
from slategym.sim.slate import Items
from slategym.sim.user_models.behaviours import Behaviour
from slategym.utils.lookup import choose
from slategym.utils.plugins import is_reference, load

__all__ = ["DEFAULT_OBJECTIVES", "OBJECTIVES", "ItemObjective", "Objective", "custom", "known_objectives", "make_objectives"]

CURRENCY = "the shop's currency"
OBJECTIVES: dict[str, Objective] = {
    objective.name: objective
    for objective in (
        Click("click", "clicks", "number of clicked items", plural="clicks"),
        Conversion("conversion", "conversions", "number of conversions, when they become known", 10.0, plural="conversions"),
        Revenue("revenue", CURRENCY, "amount paid, when the conversion becomes known"),
        Profit("profit", CURRENCY, "margin of the amount paid, when the conversion becomes known"),
        AdRevenue("ad-revenue", CURRENCY, "amount that advertisers pay for clicks on their items", plural="ad revenue"),
        Satisfaction("satisfaction", "points", "effect of the visit on the shopper's satisfaction"),
        Diversity("diversity", "share of pairs", "share of pairs of items in different categories"),
        Novelty("novelty", "clicks", "clicks, which count less if much of the category was shown recently"),
        Retention("retention", "shoppers", "1 if the shopper has not left, else 0"),
        DaysAway("days-away", "days", "days until the shopper's next visit", -1.0, plural="days away"),
    )
}
DEFAULT_OBJECTIVES = (OBJECTIVES["click"], OBJECTIVES["conversion"])


def custom(
    name: str,
    function: Callable[[Feedback, Items], Any],
    *,
    unit: str = "points",
    meaning: str = "a custom objective",
    weight: float = 1.0,
    plural: str = "",
    cause: str = "",
    lowest: float = float("-inf"),
    highest: float = float("inf"),
) -> Objective:
    """Make a custom objective from a function: `custom("any", lambda feedback, items: feedback.clicks.any(axis=1))`.

    For runs in several processes the function must be one that can be pickled: of a module, not a lambda. `ItemObjective` is the
    base of custom objectives for which the oracle is exact.

    Args:
        name: the name: letters of any script, digits, ".", "_" and "-".
        function: a function of (feedback, items) that returns (n,) numbers; see `Custom` for what it may read.
        unit: the unit of the reward.
        meaning: a description in one line.
        weight: the default weight; that of a click is 1.
        plural: the name of several of them, such as "clicks"; empty: the name.
        cause: the event that leads to the reward: "click", "conversion" or "impression"; see `Objective`.
        lowest: the smallest reward of a step.
        highest: the largest reward of a step.

    Raises:
        ValueError: a built-in objective has that name, or the name contains other characters (see `Objective`).
    """
    if name in OBJECTIVES:
        raise ValueError(f"an objective is named {name!r}: expected a name other than {', '.join(OBJECTIVES)}")
    return Custom(name, unit, meaning, weight, plural, cause, function=function, lowest=lowest, highest=highest)


def known_objectives(behaviours: Iterable[Behaviour] = ()) -> dict[str, Objective]:
    """Return the objectives that a world can have, by name: the built-in ones, and one for each behaviour of its user model.

    Args:
        behaviours: the behaviours of the user model.

    Raises:
        ValueError: a behaviour has the name of a built-in objective.
    """
    behaviours = tuple(behaviours)
    for behaviour in behaviours:
        if behaviour.name in OBJECTIVES:
            raise ValueError(
                f"a behaviour is named {behaviour.name!r}: expected a name other than {', '.join(OBJECTIVES)}, "
                "because each behaviour is an objective"
            )
    return OBJECTIVES | {behaviour.name: BehaviourObjective.of(behaviour) for behaviour in behaviours}


def make_objectives(objectives: Iterable[str | Objective], behaviours: Iterable[Behaviour] = ()) -> tuple[Objective, ...]:
    """Return objectives by name, in the given order; `my_shop.py:Calm` names a custom one, and a text may hold several names.

    Args:
        objectives: names, or objectives.
        behaviours: the behaviours of the user model; each is an objective of the same name.

    Raises:
        ValueError: there is no objective of that name, one is named twice, or none is named.
    """
    known = known_objectives(behaviours)
    parts = [objectives] if isinstance(objectives, str | Objective) else list(objectives)
    found: list[Objective] = []
    for part in parts:
        names = [each.strip() for each in part.split(",") if each.strip()] if isinstance(part, str) else [part]
        found += [each if isinstance(each, Objective) else _named(each, known) for each in names]
    names = [each.name for each in found]
    if not found:
        raise ValueError(f"there are no objectives: expected some of {', '.join(known)}")
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"objectives names {name!r} twice: name each objective once")
    return tuple(found)


def _named(name: str, known: dict[str, Objective]) -> Objective:
    if not is_reference(name):
        return choose("objective", name, known)
    objective = load("objective", name)
    if not isinstance(objective, Objective):
        raise ValueError(
            f"{name} is a {type(objective).__name__}: expected an objective, such as slategym.sim.objectives.custom returns"
        )
    return objective
