"""Bandits that know how slates are read, and re-rankers for diversity. Bandits of single items are in `bandits`."""
