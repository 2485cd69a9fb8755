"""Scalarizers from texts: `nash`, `lagrangian:click>=0.3`, `schedule:0=fixed:weights=1,1;100000=nash`.

| text | utility of the mean objectives V |
|---|---|
| `fixed:weights=1,10` | a weighted sum, with one number for each objective, in order; `fixed` uses the default weights |
| `nash` | the product of the gains over the disagreement; `nash:bargaining=1,2` counts the second objective twice |
| `chebyshev` | the objective furthest from its utopia, smoothed; `chebyshev:smoothness=0.05` |
| `augmented-chebyshev` | the same without smoothing, plus a small sum; `augmented-chebyshev:augmentation=0.1` |
| `lagrangian:click>=0.3` | the other objective, with at least 0.3 clicks a slate; `lagrangian:click>=0.3,maximize=profit` |
| `gini` | a weighted sum on one scale in which the lowest objective counts most; `gini:shares=1,0.2` |
| `hypervolume` | random directions, redrawn at every step, which cover the front; `hypervolume:steps=20` |
| `schedule:0=fixed:weights=1,1;100000=nash` | successive scalarizers, each from a number of slates on |
| `my_goals.py:Mine` | a custom scalarizer: a class or function in a file; see `make_scalarizer` |

Options follow a colon, separated by commas: `nash:bargaining=1,2,disagreement=0.1,0`.
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
    """Create a scalarizer from its text; the documentation of this module lists them.

    Args:
        text: name of the scalarizer, with or without options; or `my_goals.py:Mine`, a subclass of `Scalarizer` in a file, or a
            function that returns one. The function is called with the options and with the attributes of `ScalarizerContext`
            that are among its parameters.
        objectives: names of the M objectives, in order.
        reference: utopia and disagreement, used where the text does not set them; `run` and `compare` compute it from the world.
            Without it, Nash estimates its disagreement from the first slates, Gini, hypervolume and the Lagrangian do not scale
            the objectives, and Chebyshev requires its utopia in the text.
        seed: seed of the directions that hypervolume draws.
        weights: (M,) weights of `fixed` without numbers; by default those of the built-in objectives with these names.

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
            f"scalarizer {text.strip()!r}: {objectives[number]} cannot be improved: it is {best:g} for the best slates and "
            f"{random:g} for random ones; leave it out, or use fixed weights"
        )
    try:
        return made.from_text(options, context)
    except ValueError as error:
        raise ValueError(f"scalarizer {text.strip()!r}: {error}") from None


def _custom(name: str, text: str, context: ScalarizerContext) -> Scalarizer:
    """Create a scalarizer with a custom class or function, from the options and the context."""
    maker = load("scalarizer", name)
    if not callable(maker):
        raise ValueError(f"{name} is a {type(maker).__name__}: expected a class, or a function that returns a scalarizer")
    try:
        if isinstance(maker, type) and issubclass(maker, Scalarizer):
            made = maker.from_text(text, context)
        else:
            made = maker(**context.named_by(maker) | read_scalarizer_options(maker, text, context))
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{name} cannot be created ({error}): its parameters may be {', '.join(ScalarizerContext.__dataclass_fields__)}, and "
            "its own options with defaults"
        ) from error
    if not isinstance(made, Scalarizer):
        raise ValueError(f"{name} returns a {type(made).__name__}: expected a slategym.Scalarizer")
    return made
