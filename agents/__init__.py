"""Agents: batches of observations in, slates out. No run and no comparison: those are in `slategym.bench`."""
