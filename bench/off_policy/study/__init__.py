"""The study of estimators in a world whose truth is known: bias, error and coverage, and what to use. No estimator."""
