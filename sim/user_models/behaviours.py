"""What shoppers do with items besides clicking and converting: events such as a like, and amounts such as minutes watched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from slategym.sim.catalog import Catalog
from slategym.sim.draws import Draws
from slategym.sim.shoppers import Shoppers
from slategym.sim.slate import Items, first_shown
from slategym.sim.streams import Stream
from slategym.utils.lookup import check_name
from slategym.utils.standardize import as_float32

if TYPE_CHECKING:
    from slategym.sim.user_models.base import UserModel

CAUSES = ("impression", "click", "conversion")
MOST = int(Stream.CUSTOM) - int(Stream.BEHAVIOUR)  # largest number of behaviours, as each has a stream


@dataclass(frozen=True)
class Behaviour:
    """Something that shoppers may do with a shown item, besides clicking and converting.

    `UserModel.behaviour` returns its probability, or its mean amount. An objective of the same name counts it.

    Attributes:
        name: letters of any script, digits, ".", "_" and "-": "like", "watch-time".
        unit: the unit of the count or amount, such as "likes" or "minutes".
        meaning: a description in one line.
        cause: the event that must happen first: "impression" (the item is shown), "click" or "conversion".
        is_amount: whether it is an amount, such as minutes or stars, instead of an event that happens or not.
        lowest: the smallest amount; 0 for an event.
        highest: the largest amount; 1 for an event.
        weight: the default weight of its objective; that of a click is 1.
        plural: the name of several of them; empty: the name.

    Raises:
        ValueError: the name contains other characters, there is no such cause, or `lowest` is above `highest`.
    """

    name: str
    unit: str
    meaning: str
    cause: str = "click"
    is_amount: bool = False
    lowest: float = 0.0
    highest: float = 1.0
    weight: float = 1.0
    plural: str = ""

    def __post_init__(self) -> None:
        check_name("a behaviour", self.name)
        if self.cause not in CAUSES:
            raise ValueError(f"the behaviour {self.name!r} has the cause {self.cause!r}: expected one of {', '.join(CAUSES)}")
        if not self.is_amount and (self.lowest, self.highest) != (0.0, 1.0):
            raise ValueError(f"the behaviour {self.name!r} is an event and has a range: expected is_amount=True for a range")
        if not self.lowest <= self.highest:
            raise ValueError(
                f"the behaviour {self.name!r} runs from {self.lowest:g} to {self.highest:g}: expected lowest <= highest"
            )


def check_behaviours(behaviours: tuple[Behaviour, ...]) -> tuple[Behaviour, ...]:
    """Check the number and the names of a user model's behaviours, and return them.

    Args:
        behaviours: the behaviours.

    Raises:
        ValueError: there are too many, or two have the same name.
    """
    if len(behaviours) > MOST:
        raise ValueError(f"there are {len(behaviours)} behaviours: expected at most {MOST}")
    names = [behaviour.name for behaviour in behaviours]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"two behaviours are named {name!r}: expected different names")
    return behaviours


def find_behaviour(model: UserModel, name: str) -> tuple[int, Behaviour]:
    """Return the number and the description of a user model's behaviour.

    Args:
        model: the user model.
        name: the name of the behaviour.

    Raises:
        ValueError: the model has no behaviour of that name.
    """
    for number, behaviour in enumerate(model.behaviours):
        if behaviour.name == name:
            return number, behaviour
    known = ", ".join(behaviour.name for behaviour in model.behaviours) or "none"
    raise ValueError(f"{type(model).__name__} has no behaviour {name!r}: expected one of {known}")


def answer_behaviours(
    model: UserModel,
    shoppers: Shoppers,
    catalog: Catalog,
    slate: Items,
    draws: Draws,
    clicks: NDArray[np.bool_],
    conversions: NDArray[np.bool_],
) -> Mapping[str, NDArray[np.float32]]:
    """Return what shoppers do with their slates: (n, k) float32 for each behaviour by name, 0 where its cause is missing.

    Args:
        model: the user model.
        shoppers: n shoppers.
        catalog: the items.
        slate: (n, k) items.
        draws: the random numbers of the visit.
        clicks: (n, k).
        conversions: (n, k), including delayed ones.

    Raises:
        ValueError: an amount is out of range.
    """
    causes = {"impression": first_shown(slate), "click": clicks, "conversion": conversions}
    answers = {}
    for number, behaviour in enumerate(model.behaviours):
        if behaviour.is_amount:
            name = f"the amount of {behaviour.name!r}"
            amount = as_float32(name, np.broadcast_to(model.amount(behaviour.name, shoppers, catalog, slate, draws), slate.shape))
            wrong = (amount < np.float32(behaviour.lowest)) | (amount > np.float32(behaviour.highest))
            if (wrong & causes[behaviour.cause]).any():
                row, rank = np.argwhere(wrong & causes[behaviour.cause])[0]
                raise ValueError(
                    f"{name} is {amount[row, rank]:g} in row {row}, rank {rank}: expected {behaviour.lowest:g} to "
                    f"{behaviour.highest:g}, the lowest and highest of the behaviour"
                )
        else:
            happens = draws.uniform(Stream.BEHAVIOUR + number, slate) < model.behaviour(behaviour.name, shoppers, catalog, slate)
            amount = happens.astype(np.float32)
        answers[behaviour.name] = np.where(causes[behaviour.cause], amount, np.float32(0))
    return answers
