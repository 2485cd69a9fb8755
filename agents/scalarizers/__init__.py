"""Scalarizers by name: they combine several objectives into one number, and give the weights. Agents do not belong here."""

from slategym.agents.scalarizers.chebyshev import AugmentedChebyshev, SmoothChebyshev
from slategym.agents.scalarizers.hypervolume import HypervolumeScalarizer
from slategym.agents.scalarizers.lagrangian import Lagrangian
from slategym.agents.scalarizers.make import make_scalarizer
from slategym.agents.scalarizers.names import SCALARIZERS
from slategym.agents.scalarizers.reference import Reference
from slategym.agents.scalarizers.schedule import Schedule
from slategym.agents.scalarizers.welfare import GeneralisedGini, NashWelfare

__all__ = [
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
]
