"""The page of a fitted world's certificate: its plots and sentences. Computations do not belong here."""
