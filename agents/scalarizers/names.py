"""The scalarizers by name, each with the location of its class; none of them is imported."""

from __future__ import annotations

from typing import NamedTuple


class ScalarizerSpec(NamedTuple):
    """A named scalarizer.

    Attributes:
        name: such as "nash".
        summary: its utility, in one line.
        entry_point: "module:Class", a subclass of `Scalarizer`.
    """

    name: str
    summary: str
    entry_point: str


SCALARIZERS: dict[str, ScalarizerSpec] = {
    spec.name: spec
    for spec in (
        ScalarizerSpec("fixed", "a weighted sum: fixed:weights=1,10", "slategym.agents.scalarizers.base:FixedSum"),
        ScalarizerSpec(
            "nash",
            "Nash welfare: the product of the gains over the disagreement point",
            "slategym.agents.scalarizers.welfare:NashWelfare",
        ),
        ScalarizerSpec(
            "chebyshev",
            "the objective furthest from its utopia, smoothed",
            "slategym.agents.scalarizers.chebyshev:SmoothChebyshev",
        ),
        ScalarizerSpec(
            "augmented-chebyshev",
            "the same without smoothing, plus a small sum",
            "slategym.agents.scalarizers.chebyshev:AugmentedChebyshev",
        ),
        ScalarizerSpec(
            "lagrangian",
            "one objective, with floors and ceilings on others: lagrangian:click>=0.3",
            "slategym.agents.scalarizers.lagrangian:Lagrangian",
        ),
        ScalarizerSpec(
            "gini",
            "fairness between objectives: the lowest objective counts most",
            "slategym.agents.scalarizers.welfare:GeneralisedGini",
        ),
        ScalarizerSpec(
            "hypervolume",
            "random directions, which cover the front",
            "slategym.agents.scalarizers.hypervolume:HypervolumeScalarizer",
        ),
        ScalarizerSpec(
            "schedule",
            "successive scalarizers: schedule:0=fixed:weights=1,1;100000=nash",
            "slategym.agents.scalarizers.schedule:Schedule",
        ),
    )
}
