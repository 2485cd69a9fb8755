"""Sweeps of weights, compared with the exact Pareto front. Pages do not belong here; see `bench/reports/sweeps`."""
