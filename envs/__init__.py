"""Gymnasium environments around a simulation. Agents and statistics do not belong here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slategym.utils.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from slategym.envs.mo import MOSlateEnv as MOSlateEnv
    from slategym.envs.mo import MOSlateVectorEnv as MOSlateVectorEnv
    from slategym.envs.registration import register_worlds as register_worlds
    from slategym.envs.sb3 import SB3VecEnv as SB3VecEnv
    from slategym.envs.single import SlateEnv as SlateEnv
    from slategym.envs.vector import SlateVectorEnv as SlateVectorEnv
    from slategym.envs.wrappers.discrete import DiscreteAction as DiscreteAction
    from slategym.envs.wrappers.discrete import DiscreteVectorAction as DiscreteVectorAction
    from slategym.envs.wrappers.query import QueryAction as QueryAction
    from slategym.envs.wrappers.query import QueryVectorAction as QueryVectorAction
    from slategym.envs.wrappers.score import ScoreAction as ScoreAction
    from slategym.envs.wrappers.score import ScoreVectorAction as ScoreVectorAction

__all__, __getattr__ = lazy_exports(
    __name__,
    {
        "slategym.envs.mo": (
            "MOSlateEnv",
            "MOSlateVectorEnv",
        ),
        "slategym.envs.registration": ("register_worlds",),
        "slategym.envs.sb3": ("SB3VecEnv",),
        "slategym.envs.single": ("SlateEnv",),
        "slategym.envs.vector": ("SlateVectorEnv",),
        "slategym.envs.wrappers.discrete": (
            "DiscreteAction",
            "DiscreteVectorAction",
        ),
        "slategym.envs.wrappers.query": (
            "QueryAction",
            "QueryVectorAction",
        ),
        "slategym.envs.wrappers.score": (
            "ScoreAction",
            "ScoreVectorAction",
        ),
    },
)
