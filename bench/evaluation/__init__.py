"""Policies evaluated on a log that another policy made: taught, judged off-policy, held against the truth. No estimators."""
