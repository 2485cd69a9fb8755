"""The default shop: what draws the eye is not what is bought, and every mechanism has one switch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.special import expit

from slategym.sim.catalog import Catalog
from slategym.sim.choice import Choice, PositionBased
from slategym.sim.draws import Draws, Stream
from slategym.sim.feedback import Feedback
from slategym.sim.shoppers import Shoppers
from slategym.sim.slate import Items
from slategym.sim.user_model import Array, Floats, UserModel, match, of_category
from slategym.sim.world import World

TASTE = 8  # latent dimensions
SEGMENTS = 4
MONTH = 30  # visits: the period of the season, and the most visits of a shopper
DELAY_SHARES = (0.6, 0.12, 0.09, 0.07, 0.05, 0.03, 0.02, 0.02)  # of purchases that become known 0, 1, ... 7 visits later


@dataclass(frozen=True)
class ShopModel(UserModel):
    """The shoppers of `Shop-v0`.

    Attraction is the logit of fit + appeal - price - satiation + season, where fit is the inner product of the tastes of shopper
    and item; a purchase given a click is the logit of fit + quality - appeal - price. Appeal pulls the two apart: bait is
    clicked and left, and what is dull and well priced is bought when seen.

    Attributes:
        choice: how attraction becomes clicks; position-based with examination 0.85**rank by default.
        satiation: items of categories shown of late draw less, and recover.
        season: each category has its time of the month.
        delay_purchases: some purchases become known only up to seven visits later.
        drift: taste moves towards what is clicked.
        leave: shoppers may leave for good, the sooner the less satisfied; clicked bait dissatisfies, a purchase satisfies.
    """

    choice: Choice = field(default_factory=lambda: PositionBased.geometric(100))
    satiation: bool = True
    season: bool = True
    delay_purchases: bool = True
    drift: bool = True
    leave: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "context_size", TASTE + 1)
        object.__setattr__(self, "longest_delay", len(DELAY_SHARES) - 1 if self.delay_purchases else 0)

    def sample(self, draws: Draws, catalog: Catalog) -> tuple[Mapping[str, Array], Mapping[str, Array]]:
        """Four segments of taste; what the recommender sees of taste and price sensitivity is blurred for good."""
        normal = draws.normal(Stream.TRAIT, 2 * TASTE + 3).astype(np.float32)
        segment = (draws.uniform(Stream.TRAIT + 1) * SEGMENTS).astype(np.int8)
        centre = _segment_centres()[segment]
        traits = {
            "segment": segment,
            "blur": np.float32(0.5) * normal[:, TASTE : 2 * TASTE + 1],
            "price_sensitivity": np.exp(np.float32(0.4) * normal[:, -2]),
            "patience": np.float32(0.5) * normal[:, -1],
        }
        state = {
            "taste": np.float32(0.6) * centre + np.float32(0.8) * normal[:, :TASTE],
            "satisfaction": np.zeros(len(normal), np.float32),
        }
        return traits, state

    def context(self, shoppers: Shoppers) -> Floats:
        """(n, 9) the taste and the log price sensitivity, both blurred."""
        sharp = np.concatenate([shoppers.taste, np.log(shoppers.price_sensitivity)[:, None]], axis=1)
        return sharp + shoppers.blur

    def attraction(self, shoppers: Shoppers, catalog: Catalog, slate: Items | None) -> Floats:
        score = 0.8 * match(shoppers.taste, catalog.taste, slate)
        score += (0.6 * catalog.appeal + 0.2 * catalog.quality - 3.2)[slate]
        score -= 0.2 * shoppers.price_sensitivity[:, None] * dearness(catalog)[slate]
        if self.satiation or self.season:
            score += of_category(self.mood(shoppers, catalog), catalog, slate)
        return expit(score)

    def conversion(self, shoppers: Shoppers, catalog: Catalog, slate: Items | None) -> Floats:
        score = 0.5 * match(shoppers.taste, catalog.taste, slate)
        score += (0.7 * catalog.quality - 0.8 * catalog.appeal - 4.2)[slate]
        score -= 0.4 * shoppers.price_sensitivity[:, None] * dearness(catalog)[slate]
        return expit(score)

    def mood(self, shoppers: Shoppers, catalog: Catalog) -> Floats:
        """(n, g) float32, what season and satiation add to the attraction of each category."""
        mood = np.zeros((len(shoppers), catalog.categories), np.float32)
        if self.season:
            phase = np.arange(catalog.categories) / catalog.categories
            month = shoppers.visit[:, None] / MONTH + phase
            mood += 0.4 * np.sin(2 * np.pi * month)
        if self.satiation:
            mood -= np.float32(0.08) * shoppers.exposure
        return mood

    def delay(self, shoppers: Shoppers, catalog: Catalog, slate: Items, draws: Draws) -> Items:
        return np.searchsorted(np.cumsum(DELAY_SHARES)[:-1], draws.uniform(Stream.DELAY, slate), side="right")

    def evolve(self, shoppers: Shoppers, catalog: Catalog, slate: Items, feedback: Feedback, draws: Draws) -> None:
        clicks = feedback.clicks
        if self.leave:
            worth = np.where(clicks, (catalog.quality - catalog.appeal)[slate], 0).sum(axis=1)
            satisfaction = shoppers.state["satisfaction"]
            satisfaction += np.float32(0.1) * (worth + 2 * feedback.conversions.sum(axis=1) - satisfaction)
        if self.drift:
            row, rank = np.nonzero(clicks)
            taste = shoppers.state["taste"]
            pull = np.zeros_like(taste)
            np.add.at(pull, row, catalog.taste[slate[row, rank]])
            count = clicks.sum(axis=1, dtype=np.float32)[:, None]
            # Items' tastes have length one, shoppers' about sqrt(TASTE): drift turns a taste without making it small.
            taste += np.float32(0.02) * (np.float32(np.sqrt(TASTE)) * pull - count * taste)

    def leaving(self, shoppers: Shoppers, feedback: Feedback) -> Floats:
        if not self.leave:
            return np.zeros(len(shoppers))
        return expit(-3.2 - np.asarray(shoppers.satisfaction, np.float64) - shoppers.patience)


def dearness(catalog: Catalog) -> Floats:
    """(m,) the log price in standard deviations from the shop's middle, about N(0, 1)."""
    return (np.log(catalog.price) - np.float32(3.0)) / np.float32(0.6)


def _segment_centres() -> Floats:
    """(4, q) float32; part of what Shop-v0 is, so not of the run's seed."""
    identity = np.arange(SEGMENTS, dtype=np.int64)
    return Draws(0, identity, np.zeros_like(identity)).normal(Stream.CUSTOM, TASTE).astype(np.float32)


def shop_catalog(items: int, categories: int, seed: int) -> Catalog:
    """The catalogue of `Shop-v0`: item i is a function of (seed, i), whatever the number of items.

    Features, d = 11: taste (8), dearness, quality and appeal, all but dearness blurred.
    """
    number = np.arange(items, dtype=np.int64)
    visit = np.zeros_like(number)
    normal = Draws(seed, number, visit).normal(Stream.CUSTOM + 2, 2 * TASTE + 6)
    centre = Draws(seed, number[:categories], visit[:categories]).normal(Stream.CUSTOM + 4, TASTE)
    category = number % categories
    own, blur, rest = normal[:, :TASTE], normal[:, TASTE : 2 * TASTE], normal[:, 2 * TASTE :]
    taste = (0.75 * centre[category] + 0.66 * own) / np.sqrt(TASTE)
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
    )


def shop(
    *,
    items: int = 500,
    categories: int = 20,
    slate_size: int = 5,
    visits: int = MONTH,
    catalog_seed: int = 0,
    satiation: bool = True,
    season: bool = True,
    delay_purchases: bool = True,
    drift: bool = True,
    leave: bool = True,
) -> World:
    """Shop-v0: a month of visits in a shop where clicks and purchases pull apart and shoppers change, wait and leave.

    Args:
        items: m.
        categories: g, at most `items`.
        slate_size: k.
        visits: the most visits of a shopper.
        catalog_seed: which shop of this kind.
        satiation, season, delay_purchases, drift, leave: the switches of `ShopModel`.
    """
    if not 1 <= categories <= items:
        raise ValueError(f"categories is {categories}: expected 1..{items}, at most one a item")
    model = ShopModel(
        satiation=satiation,
        season=season,
        delay_purchases=delay_purchases,
        drift=drift,
        leave=leave,
    )
    return World("Shop-v0", shop_catalog(items, categories, catalog_seed), model, slate_size, visits)


def shop_bandit(
    *,
    items: int = 500,
    categories: int = 20,
    slate_size: int = 5,
    visits: int = MONTH,
    catalog_seed: int = 0,
) -> World:
    """ShopBandit-v0: Shop-v0 with every mechanism off, a stationary contextual bandit. Arguments as for `shop`."""
    world = shop(
        items=items,
        categories=categories,
        slate_size=slate_size,
        visits=visits,
        catalog_seed=catalog_seed,
        satiation=False,
        season=False,
        delay_purchases=False,
        drift=False,
        leave=False,
    )
    return replace(world, name="ShopBandit-v0")
