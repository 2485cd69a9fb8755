"""The study of estimators in a world with known truth: bias, error, coverage and advice. Estimators do not belong here."""
