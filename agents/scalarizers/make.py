"""Scalarizers by their text: `nash`, `lagrangian:click>=0.3`, `schedule:0=fixed:weights=1,1;100000=nash`.

| text | utility of the mean objectives V |
|---|---|
| `fixed:weights=1,10` | a weighted sum, one number for each objective in their order; `fixed` takes the default weights |
| `nash` | the product of the gains over the disagreement; `nash:bargaining=1,2` counts the second objective twice |
| `chebyshev` | the objective furthest from its utopia, smoothly; `chebyshev:smoothness=0.05` |
| `augmented-chebyshev` | the same with a sharp corner, and a little of the sum; `augmented-chebyshev:augmentation=0.1` |
| `lagrangian:click>=0.3` | the other objective, with 0.3 clicks a slate or more; `lagrangian:click>=0.3,maximize=profit` |
| `gini` | the objectives on one scale, the lowest one counting most; `gini:shares=1,0.2` |
| `hypervolume` | directions drawn anew at every step, which cover the front; `hypervolume:steps=20` |
| `schedule:0=fixed:weights=1,1;100000=nash` | one after another, each from a number of slates on |
| `my_goals.py:Mine` | a custom one: a class or function in a file; see `make_scalarizer` |

Options follow a colon, with commas between them: `nash:bargaining=1,2,disagreement=0.1,0`.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from slategym.agents.scalarizers.base import Scalarizer
from slategym.agents.scalarizers.context import ScalarizerContext, read_scalarizer_options
from slategym.agents.scalarizers.names import SCALARIZERS
from slategym.agents.scalarizers.reference import Reference
from slategym.utils.plugins import is_reference, load
from slategym.utils.specification import choose_named, split_options


def make_scalarizer(
    text: str,
    objectives: Sequence[str],
    reference: Reference | None = None,
    seed: int = 0,
    weights: Sequence[float] | None = None,
) -> Scalarizer:
    """A scalarizer by its text, as the module describes it.

    Args:
        text: the scalarizer's name, with options or without; or `my_goals.py:Mine`, a subclass of `Scalarizer` in a file, or a
            function that gives one, which is called with the options and with those attributes of `ScalarizerContext` that its
            parameters name.
        objectives: the names of the M objectives, in their order.
        reference: utopia and disagreement, for what the text leaves open; `run` and `compare` compute it from the world. Without
            one, Nash estimates its disagreement from the first slates, Gini, hypervolume and the Lagrangian take the objectives
            as they are, and Chebyshev must be told its utopia.
        seed: of the directions that hypervolume draws.
        weights: (M,) of `fixed` without numbers; by default those of the built-in objectives of these names.

    Raises:
        ValueError: there is no such scalarizer, objective or option, or a value is out of its range.
    """
    context = ScalarizerContext(tuple(objectives), reference, seed, weights)
    name, options = split_options(text)
    if name.partition(":")[0] not in SCALARIZERS and is_reference(name):
        return _custom(name, options, context)
    module, _, kind = choose_named("scalarizer", name, SCALARIZERS).entry_point.partition(":")
    made: type[Scalarizer] = getattr(import_module(module), kind)
    if reference is not None and len(reference.utopia) != len(objectives):
        raise ValueError(f"reference has {len(reference.utopia)} objectives: expected {len(objectives)}, {', '.join(objectives)}")
    if reference is not None and made.compares_gains and reference.constant.any():
        number = int(reference.constant.argmax())
        best, random = reference.utopia[number], reference.disagreement[number]
        raise ValueError(
            f"scalarizer {text.strip()!r}: {objectives[number]} has nothing to gain, the best slates earn {best:g} of it and "
            f"random ones {random:g}: leave it out, or use fixed weights"
        )
    try:
        return made.from_text(options, context)
    except ValueError as error:
        raise ValueError(f"scalarizer {text.strip()!r}: {error}") from None


def _custom(name: str, text: str, context: ScalarizerContext) -> Scalarizer:
    """What a user's class or function makes of the options and the context."""
    maker = load("scalarizer", name)
    if not callable(maker):
        raise ValueError(f"{name} is a {type(maker).__name__}: expected a class or function that gives a scalarizer")
    try:
        if isinstance(maker, type) and issubclass(maker, Scalarizer):
            made = maker.from_text(text, context)
        else:
            made = maker(**context.named_by(maker) | read_scalarizer_options(maker, text, context))
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{name} cannot be made ({error}): its parameters may be {', '.join(ScalarizerContext.__dataclass_fields__)}, and "
            "options of its own with defaults"
        ) from error
    if not isinstance(made, Scalarizer):
        raise ValueError(f"{name} gives a {type(made).__name__}: expected a slategym.Scalarizer")
    return made
