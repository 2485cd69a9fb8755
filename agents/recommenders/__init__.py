"""Classic recommenders, which learn from what shoppers clicked and converted, as agents. No networks: see `predictors`."""
