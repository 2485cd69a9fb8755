"""What a shell completes where names are expected; where none fits, the shell offers files."""

from __future__ import annotations

from collections.abc import Iterable


def worlds(incomplete: str) -> list[str]:
    """The worlds."""
    from slategym.sim.worlds import WORLDS

    return _fitting(WORLDS, incomplete)


def agents(incomplete: str) -> list[str]:
    """The agents, one or several with commas between them."""
    from slategym.agents.registry import AGENTS, PEERS, SEARCHERS

    return _of_list([*AGENTS, *SEARCHERS, *PEERS], incomplete)


def checkable(incomplete: str) -> list[str]:
    """What `slategym check` takes by name."""
    return worlds(incomplete) + agents(incomplete)


def choices(incomplete: str) -> list[str]:
    """The ways to look and click."""
    from slategym.sim.click_models import CLICK_MODELS

    return _fitting(CLICK_MODELS, incomplete)


def objectives(incomplete: str) -> list[str]:
    """The objectives, one or several."""
    from slategym.sim.objectives import OBJECTIVES

    return _of_list(OBJECTIVES, incomplete)


def scalarizers(incomplete: str) -> list[str]:
    """The scalarizers, one or several."""
    from slategym.agents.scalarizers.names import SCALARIZERS

    return _of_list([name.partition(":")[0] for name in SCALARIZERS], incomplete)


def _of_list(names: Iterable[str], incomplete: str) -> list[str]:
    """The last one of several is completed, by a name that is not among those before."""
    before, comma, last = incomplete.rpartition(",")
    return [f"{before}{comma}{name}" for name in _fitting(names, last) if name not in before.split(",")]


def _fitting(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
