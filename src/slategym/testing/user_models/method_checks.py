"""Checks of each method of a user model."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np

from slategym.sim.click_models import ClickModel
from slategym.sim.shoppers import Shoppers
from slategym.sim.user_models.base import UserModel
from slategym.testing.findings import Finding
from slategym.testing.probes import (
    ANYTHING,
    Array,
    changed,
    differs,
    fingerprint,
    first,
    global_seed,
    line_per_shopper,
    place,
    raised,
)
from slategym.testing.process import changes, findings_of_changes, settings
from slategym.testing.user_models.harness import Findings, UserModelHarness
from slategym.testing.user_models.methods import FEW, HISTORY, Answer, Case, Part, part_named, parts_of

OTHERS = 7  # number of shoppers in a second batch
MANY = 200  # number of shoppers, enough for rare events
AXES = {"2": "a click and a conversion", "n": "shoppers", "k": "ranks", "m": "items", "c": "context features"}
DTYPES = {"f": "floats", "b": "bool", "i": "whole numbers", "iu": "whole numbers", "fiu": "numbers", "fiub": "numbers"}
AS_DTYPE = {"f": "np.float64", "b": "np.bool_", "i": "np.int64", "iu": "np.int64"}
TAKEN = {name for name in dir(Shoppers) if not name.startswith("_")} | {"identity", "visit", "traits", "state", *HISTORY}


# ---- nothing kept


class Kept:
    """Checks that the instance does not change when other shoppers follow; the first ones may fill caches."""

    def __init__(self) -> None:
        self.answers: dict[str, bool] = {}

    def __call__(self, exam: UserModelHarness, part: Part) -> Findings:
        """Report a changed attribute, or an error with a second batch."""
        if not self.answers:
            self.answers = {each.name: _answers(exam, each) for each in parts_of(exam.model)}
        if not self.answers[part.name]:
            return  # another check reports the cause
        case = exam.case(part, OTHERS)
        before = fingerprint(exam.model, UserModel)
        what = ""
        try:
            exam.ask(part, case)
        except ANYTHING as error:
            what = f"{raised(error)}, when a batch of {OTHERS} shoppers follows one of {FEW}"
        after = fingerprint(exam.model, UserModel)
        for name in after:
            if before.get(name) != after[name]:
                what = f"changes self.{name}: an instance stores only parameters, nothing about shoppers"
        if what:
            fix = "Store what changes in shoppers.state: return it from sample, change it in evolve; use draws for random numbers"
            yield Finding(what, part.where(exam.model), fix)


def _answers(exam: UserModelHarness, part: Part) -> bool:
    try:
        exam.ask(part, exam.case(part))
    except ANYTHING:
        return False
    return True


# ---- answers


def answers(exam: UserModelHarness, part: Part) -> Findings:
    """Check that the method answers, with arrays of the right shape and dtype and with valid values."""
    wrong = False
    for finding in _shapes(exam, part):
        yield finding
        wrong |= finding.severity == "failure"
    if not wrong:
        yield from _values(exam, part)


def _shapes(exam: UserModelHarness, part: Part) -> Findings:
    where, case = part.where(exam.model), exam.case(part)
    if part.method == "click_probability" and not isinstance(exam.model.click_model, ClickModel):
        yield Finding(
            f"is a {type(exam.model.click_model).__name__}: expected a slategym.sim.click_models.ClickModel",
            f"{type(exam.model).__name__}.click_model",
            "Set click_model to an instance of a ClickModel, such as PositionBased.geometric(slate_size)",
        )
        return
    before, attributes = dict(case.shoppers.state), set(vars(case.shoppers))
    try:
        answer = exam.ask(part, case)
    except ANYTHING as error:
        yield Finding(raised(error), where, _fix_for_error(part, error))
        return
    if part.in_place:
        yield from _in_place(where, case, answer, before, attributes)
    elif part.method == "sample":
        yield from _of_sample(where, exam, case, answer)
    else:
        yield from _of_array(part, where, answer[""], case)


def _fix_for_error(part: Part, error: BaseException) -> str:
    if isinstance(error, ValueError) and "read-only" in str(error):
        return "Work on a copy: the arrays of the catalogue and of np.broadcast_to are read-only"
    if "None" in part.name:
        return "Index the catalogue with [slate], which selects every item for None, and return (n, m) for None"
    return f"Return arrays for any number of shoppers, as described in UserModel.{part.method}"


def _of_array(part: Part, where: str, array: Any, case: Case) -> Findings:
    if not isinstance(array, np.ndarray):
        yield Finding(f"is a {type(array).__name__}: expected a NumPy array", where, "Return a NumPy array")
        return
    expected, letters = part.shape(case), part.axes.removesuffix("*")
    more = ", ..." if part.axes.endswith("*") else "," if len(letters) == 1 else ""
    fits = len(array.shape) == len(expected) or (len(array.shape) > len(expected) and part.axes.endswith("*"))
    if not (fits and all(want in (None, size) for want, size in zip(expected, array.shape, strict=False))):
        sizes = ", ".join("c" if size is None else str(size) for size in expected)
        words = " by ".join(AXES[letter] for letter in letters)
        yield Finding(
            f"has shape {array.shape}: expected ({sizes}{more}), {words}",
            where,
            f"Return an array ({', '.join(letters)}{more}), with a row for each {'shopper' if letters[0] == 'n' else 'of them'}",
        )
    elif array.dtype.kind not in part.kinds:
        fix = f"Return {DTYPES[part.kinds]}, for example with .astype({AS_DTYPE.get(part.kinds, 'np.float32')})"
        yield Finding(f"has dtype {array.dtype}: expected {DTYPES[part.kinds]}", where, fix)


def _of_sample(where: str, exam: UserModelHarness, case: Case, answer: Answer) -> Findings:
    if "" in answer:
        yield Finding(
            f"returns a {type(answer['']).__name__}: expected two mappings from names to arrays, traits and state",
            where,
            'Return {"name": array, ...}, {"name": array, ...}; an empty mapping for none',
        )
        return
    for label, array in answer.items():
        yield from _of_array(part_named("sample"), f"{where}{label}", array, case)
        if getattr(array, "dtype", None) == np.float64:
            yield Finding(
                "is float64: float32 is precise enough and takes half the memory",
                f"{where}{label}",
                "Return it with .astype(np.float32)",
                "hint",
            )
    names = Counter(name for group in exam.model.sample(case.draws, case.world.catalog) for name in group)
    for name, count in names.items():
        if count > 1 or name in TAKEN:
            yield Finding(
                f"has an array {name!r}, which is {'a trait and a state' if count > 1 else 'already an attribute of shoppers'}",
                where,
                f"Give {name!r} another name",
            )


def _in_place(where: str, case: Case, answer: Answer, before: dict[str, Array], attributes: set[str]) -> Findings:
    if "" in answer:
        yield Finding(
            f"returns a {type(answer['']).__name__}: expected None, because the state changes in place",
            where,
            'Write into the arrays, such as shoppers.state["name"][:] = ..., and return nothing',
        )
        return
    after = case.shoppers.state
    rebound = [name for name in before if after.get(name) is not before[name]]
    added = [name for name in after if name not in before] + sorted(set(vars(case.shoppers)) - attributes)
    for name in rebound:
        yield Finding(
            f"replaces the array shoppers.state[{name!r}]",
            where,
            f'Write into the array: shoppers.state["{name}"][:] = ...',
        )
        return
    for name in added:
        yield Finding(
            f"adds an array {name!r} to the shoppers, which the next shopper of a row would not have",
            where,
            f'Return {name!r} as state from sample and write into it: shoppers.state["{name}"][:] = ...',
        )
        return


def _values(exam: UserModelHarness, part: Part) -> Findings:
    where, span = part.where(exam.model), part.span(exam.world)
    unbounded = part.axes.endswith("*") or part.method == "bound"
    for label, array in exam.ask(part, exam.case(part, MANY)).items():
        if array.dtype.kind != "f":
            wrong = (array < span.low) | (array > span.high) if array.dtype.kind != "b" else np.zeros(array.shape, np.bool_)
        elif unbounded:
            wrong = np.isnan(array)
        else:
            wrong = ~(np.isfinite(array) & (array >= span.low) & (array <= span.high))
        if wrong.any():
            value, at = array[first(wrong)], f"{where}{label}{place(first(wrong))}"
            fix = span.fix if np.isfinite(value) else "Prevent the division by zero, logarithm or overflow that causes it"
            yield Finding(f"is {value:.6g}: expected {span.words}", at, fix)
            return


# ---- inputs


def inputs(exam: UserModelHarness, part: Part) -> Findings:
    """Check that the arguments do not change; in-place methods may write to the model's own state of the shoppers."""
    case = exam.case(part)
    own = {f"shoppers.state[{name!r}]" for name in case.own_state()} if part.in_place else set()
    before = {name: array for name, array in case.copy().arrays().items() if name not in own}
    exam.ask(part, case)
    touched = changed(before, case.arrays())
    what = f"writes to {touched}" if touched else ""
    if not what:
        # Writing the same value as before changes nothing here, but may elsewhere.
        case = exam.case(part)
        for name, array in case.arrays().items():
            array.flags.writeable = name in own or name.startswith("draws")
        try:
            exam.ask(part, case)
        except ValueError as error:
            what = f"writes to an argument: {raised(error)}"
    if what:
        fix = "Work on a copy: x = x + y instead of x += y, and no argument as out="
        yield Finding(what, part.where(exam.model), fix)


# ---- randomness


def global_state(exam: UserModelHarness, part: Part) -> Findings:
    """Check that the method does not change the state of the process, starting with the global generators."""
    before = settings()
    with global_seed(1) as moved:
        exam.ask(part, exam.case(part))
        name = moved()
    if name:
        yield Finding(f"draws from the global generator of {name}", part.where(exam.model), _fix_for_randomness(part))
    yield from findings_of_changes(changes(before, settings()), part.where(exam.model))


def same_answer(exam: UserModelHarness, part: Part) -> Findings:
    """Check that the same inputs give the same answer, with any seed of the global generators."""
    answer = exam.answer(part, seed=1)
    for seed, when in ((1, "when called again"), (2, "with another seed of the global generators")):
        other = exam.answer(part, seed=seed)
        for label, array in answer.items():
            mask = differs(array, other[label])
            if mask is not None:
                index = first(mask)
                what = f"is {' and '.join(_shown(array, other[label], index))} {when}"
                yield Finding(what, f"{part.where(exam.model)}{label}{place(index)}", _fix_for_randomness(part))
                return


def _fix_for_randomness(part: Part) -> str:
    if part.draws:
        return "Take random numbers only from draws, with a custom stream: draws.uniform(Stream.CUSTOM, slate)"
    return "Draw in sample or evolve, which get draws; store the numbers as trait or state, and read them from shoppers"


def _shown(one: Array, other: Array, index: tuple[int, ...]) -> tuple[str, str]:
    """The values of two arrays at an index, or their shapes if these differ."""
    if one.shape != other.shape:
        return f"of shape {one.shape}", f"of shape {other.shape}"
    left, right = (f"{array[index]:.6g}" if array.dtype.kind == "f" else str(array[index]) for array in (one, other))
    return left, right


# ---- rows apart


def rows_apart(exam: UserModelHarness, part: Part) -> Findings:
    """Check that a shopper's answer does not depend on the other shoppers in the batch or on their order."""
    if not part.rows_apart:
        return
    whole = exam.answer(part)
    rounded = ""
    for rows, words in (
        (np.arange(1), "alone"),
        (np.arange(1, FEW), f"in a batch of {FEW - 1}"),
        (np.arange(FEW)[::-1], "in reverse order"),
    ):
        try:
            answer = exam.answer(part, rows)
        except ANYTHING as error:
            yield Finding(f"{raised(error)}, for shoppers {words}", part.where(exam.model), _fix_for_error(part, error))
            return
        for label, array in answer.items():
            expected, at = whole[label][rows], f"{part.where(exam.model)}{label}"
            # Another order of a float32 sum may change this much.
            mask = differs(expected, array, rtol=1e-4, atol=1e-6)
            if mask is not None:
                index = first(mask)
                one, other = _shown(expected, array, index)
                what = f"is {one} in a batch of {FEW} shoppers, and {other} {words}"
                fix = "Compute each row only from its own shopper; take a shopper's random numbers from draws"
                yield Finding(what, f"{at}{place((int(rows[index[0]]), *index[1:]))}", fix)
                return
            if differs(expected, array) is not None:
                rounded = at
    if rounded and "None" not in part.name:
        exam.rounded.add(part.name)
        if not exam.rounded.intersection(part.needs):
            what = "depends on the batch in its last digits, which changes an outcome once in millions of draws"
            yield Finding(what, rounded, "Sum in float64 and in fixed order, as slategym.sim.user_models.base.match does", "hint")


# ---- items apart


def items_apart(exam: UserModelHarness, part: Part) -> Findings:
    """Check that an item's answer is the same in every slate, in a slate of one item, and for slate=None."""
    if "None" in part.name:
        slates = next(each for each in parts_of(exam.model) if (each.method, each.behaviour) == (part.method, part.behaviour))
        case = exam.case(part)
        every = exam.answer(part)[""]
        shown, alone, words = exam.answer(slates)[""], np.take_along_axis(every, case.slate, axis=1), "for slate=None"
    elif part.method in ("spend", "mean_spend", "delay", "behaviour", "amount"):
        case = exam.case(part)
        case = replace(case, slate=case.slate[:, -1:])
        try:
            alone = exam.ask(part, case)[""]
        except ANYTHING as error:
            yield Finding(f"{raised(error)}, for slates of one item", part.where(exam.model), _fix_for_error(part, error))
            return
        shown, words = exam.answer(part)[""][:, -1:], "in a slate of one item"
    else:
        return
    mask = differs(shown, alone, rtol=1e-3, atol=1e-7)
    if mask is not None:
        index = first(mask)
        one, other = _shown(shown, alone, index)
        yield Finding(
            f"is {one} for item {case.slate[index]} in a slate, and {other} {words}",
            f"{part.where(exam.model)}, row {index[0]},",
            "Let it depend only on the shopper and the item; effects of other items belong in the click model",
        )


# ---- loops


class Loops:
    """Checks that no line of Python runs once per shopper; each line is reported once, also if several methods run it."""

    def __init__(self) -> None:
        self.told: set[str] = set()

    def __call__(self, exam: UserModelHarness, part: Part) -> Findings:
        """Report a loop over shoppers in the method."""
        line = line_per_shopper(lambda count: exam.ask(part, exam.case(part, count))) if part.rows_apart else ""
        if line and line not in self.told:
            self.told.add(line)
            yield Finding(
                f"runs {line} once per shopper: a Python loop over shoppers",
                part.where(exam.model),
                "Replace the loop by operations on whole arrays, whose first axis is the shoppers",
                "hint",
            )
