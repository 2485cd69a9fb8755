"""A shop in which deep models have an advantage: nonlinear interactions, and wants that depend on the order of clicks."""

from __future__ import annotations

from slategym.sim.world import World
from slategym.sim.worlds.deep_shop.model import DeepShopModel
from slategym.sim.worlds.shop.parameters import MONTH
from slategym.sim.worlds.shop.world import shop_catalog
from slategym.utils.checked import checked
from slategym.utils.ranges import Dimensions, ItemCount, Seed, SlateSize, VisitCount


@checked
def deep_shop(
    *,
    items: ItemCount = 500,
    categories: ItemCount | None = None,
    slate_size: SlateSize = 5,
    latent: Dimensions = 4,
    visits: VisitCount = MONTH,
    catalog_seed: Seed = 0,
    wants: bool = True,
    boredom: bool = True,
    delay_conversions: bool = True,
) -> World:
    """DeepShop-v0: a shop in which clicks depend on nonlinear functions of the observation and on the order of earlier clicks.

    What it models:
        A shopper has a taste t and an occasion o, vectors of q independent normal numbers: t with mean 0 and o with mean 0.6,
        both with standard deviation 1; where o is below 0, it reverses the taste. A purse p is normal, with mean 0.3 and standard
        deviation 1. Item i has a taste v_i, a dearness d_i (standardised log price), a quality and an appeal, as in `Shop-v0`.
        With

            wish_i = sum over dimensions of t o v_i
            closeness_i = sum over dimensions of exp(-((t - sqrt(q) v_i) / 0.4)^2 / 2)

        the logit of the attraction is

            0.3 wish + 1.5 closeness + 0.3 appeal - max(d - p, 0) + r (1.0 wanted - 2.5 boring) - 4.3

        and a click converts with probability

            0.3 sigmoid(0.3 wish + 0.6 quality - 0.3 appeal + 0.5 r wanted - 2) sigmoid(2 (p - d))

        wanted is 1 for items of the category that completes the last click: after category c this is c + 1, after the last one
        the first. boring is 1 for items of the category of the last two clicks, if both have the same one. r is 0.8 to the power
        of the number of visits since the last one with a click. Clicks on one slate count in the order of their ranks. A
        conversion becomes known up to seven visits later.
    Action:
        A slate of items.
    Observation:
        As in `Shop-v0`: the context (here taste, occasion and purse, each with a permanent normal error of standard deviation
        0.2); decayed impressions by category; decayed clicks and conversions; and the clock. It does not contain the last clicks:
        an agent must remember them.
    Reward:
        Clicks and conversions.
    End:
        Truncated after `visits` slates; no shopper leaves earlier.
    Version history:
        v0: initial version.

    Args:
        items: m, the number of items in the catalogue.
        categories: g, the number of categories, at most `items` (default: 20, or `items` if smaller).
        slate_size: k, the number of items shown at once.
        latent: q, the number of dimensions of taste and occasion.
        visits: the number of visits of a shopper.
        catalog_seed: seed of the catalogue; each seed makes another shop.
        wants: after a click the shopper wants the category that completes it.
        boredom: after two successive clicks on a category the shopper is bored with it.
        delay_conversions: some conversions become known up to seven visits later.

    Raises:
        ValueError: there are more categories than items.
    """
    count = min(20, items) if categories is None else categories
    if count > items:
        raise ValueError(f"categories is {count}: expected 1..{items}, at most one per item")
    model = DeepShopModel(wants=wants, boredom=boredom, delay_conversions=delay_conversions)
    return World("DeepShop-v0", shop_catalog(items, count, catalog_seed, latent), model, slate_size, visits)
