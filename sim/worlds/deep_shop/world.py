"""A shop where depth pays: interactions that no linear map holds, and wants that follow the order of clicks."""

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
    """DeepShop-v0: a shop whose shoppers like what no linear map of the observation holds, and want what follows their clicks.

    What it models:
        A shopper has a taste t and an occasion o, q numbers each, independently normal: t of mean 0 and o of mean 0.6, both of
        standard deviation 1; where o is below 0 the taste is turned around. A purse p is normal, of mean 0.3 and standard
        deviation 1. Item i has a taste v_i, a dearness d_i, a quality and an appeal, as in `Shop-v0`. With

            wish_i = sum over dimensions of t o v_i
            closeness_i = sum over dimensions of exp(-((t - sqrt(q) v_i) / 0.4)^2 / 2)

        the attraction is the logit of

            0.3 wish + 1.5 closeness + 0.3 appeal - max(d - p, 0) + r (1.0 wanted - 2.5 boring) - 4.3

        and a click converts with probability

            0.3 sigmoid(0.3 wish + 0.6 quality - 0.3 appeal + 0.5 r wanted - 2) sigmoid(2 (p - d))

        wanted is 1 for items of the category that completes the last click: after category c that is c + 1, after the last one
        the first. boring is 1 for items of the category of both of the last two clicks. r is 0.8 to the power of the visits since
        the last one with a click. Clicks on one slate count in the order of their ranks, the last one last. A conversion becomes
        known up to seven visits later.
    Action:
        A slate of items.
    Observation:
        As that of `Shop-v0`: the context, here taste, occasion and purse, each number blurred for good by a normal error of
        standard deviation 0.2; decayed impressions by category; decayed clicks and conversions; the clock. What is clicked last
        is not in it: an agent has to remember.
    Reward:
        A click and a conversion.
    End:
        Truncated after `visits` slates; nobody leaves.
    Version history:
        v0: initial version.

    Args:
        items: m, items of the catalogue.
        categories: g, at most `items`; by default 20, or `items` if those are fewer.
        slate_size: k, items shown at once.
        latent: q, dimensions of taste and occasion.
        visits: the visits of a shopper.
        catalog_seed: which shop of this kind.
        wants: a click makes the shopper want the category that completes it.
        boredom: two clicks in a row on one category make it boring.
        delay_conversions: some conversions become known only up to seven visits later.

    Raises:
        ValueError: more categories than items.
    """
    count = min(20, items) if categories is None else categories
    if count > items:
        raise ValueError(f"categories is {count}: expected 1..{items}, at most one an item")
    model = DeepShopModel(wants=wants, boredom=boredom, delay_conversions=delay_conversions)
    return World("DeepShop-v0", shop_catalog(items, count, catalog_seed, latent), model, slate_size, visits)
