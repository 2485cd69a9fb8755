"""The agents "ranking:cascade-ucb1", "ranking:pbm-ts", ... by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from slategym.agents.bandits.indices import KLUCB, UCB1
from slategym.agents.bandits.thompson import BetaTS
from slategym.agents.base import Agent, Problem
from slategym.agents.ranking.cascade import CascadeLinTS, CascadeLinUCB
from slategym.agents.ranking.position import PBMTS, PBMUCB
from slategym.agents.ranking.ranked import RankedTS, RankedUCB1
from slategym.agents.scalarizers.base import Scalarizer
from slategym.utils.lookup import call_with, choose
from slategym.utils.options import Option, options_of


@dataclass(frozen=True)
class RankingBandit:
    """An agent of the family.

    Attributes:
        kind: class of the agent.
        fixed: constructor arguments with fixed values, which are not options.
        defaults: defaults of options that differ from those of the class.
    """

    kind: type[Agent]
    fixed: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)


CASCADE, POSITION = {"examination": "cascade"}, {"examination": "position"}
RANKING: dict[str, RankingBandit] = {
    "ranking:cascade-kl-ucb": RankingBandit(KLUCB, CASCADE, {"c": 3.0}),
    "ranking:cascade-ucb1": RankingBandit(UCB1, CASCADE, {"alpha": 1.5}),
    "ranking:cascade-ts": RankingBandit(BetaTS, CASCADE),
    "ranking:cascade-lin-ucb": RankingBandit(CascadeLinUCB, {"restarts": False}),
    "ranking:cascade-lin-ts": RankingBandit(CascadeLinTS, {"restarts": False}),
    "ranking:pbm-ucb": RankingBandit(PBMUCB, POSITION),
    "ranking:pbm-ts": RankingBandit(PBMTS, POSITION),
    "ranking:dcm-ucb": RankingBandit(KLUCB, {"examination": "dependent-click"}, {"c": 3.0}),
    "ranking:ranked-ucb1": RankingBandit(RankedUCB1, POSITION),
    "ranking:ranked-ts": RankingBandit(RankedTS, POSITION | {"propensity_draws": 0}),
}


def find(name: str) -> RankingBandit:
    """The parts of an agent such as "ranking:cascade-ucb1".

    Raises:
        ValueError: there is no agent of that name.
    """
    return choose("agent", name, RANKING)


def options(name: str) -> dict[str, Option]:
    """The options of an agent such as "ranking:cascade-ucb1", with its own defaults."""
    found = find(name)
    known = options_of(found.kind, ("problem", "seed", "scalarizer", *found.fixed))
    return {key: replace(option, default=found.defaults.get(key, option.default)) for key, option in known.items()}


def make(name: str, problem: Problem, seed: int = 0, scalarizer: Scalarizer | None = None, **options: Any) -> Agent:
    """Make an agent such as "ranking:cascade-ucb1".

    Raises:
        ValueError: there is no such bandit or option.
    """
    found = find(name)
    for key in found.fixed.keys() & options.keys():
        raise ValueError(f"agent {name!r} has no option {key!r}: it is always {found.fixed[key]!r}")
    maker = partial(found.kind, problem, seed, scalarizer, **found.fixed)
    agent: Agent = call_with(f"agent {name!r}", maker, {**found.defaults, **options})
    agent.name = name
    return agent
