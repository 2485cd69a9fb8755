"""RecSim's long-term satisfaction: clickbait increases engagement now and reduces satisfaction later."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from typing_extensions import override

from slategym.sim.catalog import Catalog
from slategym.sim.click_models import ClickModel, PositionBased
from slategym.sim.draws import Draws
from slategym.sim.feedback import Feedback
from slategym.sim.objectives import make_objectives
from slategym.sim.shoppers import Shoppers
from slategym.sim.slate import Items, check_items
from slategym.sim.streams import Stream
from slategym.sim.user_models.base import Floats
from slategym.sim.user_models.behaviours import Behaviour
from slategym.sim.user_models.never_converts import NeverConverts, same_for_all
from slategym.sim.user_models.visit import Sample
from slategym.sim.world import World
from slategym.utils.checked import checked
from slategym.utils.lazy_scipy import expit
from slategym.utils.ranges import ItemCount, NonNegative, Seed, VisitCount

DISCOUNT = 0.7  # share of net positive exposure that remains after a slate
NOISE = 0.05  # standard deviation of the change of net positive exposure
EXPOSURE_PER_CLICKBAIT = 2.0
CHOCOLATE, KALE = 5.0, 4.0  # means of the logarithm of engagement with pure clickbait, and with none
ENGAGEMENT_SPREAD = 1.0  # standard deviation of this logarithm
START = 0.5 / (1 - DISCOUNT)  # the largest initial net positive exposure

ENGAGEMENT = Behaviour(
    "engagement", "minutes", "how long the item is consumed", is_amount=True, highest=float("inf"), plural="minutes engaged"
)


@dataclass(frozen=True)
class LongTermSatisfaction(NeverConverts):
    """Shoppers who consume every item shown; `long_term_satisfaction` has the formulas.

    Attributes:
        sensitivity: the coefficient of net positive exposure in satisfaction.
        click_model: the single item is always examined.
    """

    sensitivity: float = 0.01
    click_model: ClickModel = field(default_factory=lambda: PositionBased([1.0]))
    behaviours = (ENGAGEMENT,)

    def sample(self, draws: Draws, catalog: Catalog) -> Sample:
        """Draw a net positive exposure, uniform around 0."""
        exposure = START * (2 * draws.uniform(Stream.TRAIT) - 1)
        return {}, {"net_positive_exposure": exposure.astype(np.float32), "last_engagement": np.zeros(len(exposure), np.float32)}

    def context(self, shoppers: Shoppers) -> Floats:
        """(n, 1) log(1 + the engagement with the previous slate); 0 before the first."""
        return np.log1p(shoppers.last_engagement)[:, None]

    @override
    def attraction(self, shoppers: Shoppers, catalog: Catalog, slate: Items | None) -> Floats:
        return same_for_all(1.0, shoppers, catalog, slate)

    def log_engagement(self, shoppers: Shoppers, catalog: Catalog, slate: Items | None) -> Floats:
        """(n, k) the mean of the logarithm of engagement.

        Args:
            shoppers: n shoppers.
            catalog: the items.
            slate: (n, k) items, or None for every item.
        """
        slate = catalog.check(slate, len(shoppers))
        clickbait = catalog.appeal[slate].astype(np.float64)
        satisfaction = expit(self.sensitivity * np.asarray(shoppers.net_positive_exposure, np.float64))[:, None]
        return np.asarray((CHOCOLATE * clickbait + KALE * (1 - clickbait)) * satisfaction)

    @override
    def behaviour(self, name: str, shoppers: Shoppers, catalog: Catalog, slate: Items | None) -> Floats:
        return np.asarray(np.exp(self.log_engagement(shoppers, catalog, slate) + ENGAGEMENT_SPREAD**2 / 2))

    @override
    def amount(self, name: str, shoppers: Shoppers, catalog: Catalog, slate: Items, draws: Draws) -> Floats:
        slate = check_items(slate, catalog.size, shape=(len(shoppers), None))
        spread = ENGAGEMENT_SPREAD * draws.normal(Stream.CUSTOM, item=slate)
        return np.asarray(np.exp(self.log_engagement(shoppers, catalog, slate) + spread))

    @override
    def evolve(self, shoppers: Shoppers, catalog: Catalog, slate: Items, feedback: Feedback, draws: Draws) -> None:
        slate = check_items(slate, catalog.size, shape=(len(shoppers), None))
        exposure = shoppers.state["net_positive_exposure"]
        clickbait = catalog.appeal[slate].mean(axis=1)
        noise = NOISE * draws.normal(Stream.EVOLUTION)
        exposure[:] = DISCOUNT * exposure - EXPOSURE_PER_CLICKBAIT * (clickbait - 0.5) + noise
        shoppers.state["last_engagement"][:] = feedback.behaviours["engagement"].sum(axis=1)


@checked
def long_term_satisfaction(
    *,
    items: ItemCount = 10_000,
    candidates: ItemCount = 20,
    visits: VisitCount = 60,
    sensitivity: NonNegative = 0.01,
    catalog_seed: Seed = 0,
) -> World:
    """RecSimLongTermSatisfaction-v0: every item shown is consumed; clickbait engages more, but reduces satisfaction.

    What it models:
        An item has a clickbait score c, uniform on [0, 1]: 1 is called chocolate, 0 kale. A shopper's net positive exposure (NPE)
        is initially uniform on +-0.5 / 0.3, and becomes 0.7 NPE - 2 (c - 0.5) + N(0, 0.05) after each item. Satisfaction is
        sigmoid(sensitivity x NPE), and the logarithm of the engagement with an item is
        N((5 c + 4 (1 - c)) satisfaction, 1), with the satisfaction before the item.
    Action:
        One position among 20 candidates, which are drawn from the catalogue at each step.
    Observation:
        log(1 + the last engagement), the decayed history, the clock, and the candidates. Satisfaction is hidden.
    Reward:
        The engagement, in minutes; the item is always clicked.
    End:
        Truncated after `visits` slates, the time budget of the original.
    Source:
        Ie et al., "RecSim: a configurable simulation platform for recommender systems", arXiv:1909.04847, 2019, section 5.3;
        `long_term_satisfaction.create_environment`. There a random policy earns about 951 minutes.
    Faults of the original:
        At its sensitivity of 0.01 there is no long-term trade-off: always showing the most clickbait earns more than always
        showing the least. Above a sensitivity of about 0.07 the least clickbait earns more.
    Version history:
        v0: initial version.

    Args:
        items: m, the number of items in the catalogue.
        candidates: C, the number of items to choose from at each step.
        visits: the number of slates of a shopper.
        sensitivity: the coefficient of net positive exposure in satisfaction.
        catalog_seed: seed of the catalogue.
    """
    number = np.arange(items, dtype=np.int64)
    clickbait = Draws(catalog_seed, number, np.zeros_like(number)).uniform(Stream.CUSTOM)
    catalog = Catalog.of(clickbait[:, None], (clickbait >= 0.5).astype(np.int64), appeal=clickbait)
    model = LongTermSatisfaction(sensitivity)
    objectives = make_objectives("engagement", model.behaviours)
    return World("RecSimLongTermSatisfaction-v0", catalog, model, 1, visits, candidates, objectives)
