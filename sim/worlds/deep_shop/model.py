"""The shoppers of `DeepShop-v0`: nonlinear interactions, and wants that depend on the order of clicks."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from slategym.sim.catalog import Catalog
from slategym.sim.click_models import ClickModel, PositionBased
from slategym.sim.draws import Draws
from slategym.sim.feedback import Feedback
from slategym.sim.shoppers import Shoppers
from slategym.sim.slate import Items, check_items
from slategym.sim.streams import Stream
from slategym.sim.user_models.base import Floats, UserModel, match
from slategym.sim.user_models.visit import Sample
from slategym.sim.worlds.deep_shop.parameters import DeepShopParameters
from slategym.sim.worlds.shop.parameters import DELAY_SHARES
from slategym.utils.checked import check_fields
from slategym.utils.lazy_scipy import expit

NONE = -1  # in the place of a category: no category
LONGEST = 1000  # upper limit of the count of visits without a click


@dataclass(frozen=True)
class DeepShopModel(UserModel):
    """The shoppers of `DeepShop-v0`; `deep_shop` has the formulas.

    Attributes:
        click_model: how attraction becomes clicks; default: position-based with examination 0.85**rank.
        wants: after a click the shopper wants the category that completes it.
        boredom: after two successive clicks on a category the shopper is bored with it.
        delay_conversions: some conversions become known up to seven visits later.
        parameters: the coefficients.
    """

    click_model: ClickModel = field(default_factory=lambda: PositionBased.geometric(100))
    wants: bool = True
    boredom: bool = True
    delay_conversions: bool = True
    parameters: DeepShopParameters = field(default_factory=DeepShopParameters)

    def __post_init__(self) -> None:
        check_fields(self)
        object.__setattr__(self, "longest_delay", len(DELAY_SHARES) - 1 if self.delay_conversions else 0)

    def sample(self, draws: Draws, catalog: Catalog) -> Sample:
        """Independent normal tastes, occasions and purses; each shopper's observation of them has a permanent normal error."""
        p, q = self.parameters, catalog.taste.shape[1]
        normal = draws.normal(Stream.TRAIT, 4 * q + 2).astype(np.float32)
        taste, occasion, purse, blur = np.split(normal, [q, 2 * q, 2 * q + 1], axis=1)
        traits = {
            "taste": taste,
            "occasion": np.float32(p.occasion_mean) + np.float32(p.occasion_spread) * occasion,
            "purse": np.float32(p.purse_mean) + np.float32(p.purse_spread) * purse[:, 0],
            "blur": np.float32(p.blur_spread) * blur,
        }
        state = {"recent": np.full((len(normal), 2), NONE, np.int32), "since_click": np.zeros(len(normal), np.int32)}
        return traits, state

    def context(self, shoppers: Shoppers) -> Floats:
        """(n, 2 q + 1) the taste, the occasion and the purse, all with the permanent error."""
        return np.concatenate([shoppers.taste, shoppers.occasion, shoppers.purse[:, None]], axis=1) + shoppers.blur

    @override
    def attraction(self, shoppers: Shoppers, catalog: Catalog, slate: Items | None) -> Floats:
        slate, p = catalog.check(slate, len(shoppers)), self.parameters
        score = p.attraction_wish * self._wish(shoppers, catalog, slate)
        score += p.attraction_closeness * self._closeness(shoppers, catalog, slate)
        score += (p.attraction_appeal * catalog.appeal + p.attraction_intercept)[slate]
        score -= p.attraction_overrun * np.maximum(catalog.dearness[slate] - shoppers.purse[:, None], 0)
        memory, category = self.memory(shoppers)[:, None], catalog.category[slate]
        if self.wants:
            score += p.want_attraction * memory * (category == self.wanted(shoppers, catalog)[:, None])
        if self.boredom:
            score -= p.boredom * memory * (category == self.boring(shoppers)[:, None])
        return expit(score)

    @override
    def conversion(self, shoppers: Shoppers, catalog: Catalog, slate: Items | None) -> Floats:
        slate, p = catalog.check(slate, len(shoppers)), self.parameters
        worth = p.conversion_wish * self._wish(shoppers, catalog, slate)
        worth += (p.conversion_quality * catalog.quality - p.conversion_appeal * catalog.appeal + p.conversion_intercept)[slate]
        if self.wants:
            wanted = catalog.category[slate] == self.wanted(shoppers, catalog)[:, None]
            worth += p.want_conversion * self.memory(shoppers)[:, None] * wanted
        affordable = p.conversion_purse * (shoppers.purse[:, None] - catalog.dearness[slate])
        return np.asarray(p.conversion_most * expit(worth) * expit(affordable))

    def memory(self, shoppers: Shoppers) -> Floats:
        """(n,) float32, the remaining share of the effects of the last clicks.

        Args:
            shoppers: n shoppers.
        """
        return np.float32(self.parameters.memory) ** shoppers.since_click.astype(np.float32)

    def wanted(self, shoppers: Shoppers, catalog: Catalog) -> NDArray[np.int64]:
        """(n,) the category that completes the last click, which is the next one of the catalogue; -1 if nothing was clicked.

        Args:
            shoppers: n shoppers.
            catalog: the items.
        """
        last = shoppers.recent[:, 1]
        return np.where(last == NONE, NONE, (last + 1) % catalog.categories)

    def boring(self, shoppers: Shoppers) -> NDArray[np.int64]:
        """(n,) the category of the last two clicks if both have the same one; otherwise -1.

        Args:
            shoppers: n shoppers.
        """
        before, last = shoppers.recent.T
        return np.where(before == last, last, NONE)

    @override
    def delay(self, shoppers: Shoppers, catalog: Catalog, slate: Items, draws: Draws) -> Items:
        slate = check_items(slate, catalog.size, shape=(len(shoppers), None))
        return np.searchsorted(np.cumsum(DELAY_SHARES)[:-1], draws.uniform(Stream.DELAY, slate), side="right")

    @override
    def evolve(self, shoppers: Shoppers, catalog: Catalog, slate: Items, feedback: Feedback, draws: Draws) -> None:
        slate = check_items(slate, catalog.size, shape=(len(shoppers), None))
        recent, since_click = shoppers.state["recent"], shoppers.state["since_click"]
        since_click[:] = np.minimum(since_click + 1, LONGEST)
        rows = np.flatnonzero(feedback.clicks.any(axis=1))
        since_click[rows] = 0
        # The last two clicks of the sequence; ranks without a click are skipped.
        clicked = np.where(feedback.clicks[rows], catalog.category[slate[rows]], NONE)
        sequence = np.concatenate([recent[rows], clicked], axis=1)
        last = np.argsort(sequence != NONE, axis=1, kind="stable")[:, -2:]
        recent[rows] = np.take_along_axis(sequence, last, axis=1)

    def _wish(self, shoppers: Shoppers, catalog: Catalog, slate: Items | None) -> Floats:
        """(n, k) the sum over dimensions of taste x occasion x item, float64; (n, m) float32 for every item."""
        return match(shoppers.taste * shoppers.occasion, catalog.taste, slate)

    def _closeness(self, shoppers: Shoppers, catalog: Catalog, slate: Items | None) -> Floats:
        """(n, k) the closeness: a sum of bell curves, one for each dimension; float64, or (n, m) float32 for every item."""
        kind = np.float32 if slate is None else np.float64
        # Items' tastes have length one, shoppers' about sqrt(q).
        items = np.sqrt(kind(catalog.taste.shape[1])) * catalog.taste.astype(kind)
        total = np.zeros((len(shoppers), catalog.size if slate is None else slate.shape[1]), kind)
        for taste, item in zip(shoppers.taste.T.astype(kind), items.T, strict=True):
            apart = (taste[:, None] - item[slate]) / kind(self.parameters.closeness_width)
            total += np.exp(apart * apart * kind(-0.5))
        return total
