"""Runs and comparisons of agents. Pages are in `slategym.bench.reports`; agents do not belong here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slategym.utils.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from slategym.bench.audits.audit import audit as audit
    from slategym.bench.audits.fidelity import fidelity as fidelity
    from slategym.bench.comparison.compare import compare as compare
    from slategym.bench.evaluation.evaluate import plan_evaluation as plan_evaluation
    from slategym.bench.execution.runner import run as run
    from slategym.bench.fitting.certificate import certify as certify
    from slategym.bench.fitting.fit import fit_log as fit_log
    from slategym.bench.fronts.front import Front as Front
    from slategym.bench.fronts.front import front as front
    from slategym.bench.fronts.optimum import Optimum as Optimum
    from slategym.bench.fronts.optimum import optimum as optimum
    from slategym.bench.off_policy.actions import mrdr_weights as mrdr_weights
    from slategym.bench.off_policy.registry import ESTIMATORS as ESTIMATORS
    from slategym.bench.off_policy.registry import make_estimator as make_estimator
    from slategym.bench.off_policy.rounds import Actions as Actions
    from slategym.bench.off_policy.rounds import Episodes as Episodes
    from slategym.bench.off_policy.rounds import Slates as Slates
    from slategym.bench.off_policy.study.study import study_estimators as study_estimators
    from slategym.bench.off_policy.support import mass_outside as mass_outside
    from slategym.bench.off_policy.values import PolicyValue as PolicyValue
    from slategym.bench.off_policy.values import policy_values as policy_values
    from slategym.bench.prediction.predict import predict as predict
    from slategym.bench.profiles.profile import plan_profile as plan_profile
    from slategym.bench.replay.logged import load_steps as load_steps
    from slategym.bench.replay.replay import replay_agents as replay_agents
    from slategym.bench.sharding.run import run_sharded as run_sharded
    from slategym.bench.sharding.threads import shard_threads as shard_threads
    from slategym.bench.statistics import Estimate as Estimate
    from slategym.bench.sweeps.sweep import pareto as pareto
    from slategym.bench.tracking.tracker import Tracker as Tracker
    from slategym.bench.tracking.tracker import Tracking as Tracking
    from slategym.logs.reading import read_log as read_log
    from slategym.logs.reading import scan_log as scan_log

__all__, __getattr__ = lazy_exports(
    __name__,
    {
        "slategym.bench.audits.audit": ("audit",),
        "slategym.bench.audits.fidelity": ("fidelity",),
        "slategym.bench.prediction.predict": ("predict",),
        "slategym.bench.profiles.profile": ("plan_profile",),
        "slategym.bench.statistics": ("Estimate",),
        "slategym.bench.comparison.compare": ("compare",),
        "slategym.bench.evaluation.evaluate": ("plan_evaluation",),
        "slategym.bench.replay.logged": ("load_steps",),
        "slategym.bench.replay.replay": ("replay_agents",),
        "slategym.logs.reading": (
            "read_log",
            "scan_log",
        ),
        "slategym.bench.execution.runner": ("run",),
        "slategym.bench.fitting.certificate": ("certify",),
        "slategym.bench.fitting.fit": ("fit_log",),
        "slategym.bench.fronts.front": (
            "Front",
            "front",
        ),
        "slategym.bench.fronts.optimum": (
            "Optimum",
            "optimum",
        ),
        "slategym.bench.off_policy.actions": ("mrdr_weights",),
        "slategym.bench.off_policy.registry": (
            "ESTIMATORS",
            "make_estimator",
        ),
        "slategym.bench.off_policy.rounds": (
            "Actions",
            "Episodes",
            "Slates",
        ),
        "slategym.bench.off_policy.study.study": ("study_estimators",),
        "slategym.bench.off_policy.support": ("mass_outside",),
        "slategym.bench.off_policy.values": (
            "PolicyValue",
            "policy_values",
        ),
        "slategym.bench.sharding.run": ("run_sharded",),
        "slategym.bench.sharding.threads": ("shard_threads",),
        "slategym.bench.sweeps.sweep": ("pareto",),
        "slategym.bench.tracking.tracker": ("Tracker", "Tracking"),
    },
)
