"""What an agent may know about a world before it starts, and its decisions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slategym.agents.common.inputs import check_decision, check_feedback, check_observation, check_seen, check_shown, offered
from slategym.sim.feedback import Feedback
from slategym.sim.layout import Layout
from slategym.sim.rules import NO_RULES, SlateRules
from slategym.sim.world import World
from slategym.utils.lookup import choose
from slategym.utils.short_repr import Brief

Observation = NDArray[np.float32]
Slate = NDArray[np.int64]  # (n, k) items, or positions among candidates
Chances = NDArray[np.float64]  # (n, k) probabilities of a slate's items, each given the items above it


@dataclass(frozen=True, repr=False)
class Problem(Brief):
    """The part of a world that an agent may know before it starts: items, observation layout and objectives, not latent tastes.

    Attributes:
        features: (m, d) float32, the features of each item.
        category: (m,) int64, the category of each item.
        price: (m,) float32, the price of each item.
        margin: (m,) float32, the share of an item's price that is profit.
        slate_size: k, the number of ranks.
        layout: the fields of the observation.
        objective_names: the names of the M objectives.
        longest_delay: the largest delay of a conversion, in steps; 0 if none is delayed.
        bid: (m,) float32, the price that an advertiser pays for a click on the item.
        weights: (M,), the default weight of each objective.
        causes: (M,), the event that yields each objective: "click", "conversion" or "impression" (`Objective.cause`).
        candidates: C, the number of candidates in each observation; slates then hold positions among them. None: slates hold
            items.
        rules: the rules that slates must satisfy.
        texts: (m,) titles and descriptions of the items; () if the catalogue has none.
    """

    features: NDArray[np.float32]
    category: NDArray[np.int64]
    price: NDArray[np.float32]
    margin: NDArray[np.float32]
    slate_size: int
    layout: Layout
    objective_names: tuple[str, ...]
    longest_delay: int
    bid: NDArray[np.float32]
    weights: tuple[float, ...]
    causes: tuple[str, ...]
    candidates: int | None = None
    rules: SlateRules = NO_RULES
    texts: tuple[str, ...] = ()

    def _told(self) -> Iterable[str]:
        yield f"{self.items:,} items" + ("" if self.candidates is None else f", {self.candidates:,} of them candidates")
        yield f"slates of {self.slate_size}"
        yield f"observations of {self.layout.size}"
        yield f"objectives {' '.join(self.objective_names)}"

    @staticmethod
    def of(world: World) -> Problem:
        """The problem of a world, with the items that have been launched.

        Args:
            world: the world that the agent acts in.
        """
        catalog, launched = world.catalog, slice(world.launched)
        return Problem(
            features=catalog.features[launched],
            category=catalog.category[launched],
            price=catalog.price[launched],
            margin=catalog.margin[launched],
            slate_size=world.slate_size,
            layout=world.layout,
            objective_names=world.objective_names,
            longest_delay=world.user_model.longest_delay,
            bid=catalog.bid[launched],
            weights=world.weights,
            causes=tuple(objective.cause for objective in world.objectives),
            candidates=world.candidates,
            rules=world.rules,
            texts=catalog.texts[launched],
        )

    @property
    def items(self) -> int:
        """The number of items, m."""
        return len(self.features)

    @property
    def choices(self) -> int:
        """The number of items to choose from: C candidates, or all m items."""
        return self.items if self.candidates is None else self.candidates

    @property
    def fields(self) -> dict[str, slice]:
        """The columns of each field of the observation, except the candidates."""
        return {field.name: self.layout[field.name] for field in self.layout.fields if field.name != "candidates"}

    def context(self, names: Sequence[str] | None = None) -> NDArray[np.int64]:
        """(c,) the columns of the observation that a learner uses as context.

        Args:
            names: fields of the observation; default: "context", or none if there is no such field.

        Raises:
            ValueError: there is no field of that name; the message names the nearest ones.
        """
        known = self.fields
        default = ["context"] if "context" in known else []
        columns = np.arange(self.layout.size)
        parts = [columns[choose("field", name, known)] for name in (default if names is None else names)]
        return np.concatenate([columns[:0], *parts])

    @property
    def seen_columns(self) -> int:
        """The number of columns that `seen` returns."""
        return self.layout.size - (self.candidates or 0)

    def seen(self, observation: Observation) -> Observation:
        """(n, o - C) the observations without the candidates, which come last.

        Args:
            observation: (n, o) float32.

        Raises:
            ValueError: the observation has a wrong shape.
        """
        check_seen(self, observation)
        return observation[:, : self.seen_columns]

    def candidates_in(self, observation: Observation) -> NDArray[np.int64] | None:
        """(n, C) int64, the candidates of observations; None if every item can be shown.

        Args:
            observation: (n, o) float32.

        Raises:
            ValueError: the observation has a wrong shape, or a candidate is not an item.
        """
        return None if self.candidates is None else offered(self, observation)

    def shown(self, observation: Observation, slate: NDArray[np.int64]) -> NDArray[np.int64]:
        """(n, k) int64, the items of slates.

        Args:
            observation: (n, o) float32.
            slate: (n, k) int64, positions among the candidates if there are candidates, otherwise items.

        Raises:
            ValueError: the slate is invalid, or a candidate is not an item.
        """
        check_seen(self, observation)
        slate = check_shown(self, slate, len(observation))
        items = self.candidates_in(observation)
        return slate if items is None else np.take_along_axis(items, slate, axis=1)


@dataclass(frozen=True, repr=False)
class Decision(Brief):
    """The slates that an agent shows.

    Attributes:
        slate: (n, k) int64 items, best rank first; positions among the candidates if the observation contains candidates.
        propensity: (n, k) float32, the probability of each choice given the choices above it; NaN if unknown.
        estimated: whether the propensities are estimated by repeated draws; logs record this.
        allowed: (n, m) bool, the items that could be shown, or (n, C) for candidates; None: all.
    """

    slate: NDArray[np.int64]
    propensity: NDArray[np.float32]
    estimated: bool = False
    allowed: NDArray[np.bool_] | None = None


def checked_step(
    problem: Problem, observation: ArrayLike, decision: Decision, feedback: Feedback
) -> tuple[Observation, Decision]:
    """Check a step; return the observation as (n, o) float32 and a decision whose slate is (n, k) int64.

    The decision is returned unchanged if its arrays already have the right dtypes.

    Args:
        problem: defines the shapes.
        observation: (n, o) numbers.
        decision: the slates shown for it.
        feedback: the shoppers' answer to the slates.

    Raises:
        ValueError: their shapes or dtypes do not match, or a value is invalid.
    """
    batch = check_observation(problem, observation)
    slate, propensity = check_decision(problem, decision, len(batch))
    check_feedback(problem, feedback, len(batch))
    same = slate is decision.slate and propensity is decision.propensity
    estimated, allowed = getattr(decision, "estimated", False), getattr(decision, "allowed", None)
    return batch, decision if same else Decision(slate, propensity, estimated=estimated, allowed=allowed)
