"""Exact Pareto fronts and the best achievable utilities, with indicators. No run of an agent."""
