"""The recommendation slots of a fashion shop, fitted to the Open Bandit Dataset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from slategym.sim.catalog import Catalog
from slategym.sim.click_models import ClickModel, PositionBased
from slategym.sim.draws import Draws
from slategym.sim.shoppers import Shoppers
from slategym.sim.slate import Items
from slategym.sim.streams import Stream
from slategym.sim.user_models.base import Floats, UserModel
from slategym.sim.user_models.visit import Kernel, Sample
from slategym.sim.world import World
from slategym.sim.worlds.tabular import ContingencyTable, load_parameters
from slategym.utils.checked import checked
from slategym.utils.lazy_scipy import expit
from slategym.utils.lookup import choose
from slategym.utils.ranges import Share
from slategym.utils.standardize import as_float32, standardised

NAME = "OpenBandit-v0"
LEAST_RATE = 1e-6  # smallest probability of a conversion, and of none
OTHER = "other"  # the level that pools the rare values of a user feature


@dataclass(frozen=True, eq=False, repr=False)
class OpenBanditModel(UserModel):
    """Shoppers in segments: P(click | examined) = item's click rate * segment's pull; P(conversion | click) depends on the item.

    Attributes:
        cells: the joint table of the user features.
        pull: (cells,) float64, the factor of every item's click rate; 1 on average over shoppers.
        seen: (cells, c) float32, what the recommender sees of a shopper: one column for each frequent value of a user feature,
            named in `seen_names`; rare values are zeros.
        seen_names: names such as "user_feature_0=81ce123c"; the values are hashes in the log.
        click_model: position-based, with the fitted examination.
    """

    cells: ContingencyTable
    pull: NDArray[np.float64]
    seen: NDArray[np.float32]
    seen_names: tuple[str, ...]
    click_model: ClickModel = field(default_factory=lambda: PositionBased(np.ones(3)))

    @override
    def sample(self, draws: Draws, catalog: Catalog) -> Sample:
        return {"cell": self.cells.sample(draws)}, {}

    @override
    def context(self, shoppers: Shoppers) -> Floats:
        return self.seen[shoppers.cell]

    @override
    def attraction(self, shoppers: Shoppers, catalog: Catalog, slate: Items | None) -> Floats:
        rate = np.exp(np.asarray(catalog.appeal[catalog.check(slate, len(shoppers))], np.float64))
        return np.minimum(self.pull[shoppers.cell][:, None] * rate, 1.0)

    @override
    def conversion(self, shoppers: Shoppers, catalog: Catalog, slate: Items | None) -> Floats:
        probability = expit(np.asarray(catalog.quality[catalog.check(slate, len(shoppers))], np.float64))
        return np.broadcast_to(probability, (len(shoppers), probability.shape[1]))

    @override
    def compiled(self, world: World) -> Kernel:
        from slategym.sim.user_models.compiled import TabularVisit

        catalog = world.catalog
        attraction = np.minimum(self.pull[:, None] * np.exp(catalog.appeal.astype(np.float64)), 1.0)
        conversion = np.broadcast_to(expit(catalog.quality.astype(np.float64)), attraction.shape)
        return TabularVisit(self, world, attraction, conversion)


@checked
def open_bandit(*, campaign: str = "all", conversion_rate: Share | None = None, parameters: str | Path | None = None) -> World:
    """OpenBandit-v0: three slots of a fashion shop, fitted to the Open Bandit Dataset; clicks are rare, a visit is one slate.

    Fitted by `slategym fit --preset open-bandit` to the sample of the Open Bandit Dataset (Saito, Aihara, Matsutani, Narita,
    "Open Bandit Dataset and Pipeline", NeurIPS 2021 Datasets and Benchmarks; ZOZO, Inc., CC BY 4.0): click rates by item,
    examination by rank (nearly equal: the three slots are side by side), and the click rates and frequencies of segments of
    shoppers. A random slate gets a click on about 0.4 % of its items. All segments have the same preferences among items: a score
    test of the log finds no differences (p = 0.30, 0.95 and 0.13 in the three campaigns, 0.47 together; it would detect
    differences with a standard deviation of 0.5 on the logit in 95 % of cases), so there is no OpenBandit-v1 with preferences.

    The log has neither conversions nor prices. They are assumed, and listed under "assumptions" in
    `sim/worlds/open_bandit/parameters.json`: on average 2.4 % of an item's clicks convert, the median conversion rate (orders per
    session) of the 500 fashion shops in Centra's benchmark,
    https://centra.com/news/conversion-rate-fashion-ecommerce-benchmarks; prices are lognormal with a mean of 4,000 yen, within
    the range of ZOZO's quarterly mean price per item in that year, 3,516 to 4,501 yen, https://netshop.impress.co.jp/node/7590.
    Further assumptions of this project are that expensive items convert less after a click, that items also differ in other ways,
    the size of both effects, and the margin of 30 %.

    Context, c = 14: one column for each value of the four user features that at least 6 % of the impressions have.
    Features, d = 11 (all), 13 (men) or 16 (women): the log's item_feature_0; a column for each category of item_feature_1 to 3
    with at least a tenth of the items; dearness, the standardised log price (assumed). As far as the log shows, the features
    carry no information about click rates: an agent has to learn about each item.

    Args:
        campaign: "all" (80 items), "men" (34) or "women" (46).
        conversion_rate: the mean over items of P(conversion | click) (default: the assumed one).
        parameters: a file written by `slategym fit --preset open-bandit` (default: the packaged one).

    Raises:
        ValueError: there is no such campaign, the rate is no probability, or the file belongs to another world.
    """
    fitted = load_parameters(NAME, "open_bandit", parameters)
    assumed = fitted["assumptions"]
    part = choose("campaign", campaign, fitted["campaigns"])
    rate = assumed["conversion_rate"] if conversion_rate is None else conversion_rate
    if not LEAST_RATE <= rate <= 1 - LEAST_RATE:
        raise ValueError(f"conversion_rate is {rate!r}: expected a probability from {LEAST_RATE} to {1 - LEAST_RATE}")
    catalog = _catalog(part["items"], assumed, rate, stream=list(fitted["campaigns"]).index(campaign))
    return World(NAME, catalog, _model(fitted, part), slate_size=len(fitted["examination"]), visits=1)


def design(cells: ContingencyTable) -> NDArray[np.float64]:
    """(cells, v) one column of 0 or 1 for each level of each user feature."""
    return np.concatenate([cells.one_hot(name) for name in cells.levels], axis=1)


def _model(fitted: Mapping[str, Any], part: Mapping[str, Any]) -> OpenBanditModel:
    cells = ContingencyTable(fitted["levels"], part["weight"])
    names = [f"{name}={level[:8]}" for name, levels in cells.levels.items() for level in levels]
    shown = [not name.endswith(f"={OTHER}") for name in names]
    columns = design(cells)
    return OpenBanditModel(
        click_model=PositionBased(fitted["examination"]),
        cells=cells,
        pull=np.exp(columns @ np.array(part["effect"])),
        seen=as_float32("seen", columns[:, shown]),
        seen_names=tuple(name for name, show in zip(names, shown, strict=True) if show),
    )


def _catalog(items: Mapping[str, Any], assumed: Mapping[str, Any], conversion_rate: float, stream: int) -> Catalog:
    count = len(items["click_rate"])
    number = np.arange(count, dtype=np.int64)
    normal = Draws(0, number, np.full(count, stream)).normal(Stream.CUSTOM, 2)  # part of the world, independent of the run's seed
    dear, other = (standardised(column) for column in normal.T)
    spread = assumed["price_spread"]
    score = assumed["conversion_price_slope"] * dear + assumed["conversion_item_spread"] * other
    from scipy.optimize import brentq  # here, so that `import slategym` stays quick

    level = brentq(lambda level: expit(level + score).mean() - conversion_rate, -60, 60)
    return Catalog(
        features=np.concatenate([items["features"], dear[:, None]], axis=1),
        taste=np.zeros((count, 0), np.float32),
        category=items["category"],
        price=assumed["price_mean"] * np.exp(spread * dear - spread**2 / 2),
        margin=np.full(count, assumed["margin"]),
        quality=level + score,
        appeal=np.log(items["click_rate"]),
    )
