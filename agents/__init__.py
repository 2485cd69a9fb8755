"""Agents, which choose slates for batches of observations. No runs or comparisons: these belong in `slategym.bench`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slategym.utils.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from slategym.agents.actor_critic.agent import ActorCritic as ActorCritic
    from slategym.agents.actor_critic.ppo import PPO as PPO
    from slategym.agents.adapters.estimator import Estimator as Estimator
    from slategym.agents.adapters.mabwiser import MABWiser as MABWiser
    from slategym.agents.adapters.sb3 import SB3 as SB3
    from slategym.agents.adapters.sb3_saved import SavedModel as SavedModel
    from slategym.agents.adapters.vowpal import VowpalWabbit as VowpalWabbit
    from slategym.agents.base import Agent as Agent
    from slategym.agents.base import Decision as Decision
    from slategym.agents.base import Problem as Problem
    from slategym.agents.baselines import EpsilonGreedy as EpsilonGreedy
    from slategym.agents.baselines import Popularity as Popularity
    from slategym.agents.baselines import Random as Random
    from slategym.agents.choosing.exploration import explore as explore
    from slategym.agents.common.history import DecisionHistory as DecisionHistory
    from slategym.agents.common.pooling import pooled_total as pooled_total
    from slategym.agents.evolution.agents import NSGA2 as NSGA2
    from slategym.agents.evolution.agents import ParticleSwarm as ParticleSwarm
    from slategym.agents.from_log.learning import steps_of as steps_of
    from slategym.agents.from_log.problem import problem_of as problem_of
    from slategym.agents.known import AGENTS as AGENTS
    from slategym.agents.linear.agents import LinTS as LinTS
    from slategym.agents.linear.agents import LinUCB as LinUCB
    from slategym.agents.linear.epsilon_greedy import LinEpsilonGreedy as LinEpsilonGreedy
    from slategym.agents.logistic.agents import LogisticTS as LogisticTS
    from slategym.agents.logistic.agents import LogisticUCB as LogisticUCB
    from slategym.agents.oracle import Oracle as Oracle
    from slategym.agents.policy_gradient.agent import PolicyGradient as PolicyGradient
    from slategym.agents.policy_gradient.conditioned import ConditionedPolicyGradient as ConditionedPolicyGradient
    from slategym.agents.registry import make_agent as make_agent
    from slategym.agents.registry import make_for as make_for
    from slategym.agents.saved.export import export_onnx as export_onnx
    from slategym.agents.saved.learned_shoppers import LearnedShoppers as LearnedShoppers
    from slategym.agents.saved.scored import by_scores as by_scores
    from slategym.agents.scalarizers import SCALARIZERS as SCALARIZERS
    from slategym.agents.scalarizers import AugmentedChebyshev as AugmentedChebyshev
    from slategym.agents.scalarizers import GeneralisedGini as GeneralisedGini
    from slategym.agents.scalarizers import HypervolumeScalarizer as HypervolumeScalarizer
    from slategym.agents.scalarizers import Lagrangian as Lagrangian
    from slategym.agents.scalarizers import NashWelfare as NashWelfare
    from slategym.agents.scalarizers import Reference as Reference
    from slategym.agents.scalarizers import Schedule as Schedule
    from slategym.agents.scalarizers import SmoothChebyshev as SmoothChebyshev
    from slategym.agents.scalarizers import make_scalarizer as make_scalarizer
    from slategym.agents.scalarizers.base import FixedSum as FixedSum
    from slategym.agents.scalarizers.base import Scalarizer as Scalarizer
    from slategym.agents.text.adapter import Impressions as Impressions
    from slategym.agents.text.adapter import tuned_vectors as tuned_vectors

__all__, __getattr__ = lazy_exports(
    __name__,
    {
        "slategym.agents.actor_critic.agent": ("ActorCritic",),
        "slategym.agents.actor_critic.ppo": ("PPO",),
        "slategym.agents.adapters.estimator": ("Estimator",),
        "slategym.agents.adapters.mabwiser": ("MABWiser",),
        "slategym.agents.adapters.sb3": ("SB3",),
        "slategym.agents.adapters.sb3_saved": ("SavedModel",),
        "slategym.agents.adapters.vowpal": ("VowpalWabbit",),
        "slategym.agents.base": (
            "Agent",
            "Decision",
            "Problem",
        ),
        "slategym.agents.baselines": (
            "EpsilonGreedy",
            "Popularity",
            "Random",
        ),
        "slategym.agents.choosing.exploration": ("explore",),
        "slategym.agents.common.history": ("DecisionHistory",),
        "slategym.agents.common.pooling": ("pooled_total",),
        "slategym.agents.evolution.agents": (
            "NSGA2",
            "ParticleSwarm",
        ),
        "slategym.agents.linear.agents": (
            "LinTS",
            "LinUCB",
        ),
        "slategym.agents.from_log.learning": ("steps_of",),
        "slategym.agents.from_log.problem": ("problem_of",),
        "slategym.agents.linear.epsilon_greedy": ("LinEpsilonGreedy",),
        "slategym.agents.logistic.agents": ("LogisticTS", "LogisticUCB"),
        "slategym.agents.oracle": ("Oracle",),
        "slategym.agents.policy_gradient.agent": ("PolicyGradient",),
        "slategym.agents.policy_gradient.conditioned": ("ConditionedPolicyGradient",),
        "slategym.agents.text.adapter": ("Impressions", "tuned_vectors"),
        "slategym.agents.known": ("AGENTS",),
        "slategym.agents.saved.export": ("export_onnx",),
        "slategym.agents.registry": ("make_agent", "make_for"),
        "slategym.agents.saved.learned_shoppers": ("LearnedShoppers",),
        "slategym.agents.saved.scored": ("by_scores",),
        "slategym.agents.scalarizers": (
            "SCALARIZERS",
            "AugmentedChebyshev",
            "GeneralisedGini",
            "HypervolumeScalarizer",
            "Lagrangian",
            "NashWelfare",
            "Reference",
            "Schedule",
            "SmoothChebyshev",
            "make_scalarizer",
        ),
        "slategym.agents.scalarizers.base": (
            "FixedSum",
            "Scalarizer",
        ),
    },
)
