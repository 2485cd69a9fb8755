"""Objectives by name: what a visit is scored by. No weighing of one against another: that is a scalarizer."""

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
        Click("click", "clicks", "how many items are clicked", plural="clicks"),
        Conversion("conversion", "conversions", "how many convert, when that becomes known", 10.0, plural="conversions"),
        Revenue("revenue", CURRENCY, "what is paid, when that becomes known"),
        Profit("profit", CURRENCY, "the margin of what is paid, when that becomes known"),
        AdRevenue("ad-revenue", CURRENCY, "what advertisers pay for the clicks on their items", plural="ad revenue"),
        Satisfaction("satisfaction", "points", "what the visit does to the shopper's satisfaction"),
        Diversity("diversity", "share of pairs", "how many pairs of the slate are of different categories"),
        Novelty("novelty", "clicks", "clicks, the less counted the more of the category was shown recently"),
        Retention("retention", "shoppers", "whether the shopper has not left"),
        DaysAway("days-away", "days", "how long until the shopper's next visit", -1.0, plural="days away"),
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
    """A custom objective from a function: `custom("any", lambda feedback, items: feedback.clicks.any(axis=1))`.

    To run in several processes the function must be one that can be pickled: of a module, not a lambda. `ItemObjective` is the
    base of custom objectives for which the oracle is exact.

    Args:
        name: letters of any script, digits, ".", "_" and "-".
        function: of (feedback, items) to (n,) numbers; see `Custom` for what it may read.
        unit: of the reward.
        meaning: in a line.
        weight: the default weight; that of a click is 1.
        plural: how it is called where many are counted; the name if empty.
        cause: what brings it about, "click", "conversion" or "impression"; see `Objective`.
        lowest: the least reward of a step.
        highest: the greatest reward of a step.

    Raises:
        ValueError: a built-in objective has that name, or it holds other characters than names do (see `Objective`).
    """
    if name in OBJECTIVES:
        raise ValueError(f"an objective is named {name!r}: expected a name that none of {', '.join(OBJECTIVES)} has")
    return Custom(name, unit, meaning, weight, plural, cause, function=function, lowest=lowest, highest=highest)


def known_objectives(behaviours: Iterable[Behaviour] = ()) -> dict[str, Objective]:
    """The objectives by name that a world can have: the built-in ones, and one for each behaviour of its user model.

    Args:
        behaviours: of the user model.

    Raises:
        ValueError: a behaviour has the name of a built-in objective.
    """
    behaviours = tuple(behaviours)
    for behaviour in behaviours:
        if behaviour.name in OBJECTIVES:
            raise ValueError(
                f"a behaviour is named {behaviour.name!r}: expected a name that none of {', '.join(OBJECTIVES)} has, "
                "since each behaviour is an objective"
            )
    return OBJECTIVES | {behaviour.name: BehaviourObjective.of(behaviour) for behaviour in behaviours}


def make_objectives(objectives: Iterable[str | Objective], behaviours: Iterable[Behaviour] = ()) -> tuple[Objective, ...]:
    """Objectives by name, in the order given; `my_shop.py:Calm` names a custom one, and a text may hold several.

    Args:
        objectives: names, or objectives.
        behaviours: of the user model, each of which is an objective by its name.

    Raises:
        ValueError: there is none of that name, one comes twice, or there is none at all.
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
            f"{name} is a {type(objective).__name__}: expected an objective, as slategym.sim.objectives.custom makes one"
        )
    return objective
