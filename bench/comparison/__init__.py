"""Several agents over several seeds, and the results as one dictionary. No page."""
