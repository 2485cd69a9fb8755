"""The page of a sweep of weights. No numbers."""
