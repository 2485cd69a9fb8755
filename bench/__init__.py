"""Runs and comparisons of agents: numbers here, pages in `slategym.bench.reports`. No agent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slategym.utils.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from slategym.bench.audits.audit import audit as audit
    from slategym.bench.audits.fidelity import fidelity as fidelity
    from slategym.bench.comparison.compare import compare as compare
    from slategym.bench.execution.runner import run as run
    from slategym.bench.fronts.front import Front as Front
    from slategym.bench.fronts.front import front as front
    from slategym.bench.fronts.optimum import Optimum as Optimum
    from slategym.bench.fronts.optimum import optimum as optimum
    from slategym.bench.prediction.predict import predict as predict
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
        "slategym.bench.statistics": ("Estimate",),
        "slategym.bench.comparison.compare": ("compare",),
        "slategym.logs.reading": (
            "read_log",
            "scan_log",
        ),
        "slategym.bench.execution.runner": ("run",),
        "slategym.bench.fronts.front": (
            "Front",
            "front",
        ),
        "slategym.bench.fronts.optimum": (
            "Optimum",
            "optimum",
        ),
        "slategym.bench.sweeps.sweep": ("pareto",),
        "slategym.bench.tracking.tracker": ("Tracker", "Tracking"),
    },
)
