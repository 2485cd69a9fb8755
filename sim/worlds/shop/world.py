"""The default shop: what draws the eye is not what converts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from slategym.sim.catalog import Catalog
from slategym.sim.draws import Draws
from slategym.sim.streams import Stream
from slategym.sim.world import World
from slategym.sim.worlds.shop.model import ShopModel
from slategym.sim.worlds.shop.parameters import MONTH

SPONSORED = 0.2  # of the items have an advertiser, who pays .1 to .5 for a click


def shop_catalog(items: int, categories: int, seed: int, latent: int = 8) -> Catalog:
    """The catalogue of `Shop-v0`: item i is a function of (seed, i), whatever the number of items.

    Features, d = latent + 3: taste, dearness, quality and appeal, all but dearness blurred.
    """
    number = np.arange(items, dtype=np.int64)
    visit = np.zeros_like(number)
    normal = Draws(seed, number, visit).normal(Stream.CUSTOM + 2, 2 * latent + 6)
    centre = Draws(seed, number[:categories], visit[:categories]).normal(Stream.CUSTOM + 4, latent)
    category = number % categories
    own, blur, rest = normal[:, :latent], normal[:, latent : 2 * latent], normal[:, 2 * latent :]
    taste = (0.75 * centre[category] + 0.66 * own) / np.sqrt(latent)
    sponsor = [Draws(seed, number, visit).uniform(Stream.CUSTOM + part) for part in (6, 7)]
    appeal = rest[:, 0]
    quality = -0.3 * appeal + 0.95 * rest[:, 1]
    signals = np.stack([rest[:, 2], quality + 0.5 * rest[:, 3], appeal + 0.5 * rest[:, 4]], axis=1)
    return Catalog(
        features=np.concatenate([taste + 0.1 * blur, signals], axis=1).astype(np.float32),
        taste=taste.astype(np.float32),
        category=category,
        price=np.exp(3.0 + 0.6 * rest[:, 2]).astype(np.float32),
        margin=(0.15 + 0.35 / (1 + np.exp(-rest[:, 5]))).astype(np.float32),
        quality=quality.astype(np.float32),
        appeal=appeal.astype(np.float32),
        bid=np.where(sponsor[0] < SPONSORED, 0.1 + 0.4 * sponsor[1], 0).astype(np.float32),
    )


def shop(
    *,
    items: int = 500,
    categories: int = 20,
    slate_size: int = 5,
    latent: int = 8,
    visits: int = MONTH,
    catalog_seed: int = 0,
    satiation: bool = True,
    season: bool = True,
    delay_conversions: bool = True,
    drift: bool = True,
    leave: bool = True,
) -> World:
    """Shop-v0: a month of visits in a shop where clicks and conversions pull apart and shoppers change, wait and leave.

    Args:
        items: m, items of the catalogue.
        categories: g, at most `items`.
        slate_size: k, items shown at once.
        latent: q, dimensions of taste.
        visits: the most visits of a shopper.
        catalog_seed: which shop of this kind.
        satiation: items of recently shown categories attract less, and recover.
        season: each category has its time of the month.
        delay_conversions: some conversions become known only up to seven visits later.
        drift: taste moves towards what is clicked.
        leave: shoppers may leave for good, the sooner the less satisfied.

    Raises:
        ValueError: more categories than items, or no dimension of taste.
    """
    if not 1 <= categories <= items:
        raise ValueError(f"categories is {categories}: expected 1..{items}, at most one a item")
    if latent < 1:
        raise ValueError(f"latent is {latent}: expected 1 or more dimensions of taste")
    model = ShopModel(
        satiation=satiation,
        season=season,
        delay_conversions=delay_conversions,
        drift=drift,
        leave=leave,
    )
    return World("Shop-v0", shop_catalog(items, categories, catalog_seed, latent), model, slate_size, visits)


def shop_bandit(
    *,
    items: int = 500,
    categories: int = 20,
    slate_size: int = 5,
    latent: int = 8,
    visits: int = MONTH,
    catalog_seed: int = 0,
) -> World:
    """ShopBandit-v0: Shop-v0 with every mechanism off, a stationary contextual bandit.

    Args:
        items: m, items of the catalogue.
        categories: g, at most `items`.
        slate_size: k, items shown at once.
        latent: q, dimensions of taste.
        visits: the most visits of a shopper.
        catalog_seed: which shop of this kind.
    """
    world = shop(
        items=items,
        categories=categories,
        slate_size=slate_size,
        latent=latent,
        visits=visits,
        catalog_seed=catalog_seed,
        satiation=False,
        season=False,
        delay_conversions=False,
        drift=False,
        leave=False,
    )
    return replace(world, name="ShopBandit-v0")
