"""The coefficients of the shop, each written once: the model in NumPy and the kernels read them from here."""

from __future__ import annotations

from dataclasses import dataclass

from slategym.sim.worlds.coefficients import Coefficients

MONTH = 30  # visits: the period of the season, and the most visits of a shopper
LOG_PRICE_MEAN, LOG_PRICE_SPREAD = 3.0, 0.6  # of the items
DELAY_SHARES = (0.6, 0.12, 0.09, 0.07, 0.05, 0.03, 0.02, 0.02)  # of conversions that become known 0, 1, ... 7 visits later


@dataclass(frozen=True, repr=False)
class ShopParameters(Coefficients):
    """The coefficients of `ShopModel`; of logits unless another unit is given.

    Attributes:
        attraction_taste: of the inner product of the tastes of shopper and item, in the attraction.
        attraction_price: of price sensitivity times dearness, taken from the attraction.
        attraction_appeal: of an item's appeal, in the attraction.
        attraction_quality: of an item's quality, in the attraction.
        attraction_intercept: of the attraction where all else is 0.
        conversion_taste: of the inner product of the tastes, in the conversion given a click.
        conversion_price: of price sensitivity times dearness, taken from the conversion.
        conversion_appeal: of an item's appeal, taken from the conversion.
        conversion_quality: of an item's quality, in the conversion.
        conversion_intercept: of the conversion where all else is 0.
        season_amplitude: the most that the season adds to a category's attraction.
        satiation: taken from a category's attraction for each recent impression of it.
        drift: the share by which a click moves the taste towards the item's.
        satisfaction_pace: the share by which a visit moves the satisfaction, and which it forgets.
        conversion_satisfaction: what a conversion adds to the satisfaction of a visit.
        staying_intercept: of staying where satisfaction and patience are 0.
        segment_taste_spread: standard deviation of the tastes of the default segments, in each dimension.
        taste_spread: standard deviation of the tastes within a segment, in each dimension.
        blur_spread: standard deviation of what the recommender sees of taste and price sensitivity about the truth.
        price_sensitivity_spread: standard deviation of the logarithm of the price sensitivity within a segment.
        patience_spread: standard deviation of the patience.

    Raises:
        ValueError: a coefficient is no finite number.
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
