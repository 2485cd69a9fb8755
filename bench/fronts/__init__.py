"""Exact Pareto fronts and the best achievable utilities, with indicators. Runs of agents do not belong here."""
