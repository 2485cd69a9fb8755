"""Names for shell completion. Where no name matches, the shell offers files."""

from __future__ import annotations

from collections.abc import Iterable


def worlds(incomplete: str) -> list[str]:
    """Names of worlds."""
    from slategym.sim.worlds import WORLDS

    return _fitting(WORLDS, incomplete)


def agents(incomplete: str) -> list[str]:
    """Names of agents."""
    from slategym.agents.known import AGENTS

    return _fitting(AGENTS, incomplete)


def checkable(incomplete: str) -> list[str]:
    """Names that `slategym check` accepts."""
    return worlds(incomplete) + agents(incomplete)


def click_models(incomplete: str) -> list[str]:
    """Names of click models."""
    from slategym.sim.click_models import CLICK_MODELS

    return _fitting(CLICK_MODELS, incomplete)


def objectives(incomplete: str) -> list[str]:
    """Names of objectives."""
    from slategym.sim.objectives import OBJECTIVES

    return _fitting(OBJECTIVES, incomplete)


def scalarizers(incomplete: str) -> list[str]:
    """Names of scalarizers."""
    from slategym.agents.scalarizers.names import SCALARIZERS

    return _fitting(SCALARIZERS, incomplete)


def samplers(incomplete: str) -> list[str]:
    """Names of the samplers that choose settings in a search."""
    from slategym.bench.tuning.samplers import SAMPLERS

    return _fitting(SAMPLERS, incomplete)


def pruners(incomplete: str) -> list[str]:
    """Names of the pruners that stop trials of a search early."""
    from slategym.bench.tuning.samplers import PRUNERS

    return _fitting(PRUNERS, incomplete)


def _fitting(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
