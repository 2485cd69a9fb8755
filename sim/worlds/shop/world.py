"""The default shop: the items that attract clicks are not those that convert."""

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
SPONSORED = 0.2  # share of the items with an advertiser, who pays .1 to .5 for a click


def shop_catalog(items: int, categories: int, seed: int, latent: int = 8) -> Catalog:
    """Make the catalogue of `Shop-v0`. Item i is a function of (seed, i), independent of the number of items.

    Features, d = latent + 3: taste, dearness, quality and appeal; all except dearness have an error.
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
    """(m,) a new appeal for the items of `shop_catalog`; that of item i is a function of (seed, i)."""
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
    """Shop-v0: a month of visits in a shop whose shoppers click and convert on different items, change, and may leave.

    Args:
        items: m, the number of items in the catalogue.
        categories: g, the number of categories, at most `items` (default: 20, or `items` if smaller).
        slate_size: k, the number of items shown at once.
        latent: q, the number of dimensions of taste.
        visits: the largest number of visits of a shopper.
        catalog_seed: seed of the catalogue; each seed makes another shop.
        catalog: a file with your own items, for `read_catalog`; replaces the generated items and the options that make them.
        segments: a file with segments of shoppers, for `read_segments`; only with `catalog`.
        click_rate: clicks per impression of random slates, see `with_rates` (default: about 0.047).
        conversion_rate: conversions per click of random slates (default: about 0.037).
        satiation: items of recently shown categories attract less, for a time.
        season: the attraction of each category depends on the time of the month.
        delay_conversions: some conversions become known up to seven visits later.
        drift: clicks move the taste towards the clicked items.
        leave: shoppers may leave for good; low satisfaction makes it more likely.
        context_noise: standard deviation of an additional error in each number of the context, permanent for each shopper; the
            shoppers themselves do not change.
        change_at: the step of a simulation from which the items have a new appeal, drawn from the catalogue's seed; their
            features do not change. Only without `catalog`.
        titles: true gives the generated items English titles, "zh" Chinese ones, whose words depend on category, price, quality
            and taste. Shoppers do not react to them, and agents see them only if `features` encodes them.

    Raises:
        ValueError: there are more categories than items or no dimension of taste, a file cannot be read, options exclude each
            other, or the shop cannot have such rates.
    """
    kinds, usual = None, ShopParameters()
    if change_at is not None and catalog is not None:
        raise ValueError(
            f"change_at is {change_at} and catalog {catalog!r}: the file determines the appeal; "
            "define the new one in a schedule, or omit one of the options"
        )
    if titles and catalog is not None:
        raise ValueError(
            f"titles is {titles!r} and catalog {catalog!r}: expected the titles of your own items in the file, in a column title"
        )
    if catalog is None:
        if segments is not None:
            raise ValueError(f"segments is {segments!r} without a catalog: the generated shop has its own segments")
        count = min(20, items) if categories is None else categories
        if count > items:
            raise ValueError(f"categories is {count}: expected 1..{items}, at most one per item")
        own = shop_catalog(items, count, catalog_seed, latent)
        if titles:
            own = replace(own, titles=item_titles(own, catalog_seed, "en" if titles is True else titles))
    else:
        made = {"items": (items, 500), "categories": (categories, None), "latent": (latent, 8), "catalog_seed": (catalog_seed, 0)}
        for name, (value, default) in made.items():
            if value != default:
                raise ValueError(f"{name} is {value} and catalog {catalog!r}: the file determines the items, so omit {name}")
        from slategym.sim.files import read_catalog, read_segments  # they import Arrow, so not at the top

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
    """ShopBandit-v0: Shop-v0 with all mechanisms switched off, a stationary contextual bandit.

    Args:
        items: m, the number of items in the catalogue.
        categories: g, the number of categories, at most `items` (default: 20, or `items` if smaller).
        slate_size: k, the number of items shown at once.
        latent: q, the number of dimensions of taste.
        visits: the largest number of visits of a shopper.
        catalog_seed: seed of the catalogue; each seed makes another shop.
        catalog: a file with your own items, for `read_catalog`; replaces the generated items and the options that make them.
        segments: a file with segments of shoppers, for `read_segments`; only with `catalog`.
        click_rate: clicks per impression of random slates, see `with_rates` (default: about 0.047).
        conversion_rate: conversions per click of random slates (default: about 0.037).
        context_noise: standard deviation of an additional error in each number of the context, permanent for each shopper; the
            shoppers themselves do not change.
        change_at: the step of a simulation from which the items have a new appeal, drawn from the catalogue's seed; their
            features do not change. Only without `catalog`.
        titles: true gives the generated items English titles, "zh" Chinese ones, whose words depend on category, price, quality
            and taste. Shoppers do not react to them, and agents see them only if `features` encodes them.
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
