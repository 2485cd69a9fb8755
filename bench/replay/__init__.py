"""Logs as steps of a problem, and the replay of agents on them. Estimators do not belong here; see `bench/off_policy`."""
