"""The coefficients of `DeepShop-v0`, each written once. They are fixed: a change would make another world."""

from __future__ import annotations

from dataclasses import dataclass

from slategym.sim.worlds.coefficients import Coefficients


@dataclass(frozen=True, repr=False)
class DeepShopParameters(Coefficients):
    """The coefficients of `DeepShopModel`, in logits unless another unit is given.

    Attributes:
        attraction_wish: coefficient in the attraction of the wish, the sum over dimensions of taste x occasion x item.
        attraction_closeness: coefficient in the attraction of the closeness, for each dimension.
        closeness_width: width of the bell curve around a shopper's taste, in standard deviations of the taste.
        attraction_appeal: coefficient in the attraction of an item's appeal.
        attraction_overrun: decrease of the attraction per unit of dearness above the purse.
        attraction_intercept: constant of the attraction.
        conversion_most: the highest probability of a conversion.
        conversion_wish: coefficient in the item's worth of the wish.
        conversion_quality: coefficient in the item's worth of its quality.
        conversion_appeal: coefficient in the item's worth of its appeal, which is subtracted.
        conversion_intercept: constant of the worth.
        conversion_purse: coefficient of the purse minus the dearness, in the factor of affordability.
        want_attraction: increase of the attraction of an item in the wanted category.
        want_conversion: increase of the worth of an item in the wanted category.
        boredom: decrease of the attraction of an item in a category that the shopper is bored with.
        memory: share of want and boredom that remains after a visit without a click.
        occasion_mean: mean of the occasion in each dimension; where it is below 0, it reverses the taste.
        occasion_spread: standard deviation of the occasion in each dimension; that of the taste is 1.
        purse_mean: mean of the purse, in units of dearness.
        purse_spread: standard deviation of the purse.
        blur_spread: standard deviation of the error with which the recommender sees taste, occasion and purse.

    Raises:
        ValueError: a coefficient is not a finite number.
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
