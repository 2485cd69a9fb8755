"""Evolutionary search over policies. No gradient."""
