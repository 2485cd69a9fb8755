"""Evaluates policies on a log of another policy: training, off-policy estimates, true values. Estimators do not belong here."""
