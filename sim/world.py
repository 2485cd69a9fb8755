"""A world: a catalogue, a user model and the rules of a visit. It is frozen: its methods do not advance it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slategym.sim.assortment import Assortment
from slategym.sim.candidates import LARGEST
from slategym.sim.catalog import Catalog
from slategym.sim.choice import check_rules
from slategym.sim.click_models.coordinate_ascent import coordinate_ascent
from slategym.sim.layout import Layout, observation_layout
from slategym.sim.newcomers import newcomers
from slategym.sim.objectives import DEFAULT_OBJECTIVES, Objective, known_objectives
from slategym.sim.objectives.simulated import AnswerObjective, rehearsed_means
from slategym.sim.ruled_oracle import best_slate_among, choice_of, exact_under
from slategym.sim.rules import NO_RULES, SlateRules
from slategym.sim.schedule import Change
from slategym.sim.shoppers import Shoppers, check_widths
from slategym.sim.slate import Items
from slategym.sim.user_models.base import Floats, UserModel
from slategym.sim.user_models.behaviours import check_behaviours
from slategym.sim.user_models.browsing import MOST_DAYS
from slategym.sim.user_models.visit import Kernel
from slategym.utils.arrays import check_numbers
from slategym.utils.batching import ROWS, blocks
from slategym.utils.lookup import check_name
from slategym.utils.short_repr import Brief
from slategym.utils.standardize import as_float32


@dataclass(frozen=True, repr=False)
class World(Assortment, Brief):
    """A world: a catalogue, a user model, and the size of slates and episodes.

    If it has a schedule, it is the world before the first change; `at` returns the world at a step.

    Attributes:
        name: the registered name, such as "Shop-v0"; letters of any script, digits, ".", "_" and "-".
        catalog: the items.
        user_model: how shoppers answer.
        slate_size: k, the number of items shown at once.
        visits: the largest number of visits of one shopper; then the episode is truncated (with 1 visit: terminated).
        candidates: C, the number of items of a large catalogue that a retrieval stage offers to each shopper at each visit (see
            `candidates_of`); a slate then holds positions 0..C - 1 among them. None: a slate holds any items.
        history_days: the number of days on which shoppers browsed before their first visit: on each they saw a slate of random
            items, answered it and changed. The observation shows the effect; no agent chose these slates.
        objectives: the M objectives; `objective_names` are their names.
        origin: the file and name it was loaded from, `my_shop.py:Bookshop`; empty for built-in worlds and those made in Python.
        schedule: the changes to come, by step of the simulation; items that are launched later cannot be shown yet.
        retired: items that cannot be shown any more.
        rules: the rules of slates; the oracle and slategym's own agents comply with them.
    """

    name: str
    catalog: Catalog
    user_model: UserModel
    slate_size: int
    visits: int
    candidates: int | None = None
    objectives: tuple[Objective, ...] = DEFAULT_OBJECTIVES
    origin: str = ""
    history_days: int = 0
    schedule: tuple[Change, ...] = ()
    retired: tuple[int, ...] = ()
    rules: SlateRules = NO_RULES

    def __post_init__(self) -> None:
        check_name("a world", self.name)
        for objective in self.objectives:
            check_name("an objective", objective.name)
        known_objectives(check_behaviours(self.user_model.behaviours))
        for name in ("slate_size", "visits", "history_days"):
            number = getattr(self, name)
            if isinstance(number, bool) or not isinstance(number, int | np.integer):
                raise ValueError(f"{name} is {number!r}: expected a whole number")
        if not 1 <= self.slate_size <= self.catalog.size:
            raise ValueError(f"slate_size is {self.slate_size}: expected 1..{self.catalog.size}, the number of items")
        if not 1 <= self.visits < 2**24:
            raise ValueError(f"visits is {self.visits}: expected 1..{2**24 - 1}")
        if not 0 <= self.history_days <= MOST_DAYS:
            raise ValueError(f"history_days is {self.history_days!r}: expected 0..{MOST_DAYS}")
        if self.candidates is not None:
            if isinstance(self.candidates, bool) or not isinstance(self.candidates, int | np.integer):
                raise ValueError(f"candidates is {self.candidates!r}: expected a whole number of items, or None for all of them")
            if not self.slate_size <= self.candidates <= self.catalog.size:
                raise ValueError(
                    f"candidates is {self.candidates}: expected {self.slate_size}..{self.catalog.size}, "
                    "at least the slate size and at most all items"
                )
            if self.catalog.size > LARGEST:
                raise ValueError(
                    f"{self.catalog.size:,} items came with candidates: expected at most {LARGEST:,}, "
                    "because the observation holds their numbers in float32"
                )
        self._check_schedule()
        check_rules(self.rules, self.catalog.category, self.slate_size, self.candidates)

    def _told(self) -> Iterable[str]:
        yield repr(self.name)
        yield f"{self.catalog.size:,} items" + ("" if self.candidates is None else f", {self.candidates:,} of them candidates")
        yield f"slates of {self.slate_size}"
        yield f"{self.visits} visits"
        yield type(self.user_model).__name__
        yield f"objectives {' '.join(self.objective_names)}"

    @property
    def objective_names(self) -> tuple[str, ...]:
        """The names of the objectives, in the order of `Feedback.objectives`."""
        return tuple(objective.name for objective in self.objectives)

    @property
    def weights(self) -> tuple[float, ...]:
        """(M,) the default weight of each objective."""
        return tuple(objective.weight for objective in self.objectives)

    @property
    def plurals(self) -> dict[str, str]:
        """The plural names of the objectives, by name, in their order."""
        return {objective.name: objective.plural for objective in self.objectives}

    @cached_property
    def counts_alone(self) -> bool:
        """Whether clicks and conversions, which every visit counts anyway, are the only objectives."""
        return self.objectives == DEFAULT_OBJECTIVES

    @property
    def estimated(self) -> bool:
        """Whether some expectations are estimates by simulation: those of a `BlackBox`, or of an objective."""
        return self.user_model.estimated or not all(objective.exact(self) for objective in self.objectives)

    @property
    def oracle_is_exact(self) -> bool:
        """Whether `best_slate` is the optimal slate of a visit, and not only close to it."""
        return (
            self.user_model.click_model.exact
            and not self.estimated
            and all(objective.oracle_exact(self) for objective in self.objectives)
            and exact_under(self.rules, self)
        )

    @cached_property
    def layout(self) -> Layout:
        """The fields of the observation. A world of single visits has no history to show."""
        context = self.user_model.context(self.shoppers(0, np.zeros(1, np.int64), compiled=False)).shape[1]
        return observation_layout(
            context=context,
            categories=self.catalog.categories if self.visits > 1 else 0,
            items=self.catalog.size,
            slate_size=self.slate_size,
            longest_delay=self.user_model.longest_delay,
            counts_days=self.user_model.longest_absence > 0,
            candidates=self.candidates or 0,
        )

    @cached_property
    def kernel(self) -> Kernel:
        """The compiled part of the user model."""
        return self.user_model.compiled(self) or Kernel()

    def shoppers(self, seed: int, identity: NDArray[np.int64], *, compiled: bool = True) -> Shoppers:
        """Make new shoppers at their first visit; a function of (seed, identity) alone.

        Args:
            seed: the seed of the simulation.
            identity: (n,) int64, their identities.
            compiled: False: use NumPy only.

        Raises:
            ValueError: the identities are not whole numbers from 0 in an array (n,).
        """
        identity = check_numbers(identity, 2**63, "identity", "a shopper", (None,)).copy()
        return newcomers(self, seed, identity, compiled=compiled)

    def observe(self, shoppers: Shoppers, *, compiled: bool = True) -> NDArray[np.float32]:
        """(n, o) float32, the observation of shoppers in a new array, with the fields of `layout`.

        Args:
            shoppers: n shoppers.
            compiled: False: use NumPy only.

        Raises:
            ValueError: the shoppers belong to another world, or the context has a number that is not finite in float32.
        """
        self.check_shoppers(shoppers)
        observation = np.empty((len(shoppers), self.layout.size), np.float32)
        if not (compiled and self.kernel.observe(shoppers, observation)):
            if "context" in self.layout:
                for rows in blocks(len(shoppers)):
                    some = shoppers if len(shoppers) <= ROWS else shoppers.take(rows)
                    name = "context" if rows.start == 0 else f"context[{rows.start}:]"
                    observation[rows, self.layout["context"]] = as_float32(name, self.user_model.context(some))
            for name in ("exposure", "engagement"):
                if name in self.layout:
                    observation[:, self.layout[name]] = shoppers.state[name]
            observation[:, self.layout["clock"]] = (shoppers.visit / self.visits)[:, None]
        if "day" in self.layout:  # no kernel writes it
            observation[:, self.layout["day"]] = shoppers.state["day"][:, None]
        self.write_candidates(shoppers, observation)
        return observation

    def probabilities(self, shoppers: Shoppers, slate: ArrayLike) -> tuple[Floats, Floats]:
        """Return the exact probability of a click, and of a click with a conversion, at each rank; nothing advances.

        Args:
            shoppers: n shoppers.
            slate: (n, k).

        Returns:
            Two arrays (n, k) float64.

        Raises:
            ValueError: the shoppers belong to another world, or the slate is invalid.
        """
        self.check_shoppers(shoppers)
        items = self.items(shoppers, self.check_slate(slate, len(shoppers)))
        click = self.user_model.click_probability(shoppers, self.catalog, items)
        return click, click * self.user_model.conversion(shoppers, self.catalog, items)

    def expected(self, shoppers: Shoppers, slate: ArrayLike) -> Floats:
        """(n, M) float64, the expected objectives of a slate at this visit; a delayed conversion counts in full.

        They are exact, unless the user model or an objective is `estimated`.

        Args:
            shoppers: n shoppers.
            slate: (n, k).

        Raises:
            ValueError: the shoppers belong to another world, or the slate is invalid.
        """
        self.check_shoppers(shoppers)
        items = self.items(shoppers, self.check_slate(slate, len(shoppers)))
        click, conversion = self.probabilities(shoppers, slate)
        rehearsed = [
            objective for objective in self.objectives if isinstance(objective, AnswerObjective) and not objective.exact(self)
        ]
        means = dict(zip(rehearsed, rehearsed_means(rehearsed, self, shoppers, items), strict=True)) if rehearsed else {}
        columns = [
            means[objective] if objective in means else objective.expected(self, shoppers, items, click, conversion)
            for objective in self.objectives
        ]
        return np.stack(columns, axis=1)

    def best_slate(
        self, shoppers: Shoppers, weights: ArrayLike, allowed: ArrayLike | None = None, rules: SlateRules | None = None
    ) -> Items:
        """(n, k) the oracle: the slate with the highest weighted expected objectives at this visit.

        If there are candidates, it is a slate of candidates. It may repeat an item, which earns once, if a further item would
        reduce the value. It is exact if `oracle_is_exact`; otherwise `bound` limits the loss. It considers only this visit, not
        the effect of the slate on later ones.

        Args:
            shoppers: n shoppers.
            weights: (M,), the weights of the objectives.
            allowed: (m,) or (n, m) bool, the items that may be shown; (n, C) if there are candidates; None for all.
            rules: replace the world's own rules.

        Raises:
            ValueError: the shoppers belong to another world, the weights are not M finite numbers, or too few items are allowed
                for a slate that complies with the rules; the message names the row.
        """
        weight_vector, _ = self._checked(weights)
        asked = self._oracle_inputs(shoppers, weight_vector, self.objectives)
        every = asked[-1] if self._among else None
        weighted = zip(weight_vector, self.objectives, strict=True)
        whole = [(weight, objective) for weight, objective in weighted if weight and objective.of_slate]

        def beside(slate: Items, rank: int) -> Floats:
            shown = slate if every is None else np.take_along_axis(every, slate, axis=1)
            return np.asarray(sum(weight * objective.marginal(self, shoppers, shown, rank, every) for weight, objective in whole))

        rules = self.rules if rules is None else rules
        if rules or allowed is not None:
            _, begin = choice_of(self, shoppers, allowed, rules)
            return self._chosen(best_slate_among(self, shoppers, (asked[2], every), begin, beside if whole else None))
        best = self.user_model.best_slate(*asked)
        if not whole or self.user_model.estimated:
            return self._chosen(best)
        _, catalog, of_each, size, *among = asked
        gains = self.user_model.gains(shoppers, catalog, of_each, *(among or [None]))
        return self._chosen(coordinate_ascent(self.user_model.click_model, *gains, size, best, beside))

    @property
    def _among(self) -> bool:
        """Whether the oracle chooses among only some of the items."""
        return self.candidates is not None or self.available is not None

    def _chosen(self, best: Items) -> Items:
        """Convert the oracle's slates from positions among the items that can be shown to items, if needed."""
        return best if self.candidates is not None or self.available is None else self.available[best]

    def bound(self, shoppers: Shoppers, weights: ArrayLike) -> NDArray[np.float64]:
        """(n,) a weighted sum of expected objectives that no slate exceeds at this visit; the oracle's if it is exact.

        Args:
            shoppers: n shoppers.
            weights: (M,), the weights of the objectives.
        """
        weight_vector, unit = self._checked(weights)
        if self.rules and self.oracle_is_exact:
            return np.asarray(self.expected(shoppers, self.best_slate(shoppers, weights)) @ np.asarray(weights, np.float64))
        by_item = [objective for objective in self.objectives if objective.oracle_exact(self)]
        bound = self.user_model.bound(*self._oracle_inputs(shoppers, weight_vector, by_item))
        for weight, objective in zip(weight_vector, self.objectives, strict=True):
            low, high = objective.bounds(self) if weight else (0.0, 0.0)
            if objective not in by_item or low == high:  # not included in the bound by item
                bound = bound + max(weight * low, weight * high)
        return np.ldexp(bound, unit)

    def _checked(self, weights: ArrayLike) -> tuple[NDArray[np.float64], int]:
        """Divide the weights by a power of two so that the largest is about one, and return both: models use float32."""
        weight_vector = np.asarray(weights, np.float64)
        if weight_vector.shape != (len(self.objectives),) or not np.isfinite(weight_vector).all():
            raise ValueError(f"weights is {weights!r}: expected one finite number for each of {', '.join(self.objective_names)}")
        unit = int(np.frexp(np.abs(weight_vector).max())[1])
        return np.ldexp(weight_vector, -unit), unit

    def _oracle_inputs(
        self, shoppers: Shoppers, weights: NDArray[np.float64], objectives: Sequence[Objective]
    ) -> tuple[Any, ...]:
        """Return the arguments of the oracle for some objectives: values of a click and a conversion, by item if they differ."""
        self.check_shoppers(shoppers)
        among = (self.candidates_of(shoppers),) if self._among else ()
        click, conversion = 0.0, 0.0
        for weight, objective in zip(weights, self.objectives, strict=True):
            if weight and objective in objectives:
                click_value, conversion_value = objective.values(self, shoppers, among[0] if among else None)
                click, conversion = click + weight * click_value, conversion + weight * conversion_value
        weight_vector = np.array(np.broadcast_arrays(click, conversion), np.float64)
        return shoppers, self.catalog, weight_vector, self.slate_size, *among

    @cached_property
    def _widths(self) -> dict[str, tuple[int, ...]]:
        """The shape of each array of this world's shoppers, without the leading n."""
        some = self.shoppers(0, np.zeros(1, np.int64), compiled=False)
        arrays = {"visit": some.visit, **some.traits, **some.state}
        return {name: array.shape[1:] for name, array in arrays.items()}

    def check_shoppers(self, shoppers: Shoppers, *, moving: bool = False) -> None:
        """Check that the arrays of shoppers have the widths of this world's, as kernels require.

        Args:
            shoppers: shoppers of this world, or of one whose shoppers have the same arrays.
            moving: whether they will be shown slates; then `pending_conversions` is checked too.

        Raises:
            ValueError: an array has the wrong shape; the message names the array, its shape and the expected shape.
        """
        check_widths(shoppers, self._widths, self.name, () if moving else ("pending_conversions",))
