"""The coefficients of `DeepShop-v0`, each written once; they are frozen, since a change would be another world."""

from __future__ import annotations

from dataclasses import dataclass

from slategym.sim.worlds.coefficients import Coefficients


@dataclass(frozen=True, repr=False)
class DeepShopParameters(Coefficients):
    """The coefficients of `DeepShopModel`; of logits unless another unit is given.

    Attributes:
        attraction_wish: of the wish, the sum over dimensions of taste x occasion x item, in the attraction.
        attraction_closeness: of each dimension in which an item lies where the taste lies.
        closeness_width: of the bell around a shopper's taste, in standard deviations of it.
        attraction_appeal: of an item's appeal, in the attraction.
        attraction_overrun: taken from the attraction for each unit of dearness above the purse.
        attraction_intercept: of the attraction where all else is 0.
        conversion_most: the highest probability of a conversion.
        conversion_wish: of the wish, in what an item is worth to the shopper.
        conversion_quality: of an item's quality, in its worth.
        conversion_appeal: of an item's appeal, taken from its worth.
        conversion_intercept: of the worth where all else is 0.
        conversion_purse: of the purse less the dearness, in what is affordable.
        want_attraction: of an item of the category that is wanted next, in the attraction.
        want_conversion: of such an item, in its worth.
        boredom: taken from the attraction of an item of a category that bores.
        memory: what a visit without a click leaves of want and boredom, as a share.
        occasion_mean: of the occasion in each dimension; where it is below 0 the taste is turned around.
        occasion_spread: standard deviation of the occasion in each dimension; that of the taste is 1.
        purse_mean: of the purse, in units of dearness.
        purse_spread: standard deviation of the purse.
        blur_spread: standard deviation of what the recommender sees of taste, occasion and purse about the truth.

    Raises:
        ValueError: a coefficient is no finite number.
    """

    attraction_wish: float = 0.3
    attraction_closeness: float = 1.5
    closeness_width: float = 0.4
    attraction_appeal: float = 0.3
    attraction_overrun: float = 1.0
    attraction_intercept: float = -4.3
    conversion_most: float = 0.3
    conversion_wish: float = 0.3
    conversion_quality: float = 0.6
    conversion_appeal: float = 0.3
    conversion_intercept: float = -2.0
    conversion_purse: float = 2.0
    want_attraction: float = 1.0
    want_conversion: float = 0.5
    boredom: float = 2.5
    memory: float = 0.8
    occasion_mean: float = 0.6
    occasion_spread: float = 1.0
    purse_mean: float = 0.3
    purse_spread: float = 1.0
    blur_spread: float = 0.2
