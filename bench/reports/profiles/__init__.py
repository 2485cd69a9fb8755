"""The page of a profile: its sentences and plots. Computations do not belong here."""
