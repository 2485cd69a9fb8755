"""Logs as steps of a problem, and agents that are replayed on them. No estimators, which are in `bench/off_policy`."""
