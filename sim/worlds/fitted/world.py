"""Fitted-v0: shoppers, items and clicks estimated from a log by `slategym fit`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from slategym.sim.catalog import Catalog
from slategym.sim.click_models import ClickModel, PositionBased
from slategym.sim.draws import Draws
from slategym.sim.feedback import Feedback
from slategym.sim.objectives import DEFAULT_OBJECTIVES, make_objectives
from slategym.sim.shoppers import Shoppers
from slategym.sim.slate import Items, check_items
from slategym.sim.streams import Stream
from slategym.sim.user_models.base import Floats, UserModel
from slategym.sim.user_models.visit import Kernel, Sample
from slategym.sim.world import World
from slategym.sim.worlds.fitted.parameters import NAME, click_model_of, levels_of, read_parameters
from slategym.sim.worlds.tabular import ContingencyTable
from slategym.utils.checked import checked
from slategym.utils.lazy_scipy import expit

DAYS = Stream.CUSTOM


@dataclass(frozen=True, eq=False, repr=False)
class FittedModel(UserModel):
    """Shoppers in segments; clicks and conversions have probabilities by segment and item.

    Attributes:
        cells: the segments, which are combinations of levels, and their frequencies.
        click: (cells, m) float64, P(click | examined).
        conversion_rate: (cells, m) float64, P(conversion | click).
        seen: (cells, c) float32, what the recommender sees of a shopper: 0 or 1 for each level.
        spend_spread: standard deviation of the log of the amount paid for an item; the mean amount is the price.
        delays: (d + 1,) shares of the conversions that become known 0 to d visits later.
        leaving_by_visit: (visits,) the logit of leaving after each visit without a click; empty if nobody leaves early.
        leaving_clicked: the change of this logit by a click in the visit.
        leaving_converted: the further change by a conversion.
        away: (days + 1,) shares of 0 to that many days until the next visit; empty if days are not counted.
        click_model: the fitted click model.
    """

    cells: ContingencyTable
    click: NDArray[np.float64]
    conversion_rate: NDArray[np.float64]
    seen: NDArray[np.float32]
    spend_spread: float
    delays: NDArray[np.float64]
    leaving_by_visit: NDArray[np.float64]
    leaving_clicked: float
    leaving_converted: float
    away: NDArray[np.float64]
    click_model: ClickModel = field(default_factory=lambda: PositionBased([1.0]))

    def __post_init__(self) -> None:
        object.__setattr__(self, "longest_delay", len(self.delays) - 1)
        object.__setattr__(self, "longest_absence", max(len(self.away) - 1, 0))

    @override
    def sample(self, draws: Draws, catalog: Catalog) -> Sample:
        return {"cell": self.cells.sample(draws)}, {}

    @override
    def context(self, shoppers: Shoppers) -> Floats:
        return self.seen[shoppers.cell]

    @override
    def attraction(self, shoppers: Shoppers, catalog: Catalog, slate: Items | None) -> Floats:
        return _of(self.click, shoppers, catalog, slate)

    @override
    def conversion(self, shoppers: Shoppers, catalog: Catalog, slate: Items | None) -> Floats:
        return _of(self.conversion_rate, shoppers, catalog, slate)

    def spend(self, shoppers: Shoppers, catalog: Catalog, slate: Items, draws: Draws) -> Floats:
        """Draw lognormal amounts whose exact mean is the item's price."""
        slate = check_items(slate, catalog.size, shape=(len(shoppers), None))
        if self.spend_spread == 0:
            return catalog.price[slate]
        normal = draws.normal(Stream.SPEND, item=slate)
        return np.asarray(catalog.price[slate] * np.exp(self.spend_spread * normal - self.spend_spread**2 / 2))

    @override
    def mean_spend(self, shoppers: Shoppers, catalog: Catalog, slate: Items | None) -> Floats:
        return catalog.price[catalog.check(slate, len(shoppers))]

    @override
    def delay(self, shoppers: Shoppers, catalog: Catalog, slate: Items, draws: Draws) -> NDArray[np.int64]:
        return _drawn(self.delays, draws.uniform(Stream.DELAY, check_items(slate, catalog.size, shape=(len(shoppers), None))))

    @override
    def leaving(self, shoppers: Shoppers, feedback: Feedback) -> Floats:
        if len(self.leaving_by_visit) == 0:
            return np.zeros(len(shoppers))
        logit = self.leaving_by_visit[np.minimum(shoppers.visit, len(self.leaving_by_visit) - 1)]
        clicked, converted = (answer.any(axis=1) for answer in (feedback.clicks, feedback.conversions))
        return np.asarray(expit(logit + self.leaving_clicked * clicked + self.leaving_converted * converted))

    @override
    def days_away(self, shoppers: Shoppers, feedback: Feedback, draws: Draws) -> NDArray[np.int64]:
        return _drawn(self.away, draws.uniform(DAYS)) if len(self.away) else np.zeros(len(shoppers), np.int64)

    @property
    @override
    def anyone_leaves(self) -> bool:
        return len(self.leaving_by_visit) > 0

    @override
    def compiled(self, world: World) -> Kernel:
        from slategym.sim.user_models.compiled import TabularVisit

        return TabularVisit(self, world, self.click, self.conversion_rate)


def _of(table: NDArray[np.float64], shoppers: Shoppers, catalog: Catalog, slate: Items | None) -> Floats:
    slate = catalog.check(slate, len(shoppers))
    return table[shoppers.cell] if slate is None else table[shoppers.cell[:, None], slate]


def _drawn(shares: NDArray[np.float64], uniform: NDArray[np.float64]) -> NDArray[np.int64]:
    """Convert uniforms to numbers 0, 1, ... with given shares."""
    return np.minimum(np.searchsorted(np.cumsum(shares), uniform, side="right"), len(shares) - 1)


@checked
def fitted(*, parameters: str | Path | None = None) -> World:
    """Fitted-v0: the world that `slategym fit LOG --out my_world` estimates from a log, the same as `--world my_world`.

    What it models:
        Shoppers belong to segments, which are combinations of the levels of the log's context. The probability of a click on an
        examined item is logistic in the item, the levels of the shopper, and the item at each level; so is that of a conversion
        after a click. The click model, which determines which ranks are examined, is the one that predicts the log's held-out
        slates best. If the log has the data, prices are the average amounts paid, conversions become known some visits later,
        and shoppers leave after each visit with a probability that depends on its number, on clicks and on conversions, and come
        back after some days.
    Observation:
        A column of 0 or 1 for each level of the log's context, as in `slategym.logs.segments.Segments.one_hot`, so that an agent
        that has learned from the log can act here.
    Limitations:
        Under "cannot_identify", `my_world/world.json` lists what the log has no data for. Slates do not change shoppers, and
        nothing changes with time.
    Source:
        The packaged world is fitted to 10,000 impressions of the Open Bandit Dataset (ZOZO, Inc., CC BY 4.0) by a random policy
        in the campaign "all": `slategym fit` with docs/examples/open_bandit.csv.gz.

    Args:
        parameters: the folder or JSON file written by `slategym fit` (default: the packaged one).

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is damaged, or belongs to another world.
    """
    return world_of(read_parameters(parameters))


def world_of(content: Mapping[str, Any]) -> World:
    """Make the world of parameters that `read_parameters` has checked.

    Args:
        content: the content of the JSON file.
    """
    slate_size, visits = content["slate_size"], content["visits"]
    cells = ContingencyTable(levels_of(content), content["weight"])
    click = rates(content["click"], cells)
    conversion = np.zeros_like(click) if content["conversion"] is None else rates(content["conversion"], cells)
    leaving = content["leaving"] or {"by_visit": [], "clicked": 0.0, "converted": 0.0}
    model = FittedModel(
        cells=cells,
        click=click,
        conversion_rate=conversion,
        seen=_seen(cells, content["context"]),
        spend_spread=float(content["spend_spread"]),
        delays=np.asarray(content["delay"], np.float64),
        leaving_by_visit=np.asarray(leaving["by_visit"] if visits > 1 else [], np.float64),
        leaving_clicked=float(leaving["clicked"]),
        leaving_converted=float(leaving["converted"]),
        away=np.asarray(content["days_away"] or [], np.float64),
        click_model=click_model_of(content["click_model"], slate_size),
    )
    objectives = DEFAULT_OBJECTIVES if content["conversion"] is not None else make_objectives("click")
    catalog = _catalog(content, cells.share @ click, cells.share @ conversion)
    return World(NAME, catalog, model, slate_size, visits, objectives=objectives)


def rates(effects: Mapping[str, Any], cells: ContingencyTable) -> NDArray[np.float64]:
    """(cells, m) probabilities from effects on the logit.

    Args:
        effects: `intercept`, `item` (m,), `level` by variable (levels,), and `item_by_level` by variable (m, levels) or None.
        cells: the table of the variables.
    """
    logit = effects["intercept"] + np.asarray(effects["item"], np.float64) + np.zeros((len(cells), 1))
    for name in cells.levels:
        level = cells.level(name)
        logit += np.asarray(effects["level"][name], np.float64)[level, None]
        if effects["item_by_level"]:
            logit += np.asarray(effects["item_by_level"][name], np.float64).T[level]
    return np.asarray(expit(logit))


def _seen(cells: ContingencyTable, context: Sequence[str]) -> NDArray[np.float32]:
    """(cells, c) 0 or 1 for each level that recommenders see, such as "country=DE"."""
    column = {f"{name}={level}": (name, place) for name, levels in cells.levels.items() for place, level in enumerate(levels)}
    found = [cells.level(name) == place for name, place in (column[each] for each in context)]
    return np.stack(found, axis=1).astype(np.float32) if found else np.zeros((len(cells), 0), np.float32)


def _catalog(content: Mapping[str, Any], click: NDArray[np.float64], conversion: NDArray[np.float64]) -> Catalog:
    items = content["items"]
    m = len(items["ids"])
    appeal, quality = (np.log(np.clip(rate, 1e-12, 1 - 1e-12)) for rate in (click, conversion))
    return Catalog(
        features=np.asarray(items["features"], np.float32).reshape(m, len(items["feature_names"])),
        taste=np.zeros((m, 0), np.float32),
        category=np.asarray(items["category"]),
        price=np.asarray(items["price"], np.float64),
        margin=np.ones(m, np.float32),
        quality=quality,
        appeal=appeal,
        names=tuple(items["ids"]),
        feature_names=tuple(items["feature_names"]),
    )
