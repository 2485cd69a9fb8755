"""The shoppers of the default shop; each mechanism has one switch."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self, cast

import numpy as np
from numpy.typing import ArrayLike
from typing_extensions import override

from slategym.sim.catalog import Catalog
from slategym.sim.click_models import ClickModel, PositionBased
from slategym.sim.draws import Draws
from slategym.sim.feedback import Feedback
from slategym.sim.shoppers import Shoppers
from slategym.sim.slate import Items, check_items
from slategym.sim.streams import Stream
from slategym.sim.user_models.base import Array, Floats, UserModel, match, of_category
from slategym.sim.user_models.visit import Kernel, Sample
from slategym.sim.worlds.shop.parameters import DELAY_SHARES, MONTH, ShopParameters
from slategym.sim.worlds.shop.rates import with_rates
from slategym.utils.checked import check_fields
from slategym.utils.lazy_scipy import expit
from slategym.utils.lookup import check_name
from slategym.utils.short_repr import Brief
from slategym.utils.standardize import as_float32

if TYPE_CHECKING:
    from slategym.sim.world import World


@dataclass(frozen=True, eq=False, repr=False)
class Segments(Brief):
    """Segments of shoppers.

    Attributes:
        share: (s,) shares of the shoppers, above 0; scaled to a sum of one.
        taste: (s, q) the mean taste of each segment, in the space of `Catalog.taste`.
        price_sensitivity: (s,) typical sensitivity, above 0; 1 is normal for the shop.
        names: (s,) names of letters of any script, digits, ".", "_" and "-"; empty: the segments' numbers.

    Raises:
        ValueError: a field has the wrong shape, a share or sensitivity is not above 0, or a name contains other characters.
    """

    share: ArrayLike
    taste: ArrayLike
    price_sensitivity: ArrayLike
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        share, taste = np.array(self.share, np.float64), as_float32("segments.taste", self.taste)
        sensitivity = as_float32("segments.price_sensitivity", self.price_sensitivity, above_zero=True)
        if taste.ndim != 2 or not len(share) == len(taste) == len(sensitivity):
            raise ValueError(
                f"segments: shares {share.shape}, tastes {taste.shape}, sensitivities {sensitivity.shape}: "
                "expected one row per segment in each"
            )
        if not ((share > 0).all() and np.isfinite(share.sum())):
            row = int(np.argmin(np.isfinite(share) & (share > 0)))
            raise ValueError(f"segments.share[{row}] is {share[row]}: expected numbers above 0 with a finite sum")
        if self.names and len(self.names) != len(share):
            raise ValueError(f"segments.names has {len(self.names)} entries for {len(share)} segments")
        for name in self.names:
            check_name("a segment", name)
        object.__setattr__(self, "share", share / share.sum())
        object.__setattr__(self, "taste", taste)
        object.__setattr__(self, "price_sensitivity", sensitivity)

    @staticmethod
    def default(dimensions: int, spread: float) -> Segments:
        """Return four segments of equal share; they are part of Shop-v0, and do not depend on the run's seed.

        Args:
            dimensions: q, the number of dimensions of taste.
            spread: standard deviation of the segments' tastes in each dimension.
        """
        identity = np.arange(4, dtype=np.int64)
        normal = Draws(0, identity, np.zeros_like(identity)).normal(Stream.CUSTOM, dimensions)
        return Segments(np.ones(4), spread * normal, np.ones(4))


@dataclass(frozen=True)
class ShopModel(UserModel):
    """The shoppers of `Shop-v0`.

    The logit of attraction is fit + appeal - price - satiation + season, where fit is the inner product of the tastes of shopper
    and item; that of a conversion given a click is fit + quality - appeal - price. Because of appeal, clicks and conversions
    favour different items: clickbait is clicked but rarely converts; items with low appeal and a good price convert if clicked.

    Attributes:
        click_model: how attraction becomes clicks; default: position-based with examination 0.85**rank.
        segments: segments of shoppers; None: four of equal share.
        satiation: items of recently shown categories attract less, for a time.
        season: the attraction of each category depends on the time of the month.
        delay_conversions: some conversions become known up to seven visits later.
        drift: clicks move the taste towards the clicked items.
        leave: shoppers may leave for good; clicks on clickbait make it more likely, conversions less likely.
        parameters: the coefficients.
        base_rates: the clicks per impression and conversions per click that `with_rates` chose coefficients for.
    """

    click_model: ClickModel = field(default_factory=lambda: PositionBased.geometric(100))
    segments: Segments | None = None
    satiation: bool = True
    season: bool = True
    delay_conversions: bool = True
    drift: bool = True
    leave: bool = True
    parameters: ShopParameters = field(default_factory=ShopParameters)
    base_rates: tuple[float | None, float | None] = field(default=(None, None), repr=False)

    def __post_init__(self) -> None:
        check_fields(self)
        object.__setattr__(self, "longest_delay", len(DELAY_SHARES) - 1 if self.delay_conversions else 0)

    @override
    def with_click_model(self, click_model: ClickModel, world: World) -> Self:
        """Return a model of the same shoppers with another click model, and with the same rates if rates were given."""
        model = replace(self, click_model=click_model)
        return cast("Self", with_rates(replace(world, user_model=model), *self.base_rates).user_model)

    def sample(self, draws: Draws, catalog: Catalog) -> Sample:
        """Draw segments and tastes; the recommender sees taste and price sensitivity with a permanent error."""
        until, centre, usual = self.segments_of(catalog)
        q = centre.shape[1]
        normal = draws.normal(Stream.TRAIT, 2 * q + 3).astype(np.float32)
        segment = np.searchsorted(until[:-1], draws.uniform(Stream.TRAIT + 1), side="right").astype(np.int8)
        traits = {
            "segment": segment,
            "blur": np.float32(self.parameters.blur_spread) * normal[:, q : 2 * q + 1],
            "price_sensitivity": usual[segment] * np.exp(np.float32(self.parameters.price_sensitivity_spread) * normal[:, -2]),
            "patience": np.float32(self.parameters.patience_spread) * normal[:, -1],
        }
        state = {
            "taste": centre[segment] + np.float32(self.parameters.taste_spread) * normal[:, :q],
            "satisfaction": np.zeros(len(normal), np.float32),
        }
        return traits, state

    def segments_of(self, catalog: Catalog) -> tuple[Array, Array, Array]:
        """Return the cumulative shares of the segments (s,), their tastes (s, q) and their price sensitivities (s,).

        Args:
            catalog: the items.

        Raises:
            ValueError: the tastes of the segments and of the catalogue have different numbers of dimensions.
        """
        q = catalog.taste.shape[1]
        segments = Segments.default(q, self.parameters.segment_taste_spread) if self.segments is None else self.segments
        centre = np.asarray(segments.taste)
        if centre.shape[1] != q:
            raise ValueError(f"segments.taste has {centre.shape[1]} dimensions and the catalogue's taste {q}: expected the same")
        return np.cumsum(segments.share), centre, np.asarray(segments.price_sensitivity)

    def context(self, shoppers: Shoppers) -> Floats:
        """(n, q + 1) the taste and the log price sensitivity, both with the permanent error."""
        sharp = np.concatenate([shoppers.taste, np.log(shoppers.price_sensitivity)[:, None]], axis=1)
        return sharp + shoppers.blur

    @override
    def attraction(self, shoppers: Shoppers, catalog: Catalog, slate: Items | None) -> Floats:
        slate = catalog.check(slate, len(shoppers))
        score = self.parameters.attraction_taste * match(shoppers.taste, catalog.taste, slate)
        score += self.item_attraction(catalog)[slate]
        score -= self.parameters.attraction_price * shoppers.price_sensitivity[:, None] * catalog.dearness[slate]
        if self.satiation or self.season:
            score += of_category(self.mood(shoppers, catalog), catalog, slate)
        return expit(score)

    @override
    def conversion(self, shoppers: Shoppers, catalog: Catalog, slate: Items | None) -> Floats:
        slate = catalog.check(slate, len(shoppers))
        score = self.parameters.conversion_taste * match(shoppers.taste, catalog.taste, slate)
        score += self.item_conversion(catalog)[slate]
        score -= self.parameters.conversion_price * shoppers.price_sensitivity[:, None] * catalog.dearness[slate]
        return expit(score)

    def item_attraction(self, catalog: Catalog) -> Floats:
        """(m,) float32, the item's part of the logit of attraction, which is the same for all shoppers.

        Args:
            catalog: the items.
        """
        p = self.parameters
        return np.asarray(p.attraction_appeal * catalog.appeal + p.attraction_quality * catalog.quality + p.attraction_intercept)

    def item_conversion(self, catalog: Catalog) -> Floats:
        """(m,) float32, the item's part of the logit of conversion, which is the same for all shoppers.

        Args:
            catalog: the items.
        """
        p = self.parameters
        score = p.conversion_quality * catalog.quality - p.conversion_appeal * catalog.appeal
        return np.asarray(score + p.conversion_intercept)

    def season_of(self, visit: Array, catalog: Catalog) -> Floats:
        """(n, g) float32, what the season adds to the attraction of each category; 0 if it is switched off.

        Args:
            visit: (n,) int64.
            catalog: the items.
        """
        if not self.season:
            return np.zeros((len(visit), catalog.categories), np.float32)
        phase = np.arange(catalog.categories) / catalog.categories
        return (self.parameters.season_amplitude * np.sin(2 * np.pi * (visit[:, None] / MONTH + phase))).astype(np.float32)

    def mood(self, shoppers: Shoppers, catalog: Catalog) -> Floats:
        """(n, g) float32, what season and satiation add to the attraction of each category.

        Args:
            shoppers: n shoppers.
            catalog: the items.
        """
        mood = self.season_of(shoppers.visit, catalog)
        if self.satiation:
            mood -= np.float32(self.parameters.satiation) * shoppers.exposure
        return mood

    @override
    def delay(self, shoppers: Shoppers, catalog: Catalog, slate: Items, draws: Draws) -> Items:
        slate = check_items(slate, catalog.size, shape=(len(shoppers), None))
        return np.searchsorted(np.cumsum(DELAY_SHARES)[:-1], draws.uniform(Stream.DELAY, slate), side="right")

    @override
    def evolve(self, shoppers: Shoppers, catalog: Catalog, slate: Items, feedback: Feedback, draws: Draws) -> None:
        slate = check_items(slate, catalog.size, shape=(len(shoppers), None))
        clicks = feedback.clicks
        if self.leave:
            surplus = np.where(clicks, (catalog.quality - catalog.appeal)[slate], 0).sum(axis=1)
            satisfaction = shoppers.state["satisfaction"]
            pleasure = surplus + self.parameters.conversion_satisfaction * feedback.conversions.sum(axis=1)
            satisfaction += np.float32(self.parameters.satisfaction_pace) * (pleasure - satisfaction)
        if self.drift:
            row, rank = np.nonzero(clicks)
            taste = shoppers.state["taste"]
            pull = np.zeros_like(taste)
            np.add.at(pull, row, catalog.taste[slate[row, rank]])
            count = clicks.sum(axis=1, dtype=np.float32)[:, None]
            # Items' tastes have length one, shoppers' about sqrt(q): with this factor drift turns a taste without shrinking it.
            taste += np.float32(self.parameters.drift) * (np.float32(np.sqrt(taste.shape[1])) * pull - count * taste)

    @override
    def leaving(self, shoppers: Shoppers, feedback: Feedback) -> Floats:
        if not self.leave:
            return np.zeros(len(shoppers))
        return expit(-self.parameters.staying_intercept - np.asarray(shoppers.satisfaction, np.float64) - shoppers.patience)

    @override
    def satisfaction(self, catalog: Catalog) -> Floats:
        return np.stack(
            [catalog.quality - catalog.appeal, np.full(catalog.size, self.parameters.conversion_satisfaction, np.float32)]
        )

    @override
    def staying(self, shoppers: Shoppers) -> Floats:
        if not self.leave:
            return np.zeros(len(shoppers))
        satisfaction = np.asarray(shoppers.satisfaction, np.float64)
        pace = self.parameters.satisfaction_pace
        staying = expit(self.parameters.staying_intercept + (1 - pace) * satisfaction + shoppers.patience)
        return np.asarray(pace * staying * (1 - staying))

    @property
    @override
    def anyone_leaves(self) -> bool:
        return self.leave or type(self).leaving is not ShopModel.leaving

    @property
    @override
    def anyone_changes(self) -> bool:
        return self.satiation or self.drift or self.leave or type(self).evolve is not ShopModel.evolve

    @override
    def compiled(self, world: World) -> Kernel:
        from slategym.sim.worlds.shop.compiled import ShopVisit

        return ShopVisit(self, world)
