"""Bandits that use a model of how slates are read, and re-rankers for diversity, not bandits of single items (see `bandits`)."""
