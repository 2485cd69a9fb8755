"""Pages of commands that use logs: `evaluate`, `replay` and `estimators`. Computations do not belong here."""
