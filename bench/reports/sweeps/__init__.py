"""The page of a sweep of weights. Computations do not belong here."""
