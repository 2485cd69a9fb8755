"""Comparisons of several agents over several seeds, with the results as one dictionary. Pages do not belong here."""
