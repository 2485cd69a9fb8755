"""The names that a shell completes; where none fits, the shell offers files."""

from __future__ import annotations

from collections.abc import Iterable


def worlds(incomplete: str) -> list[str]:
    """The worlds."""
    from slategym.sim.worlds import WORLDS

    return _fitting(WORLDS, incomplete)


def agents(incomplete: str) -> list[str]:
    """The agents."""
    from slategym.agents.known import AGENTS

    return _fitting(AGENTS, incomplete)


def checkable(incomplete: str) -> list[str]:
    """What `slategym check` takes by name."""
    return worlds(incomplete) + agents(incomplete)


def click_models(incomplete: str) -> list[str]:
    """The click models."""
    from slategym.sim.click_models import CLICK_MODELS

    return _fitting(CLICK_MODELS, incomplete)


def objectives(incomplete: str) -> list[str]:
    """The objectives."""
    from slategym.sim.objectives import OBJECTIVES

    return _fitting(OBJECTIVES, incomplete)


def scalarizers(incomplete: str) -> list[str]:
    """The scalarizers."""
    from slategym.agents.scalarizers.names import SCALARIZERS

    return _fitting(SCALARIZERS, incomplete)


def samplers(incomplete: str) -> list[str]:
    """The samplers of a search."""
    from slategym.bench.tuning.samplers import SAMPLERS

    return _fitting(SAMPLERS, incomplete)


def pruners(incomplete: str) -> list[str]:
    """What ends trials of a search early."""
    from slategym.bench.tuning.samplers import PRUNERS

    return _fitting(PRUNERS, incomplete)


def _fitting(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
