"""Sweeps of weights against the exact Pareto front. No page."""
