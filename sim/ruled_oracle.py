"""The oracle if only some items are allowed, or if slates must comply with rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slategym.sim.choice import Choice, allowed_mask
from slategym.sim.click_models.base import Floats, Items
from slategym.sim.click_models.coordinate_ascent import coordinate_ascent
from slategym.sim.rules import SlateRules
from slategym.sim.shoppers import Shoppers
from slategym.sim.user_models.black_box import BlackBox

if TYPE_CHECKING:
    from slategym.sim.world import World

Beside = Callable[[Items, int], Floats]
WORTHLESS = -1e9  # the gain of a click on an item that is not allowed, in units of the largest gain


def choice_of(
    world: World, shoppers: Shoppers, allowed: ArrayLike | None, rules: SlateRules
) -> tuple[Items | None, Callable[[], Choice]]:
    """Return what the oracle chooses among, (n, C) or None for all items, and a function that begins a choice of slates.

    Args:
        world: gives the items.
        shoppers: n shoppers.
        allowed: (m,) or (n, m) bool, the items that may be shown; (n, C) if there are candidates; None for all.
        rules: the rules of the slates.

    Raises:
        ValueError: the mask has the wrong shape, or too few items are allowed for a slate; the message names the row.
    """
    among = world.candidates_of(shoppers) if world.candidates is not None or world.available is not None else None
    category = world.catalog.category[: world.launched] if among is None else world.catalog.category[among]
    mask = allowed_mask(allowed, len(shoppers), world.launched, world.candidates, among)
    return among, lambda: Choice(mask, world.slate_size, category, rules, among)


def best_slate_among(
    world: World,
    shoppers: Shoppers,
    weights: tuple[NDArray[np.float64], Items | None],
    begin: Callable[[], Choice],
    beside: Beside | None,
) -> Items:
    """(n, k) the best slates that comply with a mask and with rules, as positions among what the oracle chooses among.

    They are optimal if items are only excluded and the click model's best slate is exact. Under other rules they are optimal if
    the click model is `exact_under_rules` and all objectives add up item by item. Otherwise they are improved rank by rank
    (`coordinate_ascent`).

    Args:
        world: gives the user model.
        shoppers: n shoppers.
        weights: the values of a click and of a conversion, as for `UserModel.best_slate`, and what the oracle chooses among.
        begin: begins a choice.
        beside: what each item adds at a rank in addition, as for `coordinate_ascent`; None if nothing.
    """
    (values, among), model, choice = weights, world.user_model, begin()
    if isinstance(model, BlackBox):
        return choice.best(model.worth(shoppers, world.catalog, values, world.slate_size, among))
    attraction, gain = (np.asarray(part, np.float64) for part in model.gains(shoppers, world.catalog, values, among))
    clicks = model.click_model
    if not choice.rules.more_than_never:
        # Items that are not allowed get the lowest gain, so that the click model's own best slate leaves them out.
        bad = ~choice.mask
        attraction, gain = np.where(bad, 1.0, attraction), np.where(bad, WORTHLESS * (1 + np.abs(gain).max()), gain)
        best = clicks.best_slate(attraction, gain, world.slate_size)
        kept = choice.mask[choice.rows[:, None], best].all(axis=1)
        if not kept.all():  # a click model that does not use the gains
            best[~kept] = begin().best(attraction * gain)[~kept]
        return best if beside is None else coordinate_ascent(clicks, attraction, gain, world.slate_size, best, beside)
    best = clicks.best_slate_among(attraction, gain, lambda scores: begin().best(scores))
    if clicks.exact_under_rules and beside is None:
        return best
    return coordinate_ascent(clicks, attraction, gain, world.slate_size, best, beside, choice.fitting)


def exact_under(rules: SlateRules, world: World) -> bool:
    """Whether the best slate under rules is optimal, if the oracle without rules is exact."""
    return not rules.more_than_never or (
        world.user_model.click_model.exact_under_rules and not any(objective.of_slate for objective in world.objectives)
    )
