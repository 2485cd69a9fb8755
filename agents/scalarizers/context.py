"""The context that scalarizers are made for, and the options of their texts, read for it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from math import isfinite
from typing import TYPE_CHECKING, Any

from slategym.utils.lookup import choose, nearest
from slategym.utils.options import Option, options_of
from slategym.utils.specification import terms

if TYPE_CHECKING:
    from slategym.agents.scalarizers.reference import Reference


@dataclass(frozen=True)
class ScalarizerContext:
    """The objectives that a scalarizer is made for, and what is known of them.

    Attributes:
        objective_names: the names of the M objectives, in their order.
        reference: utopia and disagreement of the world; None if they are not known.
        seed: of what a scalarizer draws at random.
        weights: (M,) the default weights; None for those of the built-in objectives of these names.
    """

    objective_names: tuple[str, ...]
    reference: Reference | None = None
    seed: int = 0
    weights: Sequence[float] | None = None

    def index(self, name: str) -> int:
        """The number of an objective.

        Raises:
            ValueError: there is none of that name; the message names the nearest ones.
        """
        choose("objective", name, dict.fromkeys(self.objective_names, ""))
        return self.objective_names.index(name)

    def named_by(self, maker: Callable[..., Any]) -> dict[str, Any]:
        """The attributes that are parameters of a class or function, by name."""
        parameters = inspect.signature(maker).parameters
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name in parameters}


def read_scalarizer_options(maker: Callable[..., Any], text: str, context: ScalarizerContext) -> dict[str, Any]:
    """The options of a scalarizer's text, by the parameters of its class or function.

    A parameter annotated `ArrayLike` takes one number for each objective, with commas between them.

    Args:
        maker: the class or function.
        text: `key=value,key=value`.
        context: what the scalarizer is made for.

    Raises:
        ValueError: there is no such option, it is given twice, or its value does not fit.
    """
    known = options_of(maker)
    options: dict[str, Any] = {}
    for key, sign, value in terms(text):
        if key not in known or sign != "=":
            raise ValueError(f"there is no option {key + sign.strip('=')!r}.{nearest(key, known)} It has: {', '.join(known)}")
        if key in options:
            raise ValueError(f"the option {key!r} is given twice: give it once")
        options[key] = _value(known[key], value, context.objective_names)
    return options


def finite_number(text: str, term: str) -> float:
    """A finite number from its text.

    Args:
        text: the number.
        term: the option that it belongs to, for the message.

    Raises:
        ValueError: the text is not a finite number.
    """
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not isfinite(value):
        raise ValueError(f"{text.strip()!r} in {term!r}: expected a finite number")
    return value


def _value(option: Option, text: str, objective_names: Sequence[str]) -> Any:
    term = f"{option.name}={text}"
    if "ArrayLike" in option.type_name:
        values = tuple(finite_number(part, term) for part in text.split(","))
        if len(values) != len(objective_names):
            raise ValueError(
                f"{term}: expected a number for each of {', '.join(objective_names)}, {len(objective_names)} in all: "
                f"{len(values)} came"
            )
        return values
    if option.kind is float:
        return finite_number(text, term)
    try:
        return option.read(text)
    except ValueError as error:
        raise ValueError(f"{term}: {error}") from None
