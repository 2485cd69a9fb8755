"""The page of a study of off-policy estimators. No numbers are computed here."""
