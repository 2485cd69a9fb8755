"""The agents "recommender:item-knn", "recommender:als", ... by name."""

from __future__ import annotations

from functools import partial
from typing import Any

from slategym.agents.base import Problem
from slategym.agents.recommenders import agents
from slategym.agents.recommenders.agent import Recommender
from slategym.agents.scalarizers.base import Scalarizer
from slategym.utils.lookup import call_with, choose
from slategym.utils.options import Option, options_of

RECOMMENDERS: dict[str, type[Recommender]] = {
    kind.name: kind
    for kind in (
        agents.UserKNN,
        agents.ItemKNN,
        agents.ALSRecommender,
        agents.BPRRecommender,
        agents.EASERecommender,
        agents.ContentRecommender,
        agents.PopularityRecommender,
    )
}


def find(name: str) -> type[Recommender]:
    """The class of "recommender:item-knn".

    Raises:
        ValueError: there is none of that name.
    """
    return choose("agent", name, RECOMMENDERS)


def options(name: str) -> dict[str, Option]:
    """The options of "recommender:item-knn"."""
    return options_of(find(name), ("problem", "seed", "scalarizer"))


def make(name: str, problem: Problem, seed: int = 0, scalarizer: Scalarizer | None = None, **options: Any) -> Recommender:
    """The agent "recommender:item-knn".

    Raises:
        ValueError: there is no such recommender or option, or there are too many items for it.
    """
    return call_with(f"agent {name!r}", partial(find(name), problem, seed, scalarizer), options)
