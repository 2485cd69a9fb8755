"""The methods of a user model, with the inputs of each and the requirements on its answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

import numpy as np

from slategym.sim.draws import Draws
from slategym.sim.feedback import Feedback
from slategym.sim.shoppers import Shoppers
from slategym.sim.simulation import ROW_BITS
from slategym.sim.slate import Items, first_shown
from slategym.sim.user_models.base import UserModel
from slategym.sim.user_models.behaviours import Behaviour
from slategym.sim.world import World
from slategym.testing.probes import Array
from slategym.utils.short_repr import Brief

HISTORY = ("exposure", "engagement", "pending_conversions", "day")
WEIGHTS = np.array([1.0, 10.0])  # of a click and a conversion, the only objectives of user models
FEW = 13  # number of shoppers; unlikely to equal the length of another axis
CELLS = 2_000_000  # largest number of shoppers times items
Answer = Mapping[str, Any]  # arrays by the text that follows the method's name in a finding: "", or "'s trait 'taste'"


@dataclass(frozen=True, repr=False)
class Case(Brief):
    """Shoppers in the middle of their visits, with a slate for each and artificial feedback."""

    world: World
    shoppers: Shoppers
    slate: Items
    feedback: Feedback
    draws: Draws

    @staticmethod
    def of(world: World, count: int, *, nobody: bool = False) -> Case:
        """`count` shoppers at different visits, first and later ones of their rows; `nobody`: the user model is not called."""
        rows = np.arange(count, dtype=np.int64)
        own = Draws(2**62, rows, np.zeros_like(rows))
        identity = rows % 7 * (1 << ROW_BITS) + rows
        shoppers = (replace(world, user_model=UserModel()) if nobody else world).shoppers(0, identity)
        k = world.slate_size
        shoppers.visit[:] = (own.uniform(64) * world.visits).astype(np.int64)
        for number, name in enumerate(HISTORY[:2]):  # no conversions are pending
            state = shoppers.state[name]
            columns = np.broadcast_to(np.arange(state.shape[1]), state.shape)
            state[:] = k * own.uniform(66 + 2 * number, columns)
        slate = random_slates(own, k, world.catalog.size)
        return Case(world, shoppers, slate, _answer(world, slate, own), Draws(0, shoppers.identity, shoppers.visit))

    def __len__(self) -> int:
        return len(self.slate)

    def take(self, rows: Array) -> Case:
        """A copy of some of the rows."""
        feedback = {field.name: getattr(self.feedback, field.name) for field in fields(self.feedback)}
        answer: dict[str, Any] = {name: value[rows] for name, value in feedback.items() if isinstance(value, np.ndarray)}
        answer["behaviours"] = {name: amount[rows] for name, amount in self.feedback.behaviours.items()}
        shoppers = self.shoppers.take(rows)
        draws = Draws(self.draws.seed, shoppers.identity.copy(), shoppers.visit.copy())
        return Case(self.world, shoppers, self.slate[rows], replace(self.feedback, **answer), draws)

    def copy(self) -> Case:
        """A writable copy."""
        return self.take(np.arange(len(self)))

    def arrays(self) -> dict[str, Array]:
        """All arrays, by the names that a user model uses for them."""
        found: dict[str, Array] = {"shoppers.identity": self.shoppers.identity, "shoppers.visit": self.shoppers.visit}
        for group in ("traits", "state"):
            arrays = getattr(self.shoppers, group)
            found.update({f"shoppers.{group}[{name!r}]": array for name, array in arrays.items()})
        found["slate"] = self.slate
        for name in ("clicks", "conversions", "revenue", "objectives", "terminated", "truncated"):
            found[f"feedback.{name}"] = getattr(self.feedback, name)
        found |= {f"feedback.behaviours[{name!r}]": amount for name, amount in self.feedback.behaviours.items()}
        return found | {"draws.identity": self.draws.identity, "draws.visit": self.draws.visit}

    def own_state(self) -> dict[str, Array]:
        """The state of the user model itself, without the history that the simulation maintains."""
        return {name: array for name, array in self.shoppers.state.items() if name not in HISTORY}


def random_slates(draws: Draws, slate_size: int, choices: int) -> Items:
    """(n, k) different numbers 0..choices - 1: the range is cut into k stretches, and each rank gets one from its own stretch."""
    ranks = np.broadcast_to(np.arange(slate_size), (len(draws.identity), slate_size))
    stretch = np.argsort(draws.uniform(70, ranks), axis=1)
    first, end = stretch * choices // slate_size, (stretch + 1) * choices // slate_size
    return np.asarray(first + (draws.uniform(71, ranks) * (end - first)).astype(np.int64))


def affordable(shoppers: int, choices: int) -> int:
    """The number of shoppers, reduced if a number for each shopper and choice would take too much memory."""
    return min(shoppers, max(FEW, CELLS // choices))


def _answer(world: World, slate: Items, draws: Draws) -> Feedback:
    clicks = draws.uniform(72, slate) < draws.uniform(74)[:, None]  # from no clicks to clicks on all items
    conversions = clicks & (draws.uniform(73, slate) < 0.4)
    causes = {"impression": first_shown(slate), "click": clicks, "conversion": conversions}
    behaviours = {}
    for number, behaviour in enumerate(world.user_model.behaviours):
        uniform = draws.uniform(80 + number, slate)
        low, high = max(behaviour.lowest, -100.0), min(behaviour.highest, 100.0)
        amount = low + uniform * (high - low) if behaviour.is_amount else uniform < 0.5
        behaviours[behaviour.name] = np.where(causes[behaviour.cause], amount, 0)
    return Feedback.of(clicks, conversions, np.where(conversions, world.catalog.price[slate], 0), behaviours=behaviours)


class Span(NamedTuple):
    """The values that an answer may have: the lowest, the highest, a description, and how to fix others."""

    low: float
    high: float
    words: str
    fix: str


def _number(world: World) -> Span:
    return Span(-np.inf, np.inf, "a finite number", "Prevent the division by zero, logarithm or overflow that causes it")


def _probability(world: World) -> Span:
    return Span(0, 1, "a probability in [0, 1]", "Apply scipy.special.expit to the score, or clip it")


def _attraction(world: World) -> Span:
    if getattr(world.user_model.click_model, "largest_attraction", np.inf) <= 1:
        return _probability(world)
    return Span(0, np.inf, "a finite weight of at least 0", "Apply np.exp to the score, or clip it")


def _amount(world: World) -> Span:
    return Span(0, np.inf, "a finite amount of at least 0", "Return the amount paid, in the shop's currency")


def _visits(world: World) -> Span:
    model = world.user_model
    kinds = type(model).__mro__[: type(model).__mro__.index(UserModel)]
    decided = "longest_delay" in vars(model) or any("longest_delay" in vars(kind) for kind in kinds)
    if model.longest_delay == 0 and decided:
        # A model that sets 0 has switched delays off, and delay is not called; one that sets nothing has forgotten to.
        return Span(0, np.inf, "visits, at least 0", "Count the visits from 0, which means immediately")
    words = f"visits from 0 to {model.longest_delay}, the model's longest_delay"
    return Span(0, model.longest_delay, words, "Set longest_delay in the class to the largest value that delay returns")


def _days(world: World) -> Span:
    longest = world.user_model.longest_absence
    words = f"days from 0 to {longest}, the model's longest_absence"
    return Span(0, longest, words, "Set longest_absence in the class to the largest value that days_away returns")


def _item(world: World) -> Span:
    last = world.catalog.size - 1
    return Span(0, last, f"an item 0..{last}", "Return positions in the catalogue")


@dataclass(frozen=True)
class Part:
    """A method of a user model.

    Attributes:
        name: such as "attraction"; "attraction(slate=None)" for every item.
        given: names of its arguments.
        axes: shape of the answer in letters; a * stands for any further axes.
        kinds: NumPy kinds of dtype that the answer may have.
        span: the values that the answer may have in a world.
        needs: the methods that it depends on.
        rows_apart: whether a row's answer may depend only on that row.
        behaviour: the behaviour to call it with, for methods of behaviours.
    """

    name: str
    given: str
    axes: str
    kinds: str = "f"
    span: Callable[[World], Span] = _number
    needs: tuple[str, ...] = ()
    rows_apart: bool = True
    behaviour: str = ""

    @property
    def in_place(self) -> bool:
        """Whether the answer is the state after the call."""
        return self.method in ("evolve", "browse")

    @property
    def method(self) -> str:
        """The method's name."""
        return self.name.partition("(")[0]

    @property
    def of_every_item(self) -> bool:
        """Whether the method covers every item of the catalogue for each shopper."""
        return "None" in self.given.split() or "weights" in self.given.split()

    @property
    def draws(self) -> bool:
        """Whether the method gets random numbers."""
        return "draws" in self.given

    def where(self, model: UserModel) -> str:
        """The class and method that compute the answer, for a finding."""
        by_choice = self.method in ("click_probability", "clicks", "best_slate", "bound")
        if by_choice and getattr(type(model), self.method) is getattr(UserModel, self.method):
            return f"{type(model.click_model).__name__}.{self.name}"
        return f"{type(model).__name__}.{self.name}"

    def shape(self, case: Case) -> tuple[int | None, ...]:
        """The shape of the answer; None for any length."""
        sizes = {"2": 2, "n": len(case), "k": case.world.slate_size, "m": case.world.catalog.size, "c": None}
        return tuple(sizes[axis] for axis in self.axes.rstrip("*"))

    def ask(self, model: UserModel, case: Case) -> Answer:
        """Call the method; the answer of an in-place method is the state after the call."""
        every = {
            "name": self.behaviour,
            "shoppers": case.shoppers,
            "catalog": case.world.catalog,
            "slate": case.slate,
            "None": None,
            "feedback": case.feedback,
            "draws": case.draws,
            "weights": WEIGHTS.copy(),
            "slate_size": case.world.slate_size,
        }
        answer = getattr(model, self.method)(*(every[name] for name in self.given.split()))
        if self.method == "sample" and is_pair(answer):
            groups = zip(("trait", "state"), answer, strict=True)
            return {_labelled(group, name): array for group, arrays in groups for name, array in arrays.items()}
        if self.in_place and answer is None:
            return {_labelled("state", name): array for name, array in case.own_state().items()}
        return {"": answer}


def is_pair(answer: object) -> bool:
    """Return whether an answer has the form that `sample` returns: traits and state by name."""
    return isinstance(answer, tuple) and len(answer) == 2 and all(isinstance(group, Mapping) for group in answer)


def _labelled(group: str, name: str) -> str:
    return f"'s {group} {name!r}"


GIVEN_BEST = "shoppers catalog weights slate_size"
ON_ITEMS = ("attraction(slate=None)", "conversion(slate=None)")
PARTS = (
    Part("sample", "draws catalog", "n*", "fiub"),
    Part("context", "shoppers", "nc", "fiub"),
    Part("attraction", "shoppers catalog slate", "nk", span=_attraction),
    Part("attraction(slate=None)", "shoppers catalog None", "nm", span=_attraction, needs=("attraction",)),
    Part("conversion", "shoppers catalog slate", "nk", span=_probability),
    Part("conversion(slate=None)", "shoppers catalog None", "nm", span=_probability, needs=("conversion",)),
    Part("click_probability", "shoppers catalog slate", "nk", span=_probability, needs=("attraction",)),
    Part("clicks", "shoppers catalog slate draws", "nk", "b", needs=("click_probability",)),
    Part("spend", "shoppers catalog slate draws", "nk", "fiu", span=_amount),
    Part("mean_spend", "shoppers catalog slate", "nk", "fiu", _amount, ("spend",)),
    Part("delay", "shoppers catalog slate draws", "nk", "iu", span=_visits),
    Part("evolve", "shoppers catalog slate feedback draws", "n*", "fiub"),
    Part("leaving", "shoppers feedback", "n", span=_probability),
    Part("satisfaction", "catalog", "2m", rows_apart=False),
    Part("staying", "shoppers", "n"),
    # Among equally good slates rounding decides; and a BlackBox estimates the value of an item from all rows.
    Part("best_slate", GIVEN_BEST, "nk", "i", _item, (*ON_ITEMS, "click_probability"), rows_apart=False),
    Part("bound", GIVEN_BEST, "n", needs=("best_slate",), rows_apart=False),
)


def parts_of(model: UserModel) -> tuple[Part, ...]:
    """All methods of a user model: `PARTS`, its behaviours, and what shoppers do between visits."""
    parts = list(PARTS)
    for behaviour in model.behaviours:
        span = _behaviour_span(behaviour)
        name, given = f"behaviour({behaviour.name!r}", "name shoppers catalog"
        parts.append(Part(f"{name})", f"{given} slate", "nk", "fiu", span, behaviour=behaviour.name))
        every = Part(f"{name}, slate=None)", f"{given} None", "nm", "fiu", span, (f"{name})",), behaviour=behaviour.name)
        parts.append(every)
        if behaviour.is_amount:
            amount = f"amount({behaviour.name!r})"
            parts.append(Part(amount, f"{given} slate draws", "nk", "fiu", span, (f"{name})",), behaviour=behaviour.name))
    if model.longest_absence:
        parts.append(Part("days_away", "shoppers feedback draws", "n", "iu", _days))
    if model.browses:
        parts.append(Part("browse", "shoppers catalog draws", "n*", "fiub"))
    return tuple(parts)


def _behaviour_span(behaviour: Behaviour) -> Callable[[World], Span]:
    if not behaviour.is_amount:
        return _probability
    low, high = behaviour.lowest, behaviour.highest
    words = f"an amount in [{low:g}, {high:g}], the behaviour's lowest and highest"
    return lambda world: Span(low, high, words, "Set lowest and highest of the behaviour to its true range, or clip the amount")


def part_named(name: str) -> Part:
    """The method of that name."""
    return next(part for part in PARTS if part.name == name)
