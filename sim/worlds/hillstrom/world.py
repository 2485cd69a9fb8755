"""Hillstrom-v0: e-mails to customers, fitted to the MineThatData log."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from slategym.sim.catalog import Catalog
from slategym.sim.click_models import ClickModel, PositionBased
from slategym.sim.draws import Draws
from slategym.sim.shoppers import Shoppers
from slategym.sim.slate import Items, check_items
from slategym.sim.streams import Stream
from slategym.sim.user_models.base import Floats, UserModel
from slategym.sim.user_models.visit import Kernel, Sample
from slategym.sim.world import World
from slategym.sim.worlds.tabular import ContingencyTable, load_parameters
from slategym.utils.checked import checked
from slategym.utils.lazy_scipy import expit
from slategym.utils.standardize import as_float32

NAME = "Hillstrom-v0"
ARMS = ("Mens E-Mail", "Womens E-Mail", "No E-Mail")


@dataclass(frozen=True, eq=False, repr=False)
class HillstromModel(UserModel):
    """Customers who visit the shop's site (a click) and convert there with probabilities that depend on the e-mail.

    Attributes:
        cells: the joint table of the customers' columns.
        visit: (cells, m) float64, P(visit) by e-mail.
        conversion_rate: (cells, m) float64, P(conversion | visit).
        history: (cells, b) float32, equally spaced quantiles of the past year's spending, lowest first.
        seen: (cells, c - 1) float32, what the recommender sees, without the spending.
        spend_spread: standard deviation of the log of the amount that a converted customer pays.
        click_model: the single item is always examined.
    """

    cells: ContingencyTable
    visit: NDArray[np.float64]
    conversion_rate: NDArray[np.float64]
    history: NDArray[np.float32]
    seen: NDArray[np.float32]
    spend_spread: float
    click_model: ClickModel = field(default_factory=lambda: PositionBased([1.0]))

    def sample(self, draws: Draws, catalog: Catalog) -> Sample:
        """Draw a cell of the table, and past spending within it."""
        cell = self.cells.sample(draws)
        knots = self.history[cell]
        place = draws.uniform(Stream.TRAIT + 1)[:, None] * (knots.shape[1] - 1)
        below = place.astype(np.int64)
        low, high = np.take_along_axis(knots, below, axis=1), np.take_along_axis(knots, below + 1, axis=1)
        return {"cell": cell, "history": (low + (place - below) * (high - low))[:, 0].astype(np.float32)}, {}

    @override
    def context(self, shoppers: Shoppers) -> Floats:
        spent = np.log(shoppers.history / np.float32(100))
        return np.concatenate([spent[:, None], self.seen[shoppers.cell]], axis=1)

    @override
    def attraction(self, shoppers: Shoppers, catalog: Catalog, slate: Items | None) -> Floats:
        return _of(self.visit[shoppers.cell], slate)

    @override
    def conversion(self, shoppers: Shoppers, catalog: Catalog, slate: Items | None) -> Floats:
        return _of(self.conversion_rate[shoppers.cell], slate)

    def spend(self, shoppers: Shoppers, catalog: Catalog, slate: Items, draws: Draws) -> Floats:
        """Draw lognormal amounts whose exact mean is the item's price."""
        slate = check_items(slate, catalog.size, shape=(len(shoppers), None))
        normal = draws.normal(Stream.SPEND, item=slate)
        return np.asarray(catalog.price[slate] * np.exp(self.spend_spread * normal - self.spend_spread**2 / 2))

    @override
    def mean_spend(self, shoppers: Shoppers, catalog: Catalog, slate: Items | None) -> Floats:
        return catalog.price[catalog.check(slate, len(shoppers))]

    @override
    def compiled(self, world: World) -> Kernel:
        from slategym.sim.user_models.compiled import TabularVisit

        return TabularVisit(self, world, self.visit, self.conversion_rate)


@checked
def hillstrom(*, parameters: str | Path | None = None) -> World:
    """Hillstrom-v0: one of two e-mails or none to each customer, fitted to a real randomised trial; one decision per customer.

    Fitted by `slategym fit --preset hillstrom` to Kevin Hillstrom's "MineThatData E-Mail Analytics And Data Mining Challenge"
    (blog MineThatData, 20 March 2008): 64,000 customers who were randomly sent the men's e-mail, the women's or none, and their
    visits, conversions and spending in the two weeks after. Items 0, 1, 2 are the men's e-mail, the women's, and none
    (`catalog.names`); a slate holds one. A visit to the site is the click and an order the conversion: in the log 18.3, 15.1 and
    10.6 % visit, and 1.25, 0.88 and 0.57 % convert. A visit, and a conversion given a visit, are logistic in the customer's
    columns, with effects that depend on the e-mail. Converted customers pay a lognormal amount whose mean, by e-mail, is the
    item's price (in the log amounts lie between 29.99 and 499 dollars; here they have no such limits). The margin of 30 % is
    assumed, because the log has no costs.

    Customers are sampled from the table of largest entropy among those with every two-way margin of the log's columns, and their
    spending of the past year from its quantiles in each segment of spending. The package contains no customer of the log.

    Context, c = 11: log(spending / 100 dollars); months since the last order / 12; and 0 or 1 for: ordered men's goods, ordered
    women's goods, newbie (new in the past year), zip code rural, suburban, urban, and channel multichannel, phone, web.
    Features, d = 3: a column of 0 or 1 for each item.

    Args:
        parameters: a file written by `slategym fit --preset hillstrom` (default: the packaged one).
    """
    fitted = load_parameters(NAME, "hillstrom", parameters)
    cells = ContingencyTable(fitted["levels"], fitted["weight"])
    columns, _ = design(cells)
    visit, conversion_rate = (expit(columns @ np.array(fitted[part]).T) for part in ("visit", "conversion"))
    recency = np.array(cells.levels["recency"])[cells.level("recency")] / 12
    seen = [recency[:, None], *(cells.one_hot(name)[:, 1:] for name in ("mens", "womens", "newbie"))]
    seen += [cells.one_hot(name) for name in ("zip_code", "channel")]
    model = HillstromModel(
        cells=cells,
        visit=visit,
        conversion_rate=conversion_rate,
        history=as_float32("history", fitted["history"], above_zero=True)[cells.level("history_segment")],
        seen=as_float32("seen", np.concatenate(seen, axis=1)),
        spend_spread=fitted["spend_spread"],
    )
    count = len(ARMS)
    catalog = Catalog(
        features=np.eye(count, dtype=np.float32),
        taste=np.zeros((count, 0), np.float32),
        category=np.arange(count),
        price=fitted["spend_mean"],
        margin=np.full(count, fitted["assumptions"]["margin"]),
        quality=np.zeros(count, np.float32),
        appeal=np.zeros(count, np.float32),
        names=ARMS,
    )
    return World(NAME, catalog, model, slate_size=1, visits=1)


def design(cells: ContingencyTable) -> tuple[NDArray[np.float64], list[str]]:
    """Return (cells, 1 + v), the columns of the logistic regressions, and their names.

    They are an intercept, recency r in months as 2r / 12 - 1 and its square, and one column per level of every other variable.
    """
    recency = 2 * np.array(cells.levels["recency"])[cells.level("recency")] / 12 - 1
    columns, names = (
        [np.ones((len(cells), 1)), recency[:, None], recency[:, None] ** 2],
        ["intercept", "recency", "recency squared"],
    )
    for name, levels in cells.levels.items():
        if name != "recency":
            columns.append(cells.one_hot(name))
            names += [f"{name}={level}" for level in levels]
    return np.concatenate(columns, axis=1), names


def _of(every: Floats, slate: Items | None) -> Floats:
    """Select the numbers of a slate's items (n, k) from those of every item (n, m); all of them if the slate is None."""
    if slate is None:
        return every
    return np.take_along_axis(every, check_items(slate, every.shape[1], shape=(len(every), None)), axis=1)
