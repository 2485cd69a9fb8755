"""Titles of the items of `Shop-v0`, with words that depend on their price, quality and latent taste."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from slategym.sim.catalog import Catalog
from slategym.sim.draws import Draws
from slategym.sim.shoppers import Shoppers
from slategym.sim.streams import Stream
from slategym.sim.worlds.shop.parameters import LOG_PRICE_MEAN, LOG_PRICE_SPREAD
from slategym.sim.worlds.shop.title_words import LANGUAGES, Language, Words

PRICE_BANDS = (-1.2, -0.4, 0.4, 1.2)  # limits between the bands of the log price, in standard deviations
QUALITY_BANDS = (-0.7, 0.0, 0.7)  # limits between the levels of quality
TOLD = 3  # dimensions of taste in a title, the strongest ones


def item_titles(catalog: Catalog, seed: int, language: Language) -> tuple[str, ...]:
    """(m,) titles such as "Premium Durable Playful Retro Outdoor Jacket"; that of item i is a function of (seed, i).

    The noun depends on the category. One word each depends on the band of the price, on the level of quality, and on the three
    dimensions in which the taste is farthest from 0, the farthest next to the noun. Each word is one of three synonyms, drawn
    from the seed. No word depends on the appeal. Dimensions of taste for which the language has no words are left out.

    Args:
        catalog: a catalogue of `shop_catalog`.
        seed: the seed of the catalogue.
        language: the language of the words.
    """
    words = LANGUAGES[language]
    number = np.arange(catalog.size, dtype=np.int64)
    draws = Draws(seed, number, np.zeros_like(number))
    told = min(TOLD, catalog.taste.shape[1], len(words.tastes))
    # The number of the synonym, for price, quality and each taste.
    synonyms = [(3 * draws.uniform(Stream.CUSTOM + 10 + slot)).astype(np.int64) for slot in range(2 + told)]
    dear = (np.log(catalog.price.astype(np.float64)) - LOG_PRICE_MEAN) / LOG_PRICE_SPREAD
    prices = _chosen(words.prices, np.searchsorted(PRICE_BANDS, dear), synonyms[0])
    qualities = _chosen(words.qualities, np.searchsorted(QUALITY_BANDS, catalog.quality), synonyms[1])
    taste = catalog.taste[:, : len(words.tastes)]
    strongest = np.argsort(-np.abs(taste), axis=1, kind="stable")[:, :told]
    sides = [side for pair in words.tastes for side in pair]  # for each taste, first the side above 0, then the one below
    below = np.take_along_axis(taste, strongest, axis=1) < 0
    tastes = [_chosen(sides, 2 * strongest[:, slot] + below[:, slot], synonyms[2 + slot]) for slot in reversed(range(told))]
    line, noun = np.divmod(catalog.category, len(words.nouns))
    return tuple(
        words.title.format(price=price, quality=quality, tastes=words.space.join(taste), noun=words.nouns[of])
        + (words.line.format(line=beyond + 1) if beyond else "")
        for price, quality, taste, of, beyond in zip(
            prices, qualities, zip(*tastes, strict=True), noun.tolist(), line.tolist(), strict=True
        )
    )


def shop_persona(shoppers: Shoppers, catalog: Catalog) -> list[str]:
    """Return a text for each of n shoppers of the shop, the three strongest directions of the taste: "Outdoor Retro Playful".

    Args:
        shoppers: shoppers of a `ShopModel`.
        catalog: a catalogue of `shop_catalog`.
    """
    taste = shoppers.state["taste"][:, : len(LANGUAGES["en"].tastes)]
    strongest = np.argsort(-np.abs(taste), axis=1, kind="stable")[:, :TOLD]
    below = np.take_along_axis(taste, strongest, axis=1) < 0
    sides = [side for pair in LANGUAGES["en"].tastes for side in pair]
    return [" ".join(sides[side][0] for side in row) for row in (2 * strongest + below).tolist()]


def _chosen(groups: Sequence[Words], group: NDArray[np.int64], synonym: NDArray[np.int64]) -> list[str]:
    """Return the word of each item, given its group and the number of the synonym."""
    return [groups[row][column] for row, column in zip(group.tolist(), synonym.tolist(), strict=True)]
