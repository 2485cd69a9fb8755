"""The page of a prediction: models of clicks and conversions. Computations do not belong here."""
