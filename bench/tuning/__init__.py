"""The search of settings: ranges, samplers, trials, and the comparison on other seeds. Pages do not belong here."""
