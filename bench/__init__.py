"""Runs and comparisons of agents: numbers here, pages in `slategym.bench.reports`. No agent."""
