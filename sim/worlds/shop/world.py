"""The default shop: what draws the eye is not what converts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from slategym.sim.catalog import Catalog
from slategym.sim.draws import Draws
from slategym.sim.schedule import ItemChange
from slategym.sim.streams import Stream
from slategym.sim.world import World
from slategym.sim.worlds.shop.model import ShopModel
from slategym.sim.worlds.shop.parameters import LOG_PRICE_MEAN, LOG_PRICE_SPREAD, MONTH, ShopParameters
from slategym.sim.worlds.shop.rates import with_rates
from slategym.sim.worlds.shop.title_words import Language
from slategym.sim.worlds.shop.titles import item_titles
from slategym.utils.checked import checked
from slategym.utils.ranges import Count, Dimensions, ItemCount, NonNegative, Seed, Share, SlateSize, VisitCount

Titles = bool | Language
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
        price=np.exp(LOG_PRICE_MEAN + LOG_PRICE_SPREAD * rest[:, 2]).astype(np.float32),
        margin=(0.15 + 0.35 / (1 + np.exp(-rest[:, 5]))).astype(np.float32),
        quality=quality.astype(np.float32),
        appeal=appeal.astype(np.float32),
        bid=np.where(sponsor[0] < SPONSORED, 0.1 + 0.4 * sponsor[1], 0).astype(np.float32),
    )


def redrawn_appeal(items: int, seed: int) -> NDArray[np.float32]:
    """(m,) another appeal for the items of `shop_catalog`; that of item i is a function of (seed, i)."""
    number = np.arange(items, dtype=np.int64)
    return Draws(seed, number, np.zeros_like(number)).normal(Stream.CUSTOM + 8).astype(np.float32)


@checked
def shop(
    *,
    items: ItemCount = 500,
    categories: ItemCount | None = None,
    slate_size: SlateSize = 5,
    latent: Dimensions = 8,
    visits: VisitCount = MONTH,
    catalog_seed: Seed = 0,
    catalog: str | None = None,
    segments: str | None = None,
    click_rate: Share | None = None,
    conversion_rate: Share | None = None,
    satiation: bool = True,
    season: bool = True,
    delay_conversions: bool = True,
    drift: bool = True,
    leave: bool = True,
    context_noise: NonNegative = 0.0,
    change_at: Count | None = None,
    titles: Titles | None = None,
) -> World:
    """Shop-v0: a month of visits in a shop where clicks and conversions pull apart and shoppers change, wait and leave.

    Args:
        items: m, items of the catalogue.
        categories: g, at most `items`; by default 20, or `items` if those are fewer.
        slate_size: k, items shown at once.
        latent: q, dimensions of taste.
        visits: the most visits of a shopper.
        catalog_seed: which shop of this kind.
        catalog: a file of your own items instead, which `read_catalog` reads; without the four options of made items.
        segments: a file of kinds of shoppers, which `read_segments` reads; only with `catalog`.
        click_rate: clicks per impression of random slates, see `with_rates`; about 0.047 by default.
        conversion_rate: conversions per click of random slates; about 0.037 by default.
        satiation: items of recently shown categories attract less, and recover.
        season: each category has its time of the month.
        delay_conversions: some conversions become known only up to seven visits later.
        drift: taste moves towards what is clicked.
        leave: shoppers may leave for good, the sooner the less satisfied.
        context_noise: standard deviation of a further error in each number of the context, drawn for each shopper for good; what
            shoppers like and how they answer stays.
        change_at: the step of a simulation from which on the items have another appeal, redrawn from the catalogue's seed;
            what agents see of items stays. Only without `catalog`.
        titles: true gives the made items titles in English, "zh" in Chinese, whose words follow category, price, quality and
            taste; shoppers and their answers stay. What agents see stays too, until `features` makes features of the titles.

    Raises:
        ValueError: more categories than items, no dimension of taste, a file that cannot be read, options that exclude each
            other, or rates that this shop cannot have.
    """
    kinds, usual = None, ShopParameters()
    if change_at is not None and catalog is not None:
        raise ValueError(
            f"change_at is {change_at} and catalog {catalog!r}: the file says what the appeal is; "
            "give the new one in a schedule, or leave out one of them"
        )
    if titles and catalog is not None:
        raise ValueError(
            f"titles is {titles!r} and catalog {catalog!r}: titles of your own items stand in the file, in a column title"
        )
    if catalog is None:
        if segments is not None:
            raise ValueError(f"segments is {segments!r} without a catalog: the made shop has its own")
        count = min(20, items) if categories is None else categories
        if count > items:
            raise ValueError(f"categories is {count}: expected 1..{items}, at most one a item")
        own = shop_catalog(items, count, catalog_seed, latent)
        if titles:
            own = replace(own, titles=item_titles(own, catalog_seed, "en" if titles is True else titles))
    else:
        made = {"items": (items, 500), "categories": (categories, None), "latent": (latent, 8), "catalog_seed": (catalog_seed, 0)}
        for name, (value, default) in made.items():
            if value != default:
                raise ValueError(
                    f"{name} is {value} and catalog {catalog!r}: the file says which items there are, so leave it out"
                )
        from slategym.sim.files import read_catalog, read_segments  # which read with Arrow, so not on import

        own = read_catalog(catalog)
        kinds = None if segments is None else read_segments(segments, own)
    model = ShopModel(
        segments=kinds,
        satiation=satiation,
        season=season,
        delay_conversions=delay_conversions,
        drift=drift,
        leave=leave,
        parameters=replace(usual, blur_spread=float(np.hypot(usual.blur_spread, context_noise))),
    )
    world = with_rates(World("Shop-v0", own, model, slate_size, visits), click_rate, conversion_rate)
    if change_at is None:
        return world
    return replace(world, schedule=(ItemChange(change_at, appeal=redrawn_appeal(items, catalog_seed)),))


@checked
def shop_bandit(
    *,
    items: ItemCount = 500,
    categories: ItemCount | None = None,
    slate_size: SlateSize = 5,
    latent: Dimensions = 8,
    visits: VisitCount = MONTH,
    catalog_seed: Seed = 0,
    catalog: str | None = None,
    segments: str | None = None,
    click_rate: Share | None = None,
    conversion_rate: Share | None = None,
    context_noise: NonNegative = 0.0,
    change_at: Count | None = None,
    titles: Titles | None = None,
) -> World:
    """ShopBandit-v0: Shop-v0 with every mechanism off, a stationary contextual bandit.

    Args:
        items: m, items of the catalogue.
        categories: g, at most `items`; by default 20, or `items` if those are fewer.
        slate_size: k, items shown at once.
        latent: q, dimensions of taste.
        visits: the most visits of a shopper.
        catalog_seed: which shop of this kind.
        catalog: a file of your own items instead, which `read_catalog` reads; without the four options of made items.
        segments: a file of kinds of shoppers, which `read_segments` reads; only with `catalog`.
        click_rate: clicks per impression of random slates, see `with_rates`; about 0.047 by default.
        conversion_rate: conversions per click of random slates; about 0.037 by default.
        context_noise: standard deviation of a further error in each number of the context, drawn for each shopper for good; what
            shoppers like and how they answer stays.
        change_at: the step of a simulation from which on the items have another appeal, redrawn from the catalogue's seed;
            what agents see of items stays. Only without `catalog`.
        titles: true gives the made items titles in English, "zh" in Chinese, whose words follow category, price, quality and
            taste; shoppers and their answers stay. What agents see stays too, until `features` makes features of the titles.
    """
    world = shop(
        items=items,
        categories=categories,
        slate_size=slate_size,
        latent=latent,
        visits=visits,
        catalog_seed=catalog_seed,
        catalog=catalog,
        segments=segments,
        click_rate=click_rate,
        conversion_rate=conversion_rate,
        satiation=False,
        season=False,
        delay_conversions=False,
        drift=False,
        leave=False,
        context_noise=context_noise,
        change_at=change_at,
        titles=titles,
    )
    return replace(world, name="ShopBandit-v0")
