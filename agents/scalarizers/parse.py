"""Scalarizers by their text: `nash`, `lagrangian:click>=0.3`, `schedule:0=fixed:1,1;100000=nash`.

| text | utility of the mean objectives V |
|---|---|
| `fixed:1,10` | a click and ten times a conversion: one number an objective, in their order; `fixed` takes the default ones |
| `nash` | the product of the gains over the disagreement; `nash:bargaining=1,2` counts the second objective twice |
| `chebyshev` | the objective furthest from its utopia, smoothly; `chebyshev:smoothness=0.05` |
| `augmented-chebyshev` | the same with a sharp corner, and a little of the sum; `augmented-chebyshev:augmentation=0.1` |
| `lagrangian:click>=0.3` | the other objective, with at least .3 clicks a slate; `lagrangian:profit,click>=0.3` names it |
| `gini` | the objectives on one scale, the least one counting most; `gini:shares=1,0.2` |
| `hypervolume` | directions drawn anew at every step, which cover the front; `hypervolume:steps=20` |
| `schedule:0=fixed:1,1;100000=nash` | one after another, each from a number of slates on |
| `my_goals.py:Mine` | a custom one: a class or function in a file; see `make_scalarizer` |

Options follow a colon, with commas between them: `nash:bargaining=1,2,disagreement=0.1,0`. A list of scalarizers has commas too:
`nash,chebyshev,lagrangian:click>=0.3,fixed:1,10` are four.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from typing import NamedTuple

from slategym.agents.scalarizers.base import ROUNDING, FixedSum, Scalarizer, Weights, default_weights
from slategym.agents.scalarizers.chebyshev import AugmentedChebyshev, SmoothChebyshev
from slategym.agents.scalarizers.hypervolume import HypervolumeScalarizer
from slategym.agents.scalarizers.lagrangian import Lagrangian
from slategym.agents.scalarizers.names import SCALARIZERS
from slategym.agents.scalarizers.reference import Reference
from slategym.agents.scalarizers.schedule import Schedule
from slategym.agents.scalarizers.welfare import GeneralisedGini, NashWelfare
from slategym.utils.integers import whole
from slategym.utils.lookup import choose, nearest
from slategym.utils.plugins import is_reference, load

Numbers = tuple[float, ...]
Options = Mapping[str, Numbers]
Objectives = Sequence[str]


class _Given(NamedTuple):
    """What a scalarizer is made for."""

    objectives: Objectives
    reference: Reference | None
    seed: int
    weights: Sequence[float] | None


_BALANCE = ("nash", "chebyshev", "augmented-chebyshev", "gini", "hypervolume")  # what goes by how much there is to gain
_CONSTRAINT = re.compile(r"(?P<name>[^<>=]+?)\s*(?P<sign>>=|<=)\s*(?P<bound>[^<>=]+)")


def make_scalarizer(
    text: str,
    objectives: Objectives,
    reference: Reference | None = None,
    seed: int = 0,
    weights: Sequence[float] | None = None,
) -> Scalarizer:
    """A scalarizer by its text, as the module describes it.

    Args:
        text: the scalarizer's name, and after a colon what it takes; or `my_goals.py:Mine`, a class or function in a file that is
            called with those of the following arguments that its parameters name.
        objectives: the names of the M objectives, in their order.
        reference: utopia and disagreement, for what the text leaves open; `run` and `compare` compute it from the world. Without
            one, Nash estimates its disagreement from the first slates, Gini and hypervolume take the objectives as they are and
            the Lagrangian does, and Chebyshev must be told its utopia.
        seed: of the directions that hypervolume draws.
        weights: (M,) of `fixed` without numbers; by default those of the built-in objectives of these names.

    Raises:
        ValueError: there is no such scalarizer, objective or option, or a value is out of its range.
    """
    name, _, rest = text.strip().partition(":")
    given = _Given(tuple(objectives), reference, seed, weights)
    if name not in SCALARIZERS and is_reference(text.strip()):
        return _custom(text.strip(), given)
    choose("scalarizer", name, SCALARIZERS)
    if reference is not None and len(reference.utopia) != len(objectives):
        raise ValueError(f"reference has {len(reference.utopia)} objectives: expected {len(objectives)}, {', '.join(objectives)}")
    if reference is not None and name in _BALANCE and reference.constant.any():
        number = int(reference.constant.argmax())
        best, random = reference.utopia[number], reference.disagreement[number]
        raise ValueError(
            f"scalarizer {text.strip()!r}: {objectives[number]} has nothing to gain, the best slates earn {best:g} of it and "
            f"random ones {random:g}: leave it out, or use fixed weights"
        )
    try:
        return _MAKERS[name](rest.strip(), given)
    except ValueError as error:
        raise ValueError(f"scalarizer {text.strip()!r}: {error}") from None


def _custom(text: str, given: _Given) -> Scalarizer:
    """What a user's class or function makes of those fields of `given` that its parameters name."""
    maker = load("scalarizer", text)
    if not callable(maker):
        raise ValueError(f"{text} is a {type(maker).__name__}: expected a class or function that gives a scalarizer")
    signature = inspect.signature(maker)
    options = {name: value for name, value in given._asdict().items() if name in signature.parameters}
    try:
        signature.bind(**options)
    except TypeError as error:
        offered = ", ".join(_Given._fields)
        raise ValueError(
            f"{text} cannot be called ({error}): its parameters may be {offered}, and others with defaults"
        ) from None
    made = maker(**options)
    if not isinstance(made, Scalarizer):
        raise ValueError(f"{text} gives a {type(made).__name__}: expected a slategym.Scalarizer")
    return made


def split_scalarizers(text: str) -> list[str]:
    """The texts in a list of scalarizers: `nash,fixed:1,10` are `nash` and `fixed:1,10`. Options stay with their scalarizer.

    Raises:
        ValueError: none is named, or one is named twice.
    """
    found: list[str] = []
    for part in (part.strip() for part in text.split(",")):
        if not part:
            continue
        head = part.partition(":")[0]
        if head in SCALARIZERS or not found or (":" in part and "=" not in head):
            found.append(part)
        elif _bare(part) and not _takes_words(found[-1]):
            choose("scalarizer", part, SCALARIZERS)
        else:
            found[-1] += f",{part}"
    if not found:
        raise ValueError("no scalarizer is named: expected names with commas between them, as nash,chebyshev,fixed:1,10")
    for each in found:
        if found.count(each) > 1:
            raise ValueError(f"the scalarizer {each!r} is named twice: name each once")
    return found


def _bare(part: str) -> bool:
    """Whether it is a word alone: neither a number nor an option nor a constraint."""
    return bool(re.fullmatch(r"[A-Za-z][\w-]*", part)) and part.lower() not in ("nan", "inf")


def _takes_words(text: str) -> bool:
    return text.startswith("lagrangian:") and not any(sign in text for sign in "<>")


def _fixed(rest: str, given: _Given) -> Scalarizer:
    if not rest:
        return FixedSum(default_weights(given.objectives) if given.weights is None else given.weights)
    return FixedSum(_one_each(_numbers(rest), "a weight", given.objectives))


def _nash(rest: str, given: _Given) -> Scalarizer:
    objectives, reference = given.objectives, given.reference
    options = _options(rest, ("bargaining", "disagreement"))
    bargaining = _each(options, "bargaining", objectives) or (1.0,) * len(objectives)
    disagreement = _each(options, "disagreement", objectives)
    return NashWelfare(bargaining, disagreement or (None if reference is None else reference.disagreement))


def _chebyshev(rest: str, given: _Given) -> Scalarizer:
    options = _options(rest, ("utopia", "importance", "smoothness"))
    return SmoothChebyshev(*_goal(options, given.objectives, given.reference), smoothness=_one(options, "smoothness", 0.1))


def _augmented(rest: str, given: _Given) -> Scalarizer:
    options = _options(rest, ("utopia", "importance", "augmentation", "rounding"))
    return AugmentedChebyshev(
        *_goal(options, given.objectives, given.reference),
        augmentation=_one(options, "augmentation", 0.05),
        rounding=_one(options, "rounding", ROUNDING),
    )


def _goal(options: Options, objectives: Objectives, reference: Reference | None) -> tuple[Weights | Numbers, Weights | None]:
    """Utopia and importance; where neither is given, a shortfall is a share of the way from the disagreement to the utopia."""
    utopia, importance = (_each(options, name, objectives) for name in ("utopia", "importance"))
    if utopia is None and reference is None:
        raise ValueError(f"expected the utopia, the best that {' and '.join(objectives)} can be alone, as utopia=1.5,0.2")
    if importance is not None:
        weights: Weights | None = FixedSum(importance).weights(importance)
    else:
        weights = None if utopia is not None or reference is None else 1 / reference.range
    return (utopia if utopia is not None else _utopia(reference)), weights


def _utopia(reference: Reference | None) -> Weights:
    assert reference is not None
    return reference.utopia


def _lagrangian(rest: str, given: _Given) -> Scalarizer:
    objectives, reference = given.objectives, given.reference
    expected = f"expected floors or ceilings on {', '.join(objectives)}, as {objectives[0]}>=0.3"
    bounds: dict[str, dict[int, float]] = {">=": {}, "<=": {}}
    settings: dict[str, float] = {}
    wanted: str | None = None
    for part in (part.strip() for part in rest.split(",") if part.strip()):
        constraint, (name, equals, value) = _CONSTRAINT.fullmatch(part), part.partition("=")
        if constraint:
            number = _objective(constraint["name"], objectives)
            if number in bounds[constraint["sign"]]:
                raise ValueError(f"{constraint['name']} has two bounds of one kind: expected one {constraint['sign']} each")
            bounds[constraint["sign"]][number] = _number(constraint["bound"], part)
        elif equals and name in ("rate", "most"):
            settings[name] = _number(value, part)
        elif wanted is None and "<" not in part and ">" not in part and "=" not in part:
            wanted = part
        else:
            raise ValueError(f"{part!r} is no constraint: {expected}")
    floors, ceilings = bounds[">="], bounds["<="]
    if not (floors or ceilings):
        raise ValueError(f"there is no constraint: {expected}")
    if wanted is not None:
        objective = _objective(wanted, objectives)
    else:
        free = [number for number in range(len(objectives)) if number not in floors and number not in ceilings]
        if len(free) != 1:
            names = ", ".join(objectives[number] for number in free) or "none"
            raise ValueError(
                f"the objectives without a bound are {names}: say which to make large, as {objectives[-1]},{rest or 'click>=0.3'}"
            )
        objective = free[0]
    scale = None if reference is None else reference.range
    return Lagrangian(objective, floors, ceilings, objectives=len(objectives), scale=scale, **settings)


def _gini(rest: str, given: _Given) -> Scalarizer:
    objectives, reference = given.objectives, given.reference
    options = _options(rest, ("shares", "scale", "rounding"))
    shares = _each(options, "shares", objectives) or tuple(0.5**place for place in range(len(objectives)))
    scale: Weights | Numbers | None = _each(options, "scale", objectives)
    if scale is None and reference is not None:
        scale = 1 / reference.range
    return GeneralisedGini(shares, scale, _one(options, "rounding", ROUNDING))


def _hypervolume(rest: str, given: _Given) -> Scalarizer:
    objectives, reference = given.objectives, given.reference
    options = _options(rest, ("reference", "scale", "steps"))
    worst: Weights | Numbers = _each(options, "reference", objectives) or (0.0,) * len(objectives)
    scale: Weights | Numbers | None = _each(options, "scale", objectives)
    if reference is not None:
        worst = worst if "reference" in options else reference.disagreement
        scale = reference.range if scale is None else scale
    return HypervolumeScalarizer(worst, given.seed, _steps(_one(options, "steps", 1)), scale=scale)


def _steps(steps: float) -> int:
    if steps != int(steps):
        raise ValueError(f"steps is {steps:g}: expected a whole number")
    return int(steps)


def _schedule(rest: str, given: _Given) -> Scalarizer:
    parts: list[tuple[int, Scalarizer]] = []
    for part in (part.strip() for part in rest.split(";") if part.strip()):
        start, equals, text = part.partition("=")
        try:
            first = whole(start) if equals else -1
        except ValueError:
            first = -1
        if first < 0:
            raise ValueError(f"{part!r}: expected the slates from which it holds and a scalarizer, as 100000=nash")
        if text.strip().startswith("schedule"):
            raise ValueError(f"{part!r}: a schedule cannot hold a schedule; name its parts one after another")
        parts.append((first, make_scalarizer(text, *given)))
    if not parts:
        raise ValueError("it holds no part: expected some with semicolons between them, as schedule:0=fixed:1,1;100000=nash")
    return Schedule(parts)


_MAKERS: dict[str, Callable[[str, _Given], Scalarizer]] = {
    "fixed": _fixed,
    "nash": _nash,
    "chebyshev": _chebyshev,
    "augmented-chebyshev": _augmented,
    "lagrangian": _lagrangian,
    "gini": _gini,
    "hypervolume": _hypervolume,
    "schedule": _schedule,
}


def _options(text: str, known: Sequence[str]) -> Options:
    """ "bargaining=1,2,disagreement=0,0" as numbers by name."""
    found: dict[str, list[float]] = {}
    name = ""
    for part in (part.strip() for part in text.split(",") if part.strip()):
        before, equals, value = part.partition("=")
        if equals:
            name = before.strip()
            if name not in known:
                raise ValueError(f"there is no option {name!r}.{nearest(name, known)} It has: {', '.join(known)}")
            if name in found:
                raise ValueError(f"the option {name!r} comes twice: give it once")
            found[name], part = [], value
        elif not name:
            raise ValueError(f"{part!r} stands without a name: expected options such as {known[0]}=1,2")
        found[name].append(_number(part, f"{name}={value or part}"))
    return {name: tuple(values) for name, values in found.items()}


def _each(options: Options, name: str, objectives: Objectives) -> Numbers | None:
    return _one_each(options[name], name, objectives) if name in options else None


def _one_each(values: Numbers, what: str, objectives: Objectives) -> Numbers:
    if len(values) != len(objectives):
        raise ValueError(f"{what} for each of {', '.join(objectives)} was expected, {len(objectives)} in all: {len(values)} came")
    return values


def _one(options: Options, name: str, default: float) -> float:
    values = options.get(name, (default,))
    if len(values) != 1:
        raise ValueError(f"{name} has {len(values)} numbers: expected one")
    return values[0]


def _numbers(text: str) -> Numbers:
    return tuple(_number(part, text) for part in text.split(","))


def _number(text: str, among: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not isfinite(value):
        raise ValueError(f"{text.strip()!r} in {among!r}: expected a finite number")
    return value


def _objective(name: str, objectives: Objectives) -> int:
    choose("objective", name.strip(), dict.fromkeys(objectives, ""))
    return list(objectives).index(name.strip())
