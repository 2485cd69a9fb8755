"""Evolutionary search with options of one's own: the example of multi-objective-environments.md."""

from slategym.agents import NSGA2


def Slates(problem, seed, scalarizer):
    """NSGA-II over slates that everybody is shown."""
    return NSGA2(problem, seed, scalarizer, search="slates", population=16, generations=8, crossover=0.8, mutation=0.2)
