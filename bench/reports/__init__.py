"""Pages and plots of results. Computes nothing that a results file does not hold; the rest of `bench` does not import it."""
