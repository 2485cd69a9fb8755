"""The context that scalarizers are made for, and the reading of their options."""

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
    """The objectives that a scalarizer is made for, with their reference and weights.

    Attributes:
        objective_names: the names of the M objectives, in order.
        reference: utopia and disagreement of the world; None if unknown.
        seed: seed of a scalarizer's random numbers.
        weights: (M,) the default weights; None for those of the built-in objectives with these names.
    """

    objective_names: tuple[str, ...]
    reference: Reference | None = None
    seed: int = 0
    weights: Sequence[float] | None = None

    def index(self, name: str) -> int:
        """The index of an objective.

        Raises:
            ValueError: there is no objective of that name; the message contains the most similar names.
        """
        choose("objective", name, dict.fromkeys(self.objective_names, ""))
        return self.objective_names.index(name)

    def named_by(self, maker: Callable[..., Any]) -> dict[str, Any]:
        """The attributes that are parameters of a class or function, by name."""
        parameters = inspect.signature(maker).parameters
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name in parameters}


def read_scalarizer_options(maker: Callable[..., Any], text: str, context: ScalarizerContext) -> dict[str, Any]:
    """Read the options in a scalarizer's text, according to the parameters of its class or function.

    A parameter annotated `ArrayLike` takes one number for each objective, separated by commas.

    Args:
        maker: the class or function.
        text: `key=value,key=value`.
        context: the objectives that the scalarizer is made for.

    Raises:
        ValueError: there is no such option, it occurs twice, or its value is invalid.
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
    """Read a finite number from a text.

    Args:
        text: the number.
        term: the option that contains it, for the error message.

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
