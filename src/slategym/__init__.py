"""slategym: a simulator of shoppers for people who build recommender systems.

Importing it registers the worlds with Gymnasium: `gymnasium.make("slategym/Shop-v0")`,
`gymnasium.make_vec("slategym/Shop-v0", num_envs=4096)`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import slategym._links  # first: raises a clear error if the links to the packages are missing
import slategym.startup  # noqa: F401, before the slow imports: sets up Ctrl-C if this process is the command

# isort: split
from slategym.envs.mo import MOSlateEnv, MOSlateVectorEnv
from slategym.envs.registration import register_worlds
from slategym.envs.single import SlateEnv
from slategym.envs.vector import SlateVectorEnv
from slategym.envs.wrappers.discrete import DiscreteAction, DiscreteVectorAction
from slategym.envs.wrappers.query import QueryAction, QueryVectorAction
from slategym.envs.wrappers.score import ScoreAction, ScoreVectorAction
from slategym.sim.catalog import Catalog
from slategym.sim.click_models import ClickModel, PositionBased
from slategym.sim.feedback import Feedback
from slategym.sim.shoppers import Shoppers
from slategym.sim.simulation import Simulation
from slategym.sim.user_models.base import UserModel
from slategym.sim.world import World
from slategym.sim.worlds import WORLDS, make_world

if TYPE_CHECKING:
    from slategym.agents.base import Agent, Decision, Problem
    from slategym.agents.known import AGENTS
    from slategym.agents.registry import make_agent
    from slategym.agents.scalarizers.base import FixedSum, Scalarizer
    from slategym.bench.audits.audit import audit
    from slategym.bench.comparison.compare import compare
    from slategym.bench.execution.runner import run
    from slategym.bench.sweeps.sweep import pareto
    from slategym.envs.sb3 import SB3VecEnv
    from slategym.logs.reading import read_log
    from slategym.sim.files.items import read_catalog
    from slategym.sim.files.segments import read_segments

__version__ = "0.2.0"

__all__ = [
    "AGENTS",
    "WORLDS",
    "Agent",
    "Catalog",
    "ClickModel",
    "Decision",
    "DiscreteAction",
    "DiscreteVectorAction",
    "Feedback",
    "FixedSum",
    "MOSlateEnv",
    "MOSlateVectorEnv",
    "PositionBased",
    "Problem",
    "QueryAction",
    "QueryVectorAction",
    "SB3VecEnv",
    "Scalarizer",
    "ScoreAction",
    "ScoreVectorAction",
    "Shoppers",
    "Simulation",
    "SlateEnv",
    "SlateVectorEnv",
    "UserModel",
    "World",
    "__version__",
    "audit",
    "compare",
    "make_agent",
    "make_world",
    "pareto",
    "read_catalog",
    "read_log",
    "read_segments",
    "run",
]

# Imported on first use, because a simulation does not need them, nor torch, which some of them import.
_LATER = {
    "AGENTS": "slategym.agents.known",
    "Agent": "slategym.agents.base",
    "Decision": "slategym.agents.base",
    "FixedSum": "slategym.agents.scalarizers.base",
    "Problem": "slategym.agents.base",
    "SB3VecEnv": "slategym.envs.sb3",
    "Scalarizer": "slategym.agents.scalarizers.base",
    "audit": "slategym.bench.audits.audit",
    "compare": "slategym.bench.comparison.compare",
    "make_agent": "slategym.agents.registry",
    "pareto": "slategym.bench.sweeps.sweep",
    "read_catalog": "slategym.sim.files.items",
    "read_log": "slategym.logs.reading",
    "read_segments": "slategym.sim.files.segments",
    "run": "slategym.bench.execution.runner",
}

register_worlds()


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(import_module(_LATER[name]), name)
    raise AttributeError(f"module 'slategym' has no attribute {name!r}")
