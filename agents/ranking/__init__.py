"""Bandits that use a model of how slates are read, and re-rankers for diversity. Bandits of single items belong in `bandits`."""
