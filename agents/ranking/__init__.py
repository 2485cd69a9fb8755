"""Bandits that know how slates are read, and re-rankers for diversity. No bandit of single items: those are in `bandits`."""
