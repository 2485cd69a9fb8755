"""The coefficients of the shop, each written once: the NumPy model and the kernels read them from here."""

from __future__ import annotations

from dataclasses import dataclass

from slategym.sim.worlds.coefficients import Coefficients

MONTH = 30  # visits: the period of the season, and the default number of visits of a shopper
LOG_PRICE_MEAN, LOG_PRICE_SPREAD = 3.0, 0.6  # of the items
DELAY_SHARES = (0.6, 0.12, 0.09, 0.07, 0.05, 0.03, 0.02, 0.02)  # of conversions that become known 0, 1, ... 7 visits later


@dataclass(frozen=True, repr=False)
class ShopParameters(Coefficients):
    """The coefficients of `ShopModel`, in logits unless another unit is given.

    Attributes:
        attraction_taste: coefficient in the attraction of the inner product of the tastes of shopper and item.
        attraction_price: coefficient in the attraction of price sensitivity times dearness, which is subtracted.
        attraction_appeal: coefficient in the attraction of an item's appeal.
        attraction_quality: coefficient in the attraction of an item's quality.
        attraction_intercept: constant of the attraction.
        conversion_taste: coefficient in the conversion given a click of the inner product of the tastes.
        conversion_price: coefficient in the conversion of price sensitivity times dearness, which is subtracted.
        conversion_appeal: coefficient in the conversion of an item's appeal, which is subtracted.
        conversion_quality: coefficient in the conversion of an item's quality.
        conversion_intercept: constant of the conversion.
        season_amplitude: the largest effect of the season on a category's attraction.
        satiation: decrease of a category's attraction for each recent impression of it.
        drift: the share by which a click moves the taste towards the item's.
        satisfaction_pace: the weight of the latest visit in the satisfaction, a moving average.
        conversion_satisfaction: what a conversion adds to the satisfaction with a visit.
        staying_intercept: the logit of staying if satisfaction and patience are 0.
        segment_taste_spread: standard deviation of the tastes of the default segments, in each dimension.
        taste_spread: standard deviation of the tastes within a segment, in each dimension.
        blur_spread: standard deviation of the error with which the recommender sees taste and price sensitivity.
        price_sensitivity_spread: standard deviation of the logarithm of the price sensitivity within a segment.
        patience_spread: standard deviation of the patience.

    Raises:
        ValueError: a coefficient is not a finite number.
    """

    attraction_taste: float = 0.8
    attraction_price: float = 0.2
    attraction_appeal: float = 0.6
    attraction_quality: float = 0.2
    attraction_intercept: float = -3.2
    conversion_taste: float = 0.5
    conversion_price: float = 0.4
    conversion_appeal: float = 0.8
    conversion_quality: float = 0.7
    conversion_intercept: float = -4.2
    season_amplitude: float = 0.4
    satiation: float = 0.08
    drift: float = 0.02
    satisfaction_pace: float = 0.1
    conversion_satisfaction: float = 2.0
    staying_intercept: float = 3.2
    segment_taste_spread: float = 0.6
    taste_spread: float = 0.8
    blur_spread: float = 0.5
    price_sensitivity_spread: float = 0.4
    patience_spread: float = 0.5
