"""A world: a catalogue, a user model and the rules of a visit. Frozen; it can be asked anything without advancing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slategym.sim.catalog import Catalog
from slategym.sim.draws import Draws
from slategym.sim.layout import Field, Layout
from slategym.sim.shoppers import Shoppers
from slategym.sim.slate import Items, check_slate, first_shown
from slategym.sim.user_model import Floats, UserModel

OBJECTIVES = ("click", "conversion")
# What a visit leaves of earlier visits in the history that the recommender sees: about five visits of memory.
HISTORY_DECAY = 0.8


@dataclass(frozen=True)
class World:
    """What is simulated.

    Attributes:
        name: as registered, "Shop-v0".
        catalog: the items.
        user_model: how shoppers answer.
        slate_size: k, items shown at once.
        visits: the most visits of one shopper; after the last one the episode is truncated, or has terminated if it is 1.
    """

    name: str
    catalog: Catalog
    user_model: UserModel
    slate_size: int
    visits: int

    def __post_init__(self) -> None:
        if not 1 <= self.slate_size <= self.catalog.size:
            raise ValueError(f"slate_size is {self.slate_size}: expected 1..{self.catalog.size}, the number of items")
        if not 1 <= self.visits < 2**24:
            raise ValueError(f"visits is {self.visits}: expected 1..{2**24 - 1}")

    @property
    def objectives(self) -> tuple[str, ...]:
        """The names of the objectives, in the order of `Feedback.objectives`."""
        return OBJECTIVES

    @property
    def estimated(self) -> bool:
        """Whether probabilities, and all that comes from them, are estimates by simulation (see `BlackBox`)."""
        return self.user_model.estimated

    @property
    def oracle_is_exact(self) -> bool:
        """Whether `best_slate` is the best slate of a visit, not only near it."""
        return self.user_model.choice.exact and not self.estimated

    @cached_property
    def layout(self) -> Layout:
        """What the fields of the observation mean. A world of single visits has no history to show."""
        history = self.visits > 1
        context = self.user_model.context(self.shoppers(0, np.zeros(1, np.int64))).shape[1]
        longest = 1.0 / (1.0 - HISTORY_DECAY)
        return Layout(
            [
                Field("context", context, -np.inf, np.inf, "what the recommender sees of the shopper"),
                Field(
                    "exposure",
                    self.catalog.categories if history else 0,
                    0.0,
                    self.slate_size * longest,
                    f"items shown per category, decayed by {HISTORY_DECAY:g} a visit",
                ),
                Field(
                    "engagement",
                    2 if history else 0,
                    0.0,
                    self.slate_size * longest,
                    f"clicks and conversions, decayed by {HISTORY_DECAY:g} a visit",
                ),
                Field("clock", 1, 0.0, 1.0, "visits so far as a share of the most there can be"),
            ]
        )

    def shoppers(self, seed: int, identity: NDArray[np.int64]) -> Shoppers:
        """New shoppers at their first visit; a function of (seed, identity) alone."""
        identity = np.array(identity, np.int64)
        visit = np.zeros(len(identity), np.int64)
        traits, state = self.user_model.sample(Draws(seed, identity, visit), self.catalog)
        history = {
            "exposure": np.zeros((len(identity), self.catalog.categories), np.float32),
            "engagement": np.zeros((len(identity), 2), np.float32),
        }
        return Shoppers(identity, visit, traits, {**state, **history})

    def observe(self, shoppers: Shoppers) -> NDArray[np.float32]:
        """(n, o) float32, a fresh array: what the recommender may see, laid out as `layout` says."""
        observation = np.empty((len(shoppers), self.layout.size), np.float32)
        if "context" in self.layout:
            observation[:, self.layout["context"]] = self.user_model.context(shoppers)
        for name in ("exposure", "engagement"):
            if name in self.layout:
                observation[:, self.layout[name]] = shoppers.state[name]
        observation[:, self.layout["clock"]] = (shoppers.visit / self.visits)[:, None]
        return observation

    def probabilities(self, shoppers: Shoppers, slate: ArrayLike) -> tuple[Floats, Floats]:
        """The exact probability of a click, and of a click with a purchase, at each rank; nothing advances.

        Returns:
            Two arrays (n, k) float64.
        """
        items = self.check_slate(slate, len(shoppers))
        click = self.user_model.click_probability(shoppers, self.catalog, items)
        return click, click * self.user_model.conversion(shoppers, self.catalog, items)

    def expected(self, shoppers: Shoppers, slate: ArrayLike) -> Floats:
        """(n, M) float64, the exact expected objectives of a slate at this visit; a late purchase counts in full."""
        return np.stack([p.sum(axis=1) for p in self.probabilities(shoppers, slate)], axis=1)

    def best_slate(self, shoppers: Shoppers, weights: ArrayLike) -> Items:
        """(n, k) the oracle: the slate of highest weighted expected objectives at this visit.

        Exact where `user_model.choice.exact` says so; elsewhere `bound` tells how far it may be from the best. It looks at this
        visit alone, not at what the slate does to later ones.

        Args:
            weights: (M,), the worth of a click and of a conversion.
        """
        return self.user_model.best_slate(shoppers, self.catalog, np.asarray(weights, np.float64), self.slate_size)

    def bound(self, shoppers: Shoppers, weights: ArrayLike) -> NDArray[np.float64]:
        """(n,) weighted expected objectives that no slate exceeds at this visit; the oracle's own where it is exact."""
        return self.user_model.bound(shoppers, self.catalog, np.asarray(weights, np.float64), self.slate_size)

    def check_slate(self, slate: ArrayLike, shoppers: int) -> Items:
        """The slate as (n, k) int64, or a ValueError that says what is wrong with it."""
        return check_slate(slate, shoppers, self.slate_size, self.catalog.size)


def remember(shoppers: Shoppers, catalog: Catalog, slate: Items, earned: NDArray[np.float32]) -> None:
    """Write a visit into the history that the recommender sees, in place: what was shown (n, k) and earned (n, M)."""
    n, g = len(shoppers), catalog.categories
    cell = np.arange(n)[:, None] * g + catalog.category[slate]
    shown = np.bincount(cell[first_shown(slate)], minlength=n * g).reshape(n, g)
    exposure, engagement = shoppers.state["exposure"], shoppers.state["engagement"]
    exposure *= np.float32(HISTORY_DECAY)
    exposure += shown.astype(np.float32)
    engagement *= np.float32(HISTORY_DECAY)
    engagement += earned
