"""The context that scalarizers are made for, and the options of their texts, read for it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from math import isfinite
from typing import TYPE_CHECKING, Any

from slategym.utils.lookup import check_options, choose
from slategym.utils.options import options_of
from slategym.utils.specification import read_values, terms

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
    check_options("it", maker, [term.key for term in terms(text)])
    options = read_values(text, known)
    for name, value in options.items():
        if "ArrayLike" in known[name].type_name and len(value) != len(context.objective_names):
            names = ", ".join(context.objective_names)
            raise ValueError(
                f"{name} has {len(value)} numbers: expected a number for each of {names}, {len(context.objective_names)} in all"
            )
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
